"""The graph exactly as it was at a past moment, added up from the journal's events.

A graph store keeps aggregates and cannot say what they were; the journal knows every event. The
answer has the columns and the order of a store's snapshot, so as of now the two are equal, digest
and all. It knows nothing of writing.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.journal import schema as sql
from graph.schema import EDGE_OF, NODE_PROPERTIES, PROPERTY_TYPE, NodeType
from graph.snapshot import EDGE_FIELDS, Snapshot
from graph.tally import ACCOUNT_COLUMNS, LINKS, PROPERTY_COLUMNS

FOREVER = 2**62
_NAMED = ["source", "target", "first", "last", "count"]
_ARROW = {int: pa.int64(), str: pa.string(), float: pa.float64()}


def edges_as_of(connection: sqlite3.Connection, as_of: int) -> dict[str, pa.Table]:
    """Every edge by verb: ``source``, ``target`` (keys), ``first``, ``last`` (us), ``count``."""
    parts: dict[str, list[pa.Table]] = defaultdict(list)
    for link, statement in sql.EDGES_AS_OF:
        rows = connection.execute(statement, (as_of,)).fetchall()
        if rows:
            columns = zip(*rows, strict=True)
            types = [pa.string(), pa.string(), pa.int64(), pa.int64(), pa.int64()]
            arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
            parts[link.verb].append(pa.table(dict(zip(_NAMED, arrays, strict=True))))
    return {verb: _added_up(tables) for verb, tables in parts.items()}


def _added_up(tables: Sequence[pa.Table]) -> pa.Table:
    if len(tables) == 1:
        return tables[0]
    groups = pa.concat_tables(tables).group_by(["source", "target"])
    sums = groups.aggregate([("first", "min"), ("last", "max"), ("count", "sum")])
    return sums.rename_columns(_NAMED)


def snapshot_as_of(connection: sqlite3.Connection, as_of: int) -> Snapshot:
    """The whole graph at ``as_of``."""
    edges = edges_as_of(connection, as_of)
    firsts = _first_seen(connection, as_of, edges)
    keys = {kind: pc.sort_indices(table["key"]) for kind, table in firsts.items()}
    nodes = {kind: firsts[kind].take(order).combine_chunks() for kind, order in keys.items()}
    ends = {verb: _ends(verb, table, nodes) for verb, table in edges.items()}
    degrees = _degrees(nodes, ends)
    said = _properties(connection, as_of, nodes)
    tables = {
        kind: _node_table(kind, table, degrees[kind], said.get(kind, {}))
        for kind, table in nodes.items()
    }
    return Snapshot(as_of, tables, {verb: _edge_table(edges[verb], *ends[verb]) for verb in ends})


def _first_seen(
    connection: sqlite3.Connection, as_of: int, edges: Mapping[str, pa.Table]
) -> dict[NodeType, pa.Table]:
    parts: dict[NodeType, list[pa.Table]] = defaultdict(list)
    for verb, table in edges.items():
        spec = EDGE_OF[verb]
        for kind, end in ((spec.source, "source"), (spec.target, "target")):
            parts[kind].append(pa.table({"key": table[end], "first": table["first"]}))
    for statement in sql.ACCOUNTS_AS_OF:
        rows = connection.execute(statement, (as_of,)).fetchall()
        if rows:
            key, first = zip(*rows, strict=True)
            found = {"key": pa.array(key, pa.string()), "first": pa.array(first, pa.int64())}
            parts[NodeType.ACCOUNT].append(pa.table(found))
    return {
        kind: pa.concat_tables(tables)
        .group_by("key")
        .aggregate([("first", "min")])
        .rename_columns(["key", "first"])
        for kind, tables in parts.items()
    }


def _ends(
    verb: str, table: pa.Table, nodes: Mapping[NodeType, pa.Table]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    spec = EDGE_OF[verb]
    pairs = ((spec.source, "source"), (spec.target, "target"))
    found = [
        pc.index_in(table[end], value_set=nodes[kind]["key"].combine_chunks())
        for kind, end in pairs
    ]
    source, target = (np.asarray(rows.combine_chunks(), np.int64) for rows in found)
    return source, target


def _degrees(
    nodes: Mapping[NodeType, pa.Table],
    ends: Mapping[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]],
) -> dict[NodeType, np.ndarray[Any, Any]]:
    """How many distinct edges end at each node; a loop counts once."""
    total = {kind: np.zeros(table.num_rows, np.int64) for kind, table in nodes.items()}
    for verb, (source, target) in ends.items():
        spec = EDGE_OF[verb]
        total[spec.source] += np.bincount(source, minlength=len(total[spec.source]))
        once = target if spec.source is not spec.target else target[source != target]
        total[spec.target] += np.bincount(once, minlength=len(total[spec.target]))
    return total


def _edge_table(
    sums: pa.Table, source: np.ndarray[Any, Any], target: np.ndarray[Any, Any]
) -> pa.Table:
    order = np.lexsort((target, source))
    columns = [source.astype(np.int32), target.astype(np.int32)]
    columns += [np.asarray(sums[name]) for name in ("first", "last", "count")]
    return pa.Table.from_arrays([pa.array(c[order]) for c in columns], schema=EDGE_FIELDS)


# ------------------------------------------------------------------------------------ properties
Said = dict[str, dict[str, Any]]  # key -> property -> value


def _properties(
    connection: sqlite3.Connection, as_of: int, nodes: Mapping[NodeType, pa.Table]
) -> dict[NodeType, Said]:
    said: dict[NodeType, Said] = {NodeType.ACCOUNT: _of_accounts(connection, as_of)}
    for kind, columns in PROPERTY_COLUMNS.items():
        if kind in nodes:
            said[kind] = _of_entities(connection, as_of, kind, columns)
    return said


def _of_accounts(connection: sqlite3.Connection, as_of: int) -> Said:
    columns = tuple(column for _, column in ACCOUNT_COLUMNS)
    statement = sql.select("signups", ("account_id", *columns))
    names = [name for name, _ in ACCOUNT_COLUMNS]
    said: Said = {
        key: dict(zip(names, row, strict=True))
        for key, *row in connection.execute(statement, (-FOREVER, as_of))
    }
    for key, action in connection.execute(sql.STATUS_AS_OF, (as_of,)):
        said.setdefault(key, {})["status"] = sql.STATUSES[action]
    return said


def _of_entities(
    connection: sqlite3.Connection,
    as_of: int,
    kind: NodeType,
    columns: Iterable[tuple[str, str]],
) -> Said:
    """The greatest text that any event says of each property, as the running sums keep it."""
    names, sources = zip(*columns, strict=True)
    said: Said = {}
    places = {(k.table, k.target) for k in LINKS if k.target_kind is kind}
    for table, key_column in sorted(places):
        statement = sql.select(table, (key_column, *sources))
        for key, *values in connection.execute(statement, (-FOREVER, as_of)):
            if key is None:
                continue
            known = said.setdefault(key, {})
            for name, value in zip(names, values, strict=True):
                if value is not None and value > (known.get(name) or ""):
                    known[name] = value
    return said


def _node_table(
    kind: NodeType, nodes: pa.Table, degree: np.ndarray[Any, Any], said: Said
) -> pa.Table:
    keys = nodes["key"].to_pylist()
    columns = {"key": nodes["key"], "first_seen": nodes["first"], "degree": pa.array(degree)}
    rows = [said.get(key, {}) for key in keys]
    for name in NODE_PROPERTIES[kind]:
        kind_of = _ARROW[PROPERTY_TYPE.get(name, str)]
        columns[name] = pa.array([row.get(name) for row in rows], kind_of)
    return pa.table(columns)
