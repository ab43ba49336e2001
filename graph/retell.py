"""A snapshot told as facts again: from one store into another, or a benchmark's graph into a store.

The facts say exactly what the snapshot holds, so a store that takes them in gives the same snapshot
(published columns apart: a refresh makes those). It knows nothing of stores.
"""

from collections.abc import Iterator
from itertools import islice

from graph.facts import Edge, Facts, Node
from graph.schema import EDGE_OF, NODE_PROPERTIES, NodeType
from graph.snapshot import Snapshot


def retell(snapshot: Snapshot, size: int = 20_000, version: int = 0) -> Iterator[Facts]:
    """The nodes of ``snapshot``, then its edges, in batches of at most ``size``.

    Args:
        snapshot: what to tell.
        size: facts a batch.
        version: of every fact told.
    """
    for kind in snapshot.nodes:
        nodes = _nodes(snapshot, kind, version)
        while batch := tuple(islice(nodes, size)):
            yield Facts(batch)
    for verb in snapshot.edges:
        edges = _edges(snapshot, verb, version)
        while told := tuple(islice(edges, size)):
            yield Facts((), told)


def _nodes(snapshot: Snapshot, kind: NodeType, version: int) -> Iterator[Node]:
    table = snapshot.nodes[kind]
    names = [name for name in NODE_PROPERTIES[kind] if name in table.column_names]
    for part in table.to_batches(max_chunksize=50_000):
        keys, seen = part["key"].to_pylist(), part["first_seen"].to_pylist()
        columns = [part[name].to_pylist() for name in names]
        rows = zip(*columns, strict=True) if columns else iter([()] * len(keys))
        for key, first_seen, values in zip(keys, seen, rows, strict=True):
            known = {n: v for n, v in zip(names, values, strict=True) if v is not None}
            yield Node(kind, key, first_seen, known, version)


def _edges(snapshot: Snapshot, verb: str, version: int) -> Iterator[Edge]:
    spec, table = EDGE_OF[verb], snapshot.edges[verb]
    sources, targets = snapshot.keys(spec.source), snapshot.keys(spec.target)
    for part in table.to_batches(max_chunksize=50_000):
        ends = zip(
            sources.take(part["source"]).to_pylist(),
            targets.take(part["target"]).to_pylist(),
            strict=True,
        )
        columns = [part[name].to_pylist() for name in ("first_seen", "last_seen", "count")]
        for (source, target), seen in zip(ends, zip(*columns, strict=True), strict=True):
            tied = (f"{spec.source}:{source}", verb, f"{spec.target}:{target}")
            first, last, count = seen
            yield Edge(*tied, first, last, count, version)
