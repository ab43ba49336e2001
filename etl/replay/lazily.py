"""A store that is told only what is asked for: the same answers, a hundredth of the writes.

A replay of a million requests asks for the surroundings of some thousand sign-ups. Of everything
that happened, only edges of the entities they name can be seen in the answers, so those alone are
written, when they are first asked for and up to the moment of asking; a whole snapshot is laid out
from columns. That both equal what an eagerly written store says is the law of this module, and
its test. It stands in for a store inside one job, and is no home for a graph.
"""

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from etl.replay.front import Front
from etl.replay.unrolled import Unrolled
from graph.closing import Closing
from graph.facts import Facts, Node
from graph.schema import NodeType
from graph.snapshot import Snapshot
from graph.store import Flag, Generation, GraphStore, Page, RingRow

Ints = npt.NDArray[np.int64]
_EVER = int(np.iinfo(np.int64).min)


class LazyStore(Closing):
    """The verbs of a ``GraphStore`` that a replay needs, over an embedded one kept small.

    Args:
        inner: an empty store that nobody else writes to.
        unrolled: everything that will ever happen; what is later than :meth:`advance` said is
            never looked at.
    """

    def __init__(self, inner: GraphStore, unrolled: Unrolled) -> None:
        self._inner = inner
        self._all = unrolled
        self.front = Front(unrolled)
        self._accounts_told = 0
        self._nodes_told: dict[str, int] = {}
        self._edges_told: dict[str, int] = {}

    def advance(self, before: int) -> None:
        """From now on the store knows what happened before ``before`` (us); never backwards."""
        self.front.advance(before)

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100, hops: int = 1) -> Snapshot:
        """As the port says, for one hop; degrees are those of the named nodes only."""
        if hops != 1:
            raise NotImplementedError("a replay looks one hop far")
        self._bring(ids)
        return self._inner.neighbourhood(ids, per_id=per_id)

    def neighbourhoods(
        self, asks: Sequence[Sequence[str]], *, per_id: int = 100
    ) -> Sequence[Snapshot]:
        """The neighbourhood of each ask, as :meth:`neighbourhood` gives it."""
        return [self.neighbourhood(ids, per_id=per_id) for ids in asks]

    def snapshot(self, as_of: int | None = None) -> Snapshot:
        """The whole graph as it stands, without published columns."""
        if as_of is not None and as_of != self.front.before - 1:
            raise NotImplementedError("a replay has no past moments, only the present one")
        return self.front.snapshot()

    def publish(self, generation: Generation) -> None:
        """Make a refresh visible; what it gives columns to is written first."""
        given = [
            f"{kind}:{key}"
            for kind, table in generation.columns.items()
            if kind != NodeType.ACCOUNT
            for key in table["key"].to_pylist()
        ]
        nodes = (*self._new_accounts(), *self._news_of(given))
        if nodes:
            self._inner.write(Facts(nodes))
        self._inner.publish(generation)

    def generation(self) -> tuple[int, int]:
        """Number and moment of the visible generation."""
        return self._inner.generation()

    def rings(self) -> list[RingRow]:
        """The rings of the visible generation."""
        return self._inner.rings()

    def ring(self, ring_id: str) -> RingRow:
        """One ring with its members."""
        return self._inner.ring(ring_id)

    def ring_at(self, ring_id: str, at: int | None = None) -> tuple[RingRow, int] | None:
        """A ring as it was."""
        return self._inner.ring_at(ring_id, at)

    def ring_versions(self, ring_id: str) -> Mapping[int, int]:
        """The versions of a ring."""
        return self._inner.ring_versions(ring_id)

    def flags(self, near: str | None = None) -> list[Flag]:
        """Accounts that call for action."""
        return self._inner.flags(near)

    def between(self, ids: Sequence[str]) -> Snapshot:
        """The named nodes and the edges among them."""
        self._bring(ids)
        return self._inner.between(ids)

    def degrees(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Ties by kind of the named nodes."""
        self._bring(ids)
        return self._inner.degrees(ids)

    def find(self, kind: str, prefix: str, limit: int) -> list[str]:
        """Not for a replay: it has told the store only what was asked for."""
        raise NotImplementedError("a replay's store does not know every name")

    def erase(self, account_id: str) -> None:
        """Not for a replay."""
        raise NotImplementedError("nobody is erased in a replay")

    def write(self, facts: Facts) -> None:
        """Take in what is not in the timeline, such as what accounts asked."""
        self._inner.write(facts)

    def load(self, batches: Iterable[Facts]) -> None:
        """Take in many facts."""
        self._inner.load(batches)

    def neighbours(
        self, identity: str, *, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        """One page of the neighbours of a node."""
        self._bring((identity,))
        return self._inner.neighbours(identity, kind=kind, limit=limit, cursor=cursor)

    def meta(self, name: str) -> str | None:
        """A value kept with the graph."""
        return self._inner.meta(name)

    def set_meta(self, name: str, value: str) -> None:
        """Keep a value."""
        self._inner.set_meta(name, value)

    def counts(self) -> Mapping[str, int]:
        """Numbers of nodes and edges as of now."""
        snapshot = self.snapshot()
        nodes = {kind.value: table.num_rows for kind, table in snapshot.nodes.items()}
        return nodes | {verb: table.num_rows for verb, table in snapshot.edges.items()}

    def clear(self) -> None:
        """Not for a replay: what happened cannot be forgotten half way."""
        raise NotImplementedError("a replay's store is thrown away, not cleared")

    def close(self) -> None:
        """Let go of the inner store."""
        self._inner.close()

    def _bring(self, ids: Sequence[str]) -> None:
        """Write what is new about the nodes ``ids`` and their edges."""
        nodes = (*self._new_accounts(), *self._news_of(ids))
        parts = [self.front.changed(i, self._edges_told.get(i, _EVER)) for i in ids]
        edges = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
        self._edges_told.update(dict.fromkeys(ids, self.front.before))
        if nodes or len(edges):
            self._inner.write(Facts(nodes, tuple(self.front.told(edges))))

    def _new_accounts(self) -> Iterator[Node]:
        """News about accounts since the last call: an answer shows them at the far end."""
        stop = int(np.searchsorted(self._all.node_at, self.front.before))
        first, self._accounts_told = self._accounts_told, max(stop, self._accounts_told)
        return (n for n in self._all.nodes[first:stop] if n.kind is NodeType.ACCOUNT)

    @cached_property
    def _news_by_id(self) -> dict[str, list[int]]:
        """Which of all news about nodes are about a node, in the order of time."""
        found: dict[str, list[int]] = {}
        for i, node in enumerate(self._all.nodes):
            found.setdefault(node.id, []).append(i)
        return found

    def _news_of(self, ids: Iterable[str]) -> Iterator[Node]:
        """The latest about each node, if it is new."""
        for identity in ids:
            news = self._news_by_id.get(identity, [])
            known = bisect.bisect_left(
                news, self.front.before, key=lambda i: int(self._all.node_at[i])
            )
            if known and self._nodes_told.get(identity) != known:
                self._nodes_told[identity] = known
                yield self._all.nodes[news[known - 1]]
