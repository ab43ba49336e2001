"""The embedded store read whole: one snapshot of every node and edge.

Runs inside one read transaction of its caller, so that what it gives is one moment and one
generation. What a neighbourhood is read by: ``sqlite_read``.
"""

import json
import sqlite3

import numpy as np
import pyarrow as pa

from graph.facts import NEVER
from graph.schema import NodeType
from graph.snapshot import Snapshot
from graph.stores.piece import PROPERTIES, Int64, Published, edge_table, node_table, recount
from graph.stores.sqlite_read import Words, shapes, visible
from graph.stores.sqlite_schema import COLUMNS

_CHUNK = 50_000


def whole(db: sqlite3.Connection, words: Words, as_of: int | None) -> Snapshot:
    """The law of ``GraphStore.snapshot``."""
    number, refreshed_at = visible(db)
    published = shapes(db, number) if as_of is None else {}
    nodes: dict[NodeType, pa.Table] = {}
    row_of = np.full(_highest(db) + 1, -1, np.int64)
    for kind in NodeType:
        table = _kind_table(db, words, kind, as_of, row_of)
        if table.num_rows:
            nodes[kind] = _with_published(
                db, table, (number, words.number[kind.value]), published.get(kind.value)
            )
    edges = _edge_tables(db, words, as_of, row_of)
    if as_of is None:
        return Snapshot(refreshed_at, nodes, edges, number)
    return Snapshot(as_of, recount(nodes, edges), edges, 0)


def _highest(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(number), 0) FROM node").fetchone()[0])


def _kind_table(
    db: sqlite3.Connection, words: Words, kind: NodeType, as_of: int | None, row_of: Int64
) -> pa.Table:
    """The nodes of a kind by key; writes each one's row number into ``row_of`` [highest + 1]."""
    columns = "".join(f", {COLUMNS[name]}" for name in PROPERTIES[kind])
    found = db.execute(
        f"SELECT number, key, first_seen, degree{columns} FROM node "  # noqa: S608
        "WHERE kind = ? AND first_seen <= ? ORDER BY key",
        (words.number[kind.value], _until(as_of)),
    )
    parts, start = [node_table(kind, [], Published(), lambda _: None)], 0
    while rows := found.fetchmany(_CHUNK):
        numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        row_of[numbers] = np.arange(start, start + len(rows))
        start += len(rows)
        parts.append(node_table(kind, [row[1:] for row in rows], Published(), lambda _: None))
    return pa.concat_tables(parts).combine_chunks()


def _with_published(
    db: sqlite3.Connection, table: pa.Table, of: tuple[int, int], columns: Published | None
) -> pa.Table:
    """``table`` with the columns of a generation; ``of`` is (generation, number of the kind)."""
    if columns is None or not columns.types:
        return table
    found = db.execute(
        "SELECT list FROM node LEFT JOIN published ON generation = ? AND node = number "
        "WHERE kind = ? AND first_seen < ? ORDER BY key",
        (*of, NEVER),
    )
    blank = "[" + ",".join(["null"] * len(columns.types)) + "]"
    parts: list[list[pa.Array]] = []
    while rows := found.fetchmany(_CHUNK):
        lists = json.loads("[" + ",".join(row[0] or blank for row in rows) + "]")
        types = [pa.type_for_alias(name) for name in columns.types.values()]
        cells = zip(*lists, strict=True)
        parts.append([pa.array(c, t) for c, t in zip(cells, types, strict=True)])
    for i, name in enumerate(columns.types):
        table = table.append_column(name, pa.chunked_array([part[i] for part in parts]))
    return table.combine_chunks()


def _edge_tables(
    db: sqlite3.Connection, words: Words, as_of: int | None, row_of: Int64
) -> dict[str, pa.Table]:
    found = db.execute(
        "SELECT verb, source, target, first_seen, last_seen, count FROM edge "
        "WHERE count > 0 AND first_seen <= ?",
        (_until(as_of),),
    )
    parts = [np.empty((0, 6), np.int64)]
    while rows := found.fetchmany(_CHUNK):
        parts.append(np.array(rows, np.int64))
    every = np.concatenate(parts)
    # An edge stands where both its ends do: an absolute fact may say an end came later.
    every = every[(row_of[every[:, 1]] >= 0) & (row_of[every[:, 2]] >= 0)]
    tables = {}
    for word in np.unique(every[:, 0]):
        _, source, target, first, last, count = every[every[:, 0] == word].T
        if as_of is not None:
            last, count = first, np.ones_like(first)
        ends = (row_of[source], row_of[target])
        tables[words.verb[int(word)]] = edge_table(*ends, first, last, count)
    return {verb: table for verb, table in tables.items() if table.num_rows}


def _until(as_of: int | None) -> int:
    return NEVER - 1 if as_of is None else as_of
