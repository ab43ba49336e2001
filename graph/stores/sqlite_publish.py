"""A refresh made visible in the embedded store: laid down beside the old one, then switched to.

Rows of a generation are written in short transactions under its number, where no reader looks; one
last transaction moves the pointer. The older rows go afterwards. A publish that died half way left
rows that nobody sees, and the next one takes them out.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

import pyarrow as pa

from graph.errors import NotFound
from graph.schema import NodeType
from graph.store import VERSIONS_KEPT, Generation, RingRow
from graph.stores.kept_rings import flag_rows, ring_versions
from graph.stores.piece import Published, member_rows, ring_rows
from graph.stores.sqlite_link import Link
from graph.stores.sqlite_read import visible

# Rows a transaction: a few ms of the write lock; after it the lock stays free as long as it was
# held, for SQLite does not queue: who waits for it looks again after a pause of its own, and would
# never meet one who always takes it again at once.
ROWS = 1_000
FREE_MOST_S = 0.02
_PUT_VALUES = """INSERT OR REPLACE INTO published (generation, node, list)
SELECT ?, number, ? FROM node WHERE kind = ? AND key = ?"""
_PUT_RING = "INSERT OR REPLACE INTO ring VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
# Accounts that the graph does not hold are no members.
_PUT_MEMBER = """INSERT OR REPLACE INTO member (generation, ring_id, account, strength, since)
SELECT ?, ?, key, ?, ? FROM node WHERE kind = ? AND key = ?"""
_PUT_FLAG = "INSERT OR REPLACE INTO flag VALUES (?, ?, ?, ?, ?)"
# A version stays as the first refresh told it that became visible with it.
_PUT_VERSION = """INSERT INTO ring_version VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (ring_id, version) DO UPDATE SET generation = ?3, as_of = ?4, score = ?5, size = ?6,
status = ?7, first_seen = ?8, last_seen = ?9, detail = ?10, members = ?11 WHERE generation > ?12"""
_OLD_VERSIONS = "DELETE FROM ring_version WHERE ring_id = ? AND version <= ?"
_RING = "SELECT ring_id, score, size, status, first_seen, last_seen, detail FROM ring "
_STALE = tuple(
    (
        f"DELETE FROM {table} WHERE generation = ?1 AND {key} IN "  # noqa: S608
        f"(SELECT {key} FROM {table} WHERE generation = ?1 LIMIT ?2)",
        f"SELECT DISTINCT generation FROM {table} WHERE generation <> ?",  # noqa: S608
    )
    for table, key in (
        ("published", "node"),
        ("member", "ring_id"),
        ("ring", "ring_id"),
        ("shape", "kind"),
        ("flag", "account"),
    )
)
_T = TypeVar("_T")


def publish(link: Link, words: Mapping[str, int], generation: Generation) -> None:
    """The law of ``GraphStore.publish``."""
    with link.reading() as db:
        current = visible(db)[0]
    if generation.number <= current:
        return
    # Checked before anything is written: a table that cannot be published leaves no trace.
    shapes = {kind: Published.of(kind, table) for kind, table in generation.columns.items()}
    sweep(link, current)
    for kind, table in generation.columns.items():
        _lay_columns(link, generation.number, words[kind], shapes[kind], table)
    _lay_rings(link, generation, words[NodeType.ACCOUNT.value])
    _keep_versions(link, generation, current)
    with link.writing() as db:
        rows = [
            (generation.number, kind, json.dumps(shape.types)) for kind, shape in shapes.items()
        ]
        db.executemany("INSERT OR REPLACE INTO shape VALUES (?, ?, ?)", rows)
        pointer = f"{generation.number}@{generation.as_of}"
        db.execute("INSERT OR REPLACE INTO meta VALUES ('generation', ?)", (pointer,))
    sweep(link, generation.number)


def sweep(link: Link, keep: int) -> None:
    """Take out the rows of every generation but ``keep``, in short transactions."""
    for delete, find in _STALE:
        with link.reading() as db:
            stale = [row[0] for row in db.execute(find, (keep,))]
        for number in stale:
            while _deleted(link, delete, number):
                pass


def forget_versions(link: Link) -> None:
    """Take out the versions of every ring."""
    with link.writing() as db:
        db.execute("DELETE FROM ring_version")


def _deleted(link: Link, delete: str, number: int) -> int:
    with _briefly(link) as db:
        return db.execute(delete, (number, ROWS)).rowcount


def _lay_columns(link: Link, number: int, kind: int, shape: Published, table: pa.Table) -> None:
    keys = table["key"].to_pylist()
    lists = (json.dumps(row, separators=(",", ":")) for row in shape.rows(table))
    rows = ((number, text, kind, key) for key, text in zip(keys, lists, strict=True))
    _put(link, _PUT_VALUES, rows)


def _lay_rings(link: Link, generation: Generation, account_word: int) -> None:
    number = generation.number
    if generation.rings is not None:
        _put(link, _PUT_RING, ((number, *row) for row in ring_rows(generation.rings)))
    if generation.members is not None:
        members = (
            (number, ring, strength, since, account_word, account)
            for ring, account, strength, since in member_rows(generation.members)
        )
        _put(link, _PUT_MEMBER, members)
    if generation.flags is not None:
        _put(link, _PUT_FLAG, ((number, *row) for row in flag_rows(generation.flags)))


def _keep_versions(link: Link, generation: Generation, current: int) -> None:
    """Keep the versions of rings that are new, and let the oldest of each go."""
    stamp = (generation.number, generation.as_of)
    rows = (
        (kept.ring_id, kept.version, *stamp, *kept.row, kept.members, current)
        for kept in ring_versions(generation)
    )
    _put(link, _PUT_VERSION, rows)
    old = ((k.ring_id, k.version - VERSIONS_KEPT) for k in ring_versions(generation))
    _put(link, _OLD_VERSIONS, (row for row in old if row[1] > 0))


def _put(link: Link, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    for chunk in chunks(rows, ROWS):
        with _briefly(link) as db:
            db.executemany(statement, chunk)


@contextmanager
def _briefly(link: Link) -> Iterator[sqlite3.Connection]:
    """One of many transactions in a row, and time for others after it."""
    with link.writing() as db:
        began = time.perf_counter()
        yield db
    time.sleep(min(FREE_MOST_S, time.perf_counter() - began))


def chunks(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """``rows`` in lists of at most ``size``."""
    left = iter(rows)
    while chunk := list(islice(left, size)):
        yield chunk


def all_rings(db: sqlite3.Connection) -> list[RingRow]:
    """The law of ``GraphStore.rings``."""
    found = db.execute(
        _RING + "WHERE generation = ? ORDER BY score DESC, ring_id", (visible(db)[0],)
    )
    return [_ring(row, ()) for row in found]


def one_ring(db: sqlite3.Connection, ring_id: str) -> RingRow:
    """The law of ``GraphStore.ring``.

    Raises:
        NotFound: if the visible generation has no such ring.
    """
    number = visible(db)[0]
    row = db.execute(_RING + "WHERE generation = ? AND ring_id = ?", (number, ring_id)).fetchone()
    if row is None:
        raise NotFound(f"no ring {ring_id!r}")
    members = db.execute(
        "SELECT account, strength, since FROM member WHERE generation = ? AND ring_id = ? "
        "ORDER BY strength DESC, account",
        (number, ring_id),
    )
    return _ring(row, tuple(members.fetchall()))


def _ring(row: tuple[Any, ...], members: tuple[tuple[str, float, int], ...]) -> RingRow:
    ring_id, score, size, status, first_seen, last_seen, detail = row
    return RingRow(ring_id, score, size, status, first_seen, last_seen, json.loads(detail), members)
