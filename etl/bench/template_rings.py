"""Which rings are found because of prompt clusters: the ablation of ``ringsight bench templates``.

The last weeks of a simulated world are refreshed twice, by links and evidence alone: with clusters
as they are fitted, and with a fit that finds none. *Listed* rings are those that stand in the queue
and are not held for honest; *flagged* ones would be acted on without a model. Truth is opened for
the figures only. Read :mod:`etl.bench.prompt_world` for what is asked besides.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from etl.asked import DAY_US, Asked
from etl.prompts.columns import PromptColumns
from etl.prompts.fit import fit_clusters
from etl.refresh import FitsClusters, Job, RefreshConfig, refresh
from etl.refreshed import RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Due, Replay
from gnn.evaluate import b_cubed
from graph.flush import Told
from graph.prompts import ClusterIndex
from graph.rings.model import Ring, Verdict
from graph.simulate.truth import TrueAccount
from graph.stores import open_store

WEEK_US = 7 * DAY_US
WEEKS = 2
"""Refreshes before the last one."""
SMALLEST = 3
"""Accounts of a campaign, active in the window, from which it can be a ring."""
Figures = dict[str, float]


def without_clusters(
    prompts: PromptColumns, previous: ClusterIndex, as_of: int
) -> tuple[ClusterIndex, pa.Table]:
    """A fit that finds no template: what the rest finds alone."""
    return fit_clusters(prompts.rows(0, 0), previous, as_of)


def rings_of(timeline: Timeline, fits: FitsClusters, progress: Told) -> Sequence[Ring]:
    """Rings after weekly refreshes, by links and evidence alone, with clusters of ``fits``."""
    until = timeline.bounds[1]
    moments = [until - week * WEEK_US for week in range(WEEKS, -1, -1)]
    rings: Sequence[Ring] = ()
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        job = Job(timeline, store, fits, RefreshConfig(keep_asked=False))
        state = RefreshState(Asked.nothing("bench"))
        for step in Replay(timeline, store).steps(moments[0] - 1, until, moments):
            if isinstance(step, Due):
                report = refresh(job, None, step.at, state)
                state, rings = report.state, report.rings.rings
                progress("refresh", step.at - moments[0], until - moments[0])
    return rings


def found_by(rings: Sequence[Ring], accounts: Sequence[TrueAccount]) -> Figures:
    """How well ``rings`` are the campaigns that were active in the window.

    ``campaigns`` counts those of three accounts or more, ``found`` the share of them that one ring
    holds at least half of and in turn consists of for at least half. B-cubed ``precision`` is over
    all in a ring or a campaign, ``recall`` over the campaigns' accounts, for an honest account in a
    ring is no recall; ``fraud_held`` and ``honest_held`` are shares of their kind (all 0..1).
    """
    home = {a: ring.ring_id for ring in rings for a in ring.account_ids}
    told = [home.get(one.account_id) for one in accounts]
    truth = [one.campaign for one in accounts]
    planted = [(t, c) for t, c in zip(told, truth, strict=True) if c is not None]
    bad = [one.account_id in home for one in accounts if one.fraudulent]
    honest = [one.account_id in home for one in accounts if not one.fraudulent]
    caught = _caught(told, truth)
    return {
        "rings": float(len(rings)),
        "campaigns": float(len(caught)),
        "found": float(np.mean(caught)) if caught else 0.0,
        "precision": b_cubed(told, truth).precision,
        "recall": b_cubed(*zip(*planted, strict=True)).recall if planted else 0.0,
        "fraud_held": float(np.mean(bad)) if bad else 0.0,
        "honest_held": float(np.mean(honest)) if honest else 0.0,
    }


def _caught(told: Sequence[str | None], truth: Sequence[str | None]) -> list[bool]:
    """Of each campaign that is large enough, whether one ring is mostly it and holds most of it."""
    whole, size = Counter(truth), Counter(told)
    both = Counter(zip(told, truth, strict=True))
    caught = {name: False for name, n in whole.items() if name is not None and n >= SMALLEST}
    for (ring, name), n in both.items():
        if ring is not None and name in caught:
            caught[name] |= 2 * n >= whole[name] and 2 * n >= size[ring]
    return list(caught.values())


def ablation(
    timeline: Timeline, accounts: Sequence[TrueAccount], progress: Told
) -> dict[str, Figures]:
    """Listed and flagged rings of the end of ``timeline``, with clusters and without.

    Args:
        timeline: all events of a world.
        accounts: the truth about accounts that were active in the last window.
        progress: told of each refresh.
    """
    found: dict[str, Figures] = {}
    for name, fits in (("with clusters", fit_clusters), ("without", without_clusters)):
        rings = rings_of(timeline, fits, progress)
        listed = [ring for ring in rings if ring.verdict is not Verdict.HONEST]
        found[f"listed, {name}"] = found_by(listed, accounts)
        found[f"flagged, {name}"] = found_by([r for r in rings if r.flagged], accounts)
    return dict(sorted(found.items(), reverse=True))
