"""Appeals: an account says it was wrongly judged, and a person upholds or overturns that.

Overturning reinstates the account and says "legitimate" of it, with source ``appeal``; upholding
says "fraud". Who decided against the account does not decide its appeal. The statement is kept
without what looks like an address or a number. It knows nothing of HTTP.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from graph.cases.decide import Hand
from graph.errors import Conflict, NotAllowed, NotFound
from graph.facts import Enforcement
from graph.ledger import decisions, labels, outgoing
from graph.ledger.audit import Act, append
from graph.ledger.port import Appeal, EventName, LabelRecord
from graph.ledger.tables import appeal
from graph.schema import NodeType, node_id

UPHOLD, OVERTURN = "uphold", "overturn"


def open_appeal(book: Connection, account_id: str, statement: str, hand: Hand) -> Appeal:
    """Take an appeal in.

    Raises:
        Conflict: if the account has an open one.
    """
    if find(book, account_id=account_id, undecided=True):
        raise Conflict(f"the account {account_id} has an open appeal")
    made = Appeal(hand.new_id(), account_id, statement, hand.now, hand.actor)
    book.execute(insert(appeal).values({name: getattr(made, name) for name in Appeal.__slots__}))
    subject = node_id(NodeType.ACCOUNT, account_id)
    append(book, [Act(hand.now, hand.actor, "appeal.open", subject, {"appeal_id": made.id})])
    return made


def decide_appeal(book: Connection, identity: str, outcome: str, reason: str, hand: Hand) -> Appeal:
    """Uphold what was decided about the account, or overturn it.

    Raises:
        NotFound: if there is no such appeal.
        Conflict: if it was decided before.
        NotAllowed: if the caller is who decided against the account.
    """
    made = one(book, identity)
    if made.outcome is not None:
        raise Conflict(f"the appeal was decided: {made.outcome}")
    last = decisions.latest_enforcements(book, [made.account_id]).get(made.account_id)
    if last is not None and last["author"] == hand.actor:
        raise NotAllowed("an appeal is decided by somebody else than who decided first")
    decided = replace(
        made, outcome=outcome, reason=reason, decided_at=hand.now, decided_by=hand.actor
    )
    values = {name: getattr(decided, name) for name in Appeal.__slots__}
    book.execute(update(appeal).where(appeal.c.id == identity).values(values))
    verdict = "legitimate" if outcome == OVERTURN else "fraud"
    label = LabelRecord(hand.new_id(), made.account_id, hand.now, verdict, "appeal", hand.actor)
    labels.record_label(book, label, hand.now)
    if outcome == OVERTURN:
        event = Enforcement(
            hand.new_id(), made.account_id, hand.now, "reinstate", f"appeal {identity}"
        )
        decisions.enforce(book, [event], None, hand.actor, hand.now)
    detail = {"appeal_id": identity, "outcome": outcome, "reason": reason}
    subject = node_id(NodeType.ACCOUNT, made.account_id)
    append(book, [Act(hand.now, hand.actor, "appeal.decide", subject, detail)])
    body = {"appeal_id": identity, "action": outcome, "accounts": [made.account_id]}
    outgoing.send(book, hand.new_id(), EventName.DECISION_MADE, hand.now, body)
    return decided


def one(book: Connection, identity: str) -> Appeal:
    """The appeal of that id; nobody else changes it until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    query = select(appeal).where(appeal.c.id == identity).with_for_update()
    row = book.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no appeal {identity!r}")
    return Appeal(**row)


def find(
    book: Connection,
    *,
    account_id: str | None = None,
    undecided: bool | None = None,
    after: tuple[int, str] | None = None,
    limit: int = 200,
) -> Sequence[Appeal]:
    """Appeals, the oldest first, behind ``after``: undecided ones, the others, or all."""
    query = select(appeal).order_by(appeal.c.opened_at, appeal.c.id).limit(limit)
    if account_id is not None:
        query = query.where(appeal.c.account_id == account_id)
    if undecided is not None:
        waits = appeal.c.outcome.is_(None)
        query = query.where(waits if undecided else ~waits)
    if after is not None:
        at, identity = after
        same: Any = (appeal.c.opened_at == at) & (appeal.c.id > identity)
        query = query.where((appeal.c.opened_at > at) | same)
    return [Appeal(**row) for row in book.execute(query).mappings()]
