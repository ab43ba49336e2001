"""What has been read of which file, and which rows of it wait in the quarantine.

A file is a sequence of chunks, each with the digest of its bytes: a second run skips chunks whose
bytes are the same and reads from the first that differs, so a file that grew costs its tail and one
that changed is noticed. It knows nothing of how bytes become rows (``etl.reading.sources``).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from graph.quarantine import QuarantineRecord
from graph.reasons import Reason


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as one table reads it; ``modified`` in nanoseconds, ``mapping`` a digest."""

    name: str
    table: str
    mapping: str
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a file: bytes ``start`` to ``stop`` (or a row group), its rows and digest."""

    ordinal: int
    start: int
    stop: int
    first_row: int
    rows: int
    digest: bytes


def register(connection: sqlite3.Connection, file: SourceFile) -> int:
    """The number of a file; a file read by another mapping than before starts anew."""
    found = connection.execute(
        "SELECT number, mapping FROM source WHERE name = ? AND event_table = ?",
        (file.name, file.table),
    ).fetchone()
    if found is None:
        return int(
            connection.execute(
                "INSERT INTO source (name, event_table, mapping, size, modified) "
                "VALUES (?, ?, ?, -1, -1) RETURNING number",
                (file.name, file.table, file.mapping),
            ).fetchone()[0]
        )
    number, mapping = found
    if mapping != file.mapping:
        connection.execute("DELETE FROM chunk WHERE source = ?", (number,))
        connection.execute(
            "UPDATE source SET mapping = ?, size = -1, modified = -1 WHERE number = ?",
            (file.mapping, number),
        )
    return int(number)


def finished(connection: sqlite3.Connection, number: int, file: SourceFile) -> bool:
    """Whether the file was read to its end and has not been touched since."""
    size, modified = connection.execute(
        "SELECT size, modified FROM source WHERE number = ?", (number,)
    ).fetchone()
    return (int(size), int(modified)) == (file.size, file.modified)


def finish(connection: sqlite3.Connection, number: int, file: SourceFile) -> None:
    """Remember that the file was read to its end as it stands."""
    connection.execute(
        "UPDATE source SET size = ?, modified = ? WHERE number = ?",
        (file.size, file.modified, number),
    )


def chunks(connection: sqlite3.Connection, number: int) -> list[Chunk]:
    """What was read of a file, in order."""
    rows = connection.execute(
        "SELECT ordinal, start, stop, first_row, rows, digest FROM chunk "
        "WHERE source = ? ORDER BY ordinal",
        (number,),
    )
    return [Chunk(*row) for row in rows]


def record(connection: sqlite3.Connection, number: int, chunk: Chunk) -> None:
    """Remember that a chunk was taken in; what was known of it and after it no longer holds."""
    connection.execute(
        "DELETE FROM chunk WHERE source = ? AND ordinal >= ?", (number, chunk.ordinal)
    )
    connection.execute(
        "DELETE FROM quarantine WHERE source = ? AND row >= ? AND reason != ?",
        (number, chunk.first_row, Reason.CONFLICT.value),
    )
    connection.execute(
        "INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, chunk.ordinal, chunk.start, chunk.stop, chunk.first_row, chunk.rows, chunk.digest),
    )


# ------------------------------------------------------------------------------------ quarantine
def quarantine(
    connection: sqlite3.Connection, records: Iterable[tuple[int, QuarantineRecord]]
) -> None:
    """Put rows, each with the number of its file, in the quarantine (again)."""
    connection.executemany(
        "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (number, r.row, r.table, r.key, r.column, r.shape, r.reason.value)
            for number, r in records
        ),
    )


def release(connection: sqlite3.Connection, number: int, rows: Sequence[int]) -> int:
    """Take rows of a file out of the quarantine; returns how many were in it."""
    before = connection.total_changes
    connection.executemany(
        "DELETE FROM quarantine WHERE source = ? AND row = ?", ((number, row) for row in rows)
    )
    return connection.total_changes - before


def waiting(connection: sqlite3.Connection) -> Iterator[QuarantineRecord]:
    """The quarantine, by file and row."""
    rows = connection.execute(
        "SELECT s.name, q.row, q.event_table, q.key, q.broken_column, q.shape, q.reason "
        "FROM quarantine q JOIN source s ON s.number = q.source ORDER BY s.name, q.row"
    )
    for name, row, table, key, column, shape, reason in rows:
        yield QuarantineRecord(name, row, table, key, column, shape, Reason(reason))


def waiting_rows(connection: sqlite3.Connection, number: int) -> list[int]:
    """The rows of one file that are in the quarantine, ascending."""
    rows = connection.execute("SELECT row FROM quarantine WHERE source = ? ORDER BY row", (number,))
    return [int(row) for (row,) in rows]


def reasons(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows wait, by reason."""
    rows = connection.execute("SELECT reason, count(*) FROM quarantine GROUP BY 1 ORDER BY 1")
    return {str(reason): int(count) for reason, count in rows}


def table_counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows wait, by table."""
    rows = connection.execute("SELECT event_table, count(*) FROM quarantine GROUP BY 1 ORDER BY 1")
    return {str(table): int(count) for table, count in rows}
