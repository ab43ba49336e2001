"""How many neighbours of each kind nodes have, and how many of them are flagged."""

from api.browse.nodes import is_flagged, nodes_of
from api.schemas.graph import LIST_MAX, NodeOut, Tally
from graph.schema import NodeType
from graph.store import GraphStore


def counts_of(store: GraphStore, node: NodeOut) -> dict[str, Tally]:
    """Neighbours of a node by kind; kinds without any are left out."""
    counted = store.degrees([node.id]).get(node.id, {})
    return {kind: Tally(n=n, flagged=_flagged(store, node, kind)) for kind, n in counted.items()}


def _flagged(store: GraphStore, node: NodeOut, kind: str) -> int:
    """Flagged neighbours of a kind: only accounts can be; the refresh counts an entity's."""
    if kind != NodeType.ACCOUNT.value:
        return 0
    if node.kind != NodeType.ACCOUNT.value:
        return node.flagged
    piece = store.neighbours(node.id, kind=kind, limit=LIST_MAX, cursor=None).piece
    others = (other for other in nodes_of(piece).values() if other.id != node.id)
    return sum(map(is_flagged, others))
