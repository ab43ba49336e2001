"""The tables behind ``ringsight bench regrowth``: how soon newcomers of a known ring are flagged.

Small worlds of one campaign each, several seeds of a kind pooled. The campaign is banned as a whole
half-way and grows again, re-using all, half, a tenth or none of its identifiers; or it goes on
gaining accounts, by several tactics. Refreshes come daily (every third day while the campaign is
new) and without a model, every event in between goes through the live match as in the product,
evidence of the last days carried over a refresh; so what is counted is what rings and genomes alone
do. Truth is opened for the figures only.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from etl.asked import DAY_US, Asked
from etl.backtest.source import Source, read_timeline
from etl.prompts.fit import fit_clusters
from etl.refresh import Job, RefreshConfig, refresh
from etl.refreshed import RefreshReport, RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.live import Arrivals
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Due, Replay
from graph.errors import InputError
from graph.rings.model import Change
from graph.rings.watchlist import CARRIED_US
from graph.simulate import world, write
from graph.simulate.presets import CampaignSpec, WorldSpec
from graph.simulate.truth import TrueAccount, load_truth
from graph.stores import open_store

KEY = b"a key for benchmarks, no secret"
HOUR_US = DAY_US // 24
DAYS = 30.0
DAILY = 17
Tactics = tuple[tuple[str, float | None], ...]
Progress = Callable[[str, int, int], None]

_BASE: Tactics = (("lockstep", 1.0), ("sibling_templates", 0.5))
REUSES: Mapping[str, Tactics] = {
    f"regrown, {reuse:.0%} re-used": (*_BASE, ("regrowth", reuse)) for reuse in (1.0, 0.5, 0.1, 0.0)
}
KNOWN: Mapping[str, Tactics] = {
    "known ring, pure traffic": _BASE,
    "known ring, half unrelated": (*_BASE, ("mixed_traffic", 0.5)),
    "known ring, 85 % unrelated": (*_BASE, ("mixed_traffic", 0.85)),
    "known ring, paraphrased": (*_BASE, ("paraphrase", 0.67)),
    "known ring, bought accounts": (*_BASE, ("bought_accounts", 0.8)),
}


@dataclass(frozen=True, slots=True)
class Lived:
    """What a replay gave: each account's first flag, and when the ring was first flagged (us)."""

    flagged_at: Mapping[str, int]
    known_at: int
    regrown_at: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What one world showed: newcomers of its ring, the flagged ones' waits, honest newcomers.

    ``before`` and ``hours``, a flagged newcomer each: requests and hours from its first request to
    its flag. ``relink_days`` from the ban to the refresh that told heirs, None without one.
    """

    newcomers: int
    before: Sequence[int]
    hours: Sequence[float]
    relink_days: float | None
    honest: int
    honest_flagged: int


def bench_regrowth(
    honest: int, seeds: Sequence[int], progress: Progress, only: str = ""
) -> dict[str, dict[str, float]]:
    """A row a kind of world, its seeds pooled: newcomers, how soon flagged, honest ones flagged.

    One ring of some thirty newcomers is one throw of dice: the share flagged by the luckiest and
    the unluckiest seed stands beside the pooled one. ``only`` keeps the rows with it in their name.

    Raises:
        InputError: if no row has ``only`` in its name.
    """
    kinds = {n: tactics for n, tactics in {**REUSES, **KNOWN}.items() if only in n}
    if not kinds:
        raise InputError(f"no row is called like {only!r}; rows: {', '.join({**REUSES, **KNOWN})}")
    rows = {}
    for number, (name, tactics) in enumerate(kinds.items()):
        worlds = []
        for place, seed in enumerate(seeds):
            progress(name, number * len(seeds) + place, len(kinds) * len(seeds))
            worlds.append(_world_seen(honest, seed, tactics))
        rows[name] = pooled(worlds)
    return rows


def _world_seen(honest: int, seed: int, tactics: Tactics) -> Seen:
    spec = CampaignSpec(0.1, 0.85, 60, 12.0, tactics, lifetime_days=14.0)
    with tempfile.TemporaryDirectory(prefix="ringsight-bench-") as folder:
        home = Path(folder)
        write(world(WorldSpec("regrowth", honest, DAYS, (spec,)), seed), home / "world")
        timeline = read_timeline(Source(str(home / "world" / "events"), KEY), home, _silent)
        truth = load_truth(home / "world")
    return _seen(timeline, truth, _live_through(timeline, truth))


def pooled(worlds: Sequence[Seen]) -> dict[str, float]:
    """The figures of one row, over all newcomers of its worlds."""
    newcomers, honest = sum(w.newcomers for w in worlds), sum(w.honest for w in worlds)
    before = [count for w in worlds for count in w.before]
    relinked = [w.relink_days for w in worlds if w.relink_days is not None]
    shares = [len(w.before) / w.newcomers for w in worlds if w.newcomers]
    return {
        "newcomers": float(newcomers),
        "flagged": len(before) / max(newcomers, 1),
        "flagged_lowest_seed": min(shares, default=float("nan")),
        "flagged_highest_seed": max(shares, default=float("nan")),
        "requests_before_flag_median": _quantile(before, 0.5),
        "requests_before_flag_p90": _quantile(before, 0.9),
        "hours_to_flag_median": _quantile([h for w in worlds for h in w.hours], 0.5),
        "worlds_relinked": float(len(relinked)),
        "days_to_relink": _quantile(relinked, 0.5),
        "honest_newcomers": float(honest),
        "honest_flagged": sum(w.honest_flagged for w in worlds) / max(honest, 1),
    }


def _silent(step: str, done: int, total: int) -> None:
    """Takes progress and says nothing."""


def refreshes(until: int) -> list[int]:
    """The moments (us) of refreshes in the days that the world is about, the last at the end.

    Every third day while the campaign is new, daily from :data:`DAILY` days before the end on, when
    it may be known or banned. Events reach back further: old customers signed up long before.
    """
    begins, daily = until - int((DAYS - 4) * DAY_US), until - DAILY * DAY_US
    return [*range(begins, daily, 3 * DAY_US), *range(daily, until, DAY_US), until]


def _live_through(timeline: Timeline, truth: Mapping[str, TrueAccount]) -> Lived:
    begin, until = timeline.bounds
    moments = refreshes(until)
    state, arrivals = RefreshState(Asked.nothing("bench")), None
    first: dict[str, int] = {}
    known_at, regrown_at = until, None
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        job = Job(timeline, store, fit_clusters, RefreshConfig(keep_asked=False))
        for step in Replay(timeline, store).steps(begin - 1, until, moments):
            if not isinstance(step, Due):
                continue
            if arrivals is not None:
                for match in arrivals.matched(arrivals.last.as_of, step.at):
                    first.setdefault(match.account_id, match.at)
            report = refresh(job, None, step.at, state)
            state, arrivals = report.state, Arrivals.since(timeline, report)
            carried = arrivals.matched(step.at - CARRIED_US, step.at)
            flagged = report.flags["account_id"].to_list()
            for account in (*flagged, *(match.account_id for match in carried)):
                first.setdefault(account, step.at)
            if _found(report, truth):
                known_at = min(known_at, step.at)
            if any(event.change is Change.REGROWN for event in report.rings.lineage):
                regrown_at = regrown_at or step.at
    return Lived(first, known_at, regrown_at)


def _found(report: RefreshReport, truth: Mapping[str, TrueAccount]) -> bool:
    return any(
        sum(truth[a].fraudulent for a in ring.account_ids) >= ring.size / 2
        for ring in report.rings.flagged
    )


def _seen(timeline: Timeline, truth: Mapping[str, TrueAccount], lived: Lived) -> Seen:
    """Of those that began after the ban, or where nobody was banned, after the ring was known."""
    since = _banned_at(timeline, truth) or lived.known_at
    newcomers = {
        account: true.active_from
        for account, true in truth.items()
        if true.fraudulent and true.active_from is not None and true.active_from > since
    }
    requests = timeline.read("requests", since=since, columns=["account_id", "at"])
    times: dict[str, list[int]] = {account: [] for account in newcomers}
    for account, at in zip(*(requests[n].to_pylist() for n in ("account_id", "at")), strict=True):
        if account in times and at >= newcomers[account]:
            times[account].append(at)
    met = {a: at for a in newcomers if times[a] and (at := lived.flagged_at.get(a)) is not None}
    signups = timeline.read("signups", since=since, columns=["account_id"])["account_id"]
    honest = [a for a in signups.to_pylist() if not truth[a].fraudulent]
    heir = lived.regrown_at
    return Seen(
        sum(bool(t) for t in times.values()),
        [sum(t < at for t in times[a]) for a, at in met.items()],
        [(at - min(times[a])) / HOUR_US for a, at in met.items()],
        None if heir is None else (heir - since) / DAY_US,
        len(honest),
        sum(a in lived.flagged_at for a in honest),
    )


def _banned_at(timeline: Timeline, truth: Mapping[str, TrueAccount]) -> int:
    """The moment by which a ring is being banned as a whole: six bans in half a day; else 0."""
    bans = timeline.read("enforcements")
    rows = zip(*(bans[n].to_pylist() for n in ("account_id", "at", "action")), strict=True)
    at = sorted(at for account, at, action in rows if action == "ban" and truth[account].fraudulent)
    close = [later for early, later in zip(at, at[5:], strict=False) if later - early < DAY_US / 2]
    return close[0] if close else 0


def _quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else float("nan")
