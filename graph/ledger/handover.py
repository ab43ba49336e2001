"""What the ledger owes the journal: labels and enforcements, handed over in order, at least once.

A decision writes its events here in its own transaction; ``api.desk.office`` gives them to the
journal right after, and again after a kill or while the journal was away. The journal takes an
event any number of times. A retraction takes back a label that an undone decision had given.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, insert, select, update

from graph.facts import Enforcement, Label
from graph.ledger.audit import canonical
from graph.ledger.tables import handover

RETRACTED = "labels, retracted"
_KINDS: dict[str, type[Label] | type[Enforcement]] = {
    "labels": Label,
    RETRACTED: Label,
    "enforcements": Enforcement,
}


@dataclass(frozen=True, slots=True)
class Owed:
    """One event to hand over; with ``retracted`` it is to be taken back instead."""

    seq: int
    event: Label | Enforcement
    retracted: bool = False


def owe(
    book: Connection, events: Sequence[Label | Enforcement], now: int, *, retract: bool = False
) -> None:
    """Write down events that the journal is to take, or labels it is to forget."""
    rows = []
    for event in events:
        table = "labels" if isinstance(event, Label) else "enforcements"
        rows.append(
            {
                "event_table": RETRACTED if retract else table,
                "account_id": event.account_id,
                "body": canonical(asdict(event)),
                "created_at": now,
            }
        )
    if rows:
        book.execute(insert(handover), rows)


def owed(book: Connection, limit: int = 500) -> list[Owed]:
    """The oldest events that wait, in their order."""
    query = select(handover).where(handover.c.taken_at.is_(None)).order_by(handover.c.seq)
    return [
        Owed(row.seq, _KINDS[row.event_table](**json.loads(row.body)), row.event_table == RETRACTED)
        for row in book.execute(query.limit(limit))
    ]


def taken(book: Connection, seqs: Sequence[int], now: int) -> None:
    """Remember that the journal has these."""
    book.execute(update(handover).where(handover.c.seq.in_(list(seqs))).values(taken_at=now))


def waiting(book: Connection) -> int:
    """How many events wait."""
    query = select(func.count()).select_from(handover).where(handover.c.taken_at.is_(None))
    return int(book.execute(query).scalar_one())
