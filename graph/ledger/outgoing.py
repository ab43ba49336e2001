"""What goes out: events for those who pull, and a queue of deliveries to webhooks.

An event is written in the transaction of what it tells, with a number that has no gaps (given under
the lock of the audit chain), so that a puller's cursor misses nothing. Each endpoint that wants it
gets a delivery, tried until it is taken: at least once, with growing pauses, over restarts.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from graph.errors import NotFound
from graph.ledger.audit import canonical, lock_head
from graph.ledger.port import Endpoint, EventName, Outgoing
from graph.ledger.tables import delivery, endpoint, outgoing

FIRST_PAUSE_US = 1_000_000
PAUSE_US_MOST = 6 * 3_600_000_000
# With these pauses the last try comes some five days after the first.
TRIES_MOST = 35
CLAIM_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Due:
    """One delivery to try now: the event, where to, and how often it was tried."""

    event: Outgoing
    to: Endpoint
    attempts: int


def send(book: Connection, identity: str, name: EventName, at: int, body: dict[str, Any]) -> int:
    """Let an event go out; gives its number."""
    lock_head(book)
    last = book.execute(select(func.max(outgoing.c.seq))).scalar_one()
    seq = (last or 0) + 1
    text = canonical(body)
    book.execute(insert(outgoing).values(seq=seq, id=identity, name=name, at=at, body=text))
    wanted = [one for one in endpoints(book) if one.disabled_at is None and name in one.events]
    rows = [{"seq": seq, "endpoint_id": one.id, "attempts": 0, "next_at": at} for one in wanted]
    if rows:
        book.execute(insert(delivery), rows)
    return seq


def after(
    book: Connection, seq: int, limit: int, names: Collection[EventName] = tuple(EventName)
) -> list[Outgoing]:
    """Events with a number above ``seq``, in their order."""
    query = select(outgoing).where(outgoing.c.seq > seq, outgoing.c.name.in_(list(names)))
    rows = book.execute(query.order_by(outgoing.c.seq).limit(limit)).mappings()
    return [_outgoing(dict(row)) for row in rows]


def claim(book: Connection, now: int, limit: int = 20) -> list[Due]:
    """Deliveries that are due, kept from other couriers for a minute."""
    query = (
        select(delivery.c.endpoint_id, delivery.c.attempts, outgoing)
        .join(outgoing, outgoing.c.seq == delivery.c.seq)
        .where(delivery.c.next_at <= now)
        .order_by(delivery.c.next_at, delivery.c.seq)
        .limit(limit)
    )
    known = {one.id: one for one in endpoints(book)}
    found = []
    for row in book.execute(query.with_for_update(of=delivery, skip_locked=True)).mappings():
        place = _place(row["seq"], row["endpoint_id"])
        book.execute(update(delivery).where(place).values(next_at=now + CLAIM_US))
        event = _outgoing({column.name: row[column.name] for column in outgoing.c})
        found.append(Due(event, known[row["endpoint_id"]], row["attempts"]))
    return found


def is_due(book: Connection, now: int) -> bool:
    """Whether a delivery is due."""
    query = select(delivery.c.seq).where(delivery.c.next_at <= now).limit(1)
    return book.execute(query).first() is not None


def delivered(book: Connection, due: Due, now: int) -> None:
    """Remember that the receiver took it."""
    done = {"attempts": due.attempts + 1, "next_at": None, "delivered_at": now, "trouble": None}
    book.execute(update(delivery).where(_place(due.event.seq, due.to.id)).values(**done))


def failed(book: Connection, due: Due, now: int, trouble: str) -> None:
    """Remember that it was not taken, and when to try again; after the last try never."""
    pause_us = min(PAUSE_US_MOST, FIRST_PAUSE_US << min(due.attempts, 30))
    again = now + pause_us if due.attempts + 1 < TRIES_MOST else None
    what = {"attempts": due.attempts + 1, "next_at": again, "trouble": trouble}
    book.execute(update(delivery).where(_place(due.event.seq, due.to.id)).values(**what))


def register(book: Connection, new: Endpoint) -> None:
    """Add an endpoint."""
    row = {name: getattr(new, name) for name in Endpoint.__slots__}
    book.execute(insert(endpoint).values(**{**row, "events": " ".join(sorted(new.events))}))


def rotate(book: Connection, identity: str) -> Endpoint:
    """Count an endpoint's secret on, so that another one is derived.

    Raises:
        NotFound: if there is none that is on.
    """
    live = (endpoint.c.id == identity) & endpoint.c.disabled_at.is_(None)
    grown = endpoint.c.secret_version + 1
    if book.execute(update(endpoint).where(live).values(secret_version=grown)).rowcount == 0:
        raise NotFound(f"no webhook {identity!r}")
    return next(one for one in endpoints(book) if one.id == identity)


def disable(book: Connection, identity: str, now: int) -> None:
    """Deliver nothing more to an endpoint.

    Raises:
        NotFound: if there is none.
    """
    live = (endpoint.c.id == identity) & endpoint.c.disabled_at.is_(None)
    if book.execute(update(endpoint).where(live).values(disabled_at=now)).rowcount == 0:
        raise NotFound(f"no webhook {identity!r}")
    waits = (delivery.c.endpoint_id == identity) & delivery.c.next_at.is_not(None)
    book.execute(update(delivery).where(waits).values(next_at=None, trouble="webhook removed"))


def endpoints(book: Connection) -> list[Endpoint]:
    """Every endpoint, the oldest first, disabled ones too."""
    query = select(endpoint).order_by(endpoint.c.created_at, endpoint.c.id)
    return [
        Endpoint(**{**row, "events": frozenset(EventName(n) for n in row["events"].split())})
        for row in book.execute(query).mappings()
    ]


def backlog(book: Connection) -> dict[str, tuple[int, int]]:
    """By endpoint: how many deliveries wait, and how many were given up."""
    waits = func.count(delivery.c.next_at)
    lost = func.count() - waits - func.count(delivery.c.delivered_at)
    query = select(delivery.c.endpoint_id, waits, lost).group_by(delivery.c.endpoint_id)
    return {row[0]: (int(row[1]), int(row[2])) for row in book.execute(query)}


def _place(seq: int, endpoint_id: str) -> Any:
    return (delivery.c.seq == seq) & (delivery.c.endpoint_id == endpoint_id)


def _outgoing(row: dict[str, Any]) -> Outgoing:
    return Outgoing(**{**row, "name": EventName(row["name"]), "body": json.loads(row["body"])})
