"""The rings of a store as they are, with one account more in one of them and its version higher."""

import json

import pyarrow as pa

from graph.schema import NodeType
from graph.store import GraphStore, RingRow


def grown(store: GraphStore, ring_id: str) -> tuple[pa.Table, pa.Table]:
    """Rings and members as ``Generation`` takes them."""
    rows = [store.ring(row.ring_id) for row in store.rings()]
    members = [(row.ring_id, *member) for row in rows for member in row.members]
    members.append((ring_id, _newcomer(store, rows), 0.9, store.generation()[1] + 1))
    columns = ("ring_id", "account_id", "strength", "since")
    rings = [
        {
            "ring_id": row.ring_id,
            "score": row.score,
            "size": row.size + (row.ring_id == ring_id),
            "status": row.status,
            "first_seen": row.first_seen,
            "last_seen": row.last_seen,
            "detail": json.dumps(
                {
                    **row.detail,
                    "version": int(str(row.detail["version"])) + (row.ring_id == ring_id),
                }
            ),
        }
        for row in rows
    ]
    return (
        pa.Table.from_pylist(rings),
        pa.Table.from_pylist([dict(zip(columns, member, strict=True)) for member in members]),
    )


def _newcomer(store: GraphStore, rings: list[RingRow]) -> str:
    """An account of the graph that no ring holds: a store takes no others for members."""
    held = {account for ring in rings for account, _, _ in ring.members}
    found = store.find(NodeType.ACCOUNT, "", len(held) + 1)
    return next(account for account in found if account not in held)
