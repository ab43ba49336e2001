"""One page of a node's neighbours from the embedded store, by a keyset cursor.

A page costs what it shows, not what the node has: edges are read from the index in the order of
the law until the page is full, and the total comes from the stored degree.
"""

import heapq
import json
import sqlite3
from collections.abc import Iterator
from itertools import islice

from graph.errors import NotFound
from graph.schema import NodeType
from graph.store import Page
from graph.stores.batch import WRITTEN_VERBS
from graph.stores.cursor import START, Rank, decode, encode
from graph.stores.sqlite_read import EDGE, EdgeTuple, Walk, Words

_MORE = (
    "count > 0 AND last_seen <= ? AND verb IN (SELECT value FROM json_each(?)) "
    "ORDER BY last_seen DESC"
)
_OUT = EDGE + "WHERE source = ? AND " + _MORE
_IN = EDGE + "WHERE target = ? AND source <> target AND " + _MORE


def page_of(
    db: sqlite3.Connection,
    words: Words,
    identity: str,
    kind: NodeType | None,
    window: tuple[int, str | None],
) -> Page:
    """The law of ``GraphStore.neighbours``; ``window`` is (limit, cursor).

    Raises:
        NotFound: if there is no such node.
        InputError: if the cursor is none of ours.
    """
    limit, cursor = window
    after = decode(cursor) if cursor else START
    walk = Walk(db, words)
    found = walk.find([identity])
    if not found:
        raise NotFound(f"no node {identity!r}")
    number = found[0]
    verbs = _verbs_between(words, walk.nodes[number][0], kind)
    stream = _merged(db, number, -after[0], verbs)
    shown = list(islice(_after(walk, number, stream, after), limit + 1))
    walk.keep(number, shown[:limit], limit)
    more = encode(walk.rank(number, shown[limit - 1])) if len(shown) > limit else None
    return Page(walk.snapshot(), _total(db, words, walk, number, kind), more)


def _after(
    walk: Walk, number: int, stream: Iterator[EdgeTuple], after: Rank
) -> Iterator[EdgeTuple]:
    """Edges of ``stream`` that come after ``after`` in the order of the law, read as needed."""
    pushed: list[EdgeTuple] = []
    while chunk := pushed + list(islice(stream, 100)):
        pushed = []
        # All that tie with the last one are needed before its moment can be put in order.
        for edge in stream:
            if edge[4] != chunk[-1][4]:
                pushed = [edge]
                break
            chunk.append(edge)
        walk.meet([chunk])
        for edge in walk.ordered(number, chunk):
            if walk.rank(number, edge) > after:
                yield edge


def _merged(
    db: sqlite3.Connection, number: int, before: int, verbs: tuple[str, str]
) -> Iterator[EdgeTuple]:
    """Edges of both directions with ``last_seen`` <= ``before``, most recent first."""
    out = db.execute(_OUT, (number, before, verbs[0]))
    into = db.execute(_IN, (number, before, verbs[1]))
    return heapq.merge(out, into, key=lambda edge: -edge[4])


def _verbs_between(words: Words, own: NodeType, other: NodeType | None) -> tuple[str, str]:
    """JSON lists of the verbs that lead from ``own`` to ``other`` (None: any), and back."""
    out = [
        words.number[v]
        for v, spec in WRITTEN_VERBS.items()
        if spec.source is own and other in (None, spec.target)
    ]
    into = [
        words.number[v]
        for v, spec in WRITTEN_VERBS.items()
        if spec.target is own and other in (None, spec.source)
    ]
    return json.dumps(out), json.dumps(into)


def _total(
    db: sqlite3.Connection, words: Words, walk: Walk, number: int, kind: NodeType | None
) -> int:
    """How many edges tie a node to nodes of ``kind`` (None: any), without reading a hub's edges.

    Every kind is tied to by one kind alone, and a node's own edges out are few beside those that
    lead to a hub: those in are its degree less those out.
    """
    own, row = walk.nodes[number]
    degree = int(str(row[2]))
    if kind is None:
        return degree
    counted = db.execute(
        "SELECT verb, count(*) FROM edge WHERE source = ? AND count > 0 GROUP BY verb", (number,)
    )
    out = {words.verb[verb]: int(n) for verb, n in counted}
    total = sum(n for verb, n in out.items() if WRITTEN_VERBS[verb].target is kind)
    if any(s.target is own and s.source is kind for s in WRITTEN_VERBS.values()):
        total += degree - sum(out.values())
    return total
