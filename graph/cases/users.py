"""Who of some accounts uses what: the edges of a neighbourhood, read by their things.

A decision counts collateral by it, a case made by hand what its accounts share. It reads a snapshot
and asks no store.
"""

from collections.abc import Collection

from graph.schema import EDGE_OF, NodeType, node_id
from graph.snapshot import Snapshot

EDGES_AN_ACCOUNT = 100
"""How many edges of a kind an account is asked for."""


def users_in(piece: Snapshot, accounts: Collection[str]) -> dict[str, set[str]]:
    """By id of a thing: those of ``accounts`` (ids without their kind) that are tied to it."""
    users: dict[str, set[str]] = {}
    for verb in piece.edges:
        spec = EDGE_OF[verb]
        if spec.source is not NodeType.ACCOUNT or spec.target is NodeType.ACCOUNT:
            continue
        froms, tos = piece.keys(spec.source), piece.keys(spec.target)
        sources, targets = piece.ends(verb)
        for source, target in zip(sources.tolist(), targets.tolist(), strict=True):
            account = froms[source].as_py()
            if account in accounts:
                users.setdefault(node_id(spec.target, tos[target].as_py()), set()).add(account)
    return users
