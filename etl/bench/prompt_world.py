"""Prompt clusters of a simulated world: ``ringsight bench templates WORLD``.

Three questions. Which rings are found because of clusters: :mod:`etl.bench.template_rings`. Whom
do clusters tie that should not be: honest accounts of different people that share a cluster, and
those of them that stand above the link threshold by it. And do ids last: two fits a week apart.
Truth is opened for the figures only. Read :mod:`etl.prompts.fit` for the fit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from etl.asked import DAY_US, prompt_columns
from etl.backtest.source import Source, read_timeline
from etl.bench.template_rings import WEEK_US, ablation
from etl.prompts.columns import PromptColumns
from etl.prompts.fit import FitResult, fit, in_chunks
from etl.prompts.lineage import overlap
from etl.replay.timeline import Timeline
from graph.errors import InputError
from graph.flush import Told
from graph.prompts import ClusterIndex
from graph.prompts.weigh import MIN_LINK_NATS
from graph.simulate.truth import TrueAccount, load_truth

WINDOW_US = 14 * DAY_US
KEY = b"a key for benchmarks, no secret"
IDENTIFIERS = ("device", "phone", "ip", "mailbox")
"""What accounts of a clumsier campaign would share at sign-up."""
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Window:
    """Requests up to a moment as the fit reads them; ``account_ids`` by number from 1."""

    prompts: PromptColumns
    account_ids: tuple[str, ...]


def window(timeline: Timeline, until: int) -> Window:
    """The requests of the fourteen days up to ``until`` (us)."""
    requests = timeline.read("requests", since=until - WINDOW_US, until=until)
    signups = timeline.read("signups", until=until)
    names = tuple(sorted(set(requests["account_id"].to_pylist())))
    return Window(prompt_columns(requests, signups), names)


def honest_pairs(found: FitResult, seen: Window, truth: Mapping[str, TrueAccount]) -> Figures:
    """Pairs of honest accounts of different people: that share a cluster, and are linked by it."""
    table = found.statistics.clusters.select(["cluster_id", "weight"]).to_pydict()
    weight = dict(zip(table["cluster_id"], table["weight"], strict=True))
    edges = pl.DataFrame(pl.from_arrow(found.statistics.edges))
    sharing: set[tuple[str, str]] = set()
    linked: set[tuple[str, str]] = set()
    for (cluster,), rows in edges.group_by("cluster_id") if len(edges) else ():
        names = (seen.account_ids[i - 1] for i in rows["account"].to_list())
        pairs = _strangers([truth[name] for name in names if not truth[name].fraudulent])
        sharing |= pairs
        linked |= pairs if weight[str(cluster)] >= MIN_LINK_NATS else set()
    return {
        "clusters": float(len(weight)),
        "pairs_that_share_one": float(len(sharing)),
        "pairs_linked_by_it": float(len(linked)),
        "share": len(linked) / max(1, len(sharing)),
    }


def _strangers(honest: Sequence[TrueAccount]) -> set[tuple[str, str]]:
    ordered = sorted(honest, key=lambda one: one.account_id)
    return {
        (one.account_id, other.account_id)
        for one, other in combinations(ordered, 2)
        if one.operator is None or one.operator != other.operator
    }


def ids_kept(before: FitResult, now: FitResult, seen: Window) -> Figures:
    """How far ids last, by mass: prompts of the window that both fits assign.

    An id is kept if the cluster that bears it now holds most of what the id's prompts are now. A
    split keeps it for the largest part, a merger for one of the merged; both are recorded. Ids of
    which the window has no prompt are not lost. The stricter ``prompts_under_their_id`` counts each
    prompt that changed its cluster, newborn siblings and all.
    """
    sketches = seen.prompts.sketches
    old, new = (fit.index.assign_many(sketches).cluster for fit in (before, now))
    both = (old >= 0) & (new >= 0)
    mass = overlap(old.astype(np.int64), new.astype(np.int64), len(before.index), len(now.index))
    heir = np.array([now.index.ids[i] for i in mass.argmax(axis=1)] if mass.any() else [], str)
    held = mass.sum(axis=1)
    kept = held[heir == np.array(before.index.ids, str)].sum() if mass.any() else 0.0
    names = np.array([*before.index.ids, ""]), np.array([*now.index.ids, ""])
    stays = names[0][old[both]] == names[1][new[both]]
    kinds = [event.kind for event in now.events]
    return {
        "prompts_in_both": float(both.sum()),
        "kept_by_mass": float(kept / held.sum()) if held.sum() else 1.0,
        "prompts_under_their_id": float(stays.mean()) if len(stays) else 1.0,
        **{kind: float(kinds.count(kind)) for kind in ("born", "split", "merged")},
    }


def campaign_pairs(
    found: FitResult, seen: Window, timeline: Timeline, truth: Mapping[str, TrueAccount]
) -> Figures:
    """Pairs of accounts of one campaign: what a cluster links, and what an identifier would."""
    clusters = pl.DataFrame(pl.from_arrow(found.statistics.clusters))
    worth = clusters.filter(pl.col("weight") >= MIN_LINK_NATS).select("cluster_id")
    edges = pl.DataFrame(pl.from_arrow(found.statistics.edges)).join(worth, on="cluster_id")
    linked = _same_campaign(
        (
            [seen.account_ids[i - 1] for i in rows["account"]]
            for _, rows in edges.group_by("cluster_id")
        ),
        truth,
    )
    signups = pl.DataFrame(pl.from_arrow(timeline.read("signups", until=timeline.bounds[1])))
    signups = signups.filter(pl.col("account_id").is_in(list(seen.account_ids)))
    columns = [name for name in IDENTIFIERS if name in signups.columns]
    shared = _same_campaign(
        (
            rows["account_id"].to_list()
            for name in columns
            for _, rows in signups.filter(pl.col(name).is_not_null()).group_by(name)
        ),
        truth,
    )
    everyone = _same_campaign([list(seen.account_ids)], truth)
    number = max(1, len(everyone))
    return {
        "pairs": float(len(everyone)),
        "linked_by_clusters": len(linked) / number,
        "sharing_an_identifier": len(shared) / number,
    }


def _same_campaign(
    groups: Iterable[Sequence[str]], truth: Mapping[str, TrueAccount]
) -> set[tuple[str, str]]:
    """Pairs within a group that belong to one campaign."""
    found: set[tuple[str, str]] = set()
    for group in groups:
        by_campaign: dict[str, list[str]] = {}
        for name in sorted(group):
            campaign = truth[name].campaign
            if campaign is not None:
                by_campaign.setdefault(campaign, []).append(name)
        found.update(pair for names in by_campaign.values() for pair in combinations(names, 2))
    return found


def judged_windows(timeline: Timeline, truth: Mapping[str, TrueAccount]) -> dict[str, Figures]:
    """Ids, honest pairs and campaign pairs of two fits a week apart, the last at the end.

    Raises:
        InputError: if there are no requests a week before the end.
    """
    until = timeline.bounds[1]
    earlier, seen = window(timeline, until - WEEK_US), window(timeline, until)
    if not len(earlier.prompts):
        raise InputError("no requests up to a week before the end of the world")
    before = fit(in_chunks(earlier.prompts), ClusterIndex.empty("bench"), until - WEEK_US)
    now = fit(in_chunks(seen.prompts), before.index, until)
    return {
        "pairs of a campaign": campaign_pairs(now, seen, timeline, truth),
        "honest pairs": honest_pairs(now, seen, truth),
        "ids": ids_kept(before, now, seen),
    }


def bench_templates(world: Path, work: Path, progress: Told) -> dict[str, Any]:
    """All three questions of ``world`` (a folder that ``simulate`` wrote).

    Raises:
        InputError: if the folder holds no simulated world, or one without requests.
    """
    truth = load_truth(world)
    timeline = read_timeline(Source(str(world / "events"), KEY), work, progress)
    found = judged_windows(timeline, truth)
    since = timeline.bounds[1] - WINDOW_US
    active = set(timeline.read("requests", since=since)["account_id"].to_pylist())
    accounts = [truth[name] for name in sorted(active)]
    return {
        "rings": ablation(timeline, accounts, progress),
        **{name: {"two fits, a week apart": figures} for name, figures in found.items()},
    }
