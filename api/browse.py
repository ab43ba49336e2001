"""Looking around in the graph: one entity, and its neighbours page by page.

``piece`` values (``graph.snapshot``) become nodes and edges of the wire here. A hub answers as
fast as any other node: its neighbours come a page at a time, with their true number.
"""

import math
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Path, Query

from api.deps import ServiceDep
from api.schemas import EdgeOut, EntityOut, Neighbours, NodeOut, moment, reasons_of
from graph.errors import NotFound, UnknownName
from graph.schema import EDGE_OF, EDGES, NodeType, node_id, split_id
from graph.snapshot import Snapshot

router = APIRouter(prefix="/v1/entities", tags=["browse"])

LIMIT_MAX = 200
EntityId = Annotated[
    str, Path(description="`kind:key`, such as `account:a-17` or `subnet:203.0.113.0/24`")
]
# Columns that have a field of their own on the wire, and the clusters' internals.
_NOT_PROPERTIES = frozenset({"key", "first_seen", "degree", "score", "ring_id", "status"})


# Keys hold slashes (prefixes do), so the longer route has to come first.
@router.get(
    "/{entity_id:path}/neighbours", operation_id="list_neighbours", response_model=Neighbours
)
def list_neighbours(
    entity_id: EntityId,
    service: ServiceDep,
    kind: Annotated[NodeType | None, Query(description="only neighbours of this kind")] = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = 50,
    cursor: Annotated[str | None, Query(max_length=512)] = None,
) -> Neighbours:
    """The neighbours of an entity, most recently tied first, with facets over all of them."""
    identity = checked(entity_id)
    wanted = None if kind is None else kind.value
    page = service.store.neighbours(identity, kind=wanted, limit=limit, cursor=cursor)
    nodes = _ranked(page.piece, identity)
    return Neighbours(
        nodes=nodes,
        edges=edges_of(page.piece),
        facets={"kind": counts_by_kind(service, identity)},
        total=page.total,
        truncated=page.total > len(nodes) - 1,
        next_cursor=page.next_cursor,
        as_of=moment(service.as_of()),
    )


@router.get("/{entity_id:path}", operation_id="get_entity", response_model=EntityOut)
def get_entity(entity_id: EntityId, service: ServiceDep) -> EntityOut:
    """One entity: its facts, how many neighbours of each kind it has, and the rings it is in."""
    identity = checked(entity_id)
    piece = service.store.neighbourhood([identity], per_id=1)
    node = next((node for node in nodes_of(piece) if node.id == identity), None)
    if node is None:
        raise NotFound(f"no entity {identity!r}")
    return EntityOut(
        **node.model_dump(exclude={"hidden"}),
        hidden=node.degree,
        counts=counts_by_kind(service, identity),
        rings=_rings_of(service, node),
        as_of=moment(service.as_of()),
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


def counts_by_kind(service: ServiceDep, identity: str) -> dict[str, int]:
    """How many neighbours of each kind ``identity`` has in the whole graph; kinds with none out."""
    kind, _ = split_id(identity)
    around = {spec.target for spec in EDGES if spec.source is kind}
    around |= {spec.source for spec in EDGES if spec.target is kind}
    found = {
        other.value: service.store.neighbours(
            identity, kind=other.value, limit=1, cursor=None
        ).total
        for other in sorted(around - {NodeType.RING})
    }
    return {name: total for name, total in found.items() if total}


def nodes_of(piece: Snapshot) -> list[NodeOut]:
    """Every node of ``piece``, by kind and key."""
    shown = _shown_degrees(piece)
    return [
        _node(kind, row, shown.get(node_id(kind, row["key"]), 0))
        for kind, table in sorted(piece.nodes.items())
        for row in table.to_pylist()
    ]


def edges_of(piece: Snapshot) -> list[EdgeOut]:
    """Every edge of ``piece``, by verb, source and target."""
    found = []
    for verb, table in sorted(piece.edges.items()):
        sources, targets = _ends(piece, verb)
        for source, target, row in zip(sources, targets, table.to_pylist(), strict=True):
            found.append(
                EdgeOut(
                    id=f"{source}|{verb}|{target}",
                    source=source,
                    target=target,
                    kind=verb,
                    first_seen=moment(row["first_seen"]),
                    last_seen=moment(row["last_seen"]),
                    count=row["count"],
                )
            )
    return found


def _ranked(piece: Snapshot, identity: str) -> list[NodeOut]:
    """The node itself, then its neighbours, most recently tied first, then by id."""
    last: dict[str, int] = {}
    for verb in piece.edges:
        sources, targets = _ends(piece, verb)
        for source, target, at in zip(
            sources, targets, piece.edge_column(verb, "last_seen").tolist(), strict=True
        ):
            other = target if source == identity else source
            last[other] = max(at, last.get(other, at))
    return sorted(nodes_of(piece), key=lambda n: (n.id != identity, -last.get(n.id, 0), n.id))


def _rings_of(service: ServiceDep, node: NodeOut) -> list[str]:
    """The ring an account is in, and the rings whose evidence names the node."""
    named = [
        row.ring_id
        for row in service.rings()
        if any(node.id in reason.entity_ids for reason in reasons_of(row))
    ]
    own = [node.ring_id] if node.ring_id else []
    return list(dict.fromkeys(own + named))


def _node(kind: NodeType, row: dict[str, Any], shown: int) -> NodeOut:
    known = {
        name: value
        for name, value in row.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }
    degree = int(known.get("degree", shown))
    return NodeOut(
        id=node_id(kind, row["key"]),
        kind=kind.value,
        label=str(known.get("name") or row["key"]),
        degree=degree,
        hidden=max(0, degree - shown),
        first_seen=moment(row["first_seen"]),
        score=known.get("score"),
        ring_id=known.get("ring_id"),
        status=known.get("status"),
        properties={
            name: moment(value).isoformat() if name.endswith("_at") else value
            for name, value in known.items()
            if name not in _NOT_PROPERTIES
        },
    )


def _shown_degrees(piece: Snapshot) -> dict[str, int]:
    """How many distinct neighbours each node has inside ``piece``."""
    around: dict[str, set[str]] = {}
    for verb in piece.edges:
        for source, target in zip(*_ends(piece, verb), strict=True):
            around.setdefault(source, set()).add(target)
            around.setdefault(target, set()).add(source)
    return {identity: len(others) for identity, others in around.items()}


def _ends(piece: Snapshot, verb: str) -> tuple[list[str], list[str]]:
    """The ids of source and target of every edge of ``verb``."""
    spec = EDGE_OF[verb]
    sources, targets = piece.ends(verb)
    return _ids(piece, spec.source, sources.tolist()), _ids(piece, spec.target, targets.tolist())


def _ids(piece: Snapshot, kind: NodeType, rows: list[int]) -> list[str]:
    keys = piece.keys(kind).take(pa.array(rows, pa.int64())).to_pylist()
    return [node_id(kind, key) for key in keys]
