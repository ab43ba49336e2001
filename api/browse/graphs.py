"""The graph over HTTP: paths between two nodes, and a saved view built again."""

from datetime import datetime

from fastapi import APIRouter

from api.browse.deps import ReaderDep
from api.browse.masked import MaskedRoute
from api.browse.nodes import edges_of, nodes_of
from api.browse.paths import paths_between
from api.schemas.graph import BundleOut, NodeOut, PathIn, PathOut, Subgraph, SubgraphIn
from graph.schema import NodeType

router = APIRouter(prefix="/v1/graph", tags=["graph"], route_class=MaskedRoute)


@router.post("/path", operation_id="find_paths", response_model=PathOut)
def find_paths(body: PathIn, reader: ReaderDep) -> PathOut:
    """The shortest ways from one node to another, over things that few share unless asked."""
    ends = {"from_id": reader.checked(body.from_id), "to": reader.checked(body.to)}
    return paths_between(reader.store, body.model_copy(update=ends))


@router.post("/subgraph", operation_id="get_subgraph", response_model=Subgraph)
def get_subgraph(body: SubgraphIn, reader: ReaderDep) -> Subgraph:
    """Named nodes and every edge among them: a saved or shared view, now or at a past moment.

    Of a past moment only existence is known: nodes and edges that had been seen by then.
    """
    ids = list(dict.fromkeys(map(reader.checked, body.ids)))
    piece = reader.store.between(ids)
    nodes = [node for node in nodes_of(piece).values() if _by_then(node.first_seen, body.as_of)]
    kept = {node.id for node in nodes}
    edges = [
        edge
        for edge in edges_of(piece)
        if {edge.source, edge.target} <= kept and _by_then(edge.first_seen, body.as_of)
    ]
    order = {identity: place for place, identity in enumerate(ids)}
    return Subgraph(
        nodes=sorted(nodes, key=lambda node: order[node.id]),
        edges=edges,
        bundles=[_rest(node) for node in nodes if node.supernode and node.hidden],
        total=len(ids),
        truncated=len(nodes) < len(ids),
        exact=body.as_of is None,
        as_of=body.as_of or reader.era().moment,
    )


def _by_then(first_seen: datetime, as_of: datetime | None) -> bool:
    return as_of is None or first_seen <= as_of


def _rest(node: NodeOut) -> BundleOut:
    return BundleOut(
        id=f"bundle:{node.id}",
        of=node.id,
        kind=NodeType.ACCOUNT.value,
        count=node.hidden,
        flagged=node.flagged,
    )
