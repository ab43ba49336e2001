"""The audit sample: unflagged accounts drawn at random for a person to look at.

Flagged accounts say what the detection catches; only such a sample says what it misses, and its
labels (source ``audit``) are the only ones that were not chosen by a score. Each draw keeps its
chance, so that a rate over all accounts can be estimated. It knows nothing of HTTP.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from graph.cases.decide import Hand
from graph.errors import Conflict, NotFound
from graph.ledger import labels
from graph.ledger.audit import Act, append
from graph.ledger.port import LabelRecord
from graph.ledger.tables import audit_sample
from graph.schema import NodeType, node_id

ROUNDS_MOST = 8


@dataclass(frozen=True, slots=True)
class Drawn:
    """An account of the sample; ``chance`` is how likely it was to be drawn (0..1)."""

    account_id: str
    drawn_at: int
    drawn_by: str
    chance: float
    verdict: str | None = None
    decided_at: int | None = None
    decided_by: str | None = None


def draw(
    book: Connection,
    size: int,
    pick: Callable[[int], Sequence[str]],
    population: int,
    skip: frozenset[str],
    hand: Hand,
) -> list[Drawn]:
    """Draw ``size`` accounts; fewer where there are no more.

    ``pick(n)`` gives n accounts at random, with repeats; ``skip`` are those that are flagged.
    Accounts that were drawn or labelled before are left out.
    """
    chosen: dict[str, None] = {}
    for _ in range(ROUNDS_MOST):
        if len(chosen) >= size:
            break
        fresh = [a for a in dict.fromkeys(pick(2 * size)) if a not in skip and a not in chosen]
        known = set(labels.of_accounts(book, fresh)) | {one.account_id for one in _of(book, fresh)}
        chosen |= dict.fromkeys(a for a in fresh if a not in known)
    accounts = list(chosen)[:size]
    chance = min(1.0, len(accounts) / max(1, population - len(skip)))
    drawn = [Drawn(account, hand.now, hand.actor, chance) for account in accounts]
    if drawn:
        rows = [{name: getattr(one, name) for name in Drawn.__slots__} for one in drawn]
        book.execute(insert(audit_sample), rows)
    append(book, [Act(hand.now, hand.actor, "sample.draw", None, {"accounts": accounts})])
    return drawn


def waiting(book: Connection, limit: int = 200) -> list[Drawn]:
    """Accounts that wait for a verdict, the oldest draw first."""
    query = select(audit_sample).where(audit_sample.c.verdict.is_(None))
    order = query.order_by(audit_sample.c.drawn_at, audit_sample.c.account_id).limit(limit)
    return [Drawn(**row) for row in book.execute(order).mappings()]


def judge(book: Connection, account_id: str, verdict: str, reason: str, hand: Hand) -> Drawn:
    """What a person found a drawn account to be.

    Raises:
        NotFound: if it was not drawn.
        Conflict: if it was judged before.
    """
    found = _of(book, [account_id])
    if not found:
        raise NotFound(f"the account {account_id} is not in the sample")
    if found[0].verdict is not None:
        raise Conflict(f"the account was judged: {found[0].verdict}")
    values = {"verdict": verdict, "decided_at": hand.now, "decided_by": hand.actor}
    mine = audit_sample.c.account_id == account_id
    book.execute(update(audit_sample).where(mine).values(values))
    label = LabelRecord(hand.new_id(), account_id, hand.now, verdict, "audit", hand.actor)
    labels.record_label(book, label, hand.now)
    detail = {"verdict": verdict, "reason": reason}
    subject = node_id(NodeType.ACCOUNT, account_id)
    append(book, [Act(hand.now, hand.actor, "sample.judge", subject, detail)])
    return _of(book, [account_id])[0]


def _of(book: Connection, accounts: Sequence[str]) -> list[Drawn]:
    query = select(audit_sample).where(audit_sample.c.account_id.in_(list(accounts)))
    return [Drawn(**row) for row in book.execute(query).mappings()]
