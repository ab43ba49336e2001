"""What was told of a refresh: rings and accounts that are newly flagged go out as events, once.

The ledger remembers what it has told and is flagged still; what comes back after it was gone is
told again. Several processes may look at the same refresh: the first one tells.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from graph.ledger.audit import lock_head
from graph.ledger.outgoing import send
from graph.ledger.port import EventName
from graph.ledger.tables import announced
from graph.schema import NodeType, node_id
from graph.store import GraphStore


def announce(book: Connection, store: GraphStore, new_id: Callable[[], str], now: int) -> int:
    """Let what the visible generation flags anew go out; gives how many events that were."""
    lock_head(book)
    flagged = _flagged(store)
    known = set(book.execute(select(announced.c.id)).scalars())
    for identity in sorted(known - flagged.keys()):
        book.execute(delete(announced).where(announced.c.id == identity))
    fresh = [identity for identity in flagged if identity not in known]
    for identity in fresh:
        name, body = flagged[identity]
        send(book, new_id(), name, now, dict(body))
    if fresh:
        book.execute(insert(announced), [{"id": identity, "at": now} for identity in fresh])
    return len(fresh)


def _flagged(store: GraphStore) -> Mapping[str, tuple[EventName, Mapping[str, Any]]]:
    """Everything that calls for action now, rings first."""
    found: dict[str, tuple[EventName, Mapping[str, Any]]] = {}
    _, as_of = store.generation()
    for ring in store.rings():
        if ring.detail.get("flagged"):
            body = {
                "ring_id": ring.ring_id,
                "ring_version": ring.detail.get("version", 1),
                "score": ring.score,
                "accounts": ring.size,
                "as_of": as_of,
            }
            found[node_id(NodeType.RING, ring.ring_id)] = (EventName.RING_FLAGGED, body)
    for flag in store.flags():
        told = {
            "account_id": flag.account_id,
            "score": flag.score,
            "ring_id": flag.ring_id,
            "as_of": as_of,
        }
        found[node_id(NodeType.ACCOUNT, flag.account_id)] = (EventName.ACCOUNT_FLAGGED, told)
    return found
