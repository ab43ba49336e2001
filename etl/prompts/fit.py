"""Prompt clusters fitted from marks: shingles counted, joined to templates, named and weighed.

``fit`` is the whole job, weekly over everything and at each refresh over a window; bounded in
memory because it reads its source several times. A cluster that grows or drifts keeps its id, and
a template not seen in this window stays in the index for a while, so that a ring that comes back is
known. Assignment itself is :mod:`graph.prompts.index`, the same everywhere.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from etl.prompts.columns import InMemory, PromptColumns, PromptSource
from etl.prompts.counts import Floors, HeavyShingles, heavy_shingles
from etl.prompts.graph import Joining, communities, sample
from etl.prompts.lineage import Event, fresh_id, inherit, overlap
from etl.prompts.split import Profiles, Telling, profiles
from etl.prompts.statistics import Statistics, statistics
from graph.prompts.index import ClusterIndex, VoteRule

CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class FitParams:
    """How a fit works: ``FitParams(Floors(min_prompts=12))``.

    ``forget_shingles`` bounds what an index remembers of clusters no longer seen.
    """

    floors: Floors = field(default_factory=Floors)
    joining: Joining = field(default_factory=Joining)
    telling: Telling = field(default_factory=Telling)
    rule: VoteRule = field(default_factory=VoteRule)
    forget_shingles: int = 2_000_000


@dataclass(frozen=True, slots=True)
class FitResult:
    """A fit: the index, figures of its clusters and their accounts, and what became of old ids."""

    index: ClusterIndex
    statistics: Statistics
    events: tuple[Event, ...]


def _index_of(heavy: HeavyShingles, found: Profiles, blank: ClusterIndex) -> ClusterIndex:
    """An index of new templates, under the ids of newborns."""
    order = np.lexsort((found.template, found.shingle))
    at, template = found.shingle[order], found.template[order]
    number = int(template.max(initial=-1)) + 1
    by_template = np.argsort(template, kind="stable")
    ends = np.searchsorted(template[by_template], np.arange(1, number + 1))
    owned = np.split(heavy.shingles[at[by_template]], ends)[:number]
    return replace(
        blank,
        shingles=heavy.shingles[at],
        owner=template.astype(np.int32),
        accounts=heavy.accounts[at],
        ids=tuple(fresh_id(one, blank.as_of) for one in owned),
        typical=found.typical[order].astype(np.float32),
        own=found.own[order].astype(np.float32),
    )


def _templates(
    source: PromptSource, heavy: HeavyShingles, last: ClusterIndex, params: FitParams
) -> Profiles:
    """Communities of heavy shingles, and the templates in each."""
    sampled = sample(source, params.floors, heavy.shingles, params.joining.per_shingle, last)
    shown = csr_matrix(
        (np.ones(len(sampled.hits), np.float32), sampled.hits, sampled.bounds),
        shape=(len(sampled), len(heavy.shingles)),
    )
    community = communities(sampled, params.joining)
    return profiles(shown, sampled.owner, community, params.telling, sampled.before)


def _overlap(source: PromptSource, old: ClusterIndex, new: ClusterIndex) -> NDArray[np.float64]:
    total = np.zeros((len(old), max(1, len(new))))
    for chunk in source.chunks():
        before = old.assign_many(chunk.sketches).cluster.astype(np.int64)
        now = new.assign_many(chunk.sketches).cluster.astype(np.int64)
        total += overlap(before, now, len(old), len(new))
    return total


def _remembered(new: ClusterIndex, old: ClusterIndex, limit: int) -> ClusterIndex:
    """``new`` with what ``old`` knew besides: shingles nobody owns now, under their old ids."""
    place = {name: i for i, name in enumerate(new.ids)}
    ids = list(new.ids)
    for name in old.ids:
        if name not in place:
            place[name] = len(ids)
            ids.append(name)
    lost = np.flatnonzero(~np.isin(old.shingles, new.shingles))[:limit]
    number = np.array([place[name] for name in old.ids], np.int32)
    shingles = np.concatenate([new.shingles, old.shingles[lost]])
    order = np.argsort(shingles, kind="stable")
    owner = np.concatenate([new.owner, number[old.owner[lost]]]) if len(lost) else new.owner
    return replace(
        new,
        shingles=shingles[order],
        owner=owner[order].astype(np.int32),
        accounts=np.concatenate([new.accounts, old.accounts[lost]])[order],
        ids=tuple(ids),
        typical=np.concatenate([new.typical, old.typical[lost]])[order],
        own=np.concatenate([new.own, old.own[lost]])[order],
    )


def fit(
    source: PromptSource, previous: ClusterIndex, as_of: int, params: FitParams | None = None
) -> FitResult:
    """Clusters of the prompts of ``source`` as of a moment, under the ids of ``previous``.

    Args:
        source: marks of a window, in the order of time.
        previous: the last index, or ``ClusterIndex.empty(key_id)``.
        as_of: microseconds; nothing later may be in ``source``.
        params: thresholds; the defaults were tuned on odd families of the prompt benchmark.
    """
    params = params or FitParams()
    heavy = heavy_shingles(source, params.floors)
    blank = replace(ClusterIndex.empty(previous.key_id, as_of), rule=params.rule)
    new = _index_of(heavy, _templates(source, heavy, previous, params), blank)
    events: tuple[Event, ...] = tuple(Event("born", one) for one in new.ids)
    if len(previous):
        line = inherit(_overlap(source, previous, new), previous.ids, new.ids)
        new = _remembered(replace(new, ids=line.ids), previous, params.forget_shingles)
        events = line.events
    return FitResult(new, statistics(source, new, as_of), events)


def in_chunks(prompts: PromptColumns) -> InMemory:
    """Columns at hand as a source."""
    starts = range(0, len(prompts), CHUNK)
    return InMemory([prompts.rows(at, min(at + CHUNK, len(prompts))) for at in starts])


def fit_clusters(
    prompts: PromptColumns, previous: ClusterIndex, as_of: int
) -> tuple[ClusterIndex, pa.Table]:
    """:func:`fit` with default thresholds: the index, and a table of its clusters.

    The table has the columns of :data:`etl.prompts.statistics.COLUMNS`, ``weight`` (nats) and
    ``why`` among them, a row for each cluster seen in ``prompts``.
    """
    result = fit(in_chunks(prompts), previous, as_of)
    return result.index, result.statistics.clusters
