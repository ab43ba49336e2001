"""Lasting ids of prompt clusters: what was this cluster the last time it was fitted?

Prompts of the window are assigned by the old index and by the new one; clusters that hold most of
each other's prompts are one. Everything is keyed hashes and counts. Read :mod:`etl.prompts.fit` for
the fit around it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]

INHERITS = 0.3
"""A new cluster takes an old id if it holds so much of the smaller one, both being the closest."""
PART = 0.15
"""So much of a cluster's prompts going elsewhere is a split, coming from elsewhere a merger."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a cluster: ``born``, ``split`` or ``merged``.

    ``cluster_id`` is the cluster as it is now, ``others`` the old ids it has prompts of.
    """

    kind: str
    cluster_id: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lineage:
    """``ids`` [new clusters] in the order of the new labels, and what happened."""

    ids: tuple[str, ...]
    events: tuple[Event, ...]


def fresh_id(shingles: NDArray[np.uint64], as_of: int) -> str:
    """An id for a cluster born at ``as_of``: a digest of its (keyed) shingles."""
    content = np.sort(shingles).astype("<u8").tobytes() + as_of.to_bytes(8, "little")
    return "pc-" + blake2b(content, digest_size=8, person=b"prompt.cluster").hexdigest()


def overlap(before: Labels, now: Labels, old: int, new: int) -> NDArray[np.float64]:
    """Prompts by old and new cluster (-1 is none and not counted). Shape [old, new]."""
    both = (before >= 0) & (now >= 0)
    cells = np.bincount(before[both] * max(1, new) + now[both], minlength=old * max(1, new))
    return cells.reshape(old, max(1, new)).astype(np.float64)


def inherit(mass: NDArray[np.float64], old_ids: Sequence[str], births: Sequence[str]) -> Lineage:
    """Ids of the new clusters, and what became of the old ones.

    Args:
        mass: [old, new] prompts that were in one and are in the other.
        old_ids: ids of the old clusters.
        births: [new] the id each new cluster gets if it is nobody's heir.
    """
    ids = list(births)
    if mass.size and len(births):
        heir, parent = mass.argmax(axis=1), mass.argmax(axis=0)
        smaller = np.minimum.outer(mass.sum(axis=1), mass.sum(axis=0))
        for old, new in enumerate(heir):
            mutual = parent[new] == old and mass[old, new] > 0
            if mutual and mass[old, new] >= INHERITS * smaller[old, new]:
                ids[new] = old_ids[old]
    return Lineage(tuple(ids), tuple(_events(mass, old_ids, ids, births)))


def _events(
    mass: NDArray[np.float64], old_ids: Sequence[str], ids: Sequence[str], births: Sequence[str]
) -> list[Event]:
    events = []
    for new, name in enumerate(ids):
        column = mass[:, new] if mass.size else np.empty(0)
        held = mass.sum(axis=1) if mass.size else np.empty(0)
        from_old = [
            old_ids[old]
            for old in np.flatnonzero((column > 0) & (column >= PART * held)).tolist()
            if old_ids[old] != name
        ]
        if name == births[new] and not from_old:
            events.append(Event("born", name))
        elif name == births[new]:
            events.append(Event("split", name, tuple(from_old)))
        elif from_old:
            events.append(Event("merged", name, tuple(from_old)))
    return events
