"""Facts into the embedded store, a transaction a batch.

The law of versions is in the upserts of ``sqlite_schema``. Here ends of edges get their numbers,
and degrees follow: a batch is laid in a temporary table, compared with what is there, and each node
learns in one update by how much its degree changed (triggers, an update for each end of each edge,
took half of the throughput). It knows nothing of how the graph is read.
"""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from graph.schema import NODE_PROPERTIES, NodeType
from graph.stores.batch import WRITTEN_VERBS, Batch
from graph.stores.sqlite_schema import (
    CHANGED_EXISTENCE,
    CLEAR_INTAKE,
    FILL_INTAKE,
    UPSERT_EDGES,
    UPSERT_END,
    UPSERT_NODE,
)

# CROSS JOIN keeps this order of the tables: one look into the index of nodes for each key.
_NUMBERS = (
    "SELECT node.key, number, first_seen FROM json_each(?) AS asked "
    "CROSS JOIN node ON node.kind = ? AND node.key = asked.value"
)
_DEGREE = "UPDATE node SET degree = degree + ? WHERE number = ?"


def write_batch(db: sqlite3.Connection, batch: Batch, words: Mapping[str, int]) -> None:
    """Write ``batch`` within the transaction that is open on ``db``.

    Args:
        db: a connection that holds the write lock.
        batch: facts, each node and edge once.
        words: the store's number of each kind and verb.
    """
    for kind, rows in _node_rows(batch, words).items():
        db.executemany(UPSERT_NODE[kind], rows)
    if not batch.edges:
        return
    numbers = _numbers(db, batch, words)
    db.execute(CLEAR_INTAKE)
    db.executemany(FILL_INTAKE, _edge_rows(batch, words, numbers))
    changed = db.execute(CHANGED_EXISTENCE).fetchall()
    db.execute(UPSERT_EDGES)
    db.executemany(_DEGREE, _degrees(changed))


def _node_rows(
    batch: Batch, words: Mapping[str, int]
) -> Mapping[NodeType, list[tuple[object, ...]]]:
    rows: dict[NodeType, list[tuple[object, ...]]] = defaultdict(list)
    for (kind, key), (first, version, properties) in batch.nodes.items():
        values = map(properties.get, NODE_PROPERTIES[kind])
        rows[kind].append((words[kind], key, first, version, *values))
    return rows


def _numbers(
    db: sqlite3.Connection, batch: Batch, words: Mapping[str, int]
) -> dict[NodeType, dict[str, int]]:
    """The number of every end of an edge; ends that do not exist, or existed later, are written."""
    numbers: dict[NodeType, dict[str, int]] = {}
    for kind, ends in batch.ends.items():
        numbers[kind], late = _found(db, words[kind], ends)
        absent = [key for key in ends if key not in numbers[kind]]
        news = ((words[kind], key, ends[key]) for key in (*late, *absent))
        db.executemany(UPSERT_END, news)
        if absent:
            numbers[kind] |= _found(db, words[kind], {key: ends[key] for key in absent})[0]
    return numbers


def _found(
    db: sqlite3.Connection, word: int, ends: Mapping[str, int]
) -> tuple[dict[str, int], list[str]]:
    """Numbers of the keys that exist, and those of them that must learn of an earlier moment."""
    numbers, late = {}, []
    # In the order of the index, so that neighbouring keys are on one page.
    for key, number, first_seen in db.execute(_NUMBERS, (json.dumps(sorted(ends)), word)):
        numbers[key] = number
        if first_seen > ends[key]:
            late.append(key)
    return numbers, late


def _edge_rows(
    batch: Batch, words: Mapping[str, int], numbers: Mapping[NodeType, Mapping[str, int]]
) -> list[tuple[int, int, int, int, int, int, int]]:
    """Edges by number, in the order of their table, which keeps neighbouring pages warm."""
    rows = []
    spelled = {
        verb: (numbers.get(spec.source, {}), words[verb], numbers.get(spec.target, {}))
        for verb, spec in WRITTEN_VERBS.items()
    }
    for (verb, source, target), (first, last, count, version) in batch.edges.items():
        sources, word, targets = spelled[verb]
        rows.append((sources[source], word, targets[target], first, last, count, version))
    rows.sort()
    return rows


def _degrees(changed: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(change, number) of each node; ``changed`` has source, target and +1 or -1 an edge."""
    total: Counter[int] = Counter()
    for source, target, change in changed:
        total[source] += change
        if target != source:
            total[target] += change
    return sorted((change, number) for number, change in total.items() if change)
