"""The graph at the moving front of a replay: running sums of every edge, and snapshots of them.

Time goes forward only, so each edge's count and last moment are kept up to date by the occurrences
that were passed, and a snapshot, whole or of what surrounds a few accounts, is a matter of
selecting rows. It never looks past the front. Read :mod:`etl.replay.unrolled` for where rows come
from.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.replay.unrolled import Unrolled
from graph.facts import Edge, Node
from graph.schema import EDGE_OF, NODE_PROPERTIES, PROPERTY_TYPE, NodeType, split_id
from graph.snapshot import Snapshot
from graph.stores.piece import edge_table, recount

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_KINDS = tuple(NodeType)
_VERBS = tuple(EDGE_OF)


class Front:
    """Everything before a moment that only moves forward; see :meth:`advance`."""

    def __init__(self, unrolled: Unrolled) -> None:
        self.all = unrolled
        self.before = int(np.iinfo(np.int64).min)
        self._passed = 0
        self._learnt = 0
        self._count = np.zeros(len(unrolled.edges), np.int64)
        self._last = np.zeros(len(unrolled.edges), np.int64)
        self._newest = np.full(len(self.ids), -1, np.int64)
        self._told_of: dict[NodeType, pa.Table] = {}

    def advance(self, before: int) -> None:
        """Pass everything that happened before ``before`` (us); never backwards."""
        self.before = max(before, self.before)
        stop = int(np.searchsorted(self.all.at, self.before))
        rows = slice(self._passed, stop)
        # Later occurrences of an edge overwrite earlier ones: they hold the sum so far.
        self._count[self.all.edge[rows]] = self.all.count[rows]
        self._last[self.all.edge[rows]] = self.all.at[rows]
        self._passed = stop
        learnt = int(np.searchsorted(self.all.node_at, self.before))
        self._newest[self._seat_of_news[self._learnt : learnt]] = np.arange(self._learnt, learnt)
        self._learnt = learnt

    def changed(self, identity: str, since: int) -> Ints:
        """Edges of an entity (not of an account) with an event at or after ``since`` (us)."""
        seat = self.seat.get(identity)
        if seat is None:
            return np.empty(0, np.int64)
        sides = (self._by_target, self._by_source)
        edges = np.concatenate([edges[start[seat] : start[seat + 1]] for start, edges in sides])
        found: Ints = edges[(self._count[edges] > 0) & (self._last[edges] >= since)]
        return found

    def told(self, edges: Ints) -> Iterator[Edge]:
        """Edges by their numbers, as facts with their values as of now."""
        columns = (self.all.first, self._last, self._count)
        values = zip(*(column[edges].tolist() for column in columns), strict=True)
        for edge, (first, last, count) in zip(edges.tolist(), values, strict=True):
            source, verb, target = self.all.edges[edge]
            yield Edge(source, verb, target, first, last, count, count)

    @cached_property
    def ids(self) -> list[str]:
        """Every node that will ever be, by kind and then key: the order of a snapshot."""
        parts = {split_id(node.id) for node in self.all.nodes}
        place = {kind: i for i, kind in enumerate(_KINDS)}
        ordered = sorted(parts, key=lambda part: (place[part[0]], part[1]))
        return [f"{kind.value}:{key}" for kind, key in ordered]

    @cached_property
    def seat(self) -> dict[str, int]:
        """The place of each node in :attr:`ids`."""
        return {identity: i for i, identity in enumerate(self.ids)}

    def snapshot(self) -> Snapshot:
        """The whole graph as it stands."""
        return self._cut(self._newest >= 0, self._count > 0)

    def around(self, account_ids: Sequence[str], also: Sequence[str] = ()) -> Snapshot:
        """Accounts, all they are tied to, and every account tied to that; exact at one hop.

        Of the accounts at the far end, and of those named in ``also``, only the edges to what the
        first are tied to are shown.
        """
        seats = self._seats(account_ids)
        first = self._edges_at(self._by_source, seats)
        second = self._edges_at(self._by_target, np.unique(self._ends[1][first]))
        edges = np.zeros(len(self._count), bool)
        edges[first] = edges[second] = True
        edges &= self._count > 0
        nodes = np.zeros(len(self.ids), bool)
        nodes[seats] = nodes[self._seats(also)] = True
        nodes[self._ends[0][edges]] = nodes[self._ends[1][edges]] = True
        return self._cut(nodes & (self._newest >= 0), edges)

    def _seats(self, account_ids: Sequence[str]) -> Ints:
        return np.array([self.seat[f"account:{key}"] for key in account_ids], np.int64)

    @cached_property
    def _seat_of_news(self) -> Ints:
        """The seat of the node of each news about a node, int64 [M]."""
        return np.array([self.seat[node.id] for node in self.all.nodes], np.int64)

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        """Seats of source and target of each edge, int64 [K] each."""
        source = [self.seat[source] for source, _, _ in self.all.edges]
        target = [self.seat[target] for _, _, target in self.all.edges]
        return np.array(source, np.int64), np.array(target, np.int64)

    @cached_property
    def _verb(self) -> Ints:
        place = {verb: i for i, verb in enumerate(_VERBS)}
        return np.array([place[verb] for _, verb, _ in self.all.edges], np.int64)

    @cached_property
    def _kind(self) -> Ints:
        place = {kind.value: i for i, kind in enumerate(_KINDS)}
        kinds = [place[identity.partition(":")[0]] for identity in self.ids]
        return np.array(kinds, np.int64)

    def _news_of(self, kind: NodeType) -> pa.Table:
        """Every news about nodes of a kind, a line each, in the order of time; laid out once."""
        if kind not in self._told_of:
            news = [node for node in self.all.nodes if node.kind is kind]
            self._told_of[kind] = _node_table(kind, news)
        return self._told_of[kind]

    @cached_property
    def _line(self) -> Ints:
        """The line of each news in the table of its kind, int64 [M]."""
        line = np.empty(len(self.all.nodes), np.int64)
        kinds = self._kind[self._seat_of_news]
        for place in range(len(_KINDS)):
            mine = kinds == place
            line[mine] = np.arange(int(mine.sum()))
        return line

    @cached_property
    def _by_source(self) -> tuple[Ints, Ints]:
        return _grouped(self._ends[0], len(self.ids))

    @cached_property
    def _by_target(self) -> tuple[Ints, Ints]:
        return _grouped(self._ends[1], len(self.ids))

    def _edges_at(self, grouped: tuple[Ints, Ints], seats: Ints) -> Ints:
        start, edges = grouped
        parts = [edges[start[seat] : start[seat + 1]] for seat in seats.tolist()]
        found = np.concatenate(parts) if parts else np.empty(0, np.int64)
        return found[self._count[found] > 0]

    def _cut(self, nodes: Mask, edges: Mask) -> Snapshot:
        """The snapshot of chosen nodes and edges."""
        row_of = np.full(len(self.ids), -1, np.int64)
        tables: dict[NodeType, pa.Table] = {}
        seats = np.flatnonzero(nodes)
        kinds = self._kind[seats]
        for place, kind in enumerate(_KINDS):
            mine = seats[kinds == place]
            if len(mine):
                row_of[mine] = np.arange(len(mine))
                tables[kind] = self._news_of(kind).take(pa.array(self._line[self._newest[mine]]))
        chosen = np.flatnonzero(edges)
        verbs = self._verb[chosen]
        found = {}
        for place, verb in enumerate(_VERBS):
            mine = chosen[verbs == place]
            if len(mine):
                source, target = (row_of[end[mine]] for end in self._ends)
                counts = (self.all.first[mine], self._last[mine], self._count[mine])
                found[verb] = edge_table(source, target, *counts)
        return Snapshot(self.before - 1, recount(tables, found), found)


def _grouped(ends: Ints, size: int) -> tuple[Ints, Ints]:
    """Edges by the node at one end: starts [size + 1] and edge numbers."""
    order = np.argsort(ends, kind="stable")
    return np.searchsorted(ends[order], np.arange(size + 1)), order


def _node_table(kind: NodeType, nodes: Sequence[Node]) -> pa.Table:
    columns: dict[str, pa.Array] = {
        "key": pa.array([node.key for node in nodes], pa.string()),
        "first_seen": pa.array([node.first_seen for node in nodes], pa.int64()),
        "degree": pa.nulls(len(nodes), pa.int64()),
    }
    for name in NODE_PROPERTIES.get(kind, {}):
        type_ = pa.int64() if PROPERTY_TYPE.get(name) is int else pa.string()
        columns[name] = pa.array([node.properties.get(name) for node in nodes], type_)
    return pa.table(columns)
