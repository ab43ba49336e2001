"""What was told of a refresh: rings and accounts that are newly flagged go out as events, once.

The ledger remembers what it has told and is flagged still; what comes back after it was gone is
told again. Several processes may look at the same refresh: the first one tells.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from graph.ledger.audit import lock_head
from graph.ledger.outgoing import send
from graph.ledger.port import EventName
from graph.ledger.tables import announced
from graph.schema import NodeType, node_id
from graph.store import Flag, GraphStore


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that calls for action as of a generation, by node id, rings first."""

    number: int
    flagged: Mapping[str, tuple[EventName, Mapping[str, Any]]]


def standing(store: GraphStore, live: Sequence[Flag]) -> Standing:
    """What ``store`` shows; read before the ledger is held, for that may take a while.

    ``live`` are accounts flagged since the visible generation; a refresh that flags them too tells
    nothing new, one that does not lets them be told again if they are flagged again.
    """
    number, as_of = store.generation()
    return Standing(number, _flagged(store, live, as_of))


def announce(
    book: Connection, store: GraphStore, shown: Standing, new_id: Callable[[], str], now: int
) -> int | None:
    """Let what is flagged anew go out; gives how many events that were.

    None when ``store`` shows another generation than ``shown`` by now: it is to be read again.
    """
    lock_head(book)
    # Another process may have told a later one meanwhile, which must not be taken back.
    if store.generation()[0] != shown.number:
        return None
    flagged = shown.flagged
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


def _flagged(
    store: GraphStore, live: Sequence[Flag], as_of: int
) -> Mapping[str, tuple[EventName, Mapping[str, Any]]]:
    found: dict[str, tuple[EventName, Mapping[str, Any]]] = {}
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
    for flag in live:
        found[node_id(NodeType.ACCOUNT, flag.account_id)] = _told(flag, flag.since)
    for flag in store.flags():
        found[node_id(NodeType.ACCOUNT, flag.account_id)] = _told(flag, as_of)
    return found


def _told(flag: Flag, as_of: int) -> tuple[EventName, Mapping[str, Any]]:
    body = {
        "account_id": flag.account_id,
        "score": flag.score,
        "ring_id": flag.ring_id,
        "as_of": as_of,
    }
    return EventName.ACCOUNT_FLAGGED, body
