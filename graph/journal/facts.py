"""What changed in the journal's sums since a version, as facts for a graph store.

Nodes first, then edges, each with its absolute value and the version of the transaction that last
changed it. An account's properties are read from its one sign-up and its latest enforcement at the
moment of handing out. It knows nothing of stores. Read :mod:`graph.flush`.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from graph.facts import NEVER, Edge, Facts, Node, Value
from graph.journal import schema as sql
from graph.journal.link import Link, translated
from graph.schema import NodeType
from graph.tally import ACCOUNT_COLUMNS, PROPERTY_COLUMNS

_EVER = 2**62


def facts_since(link: Link, version: int, limit: int) -> Iterator[Facts]:
    """Batches of up to ``limit`` facts that changed after ``version``, nodes before edges.

    The two are read one after the other without a transaction around them, so that an abandoned
    reading blocks nobody; an edge that came in between is handed out again next time.
    """
    with translated():
        connection = link.connection()
        cursor = connection.execute(sql.NODES_SINCE, (version,))
        while rows := cursor.fetchmany(limit):
            yield Facts(nodes=_nodes(connection, rows))
        cursor = connection.execute(sql.EDGES_SINCE, (version,))
        while rows := cursor.fetchmany(limit):
            yield Facts(edges=tuple(Edge(*row) for row in rows))


def _nodes(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> tuple[Node, ...]:
    accounts = [row[1] for row in rows if row[0] == "account"]
    said = _said_of_accounts(connection, accounts) if accounts else {}
    return tuple(_node(row, said) for row in rows)


_KINDS = {kind.value: kind for kind in NodeType}
_NAMES = {
    kind.value: tuple(name for name, _ in PROPERTY_COLUMNS.get(kind, ())) for kind in NodeType
}


def _node(row: tuple[Any, ...], said: dict[str, dict[str, Value]]) -> Node:
    name, key, first, a, b, gone, version = row
    if gone:
        return Node(_KINDS[name], key, NEVER, {}, version)
    if name == "account":
        return Node(NodeType.ACCOUNT, key, first, said.get(key) or {}, version)
    known = {n: value for n, value in zip(_NAMES[name], (a, b), strict=False) if value is not None}
    return Node(_KINDS[name], key, first, known, version)


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
