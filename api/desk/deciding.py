"""Decisions about rings: the dry run, the decision, the second person, undo, and those who pull."""

from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Query

from api.access.auth import Investigates, Reads
from api.cursor import cursor_at, place_after
from api.deps import ServiceDep
from api.desk.hands import (
    Cursor,
    IdempotencyKey,
    Limit,
    RingId,
    ThingId,
    account_of,
    acting,
    hand_of,
    later,
)
from api.schemas.audit import Feed, FeedItem
from api.schemas.cases import (
    DecisionIn,
    DecisionOut,
    Named,
    RingDecisionOut,
    RingDecisions,
    SecondIn,
    UndoIn,
    UndoOut,
)
from api.serving.service import Service
from graph.cases import decide as deciding
from graph.cases.plan import Ask, plan, unchanged
from graph.errors import InputError
from graph.ledger import answered, decisions, outgoing
from graph.ledger.audit import lock_head
from graph.ledger.port import Action, EventName, RingDecision
from graph.schema import NodeType, node_id

router = APIRouter(prefix="/v1", tags=["decisions"])

_DECIDED = (EventName.DECISION_MADE, EventName.DECISION_UNDONE)
_FEED = "events"


@router.post("/rings/{ring_id}/decisions", operation_id="decide_ring", response_model=DecisionOut)
def decide_ring(
    ring_id: RingId,
    body: DecisionIn,
    caller: Investigates,
    service: ServiceDep,
    key: IdempotencyKey = None,
) -> DecisionOut:
    """Decide about a ring, or see with `dry_run` what that would do.

    With `expected_version` it is refused (409) when the ring has changed since; the answer says who
    came and went. Repeated with one Idempotency-Key it is done once.
    """
    office = service.office
    ask = _ask(ring_id, body, office.clock())
    if body.dry_run:
        with office.ledger.reading() as book:
            return DecisionOut.of(plan(ask, service.store, book, office.clock()), None)
    said = {**asdict(ask), "reason": body.reason}
    with office.ledger.reading() as book:
        earlier = answered.earlier(book, caller.id, key, said)
        if earlier is not None:
            return DecisionOut.model_validate(earlier)
        planned = plan(ask, service.store, book, office.clock())
    with office.ledger.writing() as book:
        lock_head(book)
        earlier = answered.earlier(book, caller.id, key, said)
        if earlier is not None:
            return DecisionOut.model_validate(earlier)
        unchanged(planned, book, service.store)
        hand = hand_of(office, caller)
        made = deciding.decide(
            book, planned, body.reason, hand, ask.snooze_until, office.second_from
        )
        told = DecisionOut.of(planned, made)
        answer = told.model_dump(mode="json")
        answered.keep(book, caller.id, key, said, answer=answer, at=hand.now)
    office.settle()
    return told


@router.get(
    "/rings/{ring_id}/decisions", operation_id="list_ring_decisions", response_model=RingDecisions
)
def list_ring_decisions(ring_id: RingId, _: Reads, service: ServiceDep) -> RingDecisions:
    """What was decided about a ring, the latest first."""
    with service.office.ledger.reading() as book:
        found = decisions.of_rings(book, [ring_id])
    return RingDecisions(items=[_out(service, made) for made in found])


@router.get(
    "/decisions/waiting", operation_id="list_waiting_decisions", response_model=RingDecisions
)
def list_waiting_decisions(_: Reads, service: ServiceDep) -> RingDecisions:
    """Decisions that wait for a second person, the oldest first."""
    with service.office.ledger.reading() as book:
        found = decisions.waiting(book)
    return RingDecisions(items=[_out(service, made) for made in found])


@router.post(
    "/decisions/{decision_id}/approval",
    operation_id="answer_decision",
    response_model=RingDecisionOut,
)
def answer_decision(
    decision_id: ThingId, body: SecondIn, caller: Investigates, service: ServiceDep
) -> RingDecisionOut:
    """A second person's word on a decision that waits; only then is anything done."""
    with acting(service.office, caller) as (book, hand):
        made = deciding.answer(book, decision_id, body.approve, body.reason, hand)
    return _out(service, made)


@router.post("/decisions/{decision_id}/undo", operation_id="undo_decision", response_model=UndoOut)
def undo_decision(
    decision_id: ThingId, body: UndoIn, caller: Investigates, service: ServiceDep
) -> UndoOut:
    """Take a decision back within fifteen minutes; says what could not be given back, and why."""
    with acting(service.office, caller) as (book, hand):
        undone = deciding.undo(book, decision_id, body.reason, hand)
    return UndoOut(
        restored=len(undone.restored),
        restored_ids=[node_id(NodeType.ACCOUNT, account) for account in undone.restored],
        not_restored=[Named(id=identity, why=why) for identity, why in undone.not_restored],
    )


@router.get("/decisions", operation_id="list_decisions", response_model=Feed)
def list_decisions(
    _: Reads,
    service: ServiceDep,
    cursor: Cursor = None,
    limit: Limit = 100,
    types: Annotated[
        list[EventName] | None, Query(alias="type", description="default: decisions alone")
    ] = None,
) -> Feed:
    """What went out, in its order, for those who pull: the same events that webhooks deliver.

    Keep `next_cursor` and come back with it: nothing is missed and nothing comes twice.
    """
    after = _seq(cursor)
    with service.office.ledger.reading() as book:
        found = outgoing.after(book, after, limit, types or _DECIDED)
    last = found[-1].seq if found else after
    return Feed(items=[FeedItem.of(e) for e in found], next_cursor=cursor_at((last,), _FEED))


def _out(service: Service, made: RingDecision) -> RingDecisionOut:
    """A decision with its people by the names others know them by."""
    named = service.office.named
    second = made.second and named(made.second)
    return RingDecisionOut.of(replace(made, author=named(made.author), second=second))


def _seq(cursor: str | None) -> int:
    if cursor is None:
        return 0
    (place,) = place_after(cursor, _FEED)[:1]
    if not isinstance(place, int):
        raise InputError("the cursor belongs to another list")
    return place


def _ask(ring_id: str, body: DecisionIn, now: int) -> Ask:
    if (body.action is Action.SNOOZE) != (body.snooze_until is not None):
        raise InputError("snooze goes with snooze_until, and nothing else does")
    block = body.block_identifiers
    accounts = body.account_ids
    return Ask(
        ring_id,
        body.action,
        None if accounts is None else tuple(account_of(account) for account in accounts),
        block if isinstance(block, bool) else tuple(block),
        body.expected_version,
        later(body.snooze_until, now),
    )
