"""How long the ledger keeps what has served its purpose.

Decisions, labels, appeals and the audit chain stay: they must stand later. What goes is answers
kept for repeated calls, events that everybody has, entries that ended and keys long revoked.
"""

from sqlalchemy import Connection, and_, delete, or_, select

from graph.ledger.audit import Act, append
from graph.ledger.tables import answered, api_key, delivery, handover, list_entry, outgoing

ACTOR = "retention"


def sweep(book: Connection, before: int, now: int) -> dict[str, int]:
    """Remove what is older than ``before`` (us) and done with; gives how many rows by table."""
    ended = or_(list_entry.c.removed_at < before, list_entry.c.expires_at < before)
    waits = select(delivery.c.seq).where(delivery.c.next_at.is_not(None))
    # The latest event stays: its number is where the next one goes on.
    last = select(outgoing.c.seq).order_by(outgoing.c.seq.desc()).limit(1)
    going = select(outgoing.c.seq).where(
        and_(outgoing.c.at < before, outgoing.c.seq.not_in(waits), outgoing.c.seq.not_in(last))
    )
    statements = {
        "answered": delete(answered).where(answered.c.at < before),
        "list_entry": delete(list_entry).where(ended),
        "handover": delete(handover).where(handover.c.taken_at < before),
        "delivery": delete(delivery).where(delivery.c.seq.in_(going)),
        "outgoing": delete(outgoing).where(outgoing.c.seq.in_(going)),
        "api_key": delete(api_key).where(
            or_(api_key.c.revoked_at < before, api_key.c.expires_at < before)
        ),
    }
    removed = {name: book.execute(statement).rowcount for name, statement in statements.items()}
    append(book, [Act(now, ACTOR, "retention.sweep", None, {"before": before, **removed})])
    return removed
