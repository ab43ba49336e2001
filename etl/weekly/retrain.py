"""The weekly run: from a snapshot of what happened to a model that proved better, or did not.

Steps, each sealed in the run's folder (:mod:`etl.weekly.run_folder`) so that a run that was killed
goes on where it was: events as of T; rows of what was known at S, some days before T; labels held
to each other; a model; a panel of simpler ones beside it; the days from S to T and the standing
worlds, lived through by challenger and champion alike; canaries; the gate. The bundle that is
proved is the bundle that is shipped: it never saw the days it was examined on. What is done with
the ruling is :mod:`etl.weekly.promotion`; the page people look at :mod:`etl.weekly.page`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from etl.backtest.outcome import Truth
from etl.backtest.panel_rows import panel
from etl.backtest.run import KEY_ID
from etl.kept import keep, kept
from etl.refresh import FitsClusters, Job, RefreshConfig
from etl.replay.lazily import LazyStore
from etl.replay.rows_kept import keep_rows, keep_timeline, kept_rows, kept_timeline
from etl.replay.timeline import EventTables, Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import DAY_US, Replay
from etl.train import Course, collect
from etl.weekly.exam import ExamConfig, Paper, beginning
from etl.weekly.exams import Exams, loadable
from etl.weekly.gate import Evidence, Finding, Ruling, gate
from etl.weekly.inputs import InputLimits, inputs
from etl.weekly.label_review import ReviewLimits, review
from etl.weekly.limits import GateLimits
from etl.weekly.run_folder import Done, RunFolder, read_json, write_json
from gnn.bundle import Bundle
from gnn.known import Known
from gnn.shelf import Shelf
from gnn.train import TrainConfig, train
from gnn.training_rows import TrainingRows
from graph.errors import InputError
from graph.stores import open_store

Progress = Callable[[str, int, int], None]
NOBODY = "none"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does: ``Plan(until=T)``; the same plan over the same events gives the same model.

    ``until``: T (us). The model learns what was known ``proof_days`` before T and is examined on
    the days between. ``standing`` numbers the standing worlds, ``panel`` the simpler models beside
    it (empty = none).
    """

    until: int
    seed: int = 1
    proof_days: float = 7.0
    course: Course = field(default_factory=Course)
    train: TrainConfig = field(default_factory=TrainConfig)
    exam: ExamConfig = field(default_factory=ExamConfig)
    gate: GateLimits = field(default_factory=GateLimits)
    inputs: InputLimits = field(default_factory=InputLimits)
    review: ReviewLimits = field(default_factory=ReviewLimits)
    standing: tuple[int, ...] = (0, 1)
    panel: tuple[str, ...] = (
        "rule", "xgboost_own", "xgboost_two_hop", "score_propagation", "network", "full_stack",
    )  # fmt: skip

    @property
    def since(self) -> int:
        """S (us): what was known then is learnt from."""
        return self.until - int(self.proof_days * DAY_US)


@dataclass(frozen=True)
class Workplace:
    """What a run works on.

    ``authors`` (``account_id``, ``at``, ``source``, ``author``) says who decided, where that is
    known; ``runs`` and ``out`` are the folders of runs and of what the service is told.
    """

    events: EventTables
    fit: FitsClusters
    shelf: Shelf
    runs: Path
    out: Path
    authors: pl.DataFrame | None = None


@dataclass(frozen=True)
class Proven:
    """A run that came to its ruling."""

    name: str
    folder: Path
    plan: Plan
    bundle: Bundle
    champion: str | None
    ruling: Ruling
    review: Mapping[str, Any]
    panel: Mapping[str, Any]
    steps: tuple[Done, ...]


class Run:
    """One weekly run in its folder: each step is made, or taken up, when it is first asked for.

    ``prove`` asks for all of them; a scheduler asks for them one by one, each in its own process.
    """

    def __init__(
        self, place: Workplace, folder: Path, plan: Plan, champion: str | None, told: Progress
    ) -> None:
        self.place = place
        self.folder = folder
        self.plan = plan
        self.champion = champion
        self.told = told
        self._steps = RunFolder(folder)

    def prove(self) -> Proven:
        """Every step up to the gate.

        Raises:
            InputError: if there is nothing to learn from, or nothing to be examined on.
        """
        beside = read_json(self.beside.folder / "panel.json") or {}
        ruling = self.ruling
        return Proven(
            self.folder.name, self.folder, self.plan, self.bundle, self.champion, ruling,
            read_json(self.labels.folder / "review.json") or {}, beside, tuple(self._steps.steps),
        )  # fmt: skip

    @cached_property
    def events(self) -> Done:
        """What happened up to T."""
        self.told("snapshot", 0, 0)
        # Late events must not change a run that goes on: what T held is settled here.
        return self.step("snapshot", {"until": self.plan.until}, self._snapshot)

    @cached_property
    def timeline(self) -> Timeline:
        """The same, in memory."""
        return kept_timeline(self.events.folder)

    @cached_property
    def rows(self) -> Done:
        """Rows of accounts and sign-ups as they were known up to S, without verdicts."""
        self.told("features", 0, 0)
        plan = self.plan
        given = {"events": self.events.digest, "since": plan.since, "course": asdict(plan.course)}
        return self.step("features", given, lambda to: self._features(self.timeline, to))

    @cached_property
    def labels(self) -> Done:
        """Labels that are believed, and those that are not."""
        self.told("labels", 0, 0)
        plan = self.plan
        given = {"rows": self.rows.digest, "limits": asdict(plan.review), "seed": plan.seed}
        return self.step("labels", given, lambda to: self._labels(self.timeline, to))

    @cached_property
    def learnt(self) -> TrainingRows:
        """The rows under the verdicts that are believed and were known at S."""
        since = self.plan.since
        believed = _as_labels(pl.read_parquet(self.labels.folder / "kept.parquet"), self.timeline)
        known = Known.of(believed, self.timeline.read("enforcements", until=since), since)
        weights = read_json(self.labels.folder / "weights.json") or {}
        cleared = {a: float(w) for a, w in weights.items() if a in known.legitimate}
        return kept_rows(self.rows.folder, self.timeline, replace(known, weight=cleared))

    @cached_property
    def model(self) -> Done:
        """Split, encoder, boosters and calibration: a bundle that nobody uses yet."""
        self.told("model", 0, 0)
        plan = self.plan
        given = {"labels": self.labels.digest, "config": asdict(plan.train), "seed": plan.seed}
        return self.step("model", given, self._model)

    @cached_property
    def bundle(self) -> Bundle:
        """The same, loaded and verified."""
        return Bundle.load(self.model.folder / "bundle")

    @cached_property
    def beside(self) -> Done:
        """What simpler models make of the same rows."""
        self.told("panel", 0, 0)
        plan = self.plan
        given = {"labels": self.labels.digest, "panel": list(plan.panel), "seed": plan.seed}
        return self.step("panel", given, self._panel)

    @cached_property
    def ruling(self) -> Ruling:
        """What the gate says, after every exam."""
        exams = Exams(self, self.timeline, self.bundle, self.told)
        believed = pl.read_parquet(self.labels.folder / "kept.parquet")
        truth = Truth.of_labels(self.timeline.read("signups"), _as_labels(believed, self.timeline))
        state = kept(self.rows.folder / "state", KEY_ID, 0)
        recent = Paper("last weeks", self.timeline, self.plan.since, state, truth)
        evidence = Evidence(
            recent=exams.recent(recent, self.labels.digest),
            worlds=[exams.standing(number) for number in self.plan.standing],
            canaries=exams.canaries(self.learnt),
            inputs=self._inputs(),
            **exams.costs(),
        )
        ruling = gate(evidence, self.plan.gate, np.random.default_rng(self.plan.seed))
        write_json(self.folder / "gate.json", ruling.as_dict())
        return ruling

    def step(self, name: str, given: Mapping[str, object], make: Callable[[Path], None]) -> Done:
        """One more step of this run."""
        return self._steps.step(name, given, make)

    # -- what the steps do -------------------------------------------------------------------------

    def _snapshot(self, to: Path) -> None:
        timeline = Timeline.of(self.place.events, self.plan.until)
        begin, end = timeline.bounds
        if not begin < self.plan.since < end:
            raise InputError(
                "too little to train on: no events before the days that the model is examined on"
            )
        keep_timeline(timeline, to)
        if self.place.authors is not None:
            self.place.authors.write_parquet(to / "authors.parquet")

    def _features(self, timeline: Timeline, to: Path) -> None:
        known = timeline.known_by(self.plan.since)
        with LazyStore(open_store("sqlite://"), unroll(known)) as store:
            config = RefreshConfig(keep_asked=False)
            job = Job(known, store, self.place.fit, config)
            replay = Replay(known, store)
            plan = self.plan
            rows, state = collect(replay, job, plan.since, beginning(), plan.course, self.told)
        keep_rows(rows, to)
        keep(state, to / "state")

    def _labels(self, timeline: Timeline, to: Path) -> None:
        labels = self._authored(timeline)
        found = review(
            labels,
            _bans(timeline, self.plan.until),
            kept_rows(self.rows.folder, timeline, Known()),
            np.random.default_rng(self.plan.seed),
            self.plan.review,
        )
        found.kept.write_parquet(to / "kept.parquet")
        found.quarantined.write_parquet(to / "quarantined.parquet")
        write_json(to / "review.json", found.as_dict())
        write_json(to / "weights.json", dict(found.weights))

    def _authored(self, timeline: Timeline) -> pl.DataFrame:
        labels = pl.DataFrame(pl.from_arrow(timeline.read("labels")))
        kept_authors = self.folder / "snapshot" / "authors.parquet"
        if not kept_authors.exists():
            return labels.with_columns(author=pl.lit(None, pl.String))
        authors = pl.read_parquet(kept_authors)
        return labels.join(authors, on=["account_id", "at", "source"], how="left")

    def _model(self, to: Path) -> None:
        rng = np.random.default_rng(self.plan.seed)
        train(self.learnt, self.plan.train, rng, self.told).save(to / "bundle")

    def _panel(self, to: Path) -> None:
        rng = np.random.default_rng(self.plan.seed)
        write_json(to / "panel.json", panel(self.learnt, self.plan.panel, rng, self.told))

    def _inputs(self) -> list[Finding]:
        plan = self.plan
        found = inputs(self.timeline, plan.since, plan.until, plan.inputs)
        told = read_json(self.labels.folder / "review.json") or {}
        doubts = [doubt["reason"] for doubt in told.get("doubts", [])]
        text = "; ".join(doubts) or "no labeller stands apart from the others"
        kept_out = float(told.get("quarantined", 0))
        # What was found out was left out: a finding to read, not one to refuse for.
        said = f"labels: {text}" + (f"; {kept_out:.0f} labels were left out" if kept_out else "")
        return [*found, Finding("labels", True, said, {"quarantined": kept_out})]


def begin(place: Workplace, plan: Plan, told: Progress = lambda step, done, total: None) -> Run:
    """The run of ``plan``, anew or from where it was stopped.

    The champion it is held against is the one in use when it began.
    """
    name = run_name(plan)
    folder = place.runs / name
    held = read_json(folder / "plan.json")
    if held is None:
        serving = next(iter(place.shelf.history()), None)
        bundle = loadable(place.shelf, serving)
        held = {
            "champion": serving or NOBODY,
            "champion_trained_as_of": None if bundle is None else bundle.trained_as_of,
            "until": plan.until,
            "plan": repr(plan),
        }
        write_json(folder / "plan.json", held)
    champion = None if held["champion"] == NOBODY else str(held["champion"])
    return Run(place, folder, plan, champion, told)


def run_name(plan: Plan) -> str:
    """A name that sorts by T: ``2026-04-01T0000-s1``."""
    moment = pl.Series([plan.until]).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H%M%S")[0]
    return f"{moment}-s{plan.seed}"


def unfinished(runs: Path) -> int | None:
    """T (us) of the newest run that began and did not end; None without one."""
    open_yet = [
        told["until"]
        for folder in (sorted(runs.iterdir()) if runs.exists() else [])
        if (told := read_json(folder / "plan.json")) and not (folder / "done.json").exists()
    ]
    return int(max(open_yet)) if open_yet else None


def _bans(timeline: Timeline, until: int) -> dict[str, int]:
    known = Known.of(None, timeline.read("enforcements", until=until), until)
    return {account: known.fraud[account] for account in known.banned}


def _as_labels(kept_labels: pl.DataFrame, timeline: Timeline) -> pa.Table:
    """Labels in the form that the journal gives them."""
    schema = timeline.read("labels").schema
    table = kept_labels.select(schema.names).to_arrow()
    return table.cast(schema)
