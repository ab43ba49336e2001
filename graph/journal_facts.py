"""What changed in the journal's sums since a version, as facts for a graph store.

Nodes first, then edges, each with its absolute value and the version of the transaction that last
changed it. An account's properties are read from its one sign-up and its latest enforcement at the
moment of handing out. It knows nothing of stores. Read :mod:`graph.flush`.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from graph import journal_schema as sql
from graph.facts import Edge, Facts, Node, Value
from graph.journal_link import Link
from graph.schema import NodeType
from graph.tally import ACCOUNT_COLUMNS, PROPERTY_COLUMNS

_EVER = 2**62


def facts_since(link: Link, version: int, limit: int) -> Iterator[Facts]:
    """Batches of up to ``limit`` facts that changed after ``version``, nodes before edges."""
    place: tuple[Any, ...] = (version, _EVER)
    while True:
        with link.reading() as connection:
            rows = connection.execute(sql.NODES_SINCE, (*place, limit)).fetchall()
            nodes = _nodes(connection, rows)
        if not rows:
            break
        yield Facts(nodes=nodes)
        place = (rows[-1][7], rows[-1][0])
    place = (version, _EVER, "", 0)
    while True:
        with link.reading() as connection:
            rows = connection.execute(sql.EDGES_SINCE, (*place, limit)).fetchall()
        if not rows:
            break
        yield Facts(edges=tuple(_edge(row) for row in rows))
        last = rows[-1]
        place = (last[10], last[0], last[4], last[1])


def _nodes(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> tuple[Node, ...]:
    accounts = [row[2] for row in rows if row[1] == NodeType.ACCOUNT.value]
    said = _said_of_accounts(connection, accounts) if accounts else {}
    return tuple(_node(row, said) for row in rows)


def _node(row: tuple[Any, ...], said: dict[str, dict[str, Value]]) -> Node:
    _, name, key, first, a, b, gone, version = row
    kind = NodeType(name)
    if gone:
        return Node(kind, key, first, {}, version, gone=True)
    if kind is NodeType.ACCOUNT:
        return Node(kind, key, first, said.get(key, {}), version)
    names = (property_name for property_name, _ in PROPERTY_COLUMNS.get(kind, ()))
    known = {n: value for n, value in zip(names, (a, b), strict=False) if value is not None}
    return Node(kind, key, first, known, version)


def _edge(row: tuple[Any, ...]) -> Edge:
    _, _, source_kind, source, verb, target_kind, target, first, last, count, version = row
    ends = (f"{source_kind}:{source}", verb, f"{target_kind}:{target}")
    return Edge(*ends, first, last, count, version)


def _said_of_accounts(
    connection: sqlite3.Connection, accounts: list[str]
) -> dict[str, dict[str, Value]]:
    asked = json.dumps(accounts)
    names = [name for name, _ in ACCOUNT_COLUMNS]
    said: dict[str, dict[str, Value]] = {}
    for key, *values in connection.execute(sql.SAID_AT_SIGNUP, (asked,)):
        known = zip(names, values, strict=True)
        said[key] = {name: value for name, value in known if value is not None}
    for key, action in connection.execute(sql.STATUS_OF, (_EVER, asked)):
        said.setdefault(key, {})["status"] = sql.STATUSES[action]
    return said
