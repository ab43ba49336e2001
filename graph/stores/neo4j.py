"""The Neo4j store: the whole of ``GraphStore`` on a Neo4j 5.23+ server, Community or Enterprise.

A first-class home of the graph, under the same contract as the embedded store, and one that people
can look into with Cypher: a label a kind, a relationship type a verb. Any number of services may
share it. The pieces: ``neo4j_schema`` (constraints and writing statements), ``neo4j_link``
(connections and errors), ``neo4j_write``, ``neo4j_text``, ``neo4j_read`` and ``neo4j_look``,
``neo4j_publish``; this class ties them to the port.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import LiteralString

from graph.closing import Closing
from graph.errors import InputError, RingError
from graph.facts import Facts
from graph.snapshot import Snapshot
from graph.store import Flag, Generation, Page, RingRow
from graph.stores import (
    neo4j_erase,
    neo4j_look,
    neo4j_publish,
    neo4j_read,
    neo4j_schema,
    neo4j_write,
)
from graph.stores.batch import Batch, kind_named
from graph.stores.migrations import Step, migrate
from graph.stores.neo4j_link import Link

_META: LiteralString = "MATCH (m:Meta {name: $name}) RETURN m.value"
_SET_META: LiteralString = "MERGE (m:Meta {name: $name}) SET m.value = $value"
_KEPT = ["schema_version", "vocabulary", "writing"]
_CLEAR_META: LiteralString = "MATCH (m:Meta) WHERE NOT m.name IN $kept DELETE m"


class Neo4jStore(Closing):
    """A :class:`~graph.store.GraphStore` on a server.

    Args:
        url: ``bolt://host:7687``, or ``neo4j://`` for a cluster; ``+s`` for TLS.
        user: the user's name.
        password: the user's password; it is in no message.
        wait_s: how long a write is tried again before ``StoreUnavailable`` (seconds).
    """

    def __init__(self, url: str, user: str, password: str, wait_s: float = 15.0) -> None:
        self._link = Link(url, (user, password), wait_s)
        try:
            self._prepare()
        except RingError:
            self.close()
            raise

    def _prepare(self) -> None:
        self._link.verify()
        migrate(int(self.meta("schema_version") or 0), self.steps())
        if self.meta("vocabulary") != neo4j_schema.vocabulary():
            self._define()

    def steps(self) -> list[Step]:
        """What brings a store from each schema version to the next, in order."""
        return [partial(self._step, number) for number in (1, 2)]

    def _step(self, number: int) -> None:
        """A version of the schema is its definitions; rows of an older one stay as they are."""
        self._define()
        self.set_meta("schema_version", str(number))

    def _define(self) -> None:
        """Make the constraints and indexes that are missing, and wait until they answer."""
        for statement in neo4j_schema.definitions():
            self._link.run(statement)
        self._link.run("CALL db.awaitIndexes(300)")
        self.set_meta("vocabulary", neo4j_schema.vocabulary())

    @property
    def round_trips(self) -> int:
        """How many reading statements were sent, for tests and benchmarks."""
        return self._link.round_trips

    def ping(self) -> None:
        """One round trip that asks for nothing: what any read costs at least."""
        self._link.read("RETURN 1", {})

    def write(self, facts: Facts) -> None:
        """Take in nodes and edges, in one transaction; see the port for the law."""
        batch = Batch.of(facts)
        self._link.write(lambda tx: neo4j_write.write_batch(tx, batch))

    def load(self, batches: Iterable[Facts]) -> None:
        """Take in many facts, a transaction a batch; some 20,000 edges a batch go fastest."""
        for facts in batches:
            self.write(facts)

    def snapshot(self, as_of: int | None = None) -> Snapshot:
        """The whole graph, or what of it existed at ``as_of`` (us)."""
        return neo4j_read.whole(self._link, as_of)

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100, hops: int = 1) -> Snapshot:
        """The named nodes and their most recent neighbours, in one round trip."""
        if per_id < 0 or hops not in (1, 2):
            raise InputError(f"per_id must be >= 0 and hops 1 or 2, got {per_id} and {hops}")
        return neo4j_read.around(self._link, ids, per_id, hops)

    def neighbourhoods(
        self, asks: Sequence[Sequence[str]], *, per_id: int = 100
    ) -> Sequence[Snapshot]:
        """The neighbourhood of each ask, a round trip each."""
        return [self.neighbourhood(ids, per_id=per_id) for ids in asks]

    def neighbours(
        self, identity: str, *, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        """One page of a node's neighbours, most recently tied first."""
        if limit < 1:
            raise InputError(f"limit must be at least 1, got {limit}")
        wanted = None if kind is None else kind_named(kind)
        return neo4j_read.page_of(self._link, identity, wanted, (limit, cursor))

    def publish(self, generation: Generation) -> None:
        """Make a refresh visible, at once and whole."""
        neo4j_publish.publish(self._link, generation)

    def generation(self) -> tuple[int, int]:
        """Number and ``as_of`` (us) of the visible generation."""
        now = neo4j_read.pointer(self._link)
        return (now.number, now.as_of)

    def rings(self) -> list[RingRow]:
        """The rings of the visible generation, highest score first."""
        return neo4j_publish.all_rings(self._link)

    def ring(self, ring_id: str) -> RingRow:
        """One ring with its members, strongest first."""
        return neo4j_publish.one_ring(self._link, ring_id)

    def ring_at(self, ring_id: str, at: int | None = None) -> tuple[RingRow, int] | None:
        """A ring as it was at ``at`` (us), and since when it was so."""
        return neo4j_look.ring_at(self._link, ring_id, at)

    def ring_versions(self, ring_id: str) -> Mapping[int, int]:
        """The versions of a ring that are kept: number -> since when (us)."""
        return neo4j_look.ring_versions(self._link, ring_id)

    def flags(self, near: str | None = None) -> list[Flag]:
        """Accounts that call for action, or those of them tied to a node."""
        return neo4j_look.flags(self._link, near)

    def between(self, ids: Sequence[str]) -> Snapshot:
        """The named nodes and every edge among them, in one round trip."""
        return neo4j_look.between(self._link, ids)

    def degrees(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many edges tie each named node to nodes of each kind, in one round trip."""
        return neo4j_look.degrees(self._link, ids)

    def find(self, kind: str, prefix: str, limit: int) -> list[str]:
        """Keys of ``kind`` that begin with ``prefix``."""
        return neo4j_look.find(self._link, kind_named(kind), prefix, limit)

    def erase(self, account_id: str) -> None:
        """Take an account out for good, in one transaction."""
        neo4j_erase.erase(self._link, account_id)

    def meta(self, name: str) -> str | None:
        """The value kept under ``name``, or None."""
        rows = self._link.read(_META, {"name": name})
        return None if not rows or rows[0][0] is None else str(rows[0][0])

    def set_meta(self, name: str, value: str) -> None:
        """Keep ``value`` under ``name``."""
        given = {"name": name, "value": value}
        self._link.write(lambda tx: tx.run(_SET_META, given).consume())

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by kind and of edges by verb; what there is none of is absent."""
        rows = self._link.read(neo4j_schema.all_counts(), {})
        return {name: number for name, number in rows if number}

    def clear(self) -> None:
        """Forget everything of ours but the schema, in bounded transactions."""
        self._link.run(_CLEAR_META, {"kept": _KEPT})
        for statement in neo4j_schema.clearing():
            self._link.run(statement)

    def close(self) -> None:
        """Let go of the server."""
        self._link.close()
