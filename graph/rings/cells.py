"""Cells: which accounts may be compared by what they hold, so that no change reaches far.

What is connected by things held in common is one cell, and cells are as good as worlds apart. On a
large graph nearly everything hangs together by chance, so a component of more than :data:`LARGEST`
accounts is cut: there an account belongs with those who share the thing that ties it most, and with
no others. Accounts that act are compared across cells (:mod:`graph.rings.links`), by more than what
they hold. Knows nothing of groups.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from graph.rings.inputs import Floats, Ints
from graph.rings.model import Family
from graph.rings.relations import RELATIONS, Incidence
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot

LARGEST = 3_000
"""Accounts of a component that is not cut."""


@dataclass(frozen=True)
class Holdings:
    """Every edge to a thing that ties two accounts or more.

    ``account``, ``thing`` int64 [E] (numbered over all relations, see :func:`offsets`), ``worth``
    float64 [E] (what the edge brings to a pair); ``things`` is how many there are.
    """

    account: Ints
    thing: Ints
    worth: Floats
    things: int

    @classmethod
    def of(
        cls,
        incidences: Sequence[Incidence],
        whole: Snapshot,
        rows: Mapping[NodeType, Ints] | None = None,
    ) -> "Holdings":
        """The possessions among ``incidences``.

        Things are numbered as in ``whole``; ``rows`` gives the row there of each entity row where
        the incidences are of a part of it.
        """
        none = np.empty(0, np.int64)
        account, thing, worth = [none], [none], [none.astype(np.float64)]
        starts = offsets(whole)
        for incidence in incidences:
            if incidence.relation.family is Family.PROMPTS:
                continue
            keep = np.flatnonzero(((incidence.weight > 0) & incidence.ties)[incidence.entity])
            entity = incidence.entity[keep]
            place = entity if rows is None else rows[incidence.kind][entity]
            account.append(incidence.account[keep])
            thing.append(place + starts[incidence.relation.verb])
            worth.append(incidence.weight[entity] * incidence.strength[keep])
        joined = np.concatenate
        return cls(joined(account), joined(thing), joined(worth), starts[""])


def offsets(snapshot: Snapshot) -> dict[str, int]:
    """By verb: the number of the first thing of each relation; under ``""`` how many there are."""
    starts, free = {}, 0
    for relation in RELATIONS:
        starts[relation.verb] = free
        free += snapshot.size(EDGE_OF[relation.verb].target)
    return {**starts, "": free}


def components(holdings: Holdings, size: int) -> Ints:
    """The component of each of ``size`` accounts, as the number of its lowest account, [N]."""
    return lowest(tied(holdings.account, holdings.thing, size, holdings.things))


def tied(row: Ints, thing: Ints, size: int, things: int) -> Ints:
    """The part of each of ``size`` rows when those tied to one of ``things`` hang together."""
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - slow to import

    shape = (size + things,) * 2
    graph = sparse.csr_array((np.ones(len(row), np.int8), (row, thing + size)), shape=shape)
    _, part = connected_components(graph, directed=False)
    return np.asarray(part[:size], np.int64)


def compact(numbers: Ints, below: int) -> tuple[Ints, Ints]:
    """The distinct ``numbers`` (0 to ``below``), ascending, and each one's place among them."""
    there = np.zeros(below, np.bool_)
    there[numbers] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[numbers]


def lowest(part: Ints) -> Ints:
    """Each part named by its lowest place, [N]."""
    first = np.empty(int(part.max(initial=-1)) + 1, np.int64)  # nobody asks for empty parts
    first[part[::-1]] = np.arange(len(part))[::-1]  # of several places the last one written stays
    return first[part]


def homes(holdings: Holdings, size: int) -> Ints:
    """The thing that ties each account most, [N]; of equals the first; -1 without any."""
    home = np.full(size, -1, np.int64)
    if not len(holdings.account):
        return home
    order = np.argsort(holdings.account, kind="stable")  # a few ascending runs: merged, not sorted
    account, worth = holdings.account[order], holdings.worth[order]
    starts = np.flatnonzero(np.r_[True, np.diff(account) != 0])
    most = np.repeat(np.maximum.reduceat(worth, starts), np.diff(np.r_[starts, len(account)]))
    best = np.flatnonzero(worth == most)
    best = best[np.r_[True, np.diff(account[best]) != 0]]
    home[account[best]] = holdings.thing[order[best]]
    return home


@dataclass(frozen=True)
class Cells:
    """Parts of the graph: ``component`` and ``cell`` [N], by lowest account; ``home`` [N]."""

    component: Ints
    home: Ints
    cell: Ints

    @classmethod
    def of(cls, incidences: Sequence[Incidence], whole: Snapshot) -> "Cells":
        """The cells of a graph."""
        held, size = Holdings.of(incidences, whole), whole.size(NodeType.ACCOUNT)
        return cls.cut(components(held, size), homes(held, size))

    @classmethod
    def cut(cls, component: Ints, home: Ints) -> "Cells":
        """Components as they are, or where they are large, by :func:`homes`."""
        cell = component.copy()
        large = np.bincount(component, minlength=len(component)) > LARGEST
        cut = np.flatnonzero(large[component])
        if len(cut):
            thing = home[cut]
            first = np.empty(int(thing.max()) + 2, np.int64)  # the last place is that of -1
            first[thing[::-1]] = cut[::-1]  # as in `lowest`
            cell[cut] = first[thing]
        return cls(component, home, cell)
