"""What Ringsight would have caught: train at T, live through everything after it, write it down.

Every decision is taken by the code that serves, with what was known at its moment. The truth, where
there is one, is for the report alone (:mod:`etl.backtest.judge`): nothing that decides is given it.
The files are those of the event contract.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from etl.acted_on import explained_in, held_in
from etl.asked import DAY_US, Asked
from etl.backtest.judge import judge
from etl.backtest.outcome import Outcome, Truth
from etl.backtest.record import Record
from etl.backtest.report import page
from etl.backtest.waypoint import Waypoint, Waypoints
from etl.refresh import FitsClusters, Job, RefreshConfig, refresh
from etl.refreshed import RefreshReport, RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.live import Watch
from etl.replay.rows_kept import keep_rows, kept_rows
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Applied, Due, Replay, refresh_moments
from etl.train import Course, collect, known_at
from gnn.assess import Policy, assess
from gnn.bundle import Bundle
from gnn.scorer import Scorer
from gnn.train import TrainConfig, train
from gnn.training_rows import AccountMoment, TrainingRows
from graph.errors import InputError
from graph.rings.live import Match
from graph.rings.watchlist import CARRIED_US
from graph.schema import NodeType
from graph.stores import open_store

Progress = Callable[[str, int, int], None]

_SCORES = {"account_id": pl.String, "score": pl.Float64}
_RINGS = {"ring_id": pl.String, "account_id": pl.String, "score": pl.Float64}
KEY_ID = "back-test"


@dataclass(frozen=True, slots=True)
class BacktestConfig:
    """How to test: ``BacktestConfig(train_until=...)``; moments and spans in microseconds.

    ``look_every_us`` is how often arriving events are taken in between refreshes; 0 = never.
    ``panel`` puts simpler detectors beside the whole, which takes minutes on a large world.
    """

    train_until: int
    refresh_every_us: int = DAY_US
    look_every_us: int = 30 * 60 * 1_000_000
    seed: int = 1
    policy: Policy = field(default_factory=Policy)
    refresh: RefreshConfig = field(default_factory=RefreshConfig)
    course: Course = field(default_factory=Course)
    panel: bool = False


@dataclass(frozen=True)
class Walk:
    """What a replay walks with: events and store, the job, and where waypoints are kept."""

    replay: Replay
    job: Job
    config: BacktestConfig
    waypoints: Waypoints | None
    progress: Progress


def backtest(
    timeline: Timeline,
    fit: FitsClusters,
    config: BacktestConfig,
    progress: Progress = lambda step, done, total: None,
    waypoints: Waypoints | None = None,
) -> Outcome:
    """Train at ``config.train_until`` and replay what came after it.

    With ``waypoints`` it goes on from the newest one there is; the outcome is the same.

    Raises:
        InputError: if there is nothing on one side of that moment, or nothing to learn from.
    """
    begin, until = timeline.bounds
    if not begin < config.train_until < until:
        raise InputError("the moment that training ends lies outside the events of the source")
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        replay = Replay(timeline, store)
        job = Job(timeline, store, fit, replace(config.refresh, keep_asked=False))
        walk = Walk(replay, job, config, waypoints, progress)
        bundle, start, learnt = _trained(walk)
        record, last = _lived(walk, bundle, start)
    refreshes = _refreshes(config, until)
    outcome = _outcome(timeline, config, refreshes, record, last)
    return _beside(outcome, walk, Scorer(bundle), learnt, last) if config.panel else outcome


def _beside(
    outcome: Outcome, walk: Walk, scorer: Scorer, learnt: TrainingRows, last: RefreshReport
) -> Outcome:
    """The outcome with simpler detectors and tests of its reasons, and what is sliced by."""
    from etl.backtest.judge_reasons import reasons_tested  # noqa: PLC0415
    from etl.backtest.panel_network import parts_of_score  # noqa: PLC0415 - brings torch
    from etl.backtest.report_panel import panel_scores, traits  # noqa: PLC0415 - brings torch

    rng = np.random.default_rng(walk.config.seed)
    end = AccountMoment.of(last.snapshot)
    assert last.scores is not None
    panel = panel_scores(learnt, end, rng, walk.progress)
    panel = panel.with_columns(**parts_of_score(last.scores))
    reasons = reasons_tested(scorer, last.scores, last.snapshot, rng)
    return replace(outcome, panel=panel, traits=traits(last.snapshot), reasons=reasons)


def _trained(walk: Walk) -> tuple[Bundle, Waypoint, TrainingRows]:
    """The model, and where the replay begins: at T, or where an earlier run was stopped.

    Of what was learnt from, the last moment comes with it, for the panel.
    """
    until = walk.config.train_until
    kept = walk.waypoints and walk.waypoints.newest(KEY_ID)
    if kept and walk.waypoints and (bundle := walk.waypoints.bundle):
        events = walk.replay.timeline
        learnt = kept_rows(walk.waypoints.learnt, events, known_at(events, until))
        return bundle, kept, learnt
    begin, rng = RefreshState(Asked.nothing(KEY_ID)), np.random.default_rng(walk.config.seed)
    rows, state = collect(walk.replay, walk.job, until, begin, walk.config.course, walk.progress)
    bundle = train(rows, TrainConfig(), rng, walk.progress)
    waypoint, learnt = (
        Waypoint(until, state, Record()),
        replace(rows, moments=rows.moments[-1:], signups=()),
    )
    if walk.waypoints:
        keep_rows(learnt, walk.waypoints.learnt)
        walk.waypoints.trained(bundle, waypoint)
    return bundle, waypoint, learnt


def write(outcome: Outcome, out: Path, truth: Truth, rng: np.random.Generator) -> dict[str, object]:
    """Write the files of the event contract to ``out``; returns what ``report.json`` holds."""
    out.mkdir(parents=True, exist_ok=True)
    moments = ("occurred_at", "flagged_at")
    tables = {
        "signup_decisions": outcome.decisions,
        "account_flags": outcome.flags,
        "account_scores": outcome.scores,
        "rings": outcome.rings,
    }
    for name, table in tables.items():
        dated = [n for n in table.columns if n in moments]
        stamped = table.with_columns(pl.col(dated).cast(pl.Datetime("us", "UTC")))
        stamped.write_parquet(out / f"{name}.parquet")
    verdict = judge(outcome, truth, rng)
    (out / "report.json").write_text(json.dumps(verdict, indent=1) + "\n", encoding="utf-8")
    (out / "report.html").write_text(page(verdict), encoding="utf-8")
    return verdict


def _refreshes(config: BacktestConfig, until: int) -> tuple[int, ...]:
    """Every refresh of the replay, the last one at its end."""
    regular = refresh_moments(config.train_until, until, config.refresh_every_us)
    return regular if regular[-1] == until else (*regular, until)


def _lived(walk: Walk, bundle: Bundle, start: Waypoint) -> tuple[Record, RefreshReport]:
    """Live through everything from ``start`` on."""
    until = walk.replay.timeline.bounds[1]
    refreshes = [at for at in _refreshes(walk.config, until) if at >= start.at]
    looks = [at for at in _looks(walk.config, until) if at > start.at]
    life = _Life(walk, Scorer(bundle), start.state, start.record, start.at)
    for step in walk.replay.steps(start.at, until, refreshes, looks):
        if isinstance(step, Applied):
            life.signed_up(step)
        elif isinstance(step, Due):
            if walk.waypoints and step.at > start.at:
                walk.waypoints.passed(Waypoint(step.at, life.state, life.record))
            life.refreshed(step.at)
            since = walk.config.train_until
            walk.progress("replay", step.at - since, until - since)
        else:
            life.looked(step.at)
    if life.watch is None:
        raise InputError("no refresh lies in the replayed span")
    return life.record, life.watch.last


@dataclass
class _Life:
    """The service as it would have lived, from step to step; ``seen_until`` in us.

    ``spared`` are those whom only a refresh may convict by their score: they have lawful company.
    """

    walk: Walk
    scorer: Scorer
    state: RefreshState
    record: Record
    seen_until: int
    watch: Watch | None = None
    spared: frozenset[str] = frozenset()

    def signed_up(self, step: Applied) -> None:
        """A sign-up is decided on by what is known."""
        policy = self.walk.config.policy
        store = self.walk.job.store
        kin = None if self.watch is None else self.watch.arrivals.kin(step.event)
        rates = step.rates
        voices = None if self.watch is None else self.watch.voices
        found = assess(
            step.event, store, self.scorer, policy, step.at, rates=rates, kin=kin, voices=voices
        )
        self.record.decided(step.event.account_id, step.at, found.score or 0.0, found.decision)

    def refreshed(self, at: int) -> None:
        """A refresh; from now on events are matched to the rings it found."""
        report = refresh(self.walk.job, self.scorer, at, self.state)
        self.state = report.state
        self.spared = explained_in(report.rings)
        self.record.refreshed(report)
        replay = self.walk.replay
        self.watch = Watch.since(replay.timeline, replay.store.front, self.scorer, report)
        # Newcomers' evidence of the last days counts on, against rings as they are now.
        for match in self.watch.matched(at - CARRIED_US, at):
            self.record.flags.setdefault(match.account_id, (at, _odds(match), match.ring_id))
        self.seen_until = at

    def looked(self, at: int) -> None:
        """What arrived since the last step is matched, and its accounts are scored anew.

        Where young accounts crowd towards a known ring the refresh comes before its time.
        """
        if self.watch is None:
            return
        flags = self.record.flags
        for match in self.watch.matched(self.seen_until, at):
            flags.setdefault(match.account_id, (match.at, _odds(match), match.ring_id))
        open_yet = [a for a in self.watch.touched(self.seen_until, at) if a not in flags]
        found = self.watch.look(open_yet, at)
        self.record.looked(at, found, self.scorer.thresholds.account_flag, self.spared)
        self.seen_until = at
        if self.watch.crowded(at):
            self.refreshed(at)


def _odds(match: Match) -> float:
    """Odds of membership as a score, 0..1."""
    return float(1.0 / (1.0 + np.exp(-match.odds)))


def _looks(config: BacktestConfig, until: int) -> tuple[int, ...]:
    """Every moment between refreshes at which arriving events are taken in."""
    if not config.look_every_us:
        return ()
    refreshes = set(_refreshes(config, until))
    regular = refresh_moments(config.train_until, until, config.look_every_us)
    return tuple(moment for moment in regular if moment not in refreshes)


def _outcome(
    timeline: Timeline,
    config: BacktestConfig,
    refreshes: tuple[int, ...],
    record: Record,
    last: RefreshReport,
) -> Outcome:
    since = config.train_until
    keys = last.snapshot.keys(NodeType.ACCOUNT).to_pylist()
    tables = ("signups", "payments", "sessions", "requests")
    ids = [pl.Series(timeline.read(t, since=since)["account_id"].to_pylist()) for t in tables]
    exchanges = timeline.read("requests", since=since, columns=["account_id", "at"])
    held = record.tables()
    return Outcome(
        train_until=since,
        until=timeline.bounds[1],
        refreshes=refreshes,
        decisions=held["decisions"],
        flags=held["flags"],
        scores=pl.DataFrame({"account_id": keys, "score": last.score}, schema=_SCORES),
        rings=held_in(last.scores, last.rings).select(list(_RINGS)).sort("ring_id", "account_id"),
        trace=held["trace"],
        exchanges=pl.DataFrame(pl.from_arrow(exchanges)),
        active=pl.concat([series.cast(pl.String) for series in ids]).unique(),
    )
