"""The weekly run: from a snapshot of what happened to a model that proved better, or did not.

Steps, each sealed in the run's folder (:mod:`etl.run_folder`) so that a run that was killed goes on
where it was: events as of T; rows of what was known at S, some days before T; labels held to each
other; a model; a panel of simpler ones beside it; the days from S to T and the standing worlds,
lived through by challenger and champion alike; canaries; the gate. The bundle that is proved is the
bundle that is shipped: it never saw the days it was examined on. What is done with the ruling is
:mod:`etl.promotion`; the page people look at :mod:`etl.retrain_page`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from etl.backtest import KEY_ID
from etl.exam import ExamConfig, Paper, beginning
from etl.gate import Evidence, Finding, GateLimits, Ruling, gate
from etl.inputs import InputLimits, inputs
from etl.kept import keep, kept
from etl.label_review import ReviewLimits, review
from etl.lazily import LazyStore
from etl.outcome import Truth
from etl.panel_rows import panel
from etl.refresh import FitsClusters, Job, RefreshConfig
from etl.replay import DAY_US, Replay
from etl.retrain_exams import Exams, loadable
from etl.rows_kept import keep_rows, keep_timeline, kept_rows, kept_timeline
from etl.run_folder import Done, RunFolder, read_json, write_json
from etl.timeline import EventTables, Timeline
from etl.train import Course, collect
from etl.unrolled import unroll
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
    panel: tuple[str, ...] = ("rule", "xgboost_own", "xgboost_two_hop", "score_propagation")

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
    """One weekly run in its folder; ``prove`` takes it to its ruling, from wherever it was."""

    def __init__(self, place: Workplace, folder: Path, plan: Plan, champion: str | None) -> None:
        self.place = place
        self.folder = folder
        self.plan = plan
        self.champion = champion
        self._steps = RunFolder(folder)

    def prove(self, told: Progress = lambda step, done, total: None) -> Proven:
        """Every step up to the gate.

        Raises:
            InputError: if there is nothing to learn from, or nothing to be examined on.
        """
        plan = self.plan
        told("snapshot", 0, 0)
        events = self._steps.step("snapshot", self._given_events(), self._snapshot)
        timeline = kept_timeline(events.folder)
        told("features", 0, 0)
        given = {"events": events.digest, "since": plan.since, "course": asdict(plan.course)}
        rows = self._steps.step("features", given, lambda to: self._features(timeline, to, told))
        told("labels", 0, 0)
        given = {"rows": rows.digest, "limits": asdict(plan.review), "seed": plan.seed}
        labels = self._steps.step("labels", given, lambda to: self._labels(timeline, rows, to))
        learnt = self._rows(timeline, rows, labels)
        told("model", 0, 0)
        given = {"labels": labels.digest, "config": asdict(plan.train), "seed": plan.seed}
        model = self._steps.step("model", given, lambda to: self._model(learnt, to, told))
        bundle = Bundle.load(model.folder / "bundle")
        told("panel", 0, 0)
        given = {"labels": labels.digest, "panel": list(plan.panel), "seed": plan.seed}
        beside = self._steps.step("panel", given, lambda to: self._panel(learnt, to, told))
        exams = Exams(self, timeline, bundle, told)
        ruling = self._ruled(exams, rows, labels, learnt)
        return Proven(
            self.folder.name, self.folder, plan, bundle, self.champion, ruling,
            read_json(labels.folder / "review.json") or {},
            read_json(beside.folder / "panel.json") or {},
            tuple(self._steps.steps),
        )  # fmt: skip

    def step(self, name: str, given: Mapping[str, object], make: Callable[[Path], None]) -> Done:
        """One more step of this run."""
        return self._steps.step(name, given, make)

    # -- what the steps do -------------------------------------------------------------------------

    def _given_events(self) -> dict[str, object]:
        # Late events must not change a run that goes on: what T held is settled with the snapshot.
        return {"until": self.plan.until}

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

    def _features(self, timeline: Timeline, to: Path, told: Progress) -> None:
        known = timeline.known_by(self.plan.since)
        with LazyStore(open_store("sqlite://"), unroll(known)) as store:
            config = RefreshConfig(keep_asked=False)
            job = Job(known, store, self.place.fit, config)
            replay = Replay(known, store)
            rows, state = collect(replay, job, self.plan.since, beginning(), self.plan.course, told)
        keep_rows(rows, to)
        keep(state, to / "state")

    def _labels(self, timeline: Timeline, rows: Done, to: Path) -> None:
        labels = self._authored(timeline)
        found = review(
            labels, _bans(timeline, self.plan.until), kept_rows(rows.folder, timeline, Known()),
            np.random.default_rng(self.plan.seed), self.plan.review,
        )  # fmt: skip
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

    def _rows(self, timeline: Timeline, rows: Done, labels: Done) -> TrainingRows:
        """The rows under the verdicts that are believed and were known at S."""
        since = self.plan.since
        believed = _as_labels(pl.read_parquet(labels.folder / "kept.parquet"), timeline)
        known = Known.of(believed, timeline.read("enforcements", until=since), since)
        weights = read_json(labels.folder / "weights.json") or {}
        cleared = {a: float(w) for a, w in weights.items() if a in known.legitimate}
        return kept_rows(rows.folder, timeline, replace(known, weight=cleared))

    def _model(self, rows: TrainingRows, to: Path, told: Progress) -> None:
        rng = np.random.default_rng(self.plan.seed)
        train(rows, self.plan.train, rng, told).save(to / "bundle")

    def _panel(self, rows: TrainingRows, to: Path, told: Progress) -> None:
        rng = np.random.default_rng(self.plan.seed)
        write_json(to / "panel.json", panel(rows, self.plan.panel, rng, told))

    def _ruled(self, exams: Exams, rows: Done, labels: Done, learnt: TrainingRows) -> Ruling:
        state, believed = rows.folder / "state", pl.read_parquet(labels.folder / "kept.parquet")
        truth = Truth.of_labels(
            exams.timeline.read("signups"), _as_labels(believed, exams.timeline)
        )
        recent = Paper("last weeks", exams.timeline, self.plan.since, kept(state, KEY_ID, 0), truth)
        pairs = [exams.recent(recent, labels.digest), *map(exams.standing, self.plan.standing)]
        evidence = Evidence(
            recent=pairs[0],
            worlds=pairs[1:],
            canaries=exams.canaries(learnt),
            inputs=self._inputs(exams.timeline, labels),
            **exams.costs(),
        )
        rng = np.random.default_rng(self.plan.seed)
        ruling = gate(evidence, self.plan.gate, rng)
        write_json(self.folder / "gate.json", ruling.as_dict())
        return ruling

    def _inputs(self, timeline: Timeline, labels: Done) -> list[Finding]:
        found = inputs(timeline, self.plan.since, self.plan.until, self.plan.inputs)
        told = read_json(labels.folder / "review.json") or {}
        doubts = [doubt["reason"] for doubt in told.get("doubts", [])]
        text = "; ".join(doubts) or "no labeller stands apart from the others"
        kept_out = float(told.get("quarantined", 0))
        # What was found out was left out: a finding to read, not one to refuse for.
        said = f"labels: {text}" + (f"; {kept_out:.0f} labels were left out" if kept_out else "")
        return [*found, Finding("labels", True, said, {"quarantined": kept_out})]


def begin(place: Workplace, plan: Plan) -> Run:
    """The run of ``plan``, anew or from where it was stopped.

    The champion it is held against is the one in use when it began.
    """
    name = run_name(plan)
    folder = place.runs / name
    told = read_json(folder / "plan.json")
    if told is None:
        held = place.shelf.history()
        told = {"champion": held[0] if held else NOBODY, "until": plan.until, "plan": repr(plan)}
        bundle = loadable(place.shelf, held[0] if held else None)
        told["champion_trained_as_of"] = None if bundle is None else bundle.trained_as_of
        write_json(folder / "plan.json", told)
    champion = None if told["champion"] == NOBODY else str(told["champion"])
    return Run(place, folder, plan, champion)


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
