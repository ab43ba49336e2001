"""The store port: few verbs, each with its law. One contract suite holds every adapter to them.

``graph.stores.sqlite`` and ``graph.stores.neo4j`` implement it; nothing above the ground floor
knows which one it talks to. Facts come from ``graph.journal.journal``, which knows every event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from graph.facts import Facts
from graph.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Generation:
    """What a finished refresh publishes, visible at once and whole.

    ``number`` grows by one a refresh; ``as_of`` is the moment it describes (us). ``columns``
    has a table a node kind (by value): ``key`` and numeric or text columns that become properties
    (an account's ``score``, ``ring_id``; an entity's ``mates_score``). ``rings`` has one row a ring
    (``ring_id``, ``score``, ``size``, ``status``, ``first_seen``, ``last_seen``, ``detail`` as
    JSON text, whose ``version`` grows when the ring changes); ``members`` one row a membership
    (``ring_id``, ``account_id``, ``strength`` 0..1, ``since`` us); ``flags`` one row an account
    that calls for action (``account_id``, ``score``, ``ring_id`` or null, ``since`` us).
    """

    number: int
    as_of: int
    columns: Mapping[str, pa.Table] = field(default_factory=dict)
    rings: pa.Table | None = None
    members: pa.Table | None = None
    flags: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class RingRow:
    """One ring of the published generation; ``detail`` holds its reasons and evidence."""

    ring_id: str
    score: float
    size: int
    status: str
    first_seen: int
    last_seen: int
    detail: Mapping[str, object]
    members: tuple[tuple[str, float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Flag:
    """An account that calls for action, the ring it does so for (if it is one), since when (us)."""

    account_id: str
    score: float
    ring_id: str | None
    since: int


VERSIONS_KEPT = 50
"""Versions of a ring that a store keeps."""


@dataclass(frozen=True, slots=True)
class Page:
    """Neighbours of a node in a stable order: what is shown, how many there are, where to go on."""

    piece: Snapshot
    total: int
    next_cursor: str | None


class GraphStore(Protocol):
    """A home of the graph. Every method raises ``StoreUnavailable`` when the store cannot answer.

    Node keys and edge ends are as in :mod:`graph.schema`; times are microseconds, UTC.
    """

    def write(self, facts: Facts) -> None:
        """Take in nodes and edges.

        Law: idempotent and order-free. Of two facts about one node or edge the one with the higher
        ``version`` holds. Equal versions are joined: the wider span and greater count of an edge,
        a node's known properties (of two values the greater). A node's ``first_seen`` falls to its
        earliest fact or tie, unless a fact of version 1 or more says it: such facts are absolute.
        An edge with ``count`` 0 and a node first seen ``NEVER`` are taken out. Ends that no node
        fact names are made, empty. One call is one transaction: all of it is seen or none.

        Raises:
            UnknownName: for a verb, an end or a property outside the vocabulary.
            InputError: for a ring (rings are published), or a property of another type.
        """

    def load(self, batches: Iterable[Facts]) -> None:
        """Take in many facts as fast as the store can; the same law, a transaction a batch."""

    def snapshot(self, as_of: int | None = None) -> Snapshot:
        """The whole graph, or what of it existed at ``as_of``.

        Law: ``None`` gives everything with its counts. A past moment gives what had been seen by
        then, and of its edges only that they existed: ``last_seen`` equals ``first_seen`` and
        ``count`` is 1, published columns are left out, and degrees are counted anew, because an
        aggregate cannot say what it was. Exact past states come from the journal.
        """

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100, hops: int = 1) -> Snapshot:
        """The named nodes with their ``degree``, and the nodes tied to each, in one short read.

        Law: of each node at most ``per_id`` edges, the most recently tied first (then by kind and
        key of the neighbour), so a hub costs no more than another node; what was cut is ``degree``
        minus what is shown. ``hops`` 2 goes on from accounts reached to their entities, and from
        entities reached from an account to their accounts, at most ``per_id`` edges each. Unknown
        ids are absent from the answer, not an error. ``as_of`` is the visible generation's.
        """

    def neighbourhoods(
        self, asks: Sequence[Sequence[str]], *, per_id: int = 100
    ) -> Sequence[Snapshot]:
        """The neighbourhood of one hop of each of a few asks, in their order.

        Law: each is what :meth:`neighbourhood` would give of its ids. A store that can reads them
        as one, so that many askers cost less than each alone.
        """

    def neighbours(
        self, identity: str, *, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        """One page of a node's neighbours, most recently tied first, by a keyset cursor.

        Raises:
            NotFound: if there is no such node.
        """

    def publish(self, generation: Generation) -> None:
        """Make a refresh visible, at once and whole; an older ``number`` changes nothing.

        Law: ``snapshot`` and ``neighbourhood`` answer with the columns of exactly one generation.
        """

    def generation(self) -> tuple[int, int]:
        """Number and ``as_of`` of the generation that is visible; ``(0, 0)`` before the first."""

    def rings(self) -> list[RingRow]:
        """The rings of the visible generation, highest score first, without members."""

    def ring(self, ring_id: str) -> RingRow:
        """One ring with its members, strongest first.

        Raises:
            NotFound: if the visible generation has no such ring.
        """

    def ring_at(self, ring_id: str, at: int | None = None) -> tuple[RingRow, int] | None:
        """A ring as it was at ``at`` (None: as it was last), and since when (us) it was so.

        Law: every version that was published is kept, with its members, as the refresh that first
        had it told it; of a ring the latest :data:`VERSIONS_KEPT`. None: no such version is kept.
        """

    def ring_versions(self, ring_id: str) -> Mapping[int, int]:
        """The versions of a ring that are kept, ascending: number -> since when (us)."""

    def flags(self, near: str | None = None) -> list[Flag]:
        """Accounts that call for action in the visible generation, or those tied to node ``near``.

        Law: highest score first, then by id; costs what is flagged, not what a hub has.
        """

    def between(self, ids: Sequence[str]) -> Snapshot:
        """The named nodes and every edge among them, in one short read.

        Law: all such edges, however many others the nodes have. Unknown ids are absent.
        """

    def degrees(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many edges tie each named node to nodes of each kind; kinds with none are absent.

        Law: exact, in one short read whatever the nodes' degrees. Unknown ids are absent.
        """

    def find(self, kind: str, prefix: str, limit: int) -> list[str]:
        """Keys of ``kind`` that begin with ``prefix``, ascending, at most ``limit``."""

    def meta(self, name: str) -> str | None:
        """A value kept with the graph (schema version, id of the pseudonym key), or None."""

    def set_meta(self, name: str, value: str) -> None:
        """Keep ``value`` under ``name``."""

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by kind and of edges by verb."""

    def erase(self, account_id: str) -> None:
        """Take an account out for good: node, ties, published rows, memberships, every mention.

        Law: afterwards nothing the store answers names the account, older versions of rings
        included. Its edges must have been taken out before (``write`` with ``count`` 0), because
        the degrees of its neighbours are counted there. An account that is not there is no error.
        """

    def clear(self) -> None:
        """Forget everything, in bounded transactions."""

    def close(self) -> None:
        """Let go of connections; the store can be opened again."""

    def __enter__(self) -> Self:
        """The store itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
