"""What Ringsight would have caught: train at T, live through everything after it, write it down.

Every decision is taken by the code that serves, with what was known at its moment. The truth, where
there is one, is for the report alone (:mod:`etl.judge`): nothing that decides is given it. The
files are those of the event contract.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from etl.asked import DAY_US, Asked
from etl.judge import judge
from etl.lazily import LazyStore
from etl.live import Watch
from etl.outcome import Outcome, Truth
from etl.refresh import FitsClusters, Job, RefreshConfig, RefreshReport, RefreshState, refresh
from etl.replay import Applied, Due, Replay, refresh_moments
from etl.report import page
from etl.timeline import Timeline
from etl.train import Course, Trained, train_at
from etl.unrolled import unroll
from gnn.assess import Decision, Policy, assess
from gnn.booster import Floats
from gnn.scorer import Scorer
from graph.errors import InputError
from graph.rings.live import Match
from graph.schema import NodeType
from graph.stores import open_store

Progress = Callable[[str, int, int], None]

MATCH_DAYS = 2

_SCORES = {"account_id": pl.String, "score": pl.Float64}
_DECISIONS = {
    "account_id": pl.String, "occurred_at": pl.Int64, "score": pl.Float64, "decision": pl.String,
}  # fmt: skip
_FLAGS = {
    "account_id": pl.String, "flagged_at": pl.Int64, "score": pl.Float64, "ring_id": pl.String,
}  # fmt: skip
_RINGS = {"ring_id": pl.String, "account_id": pl.String, "score": pl.Float64}
_TRACE = {"account_id": pl.String, "at": pl.Int64, "score": pl.Float64}


@dataclass(frozen=True, slots=True)
class BacktestConfig:
    """How to test: ``BacktestConfig(train_until=...)``; moments and spans in microseconds.

    ``look_every_us`` is how often arriving events are taken in between refreshes; 0 = never.
    """

    train_until: int
    refresh_every_us: int = DAY_US
    look_every_us: int = 30 * 60 * 1_000_000
    seed: int = 1
    policy: Policy = field(default_factory=Policy)
    refresh: RefreshConfig = field(default_factory=RefreshConfig)
    course: Course = field(default_factory=Course)


@dataclass
class Record:
    """What happened during a replay, as it happens; flags and scores only ever come first once."""

    decisions: list[tuple[str, int, float, str]] = field(default_factory=list)
    flags: dict[str, tuple[int, float, str | None]] = field(default_factory=dict)
    trace: list[tuple[str, int, float]] = field(default_factory=list)
    highest: dict[str, float] = field(default_factory=dict)

    def decided(self, account: str, at: int, score: float, decision: Decision) -> None:
        """A sign-up was scored; a denial is a flag."""
        self.decisions.append((account, at, score, decision.value))
        if decision is Decision.DENY:
            self.flags.setdefault(account, (at, score, None))

    def looked(self, at: int, keys: Sequence[str], scores: Floats, threshold: float) -> None:
        """Accounts were looked at between refreshes."""
        for account, score in zip(keys, scores.tolist(), strict=True):
            if score >= threshold:
                self.flags.setdefault(account, (at, score, None))
            self._rose(account, at, score)

    def refreshed(self, report: RefreshReport) -> None:
        """A refresh ended: who calls for action, and whose score is higher than ever."""
        for account, score, ring in report.flags.iter_rows():
            self.flags.setdefault(account, (report.as_of, score, ring))
        if report.scores is None:
            return
        for account, score in zip(report.scores.keys, report.score.tolist(), strict=True):
            self._rose(account, report.as_of, score)

    def _rose(self, account: str, at: int, score: float) -> None:
        if score > self.highest.get(account, -1.0):
            self.highest[account] = score
            self.trace.append((account, at, score))


def backtest(
    timeline: Timeline,
    fit: FitsClusters,
    config: BacktestConfig,
    progress: Progress = lambda step, done, total: None,
) -> Outcome:
    """Train at ``config.train_until`` and replay what came after it.

    Raises:
        InputError: if there is nothing on one side of that moment, or nothing to learn from.
    """
    begin, until = timeline.bounds
    if not begin < config.train_until < until:
        raise InputError("the moment that training ends lies outside the events of the source")
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        replay = Replay(timeline, store)
        job = Job(timeline, store, fit, replace(config.refresh, keep_asked=False))
        rng = np.random.default_rng(config.seed)
        start = RefreshState(Asked.nothing("back-test"))
        trained = train_at(replay, job, config.train_until, start, rng, config.course)
        record, last = _lived(replay, job, trained, config, progress)
    refreshes = _refreshes(config, until)
    return _outcome(timeline, config, refreshes, record, last)


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


def _lived(
    replay: Replay, job: Job, trained: Trained, config: BacktestConfig, progress: Progress
) -> tuple[Record, RefreshReport]:
    """Live through everything after T."""
    scorer, state, record = Scorer(trained.bundle), trained.state, Record()
    since, until = config.train_until, replay.timeline.bounds[1]
    looks = _looks(config, until)
    watch: Watch | None = None
    seen_until = since
    for step in replay.steps(since, until, _refreshes(config, until), looks):
        if isinstance(step, Applied):
            found = assess(step.event, job.store, scorer, config.policy, now=step.at)
            record.decided(step.event.account_id, step.at, found.score or 0.0, found.decision)
        elif isinstance(step, Due):
            report = refresh(job, scorer, step.at, state)
            state = report.state
            record.refreshed(report)
            watch = Watch.since(replay.timeline, replay.store.front, scorer, report)
            # Newcomers' evidence of the last days counts on, against rings as they are now.
            for match in watch.matched(step.at - MATCH_DAYS * DAY_US, step.at):
                record.flags.setdefault(match.account_id, (step.at, _odds(match), match.ring_id))
            seen_until = step.at
            progress("replay", step.at - since, until - since)
        elif watch is not None:
            for match in watch.matched(seen_until, step.at):
                record.flags.setdefault(match.account_id, (match.at, _odds(match), match.ring_id))
            open_yet = [a for a in watch.touched(seen_until, step.at) if a not in record.flags]
            keys, scores = watch.look(open_yet, step.at)
            record.looked(step.at, keys, scores, scorer.thresholds.account_flag)
            seen_until = step.at
    if watch is None:
        raise InputError("no refresh lies in the replayed span")
    return record, watch.last


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
    strongest = last.rings.strongest(flagged_only=True)
    rings = [(ring.ring_id, account, ring.score) for account, (ring, _) in strongest.items()]
    tables = ("signups", "payments", "sessions", "requests")
    ids = [pl.Series(timeline.read(t, since=since)["account_id"].to_pylist()) for t in tables]
    exchanges = timeline.read("requests", since=since, columns=["account_id", "at"])
    flags = [(account, *flag) for account, flag in sorted(record.flags.items())]
    return Outcome(
        train_until=since,
        until=timeline.bounds[1],
        refreshes=refreshes,
        decisions=pl.DataFrame(record.decisions, schema=_DECISIONS, orient="row"),
        flags=pl.DataFrame(flags, schema=_FLAGS, orient="row"),
        scores=pl.DataFrame({"account_id": keys, "score": last.score}, schema=_SCORES),
        rings=pl.DataFrame(sorted(rings), schema=_RINGS, orient="row"),
        trace=pl.DataFrame(record.trace, schema=_TRACE, orient="row"),
        exchanges=pl.DataFrame(pl.from_arrow(exchanges)),
        active=pl.concat([series.cast(pl.String) for series in ids]).unique(),
    )
