"""Decisions about rings in the ledger, with what each did to which account.

``graph.cases.decide`` makes and undoes them; here they are kept and found.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from graph.errors import NotFound
from graph.facts import Enforcement
from graph.ledger.audit import canonical
from graph.ledger.handover import owe
from graph.ledger.port import Action, Case, CaseStatus, DecisionState, RingDecision
from graph.ledger.tables import enforcement, ring_decision

_PLANNED = ("effects", "blocked", "protected")


def keep(book: Connection, made: RingDecision, before: Case) -> None:
    """Write a decision down, and the case as it stood before it."""
    row = {name: getattr(made, name) for name in RingDecision.__slots__ if name not in _PLANNED}
    case = {name: getattr(before, name) for name in Case.__slots__}
    book.execute(
        insert(ring_decision).values(**row, plan=_planned(made), case_before=canonical(case))
    )


def change(book: Connection, made: RingDecision) -> None:
    """Keep the state a decision has come to."""
    values = {
        "state": made.state,
        "second": made.second,
        "ended_at": made.ended_at,
        "undo_until": made.undo_until,
        "plan": _planned(made),
    }
    book.execute(update(ring_decision).where(ring_decision.c.id == made.id).values(**values))


def one(book: Connection, identity: str) -> RingDecision:
    """The decision of that id; nobody else changes it until the transaction ends.

    Raises:
        NotFound: if there is none.
    """
    query = select(ring_decision).where(ring_decision.c.id == identity).with_for_update()
    row = book.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no decision {identity!r}")
    return _decision(dict(row))


def case_before(book: Connection, identity: str) -> Case:
    """The case as it stood before a decision."""
    query = select(ring_decision.c.case_before).where(ring_decision.c.id == identity)
    row = json.loads(book.execute(query).scalar_one())
    return Case(**{**row, "status": CaseStatus(row["status"])})


def of_rings(book: Connection, ring_ids: Sequence[str]) -> list[RingDecision]:
    """Every decision about these rings, the latest first."""
    query = select(ring_decision).where(ring_decision.c.ring_id.in_(list(ring_ids)))
    rows = book.execute(query.order_by(ring_decision.c.decided_at.desc(), ring_decision.c.id))
    return [_decision(dict(row)) for row in rows.mappings()]


def waiting(book: Connection) -> list[RingDecision]:
    """Decisions that wait for a second person, the oldest first."""
    query = select(ring_decision).where(ring_decision.c.state == DecisionState.WAITING)
    rows = book.execute(query.order_by(ring_decision.c.decided_at, ring_decision.c.id)).mappings()
    return [_decision(dict(row)) for row in rows]


# ---------------------------------------------------------------------------------- enforcements
def enforce(
    book: Connection, events: Sequence[Enforcement], decision_id: str | None, author: str, now: int
) -> None:
    """Write down what is done to accounts, and owe it to the journal.

    An account's latest enforcement is the latest in time, so one of the same moment as an earlier
    one is kept a microsecond after it.
    """
    last = latest_enforcements(book, [event.account_id for event in events])
    events = [
        replace(event, at=max(event.at, last[event.account_id]["at"] + 1))
        if event.account_id in last
        else event
        for event in events
    ]
    rows = [
        {
            "id": event.event_id, "account_id": event.account_id, "action": event.action,
            "at": event.at, "decision_id": decision_id, "author": author, "reason": event.reason,
        }
        for event in events
    ]  # fmt: skip
    if rows:
        book.execute(insert(enforcement), rows)
    owe(book, events, now)


def latest_enforcements(book: Connection, accounts: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The latest thing done to each of these accounts by a decision here, if any."""
    query = select(enforcement).where(enforcement.c.account_id.in_(list(accounts)))
    found = book.execute(query.order_by(enforcement.c.at, enforcement.c.id)).mappings()
    return {row["account_id"]: dict(row) for row in found}


def _planned(made: RingDecision) -> str:
    return canonical(
        {"effects": made.effects, "blocked": made.blocked, "protected": made.protected}
    )


def _decision(row: dict[str, Any]) -> RingDecision:
    plan = json.loads(row.pop("plan"))
    row.pop("case_before")
    row |= {
        "action": Action(row["action"]),
        "state": DecisionState(row["state"]),
        "effects": plan["effects"],
        "blocked": tuple(plan["blocked"]),
        "protected": tuple((account, why) for account, why in plan["protected"]),
    }
    return RingDecision(**row)
