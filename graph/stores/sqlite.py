"""The embedded store: the whole of ``GraphStore`` in one SQLite file, with no server to run.

The default home of the graph, and the one that tests compare Neo4j with. Any number of threads and
processes may read while one writes. The pieces: ``sqlite_schema`` (tables and upserts),
``sqlite_link`` (connections and errors), ``sqlite_write``, ``sqlite_read``, ``sqlite_whole``,
``sqlite_page``, ``sqlite_look`` and ``sqlite_publish``; this class ties them to the port, and holds
no SQL that they could.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from graph.closing import Closing
from graph.errors import InputError, RingError
from graph.facts import NEVER, Facts
from graph.schema import NodeType
from graph.snapshot import Snapshot
from graph.store import Flag, Generation, Page, RingRow
from graph.stores import (
    sqlite_erase,
    sqlite_hop,
    sqlite_look,
    sqlite_page,
    sqlite_publish,
    sqlite_read,
    sqlite_schema,
    sqlite_whole,
    sqlite_write,
)
from graph.stores.batch import Batch, kind_named
from graph.stores.migrations import Step, migrate
from graph.stores.sqlite_link import Link
from graph.stores.sqlite_read import Words

# What `clear` empties, a few thousand rows a transaction; edges first, so that degrees follow.
_CLEARED = (
    "DELETE FROM edge WHERE (source, verb, target) IN "
    "(SELECT source, verb, target FROM edge LIMIT ?)",
    "DELETE FROM node WHERE number IN (SELECT number FROM node LIMIT ?)",
)
_CLEAR_ROWS = 20_000


class SqliteStore(Closing):
    """A :class:`~graph.store.GraphStore` in a file.

    Args:
        path: the file, made if absent; None keeps everything in memory until closed.
        wait_s: how long a write waits for another process before ``StoreUnavailable`` (seconds).
    """

    def __init__(self, path: Path | None, wait_s: float = 5.0) -> None:
        self._link = Link(path, wait_s)
        self._kept: sqlite_hop.Kept = {}
        try:
            self._prepare()
        except RingError:
            self.close()
            raise

    def _prepare(self) -> None:
        with self._link.writing() as db:
            tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'meta'").fetchone()
            found = sqlite_read.meta_of(db, "schema_version") if tables[0] else None
        migrate(int(found or 0), self.steps())
        with self._link.writing() as db:
            sqlite_schema.add_properties(db)
            sqlite_schema.add_words(db)
            self._words = Words.read(db)

    def steps(self) -> list[Step]:
        """What brings a store from each schema version to the next, in order."""
        return [partial(self._step, number, s) for number, s in enumerate(sqlite_schema.STEPS, 1)]

    def _step(self, number: int, statements: Sequence[str]) -> None:
        with self._link.writing() as db:
            for statement in statements:
                db.execute(statement)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', ?)", (str(number),))

    def write(self, facts: Facts) -> None:
        """Take in nodes and edges, in one transaction; see the port for the law."""
        batch = Batch.of(facts)
        with self._link.writing() as db:
            sqlite_write.write_batch(db, batch, self._words.number)

    def load(self, batches: Iterable[Facts]) -> None:
        """Take in many facts, a transaction a batch; some 20,000 edges a batch go fastest."""
        for facts in batches:
            self.write(facts)
        self._link.settle()

    def snapshot(self, as_of: int | None = None) -> Snapshot:
        """The whole graph, or what of it existed at ``as_of`` (us)."""
        with self._link.reading() as db:
            return sqlite_whole.whole(db, self._words, as_of)

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100, hops: int = 1) -> Snapshot:
        """The named nodes and their most recent neighbours, in one read transaction."""
        if per_id < 0 or hops not in (1, 2):
            raise InputError(f"per_id must be >= 0 and hops 1 or 2, got {per_id} and {hops}")
        if hops == 1 and len(ids) <= sqlite_read.FEW:
            return self.neighbourhoods([ids], per_id=per_id)[0]
        with self._link.reading() as db:
            return sqlite_read.around(db, self._words, ids, per_id, hops)

    def neighbourhoods(
        self, asks: Sequence[Sequence[str]], *, per_id: int = 100
    ) -> Sequence[Snapshot]:
        """The neighbourhood of each ask, all of one moment and in two statements."""
        if per_id < 0:
            raise InputError(f"per_id must be >= 0, got {per_id}")
        with self._link.looking() as db:
            return sqlite_hop.one_hop(db, self._words, self._kept, asks, per_id)

    def neighbours(
        self, identity: str, *, kind: str | None, limit: int, cursor: str | None
    ) -> Page:
        """One page of a node's neighbours, most recently tied first."""
        if limit < 1:
            raise InputError(f"limit must be at least 1, got {limit}")
        wanted = None if kind is None else kind_named(kind)
        with self._link.reading() as db:
            return sqlite_page.page_of(db, self._words, identity, wanted, (limit, cursor))

    def publish(self, generation: Generation) -> None:
        """Make a refresh visible, at once and whole."""
        sqlite_publish.publish(self._link, self._words.number, generation)

    def generation(self) -> tuple[int, int]:
        """Number and ``as_of`` (us) of the visible generation."""
        with self._link.reading() as db:
            return sqlite_read.visible(db)

    def rings(self) -> list[RingRow]:
        """The rings of the visible generation, highest score first."""
        with self._link.reading() as db:
            return sqlite_publish.all_rings(db)

    def ring(self, ring_id: str) -> RingRow:
        """One ring with its members, strongest first."""
        with self._link.reading() as db:
            return sqlite_publish.one_ring(db, ring_id)

    def ring_at(self, ring_id: str, at: int | None = None) -> tuple[RingRow, int] | None:
        """A ring as it was at ``at`` (us), and since when it was so."""
        with self._link.reading() as db:
            return sqlite_look.ring_at(db, ring_id, at)

    def ring_versions(self, ring_id: str) -> Mapping[int, int]:
        """The versions of a ring that are kept: number -> since when (us)."""
        with self._link.reading() as db:
            return sqlite_look.ring_versions(db, ring_id)

    def flags(self, near: str | None = None) -> list[Flag]:
        """Accounts that call for action, or those of them tied to a node."""
        with self._link.reading() as db:
            return sqlite_look.flags(db, self._words, near)

    def between(self, ids: Sequence[str]) -> Snapshot:
        """The named nodes and every edge among them."""
        with self._link.reading() as db:
            return sqlite_look.between(db, self._words, ids)

    def degrees(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """How many edges tie each named node to nodes of each kind."""
        with self._link.reading() as db:
            return sqlite_look.degrees(db, self._words, ids)

    def find(self, kind: str, prefix: str, limit: int) -> list[str]:
        """Keys of ``kind`` that begin with ``prefix``."""
        with self._link.reading() as db:
            return sqlite_look.find(db, self._words, kind_named(kind), prefix, limit)

    def erase(self, account_id: str) -> None:
        """Take an account out for good; the file is rewritten, so that no free page names it."""
        with self._link.writing() as db:
            sqlite_erase.erase(db, self._words.number[NodeType.ACCOUNT.value], account_id)
        self._link.rewrite()
        self._kept.clear()

    def meta(self, name: str) -> str | None:
        """The value kept under ``name``, or None."""
        with self._link.reading() as db:
            return sqlite_read.meta_of(db, name)

    def set_meta(self, name: str, value: str) -> None:
        """Keep ``value`` under ``name``."""
        with self._link.writing() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def counts(self) -> Mapping[str, int]:
        """Number of nodes by kind and of edges by verb; what there is none of is absent."""
        with self._link.reading() as db:
            known = "SELECT kind, count(*) FROM node WHERE first_seen < ? GROUP BY kind"
            nodes = db.execute(known, (NEVER,)).fetchall()
            edges = db.execute("SELECT verb, count(*) FROM edge WHERE count > 0 GROUP BY verb")
            found = {self._words.kind[kind].value: n for kind, n in nodes}
            return found | {self._words.verb[verb]: n for verb, n in edges}

    def clear(self) -> None:
        """Forget everything but the schema, in bounded transactions."""
        with self._link.writing() as db:
            db.execute("DELETE FROM meta WHERE name <> 'schema_version'")
        sqlite_publish.sweep(self._link, 0)
        sqlite_publish.forget_versions(self._link)
        for statement in _CLEARED:
            while self._emptied(statement):
                pass
        self._kept.clear()

    def _emptied(self, statement: str) -> int:
        with self._link.writing() as db:
            return db.execute(statement, (_CLEAR_ROWS,)).rowcount

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()
