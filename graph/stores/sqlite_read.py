"""A neighbourhood read from the embedded store, and what every reading of it knows.

Every function runs inside one read transaction of its caller, so that what it gives is one moment
and one generation. Order among neighbours is "most recently tied first, then by id": the indexes
give the first half, the few that tie at a cut are ordered here. A page of neighbours is in
``sqlite_page``, the whole graph in ``sqlite_whole``.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from graph.facts import NEVER
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot
from graph.stores.batch import WRITTEN_VERBS, key_of
from graph.stores.cursor import directed
from graph.stores.piece import PROPERTIES, Piece, Published
from graph.stores.sqlite_schema import COLUMNS, PROPERTY_NAMES

# Neighbours tied in the same microsecond at a cut: beyond so many, which of them are shown is
# the store's choice; it bounds what a hub built from whole-day timestamps can cost.
TIES = 1_000
# Ids from which one statement for all of them is quicker than one each.
FEW = 40
WIDE = ", ".join(COLUMNS.values())
_NODE = f"SELECT number, kind, key, first_seen, degree, {WIDE} FROM node "  # noqa: S608
# CROSS JOIN keeps this order of the tables: the ids as asked, a look into the index for each.
_BY_ID = (
    f"SELECT number, kind, node.key, first_seen, degree, {WIDE} "  # noqa: S608
    "FROM json_each(?) AS asked CROSS JOIN node "
    "ON kind = json_extract(asked.value, '$[0]') AND node.key = json_extract(asked.value, '$[1]') "
    f"WHERE first_seen < {NEVER:d}"
)
_BY_KEYS = _NODE + (  # noqa: S608
    "WHERE kind = ? AND key IN (SELECT value FROM json_each(?)) " + f"AND first_seen < {NEVER:d}"
)
_BY_NUMBER = _NODE + "WHERE number IN (SELECT value FROM json_each(?))"  # noqa: S608
_PUBLISHED = (
    "SELECT node, list FROM published "
    "WHERE generation = ? AND node IN (SELECT value FROM json_each(?))"
)
EDGE = "SELECT source, verb, target, first_seen, last_seen, count FROM edge "
OUT = EDGE + "WHERE source = :node AND count > 0 "
IN = EDGE + "WHERE target = :node AND count > 0 "
_OUT_ENTITIES = OUT + "AND verb IN (SELECT value FROM json_each(:entities)) "  # noqa: S608
_TIED = {
    side: "SELECT tied.source, tied.verb, tied.target, tied.first_seen, tied.last_seen, tied.count "  # noqa: S608
    f"FROM ({side} AND last_seen = :moment LIMIT :ties) AS tied "
    f"CROSS JOIN node AS other ON other.number = tied.{other} "
    "CROSS JOIN word AS kind ON kind.number = other.kind "
    "CROSS JOIN word AS said ON said.number = tied.verb "
    "ORDER BY kind.name, other.key, said.name LIMIT :wanted"
    for side, other in ((OUT, "target"), (_OUT_ENTITIES, "target"), (IN, "source"))
}
_RECENT = "ORDER BY last_seen DESC LIMIT :limit"
_SIDE = (
    f"SELECT ?, * FROM ({EDGE} WHERE {{}} = ? AND count > 0 "  # noqa: S608
    "ORDER BY last_seen DESC LIMIT ?)"
)
_OUT_SIDE, _IN_SIDE = _SIDE.format("source"), _SIDE.format("target")
# How many sides of nodes are asked for in one statement.
_SIDES = 64


def slices_of(told: Sequence[str]) -> Mapping[NodeType, Callable[[Sequence[Any]], "Row"]]:
    """Key, first time, degree and a kind's own properties of a row, by kind.

    A row begins as one of ``_NODE`` does, and goes on with the properties ``told``.
    """
    place = {name: 5 + n for n, name in enumerate(told)}
    return {
        kind: itemgetter(2, 3, 4, *map(place.__getitem__, names))
        for kind, names in PROPERTIES.items()
        if place.keys() >= set(names)
    }


_SLICE = slices_of(PROPERTY_NAMES)
_HAS_OUT = frozenset(spec.source for spec in WRITTEN_VERBS.values())
_HAS_IN = frozenset(spec.target for spec in WRITTEN_VERBS.values())
TO_ENTITIES = tuple(v for v, s in WRITTEN_VERBS.items() if s.target is not NodeType.ACCOUNT)
EdgeTuple = tuple[int, int, int, int, int, int]
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The store's numbers for kinds and verbs, both ways; of verbs to entities also as JSON."""

    number: Mapping[str, int]
    kind: Mapping[int, NodeType]
    verb: Mapping[int, str]
    entities: str

    @classmethod
    def read(cls, db: sqlite3.Connection) -> "Words":
        """The words of the store open on ``db``."""
        number = {name: n for n, name in db.execute("SELECT number, name FROM word")}
        kinds = {number[kind.value]: kind for kind in NodeType}
        verbs = {number[verb]: verb for verb in EDGE_OF}
        return cls(number, kinds, verbs, json.dumps([number[verb] for verb in TO_ENTITIES]))


def meta_of(db: sqlite3.Connection, name: str) -> str | None:
    """The value kept under ``name``, or None."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def visible(db: sqlite3.Connection) -> tuple[int, int]:
    """Number and ``as_of`` of the visible generation; ``(0, 0)`` before the first."""
    return generation_of(meta_of(db, "generation"))


def generation_of(found: str | None) -> tuple[int, int]:
    """Number and ``as_of`` (us) out of what is kept of the visible generation."""
    number, _, as_of = (found or "0@0").partition("@")
    return (int(number), int(as_of))


def shapes(db: sqlite3.Connection, generation: int) -> dict[str, Published]:
    """The columns that ``generation`` gives each kind."""
    rows = db.execute("SELECT kind, names FROM shape WHERE generation = ?", (generation,))
    return {kind: published_of(names) for kind, names in rows}


@lru_cache(maxsize=64)
def published_of(names: str) -> Published:
    """The columns that a row of ``shape`` names."""
    return Published(json.loads(names))


def around(
    db: sqlite3.Connection, words: Words, ids: Sequence[str], per_id: int, hops: int
) -> Snapshot:
    """The law of ``GraphStore.neighbourhood``; few ids and one hop: :mod:`sqlite_hop`."""
    walk = Walk(db, words)
    named = walk.find(ids)
    first = walk.recent(named, per_id)
    walk.meet(first.values())
    reached: dict[int, None] = {}
    for number, edges in first.items():
        for edge in walk.keep(number, edges, per_id):
            other = edge[2] if edge[0] == number else edge[0]
            if hops > 1 and other not in first and walk.crosses(number, other):
                reached[other] = None
    if hops > 1:
        second = {number: walk.onward(number, per_id) for number in reached}
        walk.meet(second.values())
        for number, edges in second.items():
            walk.keep(number, edges, per_id)
    return walk.snapshot()


@lru_cache(maxsize=256)
def _of_sides(sides: tuple[bool, ...]) -> str:
    """The statement for so many sides of nodes: out (True) or in."""
    return " UNION ALL ".join(_OUT_SIDE if out else _IN_SIDE for out in sides)


class Walk:
    """Nodes and edges met so far, and those of them that the answer keeps."""

    def __init__(self, db: sqlite3.Connection, words: Words) -> None:
        self._db = db
        self._words = words
        self.nodes: dict[int, tuple[NodeType, Row]] = {}
        self._piece = Piece()

    def find(self, ids: Iterable[str]) -> list[int]:
        """The numbers of the ids that exist, each once, in the order asked."""
        asked = [key_of(identity) for identity in dict.fromkeys(ids)]
        rows = self._few(asked) if len(asked) <= FEW else self._many(asked)
        numbers: dict[int, None] = {}
        for row in rows:
            self._take(row)
            numbers[row[0]] = None  # type: ignore[index]
            self._piece.nodes[row[0]] = self.nodes[row[0]]  # type: ignore[index]
        return list(numbers)

    def _few(self, asked: Sequence[tuple[NodeType, str]]) -> Iterator[Row]:
        """The rows of some ids, in the order asked: one statement, a look-up each."""
        pairs = [(self._words.number[kind.value], key) for kind, key in asked]
        yield from self._db.execute(_BY_ID, (json.dumps(pairs),))

    def _many(self, asked: Sequence[tuple[NodeType, str]]) -> Iterator[Row]:
        """The rows of some ids, a statement a kind, in the order asked."""
        by_kind: dict[NodeType, list[str]] = {}
        for kind, key in asked:
            by_kind.setdefault(kind, []).append(key)
        found: dict[tuple[NodeType, str], Row] = {}
        for kind, keys in by_kind.items():
            given = (self._words.number[kind.value], json.dumps(keys))
            found.update(((kind, row[2]), row) for row in self._db.execute(_BY_KEYS, given))
        return (found[place] for place in asked if place in found)

    def recent(self, numbers: Sequence[int], limit: int) -> dict[int, list[EdgeTuple]]:
        """Edges of nodes, most recent first: ``limit`` each way.

        All nodes' in one statement: each gives up the interpreter for a while, so a sign-up that is
        scored among others waits once and not a dozen times.
        """
        found: dict[int, list[EdgeTuple]] = {number: [] for number in numbers}
        sides = [
            (number, out)
            for number in numbers
            for out, kinds in ((True, _HAS_OUT), (False, _HAS_IN))
            if self.nodes[number][0] in kinds
        ]
        for start in range(0, len(sides), _SIDES):
            part = sides[start : start + _SIDES]
            rows: list[list[EdgeTuple]] = [[] for _ in part]
            asked = [v for place, (n, _) in enumerate(part) for v in (place, n, limit + 1)]
            for place, *edge in self._db.execute(_of_sides(tuple(o for _, o in part)), asked):
                rows[place].append(tuple(edge))
            for (number, out), edges in zip(part, rows, strict=True):
                found[number] += self._cut(OUT if out else IN, number, edges, limit)
        return found

    def onward(self, number: int, limit: int) -> list[EdgeTuple]:
        """Edges from an account to its entities, or from an entity to its accounts."""
        account = self.nodes[number][0] is NodeType.ACCOUNT
        return self._one_way(_OUT_ENTITIES if account else IN, number, limit)

    def crosses(self, number: int, other: int) -> bool:
        """Whether one of two nodes is an account and the other an entity."""
        kinds = {
            self.nodes[number][0] is NodeType.ACCOUNT,
            self.nodes[other][0] is NodeType.ACCOUNT,
        }
        return len(kinds) == 2

    def _one_way(self, side: str, number: int, limit: int) -> list[EdgeTuple]:
        asked = {"node": number, "limit": limit + 1, "entities": self._words.entities}
        rows: list[EdgeTuple] = self._db.execute(side + _RECENT, asked).fetchall()
        return self._cut(side, number, rows, limit)

    def _cut(self, side: str, number: int, rows: list[EdgeTuple], limit: int) -> list[EdgeTuple]:
        """The first ``limit`` of one more than that; ids say which, where moments are equal."""
        if len(rows) <= limit or limit == 0 or rows[limit][4] != rows[limit - 1][4]:
            return rows[:limit]
        moment = rows[limit][4]
        before = [row for row in rows if row[4] != moment]
        asked = {"node": number, "moment": moment, "ties": TIES, "entities": self._words.entities}
        asked["wanted"] = limit - len(before)
        return before + self._db.execute(_TIED[side], asked).fetchall()

    def meet(self, groups: Iterable[Iterable[EdgeTuple]]) -> None:
        """Read the nodes at the ends of edges, all of them in one statement."""
        ends = {end for edges in groups for edge in edges for end in (edge[0], edge[2])}
        missing = [end for end in ends if end not in self.nodes]
        if missing:
            for row in self._db.execute(_BY_NUMBER, (json.dumps(missing),)):
                self._take(row)

    def keep(self, number: int, edges: list[EdgeTuple], limit: int) -> list[EdgeTuple]:
        """Put the first ``limit`` edges of a node, in the order of the law, into the answer."""
        # Order matters only where something is cut: the answer has an order of its own.
        kept = edges if len(edges) <= limit else self.ordered(number, edges)[:limit]
        verbs, known = self._words.verb, self.nodes
        to_nodes, to_edges = self._piece.nodes, self._piece.edges
        for source, verb, target, first, last, count in kept:
            to_edges[verbs[verb], source, target] = (first, last, count)
            to_nodes[source], to_nodes[target] = known[source], known[target]
        return kept

    def take_all(self, edges: Iterable[EdgeTuple]) -> None:
        """Put edges between nodes that the answer has into the answer."""
        for source, verb, target, first, last, count in edges:
            self._piece.edges[self._words.verb[verb], source, target] = (first, last, count)

    def ordered(self, number: int, edges: list[EdgeTuple]) -> list[EdgeTuple]:
        """Edges of a node, each once, most recently tied first, then by the neighbour's id."""
        return sorted(dict.fromkeys(edges), key=lambda edge: self.rank(number, edge))

    def rank(self, number: int, edge: EdgeTuple) -> tuple[int, str, str, str]:
        """Where an edge of a node stands in the order of the law."""
        out = edge[0] == number
        kind, row = self.nodes[edge[2] if out else edge[0]]
        return (-edge[4], kind.value, str(row[0]), directed(self._words.verb[edge[1]], out=out))

    def snapshot(self) -> Snapshot:
        """What was kept, with the columns of the visible generation."""
        number, as_of = visible(self._db)
        piece = self._piece
        piece.published = shapes(self._db, number)
        if piece.published:
            asked = (number, json.dumps(list(piece.nodes)))
            rows = self._db.execute(_PUBLISHED, asked).fetchall()
            lists = json.loads(f"[{','.join(text for _, text in rows)}]")
            piece.values = dict(zip((node for node, _ in rows), lists, strict=True))
        return piece.snapshot(as_of, number)

    def _take(self, row: Row) -> None:
        kind = self._words.kind[row[1]]  # type: ignore[index]
        self.nodes[row[0]] = (kind, _SLICE[kind](row))  # type: ignore[index]
