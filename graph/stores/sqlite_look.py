"""The embedded store looked into: edges among named nodes, names, flags, and rings as they were.

What people and their console ask beside what scoring does. Every function runs inside one read
transaction of its caller, and costs what it shows, not what a hub has.
"""

import json
import sqlite3
from collections.abc import Sequence

from graph.facts import NEVER
from graph.schema import NodeType, node_id
from graph.snapshot import Snapshot
from graph.store import Flag, RingRow
from graph.stores.batch import tied_kinds
from graph.stores.kept_rings import ring_row
from graph.stores.sqlite_read import EDGE, Walk, Words, visible

# From the nodes that edges lead out of, by the key of the edges' table: those are never hubs.
_AMONG = EDGE + (  # noqa: S608  no caller's words
    "WHERE source IN (SELECT value FROM json_each(?1)) AND count > 0 "
    "AND +target IN (SELECT value FROM json_each(?1))"
)
_FIND = (
    "SELECT key FROM node WHERE kind = ? AND key >= ? AND key < ? AND first_seen < ? "
    "ORDER BY key LIMIT ?"
)
_FLAGS = "SELECT account, score, ring_id, since FROM flag WHERE generation = :generation "
_RANKED = "ORDER BY score DESC, account"
_TIED = (
    "AND EXISTS (SELECT 1 FROM node JOIN edge ON source = number AND target = :near AND count > 0 "
    "AND verb IN (SELECT number FROM word) WHERE kind = :account AND key = account) "
)
_OUT_OF = (
    "SELECT source, verb, count(*) FROM edge "
    "WHERE source IN (SELECT value FROM json_each(?)) AND count > 0 GROUP BY source, verb"
)
_KEPT = (
    "SELECT as_of, score, size, status, first_seen, last_seen, detail, members FROM ring_version "
    "WHERE ring_id = ? AND generation <= ? AND as_of <= ? ORDER BY version DESC LIMIT 1"
)
_VERSIONS = (
    "SELECT version, as_of FROM ring_version WHERE ring_id = ? AND generation <= ? ORDER BY version"
)


def between(db: sqlite3.Connection, words: Words, ids: Sequence[str]) -> Snapshot:
    """The law of ``GraphStore.between``."""
    walk = Walk(db, words)
    numbers = walk.find(ids)
    edges = db.execute(_AMONG, (json.dumps(numbers),)).fetchall()
    walk.take_all(edges)
    return walk.snapshot()


def degrees(db: sqlite3.Connection, words: Words, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """The law of ``GraphStore.degrees``."""
    walk = Walk(db, words)
    numbers = walk.find(ids)
    out: dict[int, dict[str, int]] = {number: {} for number in numbers}
    for number, verb, count in db.execute(_OUT_OF, (json.dumps(numbers),)):
        out[number][words.verb[verb]] = int(count)
    found = {}
    for number in numbers:
        kind, row = walk.nodes[number]
        found[node_id(kind, str(row[0]))] = tied_kinds(kind, int(str(row[2])), out[number])
    return found


def find(
    db: sqlite3.Connection, words: Words, kind: NodeType, prefix: str, limit: int
) -> list[str]:
    """The law of ``GraphStore.find``."""
    asked = (words.number[kind.value], prefix, prefix + chr(0x10FFFF), NEVER, limit)
    return [str(row[0]) for row in db.execute(_FIND, asked)]


def flags(db: sqlite3.Connection, words: Words, near: str | None) -> list[Flag]:
    """The law of ``GraphStore.flags``."""
    asked: dict[str, object] = {"generation": visible(db)[0]}
    if near is None:
        return [Flag(*row) for row in db.execute(_FLAGS + _RANKED, asked)]
    found = Walk(db, words).find([near])
    if not found:
        return []
    asked |= {"near": found[0], "account": words.number[NodeType.ACCOUNT.value]}
    return [Flag(*row) for row in db.execute(_FLAGS + _TIED + _RANKED, asked)]


def ring_at(db: sqlite3.Connection, ring_id: str, at: int | None) -> tuple[RingRow, int] | None:
    """The law of ``GraphStore.ring_at``."""
    until = 2**62 if at is None else at
    found = db.execute(_KEPT, (ring_id, visible(db)[0], until)).fetchone()
    if found is None:
        return None
    as_of, *row, members = found
    return ring_row(ring_id, row, members), int(as_of)


def ring_versions(db: sqlite3.Connection, ring_id: str) -> dict[int, int]:
    """The law of ``GraphStore.ring_versions``."""
    return dict(db.execute(_VERSIONS, (ring_id, visible(db)[0])).fetchall())
