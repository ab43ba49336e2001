"""The journal: every cleaned event once, the sums of every edge, and what was read of which file.

One SQLite file. A chunk of a source goes in as one transaction with its sums and its watermark, so
a kill at any moment loses nothing and doubles nothing. The journal is the truth the graph stores
are made from: each fact it hands out carries the version of the transaction that last changed it,
and ``graph.flush`` brings a store up to date from wherever that store says it is. It holds no
personal value and knows nothing of files' formats or of any store.

Times are microseconds since the epoch, UTC. Threads may share a journal.
"""

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from graph.cleaned import MARK, SCHEMAS, TABLE_OF, event_of, row_of
from graph.closing import Closing
from graph.contract import table_named
from graph.facts import Event, Facts, Label, Request
from graph.journal import facts as journal_facts
from graph.journal import forget as journal_forget
from graph.journal import schema as sql
from graph.journal import sources as journal_sources
from graph.journal.account import AccountEvents
from graph.journal.link import Link, claim_key
from graph.journal.rows import batches_of, schema_of
from graph.journal.snapshot import FOREVER, edges_as_of, snapshot_as_of
from graph.journal.sources import Chunk, SourceFile
from graph.journal.write import (
    CONFLICT_COLUMN,
    CONFLICT_SHAPE,
    BatchWriter,
    Place,
    Taken,
    next_version,
)
from graph.quarantine import QuarantineRecord
from graph.reasons import Reason
from graph.snapshot import Snapshot

# Events that came one by one, by the live path, stand in no file.
LIVE = 0
# From so many events of one table group-bys over columns are quicker than one row at a time.
COLUMNAR_LEAST = 256
_MARK_COLUMNS = frozenset(MARK)
_NUMBERED = "SELECT account_id FROM signups WHERE number IN (SELECT value FROM json_each(?))"
_Keyed = tuple[int, int, bytes, Event]


@dataclass(frozen=True, slots=True)
class Intake:
    """One chunk of a file: cleaned rows with their row numbers, and the rows that were refused.

    ``numbers`` None: the rows stand in no file. ``again`` names rows that leave the quarantine
    first, because this very intake judges them anew.
    """

    table: str
    rows: pa.RecordBatch
    numbers: Sequence[int] | None
    refused: Sequence[QuarantineRecord] = ()
    chunk: Chunk | None = None
    again: Sequence[int] = ()


class Journal(Closing):
    """``Journal(home / "journal.db", key_id=door.key_id)``; close it, or use it in a ``with``."""

    def __init__(self, path: Path, key_id: str | None = None) -> None:
        """Open or make the journal.

        Raises:
            KeyRefused: if it was begun with another pseudonym key.
            SchemaMismatch: if another release wrote it.
            StoreUnavailable: if the file cannot be opened or is locked.
        """
        self._link = Link(path)
        if key_id is not None:
            self.claim(key_id)

    @property
    def path(self) -> Path:
        """The file."""
        return self._link.path

    def claim(self, key_id: str) -> None:
        """Say which pseudonym key the caller has.

        Raises:
            KeyRefused: if the journal was begun with another one.
        """
        if self.key_id != key_id:
            with self._link.transaction() as connection:
                claim_key(connection, key_id)

    # ------------------------------------------------------------------------------- writing
    def append(self, table: str, rows: pa.RecordBatch) -> Taken:
        """Take in cleaned rows that stand in no file; the law of :meth:`commit`."""
        return self.commit(LIVE, Intake(table, rows, None))

    def append_event(self, event: Event) -> Taken:
        """Take in one cleaned event; the law of :meth:`commit`."""
        return self.append_events((event,))

    def append_events(self, events: Sequence[Event]) -> Taken:
        """Take in cleaned events of any tables in one transaction; the law of :meth:`commit`."""
        groups: dict[str, list[Event]] = {}
        for event in events:
            # A mark's cluster is the graph's to know, not the event's: no fact of it is told here.
            alone = replace(event, cluster=None) if isinstance(event, Request) else event
            groups.setdefault(TABLE_OF[type(event)], []).append(alone)
        with self._link.transaction() as connection:
            version = next_version(connection)
            row, told = version << 20, Taken(0, 0, ())
            for table, group in groups.items():
                places: list[Place] = [(LIVE, row + n) for n in range(len(group))]
                row += len(group)
                taken = _written(BatchWriter(connection, table, version), table, group, places)
                lost = [(p[0], _conflict(table, p[1], key)) for p, key in taken.losers]
                journal_sources.quarantine(connection, lost)
                told += taken
        return told

    def commit(self, source: int, intake: Intake) -> Taken:
        """Take in a chunk: events, sums, quarantine and watermark in one transaction.

        Law: any order of any chunks, each any number of times, gives the same journal. Of two rows
        with one key and other content the smaller digest wins, the other is quarantined.
        """
        with self._link.transaction() as connection:
            if intake.chunk is not None:
                journal_sources.record(connection, source, intake.chunk)
            journal_sources.release(connection, source, intake.again)
            version = next_version(connection)
            numbers = intake.numbers or range(version << 20, (version << 20) + len(intake.rows))
            places: list[Place] = [(source, row) for row in numbers]
            writer = BatchWriter(connection, intake.table, version)
            taken = writer.write(intake.rows, places)
            refused = [(source, record) for record in intake.refused]
            lost = [(p[0], _conflict(intake.table, p[1], key)) for p, key in taken.losers]
            journal_sources.quarantine(connection, refused + lost)
        return taken

    def retract(self, label: Label) -> bool:
        """Take back a label that was withdrawn; gives whether it was there."""
        with self._link.transaction() as connection:
            return journal_forget.retract(connection, label)

    def forget(self, account_id: str) -> dict[str, int]:
        """Take every event of an account out, sums included; gives how many by table."""
        with self._link.transaction() as connection:
            return journal_forget.forget(connection, account_id, next_version(connection))

    def bury(self) -> int:
        """Remove the marks of what is gone, once every store that follows has seen them.

        The file is written anew, so that no free page names what is gone.
        """
        with self._link.transaction() as connection:
            buried = journal_forget.bury(connection)
        self._link.rewrite()
        return buried

    def unquarantine(self, key: str) -> int:
        """Drop the quarantined rows whose key has this pseudonym; gives how many there were."""
        with self._link.transaction() as connection:
            return connection.execute("DELETE FROM quarantine WHERE key = ?", (key,)).rowcount

    # ------------------------------------------------------------------------------- reading
    def read(
        self,
        table: str,
        since: int | None = None,
        until: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows with ``since < at <= until`` (None = no bound), ascending by ``at``, then key.

        Columns are those of ``graph.cleaned.SCHEMAS``; ``key`` (16 bytes) may be asked for.
        """
        table_named(table)
        wanted = tuple(SCHEMAS[table].names if columns is None else columns)
        fetched = (*wanted, *(name for name in ("at", "key") if name not in wanted))
        schema = schema_of(table, fetched)
        with self._link.reading() as connection:
            cursor = connection.execute(sql.select(table, fetched), _span(since, until))
            found = pa.Table.from_batches(batches_of(cursor, schema), schema)
        return found.sort_by([("at", "ascending"), ("key", "ascending")]).select(list(wanted))

    def events(
        self, since: int | None = None, until: int | None = None, *, marks: bool = False
    ) -> Iterator[Event]:
        """Every event with ``since < at <= until`` in the order of time.

        Equal times come by table (sign-ups first), then by key. Without ``marks`` a request's mark
        is empty.
        """
        streams = [
            self._stream(place, name, _span(since, until), marks)
            for place, name in enumerate(SCHEMAS)
        ]
        for *_, event in heapq.merge(*streams, key=lambda item: item[:3]):
            yield event

    def _stream(
        self, place: int, table: str, span: tuple[int, int], marks: bool
    ) -> Iterator[_Keyed]:
        """One table's events a day's worth of memory at a time."""
        names = [n for n in SCHEMAS[table].names if marks or n not in _MARK_COLUMNS]
        for since, until in self._windows(table, span):
            rows = self.read(table, since, until, columns=[*names, "key"])
            for row in rows.to_pylist():
                yield row["at"], place, row["key"], event_of(table, row)

    def _windows(self, table: str, span: tuple[int, int]) -> Iterator[tuple[int, int]]:
        """Stretches of time that hold some 20,000 rows each."""
        since, until = span
        while True:
            with self._link.reading() as connection:
                found = connection.execute(sql.NTH_AFTER[table], (since, until)).fetchone()
            if found is None:
                break
            yield since, int(found[0])
            since = int(found[0])
        yield since, until

    def of_accounts(self, accounts: Sequence[str]) -> AccountEvents:
        """What ``accounts`` did, read by index."""
        return AccountEvents(self._link, accounts)

    def counts(self) -> dict[str, int]:
        """Number of events by table."""
        with self._link.reading() as connection:
            return {t: connection.execute(q).fetchone()[0] for t, q in sql.COUNT.items()}

    def holds_later(self, as_of: int) -> bool:
        """Whether any event is later than ``as_of`` (us)."""
        with self._link.reading() as connection:
            return any(connection.execute(q, (as_of,)).fetchone()[0] for q in sql.LATER.values())

    def latest(self, table: str) -> int | None:
        """The moment (us) of the latest row of a table, None without one."""
        table_named(table)
        with self._link.reading() as connection:
            found = connection.execute(sql.LATEST[table]).fetchone()[0]
        return None if found is None else int(found)

    def last_signup(self) -> int:
        """The number of the latest sign-up that came in; numbers begin at 1, with few gaps."""
        with self._link.reading() as connection:
            return int(connection.execute(sql.LAST_NUMBER["signups"]).fetchone()[0])

    def signups_numbered(self, numbers: Sequence[int]) -> list[str]:
        """The accounts that signed up under these numbers, in no order; gaps are left out."""
        with self._link.reading() as connection:
            rows = connection.execute(_NUMBERED, (json.dumps(list(numbers)),))
            return [str(row[0]) for row in rows]

    def edges(self, as_of: int | None = None) -> dict[str, pa.Table]:
        """Exact sums by verb as of a moment (None = all there is).

        Columns ``source``, ``target`` (keys of the verb's node types), ``first``, ``last`` (us) and
        ``count``.
        """
        with self._link.reading() as connection:
            return edges_as_of(connection, FOREVER if as_of is None else as_of)

    def snapshot(self, as_of: int) -> Snapshot:
        """The graph exactly as it was at ``as_of``; as of now a store's has the same digest."""
        with self._link.reading() as connection:
            return snapshot_as_of(connection, as_of)

    # --------------------------------------------------------------------- towards the stores
    @property
    def id(self) -> str:
        """A name of this journal that no other has; a store remembers whom it follows."""
        return str(self._meta("journal_id"))

    @property
    def version(self) -> int:
        """The number of the latest transaction."""
        return int(self._meta("clock") or 0)

    @property
    def key_id(self) -> str | None:
        """The name of the pseudonym key the journal was begun with."""
        return self._meta("key_id")

    def changes_since(self, version: int) -> int:
        """How many nodes and edges changed after transaction ``version``."""
        with self._link.reading() as connection:
            return int(connection.execute(sql.CHANGES_SINCE, (version,)).fetchone()[0])

    def facts_since(self, version: int, limit: int = 5_000) -> Iterator[Facts]:
        """All that changed after transaction ``version``, up to ``limit`` facts at a time.

        Values are absolute and carry versions: giving them to a store twice or in another order
        changes nothing. Nodes come before the edges that need them.
        """
        return journal_facts.facts_since(self._link, version, limit)

    def _meta(self, name: str) -> str | None:
        with self._link.reading() as connection:
            row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    # ---------------------------------------------------------------------- files, quarantine
    def register(self, file: SourceFile) -> int:
        """The number of a file; one read by another mapping than before starts anew."""
        with self._link.transaction() as connection:
            return journal_sources.register(connection, file)

    def finished(self, source: int, file: SourceFile) -> bool:
        """Whether the file was read to its end and has not been touched since."""
        with self._link.reading() as connection:
            return journal_sources.finished(connection, source, file)

    def finish(self, source: int, file: SourceFile) -> None:
        """Remember that the file was read to its end as it stands."""
        with self._link.transaction() as connection:
            journal_sources.finish(connection, source, file)

    def chunks(self, source: int) -> list[Chunk]:
        """What was read of a file, in order."""
        with self._link.reading() as connection:
            return journal_sources.chunks(connection, source)

    def quarantine(self) -> list[QuarantineRecord]:
        """The rows that wait, by file and row."""
        with self._link.reading() as connection:
            return list(journal_sources.waiting(connection))

    def quarantined_rows(self, source: int) -> list[int]:
        """The rows of one file that wait, ascending."""
        with self._link.reading() as connection:
            return journal_sources.waiting_rows(connection, source)

    def release(self, source: int, rows: Sequence[int]) -> int:
        """Take rows of a file out of the quarantine; returns how many were in it."""
        with self._link.transaction() as connection:
            return journal_sources.release(connection, source, rows)

    def quarantine_counts(self) -> dict[str, int]:
        """How many rows wait, by reason."""
        with self._link.reading() as connection:
            return journal_sources.reasons(connection)

    # ---------------------------------------------------------------------------------- end
    def close(self) -> None:
        """Let go of the file; the journal can be opened again."""
        self._link.close()


def _written(
    writer: BatchWriter, table: str, events: Sequence[Event], places: Sequence[Place]
) -> Taken:
    if len(events) < COLUMNAR_LEAST:
        return writer.write_events(events, places)
    rows = [row_of(event) for event in events]
    return writer.write(pa.RecordBatch.from_pylist(rows, schema=SCHEMAS[table]), places)


def _span(since: int | None, until: int | None) -> tuple[int, int]:
    return (-FOREVER if since is None else since, FOREVER if until is None else until)


def _conflict(table: str, row: int, key: str) -> QuarantineRecord:
    return QuarantineRecord("", row, table, key, CONFLICT_COLUMN, CONFLICT_SHAPE, Reason.CONFLICT)
