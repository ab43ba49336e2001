"""Pieces of the graph (``graph.snapshot``) as nodes and edges of the wire.

It reads nothing: a piece comes in, wire values come out, in a stable order (nodes by kind and key,
edges by verb, source and target).
"""

import math
from collections.abc import Container, Iterator, Mapping
from typing import Any

import pyarrow as pa

from api.schemas.answers import moment
from api.schemas.graph import SUPERNODE, EdgeOut, NodeOut
from graph.errors import UnknownName
from graph.schema import EDGE_OF, NodeType, node_id, split_id
from graph.snapshot import Snapshot

# Columns that have a field of their own on the wire.
_NOT_PROPERTIES = frozenset(
    {"key", "first_seen", "degree", "score", "ring_id", "status", "flagged_accounts"}
)


def checked(entity_id: str) -> str:
    """``entity_id`` as it is.

    Raises:
        UnknownName: if what stands before the first colon is no kind of node.
    """
    try:
        split_id(entity_id)
    except ValueError:
        got = entity_id.partition(":")[0]
        raise UnknownName.among("kind of entity", got, list(NodeType)) from None
    return entity_id


def nodes_of(
    piece: Snapshot, members: frozenset[str] = frozenset(), only: Container[str] | None = None
) -> dict[str, NodeOut]:
    """Every node of ``piece`` by id, or ``only`` some; ``members`` are ids of the ring in view."""
    shown = shown_degrees(piece)
    found: dict[str, NodeOut] = {}
    for kind, table in sorted(piece.nodes.items()):
        wanted = table
        if only is not None:
            keys = table["key"].to_pylist()
            rows = [row for row, key in enumerate(keys) if node_id(kind, key) in only]
            wanted = table.take(pa.array(rows, pa.int64()))
        for row in wanted.to_pylist():
            node = _node(kind, row, shown, members)
            found[node.id] = node
    return found


def degrees_of(piece: Snapshot) -> dict[str, int]:
    """The true degree of every node of ``piece``, without the rest of it."""
    found: dict[str, int] = {}
    for kind, table in sorted(piece.nodes.items()):
        keys, degrees = table["key"].to_pylist(), table["degree"].to_pylist()
        found.update((node_id(kind, k), d or 0) for k, d in zip(keys, degrees, strict=True))
    return found


def edges_of(piece: Snapshot, at: str | None = None) -> list[EdgeOut]:
    """Every edge of ``piece``, or those ``at`` a node, by verb, source and target."""
    weak = _supernodes(piece)
    found = []
    for verb, table in sorted(piece.edges.items()):
        rows = zip(*ends_of(piece, verb), table.to_pylist(), strict=True)
        found += [
            edge(verb, source, target, row, weak)
            for source, target, row in rows
            if at is None or at in (source, target)
        ]
    return found


def edge(
    verb: str, source: str, target: str, row: Mapping[str, Any], weak: frozenset[str]
) -> EdgeOut:
    """One edge of the wire; ``row`` has its times (us) and count, ``weak`` the supernodes."""
    return EdgeOut(
        id=f"{source}|{verb}|{target}",
        source=source,
        target=target,
        kind=verb,
        first_seen=moment(row["first_seen"]),
        last_seen=moment(row["last_seen"]),
        count=row["count"],
        weak=source in weak or target in weak,
    )


def pairs_of(piece: Snapshot) -> Iterator[tuple[str, str]]:
    """The two ends of every edge of ``piece``."""
    for verb in sorted(piece.edges):
        yield from zip(*ends_of(piece, verb), strict=True)


def around_of(piece: Snapshot) -> dict[str, set[str]]:
    """The distinct neighbours of each node inside ``piece``."""
    around: dict[str, set[str]] = {}
    for source, target in pairs_of(piece):
        around.setdefault(source, set()).add(target)
        around.setdefault(target, set()).add(source)
    return around


def shown_degrees(piece: Snapshot) -> dict[str, int]:
    """How many distinct neighbours each node has inside ``piece``."""
    return {identity: len(others) for identity, others in around_of(piece).items()}


def ends_of(piece: Snapshot, verb: str) -> tuple[list[str], list[str]]:
    """The ids of source and target of every edge of ``verb``."""
    spec = EDGE_OF[verb]
    sources, targets = piece.ends(verb)
    return _ids(piece, spec.source, sources.tolist()), _ids(piece, spec.target, targets.tolist())


def is_flagged(node: NodeOut) -> bool:
    """Whether an account calls for action, by itself or as a member of a ring that does."""
    return bool(node.properties.get("flagged") or node.properties.get("ring_flagged"))


def _supernodes(piece: Snapshot) -> frozenset[str]:
    found = []
    for kind, table in piece.nodes.items():
        rows = zip(table["key"].to_pylist(), table["degree"].to_pylist(), strict=True)
        found += [node_id(kind, key) for key, degree in rows if degree >= SUPERNODE]
    return frozenset(found)


def _node(
    kind: NodeType, row: dict[str, Any], shown: Mapping[str, int], members: frozenset[str]
) -> NodeOut:
    known = {
        name: value
        for name, value in row.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }
    identity = node_id(kind, row["key"])
    here = shown.get(identity, 0)
    degree = int(known.get("degree", here))
    return NodeOut(
        id=identity,
        kind=kind.value,
        label=str(known.get("name") or row["key"]),
        degree=degree,
        hidden=max(0, degree - here),
        first_seen=moment(row["first_seen"]),
        score=known.get("score"),
        ring_id=known.get("ring_id"),
        status=known.get("status"),
        flagged=int(known.get("flagged_accounts", 0)),
        member=identity in members,
        supernode=degree >= SUPERNODE,
        properties={
            name: moment(value).isoformat() if name.endswith("_at") else value
            for name, value in known.items()
            if name not in _NOT_PROPERTIES
        },
    )


def _ids(piece: Snapshot, kind: NodeType, rows: list[int]) -> list[str]:
    keys = piece.keys(kind).take(pa.array(rows, pa.int64())).to_pylist()
    return [node_id(kind, key) for key in keys]
