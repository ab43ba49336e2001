"""Facts into the embedded store, a transaction a batch.

The law of versions is in the upserts of ``sqlite_schema``; here the ends of edges get their numbers
and rows are bound to parameters. It knows nothing of how the graph is read.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from graph.schema import EDGE_OF, NodeType
from graph.stores.batch import Batch, NodeKey
from graph.stores.sqlite_schema import PROPERTY_NAMES, UPSERT_EDGE, UPSERT_END, UPSERT_NODE

_NUMBER = "SELECT number FROM node WHERE kind = ? AND key = ?"


def write_batch(db: sqlite3.Connection, batch: Batch, words: Mapping[str, int]) -> None:
    """Write ``batch`` within the transaction that is open on ``db``.

    Args:
        db: a connection that holds the write lock.
        batch: facts, each node and edge once.
        words: the store's number of each kind and verb.
    """
    db.executemany(UPSERT_NODE, _node_rows(batch, words))
    ends = ((words[kind], key, first) for (kind, key), first in batch.ends.items())
    db.executemany(UPSERT_END, ends)
    db.executemany(UPSERT_EDGE, _edge_rows(db, batch, words))


def _node_rows(batch: Batch, words: Mapping[str, int]) -> Iterator[tuple[object, ...]]:
    blank = (None,) * len(PROPERTY_NAMES)
    for (kind, key), (first, version, properties) in batch.nodes.items():
        values: Iterable[object] = blank
        if properties:
            values = map(properties.get, PROPERTY_NAMES)
        yield (words[kind], key, first, version, *values)


def _edge_rows(
    db: sqlite3.Connection, batch: Batch, words: Mapping[str, int]
) -> list[tuple[int, ...]]:
    """Edges by number, in the order of their table, which keeps neighbouring pages warm."""
    numbers: dict[NodeKey, int] = {}

    def number(kind: NodeType, key: str) -> int:
        known = numbers.get((kind, key))
        if known is None:
            known = db.execute(_NUMBER, (words[kind], key)).fetchone()[0]
            numbers[kind, key] = known
        return known

    rows = []
    for (verb, source, target), seen in batch.edges.items():
        spec = EDGE_OF[verb]
        rows.append((number(spec.source, source), words[verb], number(spec.target, target), *seen))
    rows.sort()
    return rows
