"""The embedded store read for a sign-up: one hop around a few ids, in two statements of one row.

SQLite lets go of the interpreter at every row it gives, and a sign-up that is scored while others
are answered and written would wait for it at each: so both statements give a text, which is read
here. What comes out is what :func:`graph.stores.sqlite_read.around` gives (a test compares); a hub
costs its ``per_id`` most recent ties and is never counted or walked.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import cast

from graph.facts import NEVER
from graph.snapshot import Snapshot
from graph.stores.batch import key_of
from graph.stores.sqlite_read import (
    EDGE,
    IN,
    OUT,
    WIDE,
    EdgeTuple,
    Walk,
    Words,
    generation_of,
    published_of,
)

_TIES = (
    "(SELECT json_group_array(json_array(source, verb, target, first_seen, last_seen, count)) "  # noqa: S608
    f"FROM ({EDGE} WHERE {{}} = node.number AND count > 0 "
    "ORDER BY last_seen DESC LIMIT :limit))"
)
_VISIBLE = "(SELECT value FROM meta WHERE name = 'generation')"
# CROSS JOIN keeps this order of the tables: the ids as asked, a look into the index for each.
NAMED = (
    "SELECT json_group_array(json_array(number, "  # noqa: S608
    f"{_TIES.format('source')}, {_TIES.format('target')})), {_VISIBLE}, "
    "(SELECT json_group_array(json_array(kind, names)) FROM shape "
    # The number stands before the "@".
    f"WHERE generation = CAST({_VISIBLE} AS INTEGER)) "
    "FROM json_each(:asked) AS asked CROSS JOIN node "
    "ON kind = json_extract(asked.value, '$[0]') AND node.key = json_extract(asked.value, '$[1]') "
    f"WHERE node.first_seen < {NEVER:d}"
)
MET = (
    "SELECT json_group_array(json_array("  # noqa: S608
    f"number, kind, node.key, first_seen, degree, {WIDE}, json(list))) "
    "FROM json_each(?) AS asked CROSS JOIN node ON number = asked.value "
    "LEFT JOIN published ON generation = ? AND node = number"
)


def one_hop(db: sqlite3.Connection, words: Words, ids: Sequence[str], per_id: int) -> Snapshot:
    """The law of ``GraphStore.neighbourhood`` with one hop."""
    return Hop(db, words).around(dict.fromkeys(ids), per_id)


class Hop(Walk):
    """A walk of one step from everything that is asked for."""

    def around(self, ids: Iterable[str], limit: int) -> Snapshot:
        """The named nodes and their most recent neighbours, ``limit`` each way."""
        asked = [(self._words.number[kind.value], key) for kind, key in map(key_of, ids)]
        given = {"asked": json.dumps(asked), "limit": limit + 1}
        found, shown, shaped = self._db.execute(NAMED, given).fetchone()
        number, as_of = generation_of(shown)
        self._piece.published = {kind: published_of(names) for kind, names in json.loads(shaped)}
        ties = {n: self._both(n, out, into, limit) for n, out, into in json.loads(found)}
        ends = (end for edges in ties.values() for edge in edges for end in (edge[0], edge[2]))
        self._read(dict.fromkeys((*ties, *ends)), number)
        for node, edges in ties.items():
            self._piece.nodes[node] = self.nodes[node]
            self.keep(node, edges, limit)
        return self._piece.snapshot(as_of, number)

    def _both(
        self, number: int, out: list[EdgeTuple], into: list[EdgeTuple], limit: int
    ) -> list[EdgeTuple]:
        """Edges of a node, each way the first ``limit`` and what ties with the last of them."""
        sides = ((OUT, out), (IN, into))
        return [
            cast("EdgeTuple", tuple(edge))  # JSON has lists
            for side, rows in sides
            for edge in self._cut(side, number, rows, limit)
        ]

    def _read(self, numbers: Iterable[int], generation: int) -> None:
        """Nodes by number, with what the generation says of them."""
        asked = (json.dumps(list(numbers)), generation)
        values = {}
        for row in json.loads(self._db.execute(MET, asked).fetchone()[0]):
            self._take(row)
            if row[-1] is not None:
                values[row[0]] = row[-1]
        self._piece.values = values
