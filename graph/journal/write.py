"""A chunk of events into the journal: each event once, and the sums of the graph with it.

The same key twice is one event; same key, other content: the smaller digest wins whatever came
first. What a loser had given the sums is taken back by adding up again what is left, so the
journal after any order of arrival is the same. It knows nothing of files (their place is only a
number here) or of the graph stores.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from graph.cleaned import SCHEMAS, identity, identity_of
from graph.facts import Enforcement, Event, Node, Value, facts_of
from graph.journal import schema as sql
from graph.journal.rows import batch_of, values_of, values_of_event
from graph.reasons import Reason
from graph.schema import NodeType
from graph.tally import LINKS_OF, PROPERTY_COLUMNS, edges_of, nodes_of

Place = tuple[int, int]  # number of the source, row in it
EdgeName = tuple[str, str, str, str, str]  # source kind, key, verb, target kind, key


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: new events, repeated ones, and places of rows that lost."""

    added: int
    repeated: int
    losers: tuple[tuple[Place, str], ...]

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(
            self.added + other.added, self.repeated + other.repeated, self.losers + other.losers
        )


def next_version(connection: sqlite3.Connection) -> int:
    """The number of this transaction; it only grows."""
    connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'clock'")
    (value,) = connection.execute("SELECT value FROM meta WHERE name = 'clock'").fetchone()
    return int(value)


@dataclass(frozen=True, slots=True)
class Named:
    """Rows of one table, ready for it: the key, digest, place and SQL values of each."""

    keys: Sequence[bytes]
    digests: Sequence[bytes]
    places: Sequence[Place]
    values: Sequence[tuple[Any, ...]]


class BatchWriter:
    """Writes one batch of one table inside a transaction that is open on ``connection``."""

    def __init__(self, connection: sqlite3.Connection, table: str, version: int) -> None:
        self._db = connection
        self._table = table
        self._version = version
        self._sql = sql.EVENTS[table]

    def write(self, rows: pa.RecordBatch, places: Sequence[Place]) -> Taken:
        """Take in ``rows``; ``places`` says where each came from."""
        named = Named(*identity(self._table, rows), places, values_of(rows))

        def add(fresh: Sequence[int]) -> None:
            every = len(fresh) == rows.num_rows
            taken = rows if every else rows.take(pa.array(fresh, pa.int64()))
            self._add(pa.Table.from_batches([taken]))

        return self._written(named, add)

    def write_events(self, events: Sequence[Event], places: Sequence[Place]) -> Taken:
        """Take in ``events``, row by row: a few cost a fifth of what group-bys of a few do."""
        identities = [identity_of(event) for event in events]
        keys, digests = zip(*identities, strict=True)
        named = Named(keys, digests, places, [values_of_event(event) for event in events])
        return self._written(named, lambda fresh: self._add_events([events[i] for i in fresh]))

    def _written(self, named: Named, add: Callable[[Sequence[int]], None]) -> Taken:
        """Put the rows down, ``add`` the sums of those that are new or won, settle the others."""
        keys, digests, places, values = named.keys, named.digests, named.places, named.values
        first_of, losers, repeated = _within(keys, digests, places)
        kept = sorted(first_of.values())
        self._db.execute("SAVEPOINT batch")
        (before,) = self._db.execute(sql.LAST_NUMBER[self._table]).fetchone()
        changes = self._db.total_changes
        self._db.executemany(
            self._sql.insert, [(keys[i], digests[i], *places[i], *values[i]) for i in kept]
        )
        fresh = kept
        replaced: list[tuple[Any, ...]] = []
        if self._db.total_changes - changes != len(kept):
            new = {key for (key,) in self._db.execute(self._sql.fresh, (before,))}
            fresh = [i for i in kept if keys[i] in new]
            for i in kept:
                if keys[i] not in new:
                    loser, old = self._settle(keys[i], digests[i], places[i], values[i])
                    losers += loser
                    repeated += not loser
                    replaced += old
                    fresh += [i] if old else []
        add(fresh)
        self.take_back(replaced)
        self._db.execute("RELEASE batch")
        return Taken(len(fresh) - len(replaced), repeated, tuple(losers))

    def _settle(
        self, key: bytes, digest: bytes, place: Place, values: tuple[Any, ...]
    ) -> tuple[list[tuple[Place, str]], list[tuple[Any, ...]]]:
        """The loser of two rows with one key, and the stored row if it is the loser."""
        known, source, row = self._db.execute(self._sql.digest, (key,)).fetchone()
        if known == digest:
            return [], []
        if known < digest:
            return [(place, key.hex())], []
        old = self._db.execute(self._sql.stored, (key,)).fetchone()
        self._db.execute(self._sql.replace, (digest, *place, *values, key))
        return [((source, row), key.hex())], [old]

    # ------------------------------------------------------------------------------ the sums
    def _add(self, rows: pa.Table) -> None:
        told = self._table == "signups"
        for kind, nodes in nodes_of(self._table, rows):
            own = told and kind is NodeType.ACCOUNT
            columns = (nodes[name].to_pylist() for name in ("key", "first", "a", "b"))
            self._db.executemany(
                sql.ADD_NODE,
                ((kind.value, *node, self._version, own) for node in zip(*columns, strict=True)),
            )
        for link in LINKS_OF.get(self._table, ()):
            columns = (column.to_pylist() for column in edges_of(link, rows).columns)
            source, target = link.source_kind.value, link.target_kind.value
            self._db.executemany(
                sql.ADD_EDGE,
                (
                    (source, s, link.verb, target, t, *sums, self._version)
                    for s, t, *sums in zip(*columns, strict=True)
                ),
            )
        if self._table == "enforcements":
            self._touch(rows["account_id"].unique().to_pylist())

    def _add_events(self, events: Sequence[Event]) -> None:
        told = self._table == "signups"
        nodes: list[tuple[Any, ...]] = []
        edges: list[tuple[Any, ...]] = []
        for event in events:
            facts = facts_of(event)
            for place, node in enumerate(facts.nodes):
                a, b = _pair(node)
                row = (node.kind.value, node.key, node.first_seen, a, b, self._version)
                nodes.append((*row, told and place == 0))
            for edge in facts.edges:
                source, target = edge.source.partition(":"), edge.target.partition(":")
                name = (source[0], source[2], edge.verb, target[0], target[2])
                edges.append((*name, edge.first_seen, edge.last_seen, 1, self._version))
        self._db.executemany(sql.ADD_NODE, nodes)
        self._db.executemany(sql.ADD_EDGE, edges)
        self._touch(event.account_id for event in events if isinstance(event, Enforcement))

    def _touch(self, accounts: Iterable[str]) -> None:
        self._db.executemany(sql.TOUCH_ACCOUNT, ((self._version, key) for key in accounts))

    def take_back(self, lost: Sequence[tuple[Any, ...]]) -> None:
        """Add up again whatever the lost rows had a part in."""
        if not lost:
            return
        rows = pa.Table.from_batches([batch_of(lost, SCHEMAS[self._table])])
        self._touch(
            rows["account_id"].unique().to_pylist() if self._table != "model_releases" else ()
        )
        for link in LINKS_OF.get(self._table, ()):
            self._again(link.verb, link.source_kind, link.target_kind, edges_of(link, rows))
        for kind, nodes in nodes_of(self._table, rows):
            self._node_again(kind, nodes["key"].to_pylist())

    def _again(self, verb: str, source: NodeType, target: NodeType, lost: pa.Table) -> None:
        pairs = list(zip(lost["source"].to_pylist(), lost["target"].to_pylist(), strict=True))
        asked = json.dumps(sorted({s for s, _ in pairs}))
        sums: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
        for link, statement in sql.EDGES_FROM:
            if link.verb == verb and pairs:
                for s, t, *found in self._db.execute(statement, (asked,)):
                    sums[s, t].append(tuple(found))
        for pair in pairs:
            first, last, count = _summed(sums.get(pair, []))
            name = (source.value, pair[0], verb, target.value, pair[1])
            self._db.execute(sql.SET_EDGE, (*name, first, last, count, self._version))

    def _node_again(self, kind: NodeType, keys: Sequence[str]) -> None:
        asked = json.dumps(keys)
        firsts: dict[str, int] = {}
        for named, statement in sql.FIRST_NAMED:
            for key, first in self._db.execute(statement, (asked,)) if named is kind else ():
                firsts[key] = min(first, firsts.get(key, first))
        for key in keys:
            if key in firsts:
                self._db.execute(sql.SET_NODE, (kind.value, key, firsts[key], self._version))
            else:
                self._db.execute(sql.LOSE_NODE, (kind.value, key, self._version))
        if kind.value in sql.SAID_OF:
            said = self._db.execute(sql.SAID_OF[kind.value], (asked,)).fetchall()
            self._db.executemany(sql.SET_SAID, ((kind.value, *row) for row in said))


def _pair(node: Node) -> tuple[Value | None, Value | None]:
    """The values of the columns ``a`` and ``b`` of a node."""
    columns = PROPERTY_COLUMNS.get(node.kind, ())
    a, b = (*(node.properties.get(name) for name, _ in columns), None, None)[:2]
    return a, b


def _within(
    keys: Sequence[bytes], digests: Sequence[bytes], places: Sequence[Place]
) -> tuple[dict[bytes, int], list[tuple[Place, str]], int]:
    """Of rows with one key in one batch, the one with the smallest digest; the others lose."""
    best: dict[bytes, int] = {}
    losers: list[tuple[Place, str]] = []
    repeated = 0
    for i, key in enumerate(keys):
        j = best.setdefault(key, i)
        if j == i:
            continue
        if digests[i] == digests[j]:
            repeated += 1
            continue
        lost = i if digests[j] < digests[i] else j
        best[key] = i + j - lost
        losers.append((places[lost], key.hex()))
    return best, losers, repeated


def _summed(parts: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    rows = list(parts)
    if not rows:
        return (0, 0, 0)
    return min(r[0] for r in rows), max(r[1] for r in rows), sum(r[2] for r in rows)


CONFLICT_COLUMN = "(whole row)"
CONFLICT_SHAPE = Reason.CONFLICT.value
