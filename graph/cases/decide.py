"""Carrying a decision out, and taking it back: one transaction of the ledger each.

A ban says "fraud" of each account, enforces it and blocks identifiers; dismissing says
"legitimate". Where a second person is asked for, nothing happens before that person agrees. Within
fifteen minutes a decision can be undone: labels are withdrawn as if never given, list entries taken
off, accounts reinstated unless somebody has decided about them since. It knows nothing of HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from graph.cases.plan import ACTED, SAID, Plan
from graph.errors import Conflict, NotAllowed
from graph.facts import Enforcement
from graph.ledger import cases, decisions, labels, lists, outgoing
from graph.ledger.audit import Act, append
from graph.ledger.port import (
    Action,
    Case,
    CaseStatus,
    DecisionState,
    EventName,
    LabelRecord,
    ListEntry,
    ListName,
    RingDecision,
)

UNDO_US = 15 * 60_000_000
_STATUS = {
    Action.CONFIRM: CaseStatus.CONFIRMED,
    Action.DISMISS: CaseStatus.DISMISSED,
    Action.SNOOZE: CaseStatus.SNOOZED,
    Action.WATCH: CaseStatus.WATCHED,
    Action.BAN: CaseStatus.ACTED,
    Action.LIMIT: CaseStatus.ACTED,
    Action.VERIFY: CaseStatus.ACTED,
}


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose decision it is, when, and where new ids come from."""

    actor: str
    now: int
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo gave back, and what not: pairs of (id, why)."""

    restored: tuple[str, ...]
    not_restored: tuple[tuple[str, str], ...]


def decide(
    book: Connection,
    plan: Plan,
    reason: str,
    hand: Hand,
    snooze_until: int | None = None,
    second_from: int | None = None,
) -> RingDecision:
    """Decide what ``plan`` says; from ``second_from`` accounts on, ask for a second person."""
    asks = second_from is not None and plan.action in ACTED and len(plan.affected) >= second_from
    done = ACTED.get(plan.action) or SAID.get(plan.action) or plan.action.value
    made = RingDecision(
        id=hand.new_id(),
        ring_id=plan.ring_id,
        action=plan.action,
        reason=reason,
        author=hand.actor,
        decided_at=hand.now,
        ring_version=plan.version,
        state=DecisionState.WAITING if asks else DecisionState.DONE,
        undo_until=hand.now + UNDO_US,
        effects=dict.fromkeys(plan.affected, done),
        blocked=plan.blocked,
        protected=plan.protected,
        snooze_until=snooze_until,
    )
    before = cases.of(book, [plan.ring_id])[plan.ring_id]
    decisions.keep(book, made, before)
    _tell(book, made, hand, "ring.decide" if not asks else "ring.propose")
    if not asks:
        _apply(book, made, before, hand)
    return made


def answer(book: Connection, identity: str, agree: bool, reason: str, hand: Hand) -> RingDecision:
    """The second person's word on a decision that waits.

    Raises:
        NotFound: if there is no such decision.
        NotAllowed: if the second person is the first.
        Conflict: if it does not wait any more.
    """
    made = decisions.one(book, identity)
    if made.state is not DecisionState.WAITING:
        raise Conflict(f"the decision is {made.state}")
    if made.author == hand.actor:
        raise NotAllowed("a second person has to agree")
    state = DecisionState.DONE if agree else DecisionState.REFUSED
    made = replace(made, state=state, second=hand.actor, undo_until=hand.now + UNDO_US)
    decisions.change(book, made if agree else replace(made, ended_at=hand.now))
    _tell(book, made, hand, "ring.agree" if agree else "ring.refuse", reason)
    if agree:
        _apply(book, made, cases.of(book, [made.ring_id])[made.ring_id], hand)
    return made


def undo(book: Connection, identity: str, reason: str, hand: Hand) -> Undone:
    """Take a decision back.

    Raises:
        NotFound: if there is no such decision.
        Conflict: if it was undone before, never done, or its fifteen minutes are over.
    """
    made = decisions.one(book, identity)
    if made.state is not DecisionState.DONE:
        raise Conflict(f"the decision is {made.state}")
    if hand.now > made.undo_until:
        raise Conflict("the time to undo it is over; overturn an appeal, or decide anew")
    back, kept = _given_back(book, made)
    events = [
        Enforcement(f"{hand.new_id()}", account, hand.now, "reinstate", f"undo of {made.id}")
        for account in back
        if made.action in (Action.BAN, Action.LIMIT)
    ]
    decisions.enforce(book, events, made.id, hand.actor, hand.now)
    labels.retract(book, made.id, back, hand.now)
    lists.remove_decided(book, made.id, hand.now, hand.actor)
    kept += _case_given_back(book, made, hand)
    ended = replace(made, state=DecisionState.UNDONE, second=hand.actor, ended_at=hand.now)
    decisions.change(book, ended)
    _tell(book, ended, hand, "ring.undo", reason, EventName.DECISION_UNDONE)
    return Undone(tuple(back), tuple(kept))


def _apply(book: Connection, made: RingDecision, before: Case, hand: Hand) -> None:
    accounts = sorted(made.effects)
    verdict, action = SAID.get(made.action), ACTED.get(made.action)
    for account in accounts if verdict else ():
        record = LabelRecord(
            hand.new_id(), account, hand.now, str(verdict), "investigator", made.author,
            made.ring_id if verdict == "fraud" else None, made.id,
        )  # fmt: skip
        labels.record_label(book, record, hand.now)
    events = [
        Enforcement(hand.new_id(), account, hand.now, action, f"decision {made.id}")
        for account in accounts
        if action
    ]
    decisions.enforce(book, events, made.id, made.author, hand.now)
    for entity in made.blocked:
        why = f"ring {made.ring_id}: {made.action}"
        lists.add(
            book,
            ListEntry(
                hand.new_id(), ListName.BLOCK, entity, why, made.author, hand.now, None, made.id
            ),
        )
    after = replace(
        before,
        status=_STATUS[made.action],
        snooze_until=made.snooze_until,
        changed_at=hand.now,
        changed_by=hand.actor,
    )
    cases.put(book, after, before.version)
    _send(book, made, hand, EventName.DECISION_MADE)


def _given_back(book: Connection, made: RingDecision) -> tuple[list[str], list[tuple[str, str]]]:
    """Accounts that can be given back, and those about which somebody has decided since."""
    latest = decisions.latest_enforcements(book, sorted(made.effects))
    back, kept = [], []
    for account in sorted(made.effects):
        last = latest.get(account)
        if made.action in ACTED and last is not None and last["decision_id"] != made.id:
            kept.append((account, f"{last['action']} by a later decision"))
        else:
            back.append(account)
    return back, kept


def _case_given_back(book: Connection, made: RingDecision, hand: Hand) -> list[tuple[str, str]]:
    """Put the case where it stood, unless somebody has moved it since."""
    before = decisions.case_before(book, made.id)
    now = cases.of(book, [made.ring_id])[made.ring_id]
    if now.status is not _STATUS[made.action] or now.version != before.version + 1:
        return [(f"ring:{made.ring_id}", f"the case was changed since by {now.changed_by}")]
    again = replace(before, changed_at=hand.now, changed_by=hand.actor)
    cases.put(book, again, now.version)
    return []


def _tell(
    book: Connection,
    made: RingDecision,
    hand: Hand,
    act: str,
    reason: str | None = None,
    name: EventName | None = None,
) -> None:
    detail = {**body_of(made), "reason": reason or made.reason}
    append(book, [Act(hand.now, hand.actor, act, f"ring:{made.ring_id}", detail)])
    if name is not None:
        _send(book, made, hand, name)


def _send(book: Connection, made: RingDecision, hand: Hand, name: EventName) -> None:
    outgoing.send(book, hand.new_id(), name, hand.now, body_of(made))


def body_of(made: RingDecision) -> dict[str, Any]:
    """A decision as it goes out: what a receiver needs to act on it, and no free text."""
    return {
        "decision_id": made.id,
        "ring_id": made.ring_id,
        "ring_version": made.ring_version,
        "action": made.action.value,
        "state": made.state.value,
        "accounts": sorted(made.effects),
        "blocked_identifiers": sorted(made.blocked),
        "author": made.author,
        "second": made.second,
    }
