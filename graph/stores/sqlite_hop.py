"""The embedded store read for sign-ups: one hop around a few ids, in two statements of one row.

SQLite lets go of the interpreter at every row it gives, and a sign-up that is scored while others
are answered and written would wait for it at each: so both statements give a text, which is read
here, and rows for a score are made of it at once. Sign-ups that wait together are read together:
what a read costs beside its pages is paid once. What comes out is what
:func:`graph.stores.sqlite_read.around` gives (a test compares). A hub costs its ``per_id`` most
recent ties and is never counted or walked; the accounts on it, which are the same for whoever comes
next, are kept, and read again when they have changed.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, cast

import orjson

from graph.facts import NEVER
from graph.near import Entity, Near
from graph.schema import NodeType
from graph.snapshot import Snapshot
from graph.stores.batch import key_of
from graph.stores.piece import FIELDS, PROPERTIES, Piece, Published, laid_later
from graph.stores.sqlite_read import (
    EDGE,
    IN,
    OUT,
    EdgeTuple,
    Row,
    Walk,
    Words,
    generation_of,
    published_of,
    slices_of,
)
from graph.stores.sqlite_schema import COLUMNS

# Accounts of an entity that so many came to are kept for the next who comes.
CROWD = 20
KEPT_MOST = 20_000
_TIES = (
    "(SELECT json_group_array(json_array(source, verb, target, first_seen, last_seen, count)) "  # noqa: S608
    f"FROM ({EDGE} WHERE {{}} = node.number AND count > 0 "
    "ORDER BY last_seen DESC LIMIT :limit))"
)
_VISIBLE = "(SELECT value FROM meta WHERE name = 'generation')"
# CROSS JOIN keeps this order of the tables: the ids as asked, a look into the index for each.
NAMED = (
    "SELECT json_group_array(json_array(asked.key, number, "  # noqa: S608
    f"{_TIES.format('source')}, {_TIES.format('target')})), {_VISIBLE}, "
    "(SELECT json_group_array(json_array(kind, names)) FROM shape "
    # The number stands before the "@".
    f"WHERE generation = CAST({_VISIBLE} AS INTEGER)) "
    "FROM json_each(:asked) AS asked CROSS JOIN node "
    "ON kind = json_extract(asked.value, '$[0]') AND node.key = json_extract(asked.value, '$[1]') "
    f"WHERE node.first_seen < {NEVER:d} "
    # A second row, never read: until it is, all statements see the moment that this one saw.
    "UNION ALL SELECT NULL, NULL, NULL"
)
# A node's version says its content, and its degree may change without it. Nodes that no journal
# told (version 0 and below) are read every time.
_STAMP = "(version << 20) + degree"
_OTHERS = tuple(
    dict.fromkeys(n for kind in NodeType if kind is not NodeType.ACCOUNT for n in PROPERTIES[kind])
)
_SLICE = slices_of(_OTHERS)


def _told_as(names: Iterable[str]) -> str:
    told = ", ".join(["number, kind, node.key, first_seen, degree", *(COLUMNS[n] for n in names)])
    return (
        f"json_array({told}, iif(version > 0, {_STAMP}, 0), "  # noqa: S608
        "json((SELECT list FROM published WHERE generation = :generation AND node = number)))"
    )


# Asked are numbers, each with the stamp of what is kept of it; what still holds is its number. An
# account has most properties and an entity few: neither is told those that only the other can have.
MET = (
    "SELECT json_group_array(CASE "  # noqa: S608
    f"WHEN version > 0 AND {_STAMP} = asked.value THEN number "
    f"WHEN kind = :account THEN {_told_as(PROPERTIES[NodeType.ACCOUNT])} "
    f"ELSE {_told_as(_OTHERS)} END) "
    "FROM json_each(:asked) AS asked CROSS JOIN node ON number = CAST(asked.key AS INTEGER)"
)


class Met(NamedTuple):
    """A node as a generation shows it.

    ``row`` is as :func:`graph.stores.piece.node_table` wants it, ``values`` what was published of
    it (None: nothing), ``cells`` both, as :class:`~graph.near.Near` has them.
    """

    generation: int
    stamp: int
    kind: NodeType
    row: tuple[Any, ...]
    values: Sequence[object] | None
    cells: Row


Kept = dict[int, Met]
"""Accounts on hubs, by number; shared by the threads that read."""
Ties = Mapping[int, Sequence[EdgeTuple]]


def one_hop(
    db: sqlite3.Connection, words: Words, kept: Kept, asks: Sequence[Sequence[str]], per_id: int
) -> list[Snapshot]:
    """The law of ``GraphStore.neighbourhoods``; ``kept`` is used and added to."""
    return Hop(db, words, kept).around(asks, per_id)


class Hop(Walk):
    """A walk of one step from everything that several ask for."""

    def __init__(self, db: sqlite3.Connection, words: Words, kept: Kept) -> None:
        super().__init__(db, words)
        self._kept = kept
        self._met: dict[int, Met] = {}

    def around(self, asks: Sequence[Sequence[str]], limit: int) -> list[Snapshot]:
        """For each ask the named nodes and their most recent neighbours, ``limit`` each way."""
        ids = list(dict.fromkeys(chain.from_iterable(asks)))
        asked = [(self._words.number[kind.value], key) for kind, key in map(key_of, ids)]
        given = {"asked": json.dumps(asked), "limit": limit + 1}
        with closing(self._db.execute(NAMED, given)) as named:
            found, shown, shaped = named.fetchone()
            number_of, ties = {}, {}
            for place, number, out, into in orjson.loads(found):
                number_of[ids[place]] = number
                ties[number] = self._both(number, out, into, limit)
            generation, published = generation_of(shown), _published_of(shaped)
            self._read(ties, generation[0], _of_accounts(published))
            for number, edges in ties.items():
                if len(edges) > limit:
                    ties[number] = self._first(number, edges, limit)
        named_by = ([number_of[i] for i in ask if i in number_of] for ask in asks)
        return [
            self._told({n: ties[n] for n in numbers}, generation, published) for numbers in named_by
        ]

    def _told(
        self, ties: Ties, generation: tuple[int, int], published: Mapping[str, Published]
    ) -> Snapshot:
        """The answer to one ask: what it named, with its ties, as ``generation`` shows it."""
        number, as_of = generation
        ends, columns = _ends(ties.values(), ties), _of_accounts(published)
        return laid_later(
            as_of,
            number,
            lambda: self._gathered(ties, ends, published),
            lambda: self._near(ties, ends, (as_of, number), columns),
        )

    def _both(
        self, number: int, out: list[EdgeTuple], into: list[EdgeTuple], limit: int
    ) -> list[EdgeTuple]:
        """Edges of a node, each way the first ``limit`` by the order of the law."""
        found = out + into
        if len(out) > limit or len(into) > limit:
            found = self._cut(OUT, number, out, limit) + self._cut(IN, number, into, limit)
        return cast("list[EdgeTuple]", list(map(tuple, found)))  # JSON has lists

    def _first(self, number: int, edges: list[EdgeTuple], limit: int) -> list[EdgeTuple]:
        """The first ``limit`` of both ways together; ids matter where moments are equal."""
        recent = sorted(dict.fromkeys(edges), key=_LAST, reverse=True)
        if len(recent) <= limit or _LAST(recent[limit - 1]) != _LAST(recent[limit]):
            return recent[:limit]
        self.nodes = {n: (met.kind, met.row) for n, met in self._met.items()}
        return self.ordered(number, edges)[:limit]

    def _read(self, ties: Ties, generation: int, columns: Published) -> None:
        """The named nodes and the ends of their edges, with what the generation says of them."""
        asked = dict.fromkeys(_ends(ties.values(), ties), 0)
        crowded: dict[int, None] = {}
        for edges in ties.values():
            if len(edges) > CROWD:
                crowded |= _ends([edges])
        for end in crowded:
            held = self._kept.get(end)
            if held is not None and held.generation == generation:
                self._met[end] = held
                asked[end] = held.stamp
        account = self._words.number[NodeType.ACCOUNT.value]
        text = orjson.dumps(asked, option=orjson.OPT_NON_STR_KEYS).decode()
        given = {"asked": text, "generation": generation, "account": account}
        blank = (None,) * len(columns.types)
        for row in orjson.loads(self._db.execute(MET, given).fetchone()[0]):
            if not isinstance(row, int):
                met = self._taken(row, generation, blank)
                if met.stamp and met.kind is NodeType.ACCOUNT and row[0] in crowded:
                    self._keep_met(row[0], met)

    def _taken(self, row: list[Any], generation: int, blank: Row) -> Met:
        values, stamp, kind = row.pop(), row.pop(), self._words.kind[row[1]]
        told: Row
        if kind is NodeType.ACCOUNT:
            told = tuple(row[2:])
            cells = (*told, *(values or blank))
        else:
            told, cells = _SLICE[kind](row), ()
        met = self._met[row[0]] = Met(generation, stamp, kind, told, values, cells)
        return met

    def _keep_met(self, number: int, met: Met) -> None:
        if len(self._kept) >= KEPT_MOST:
            self._kept.clear()
        self._kept[number] = met

    def _near(
        self, ties: Ties, ends: Iterable[int], of: tuple[int, int], columns: Published
    ) -> Near:
        """The answer as plain rows: what :meth:`graph.stores.piece.Piece.near` makes of it."""
        met, account = self._met, NodeType.ACCOUNT
        keys: dict[int, str] = {}
        accounts: dict[str, Row] = {}
        entities: dict[int, Entity] = {}
        named: dict[str, Entity] = {}
        for number in ends:
            _, _, kind, row, _, cells = met[number]
            if kind is account:
                keys[number] = key = row[0]
                accounts[key] = cells
            else:
                named[f"{kind.value}:{row[0]}"] = entity = Entity(row[1], row[2] or 0)
                entities[number] = entity
        self._tie(ties, keys, entities)
        places = {name: n for n, name in enumerate((*FIELDS[account], *columns.types))}
        return Near(*of, places, dict(sorted(accounts.items())), named)

    def _tie(self, ties: Ties, keys: Mapping[int, str], entities: Mapping[int, Entity]) -> None:
        """Tell entities who holds them and how many others they lead on to."""
        verbs = self._words.verb
        for source, verb, target, first, _, _ in _each_once(ties):
            entity = entities.get(target)
            if entity is None:
                continue
            if source in keys:
                entity.holders.append((verbs[verb], keys[source], first))
            else:
                entities[source].leading_on += 1
        for entity in entities.values():
            entity.holders.sort(key=_HOLDER)

    def _gathered(
        self, ties: Ties, ends: Iterable[int], published: Mapping[str, Published]
    ) -> Piece:
        """The answer for who wants tables."""
        met, found = {n: self._met[n] for n in ends}, Piece()
        found.published = published
        found.nodes = {number: (one.kind, one.row) for number, one in met.items()}
        found.values = {n: one.values for n, one in met.items() if one.values is not None}
        for source, verb, target, first, last, count in _each_once(ties):
            found.edges[self._words.verb[verb], source, target] = (first, last, count)
        return found


@lru_cache(maxsize=8)
def _published_of(shaped: str) -> Mapping[str, Published]:
    """The columns of each kind, as a generation's rows of ``shape`` name them."""
    return {kind: published_of(names) for kind, names in json.loads(shaped)}


def _of_accounts(published: Mapping[str, Published]) -> Published:
    return published.get(NodeType.ACCOUNT.value, Published())


def _ends(groups: Iterable[Sequence[EdgeTuple]], first: Iterable[int] = ()) -> dict[int, None]:
    """``first`` and the ends of edges, each once."""
    found = dict.fromkeys(first)
    for edges in groups:
        found.update(dict.fromkeys(map(_SOURCE, edges)))
        found.update(dict.fromkeys(map(_TARGET, edges)))
    return found


def _each_once(ties: Ties) -> Iterator[EdgeTuple]:
    """Every edge; one between two that were named is met from both."""
    seen: set[EdgeTuple] = set()
    for edges in ties.values():
        for edge in edges:
            if edge[0] in ties and edge[2] in ties:
                if edge in seen:
                    continue
                seen.add(edge)
            yield edge


_SOURCE, _TARGET, _LAST, _HOLDER = itemgetter(0), itemgetter(2), itemgetter(4), itemgetter(1)
