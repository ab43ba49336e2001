"""Appeals, the audit sample, and labels from outside: how the ledger learns what accounts are."""

import random
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query

from api.access.auth import Ingests, Investigates, Reads
from api.cursor import cursor_at, place_after
from api.deps import ServiceDep
from api.desk.hands import Cursor, Limit, ThingId, account_of, acting, hand_of, micros, new_id
from api.schemas.labels import (
    AppealDecisionIn,
    AppealIn,
    AppealOut,
    Appeals,
    DrawnOut,
    JudgementIn,
    LabelIn,
    LabelOut,
    Sample,
    SampleIn,
)
from api.serving.service import Service
from graph.cases import appeals, sample
from graph.errors import InputError
from graph.ledger.audit import Act, append
from graph.ledger.labels import record_label
from graph.ledger.port import Appeal, LabelRecord
from graph.schema import NodeType, node_id

router = APIRouter(prefix="/v1", tags=["labels"])

_ORDER = "appeals"


@router.get("/appeals", operation_id="list_appeals", response_model=Appeals)
def list_appeals(
    _: Reads,
    service: ServiceDep,
    waiting: Annotated[bool, Query(alias="open", description="those decided if false")] = True,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Appeals:
    """Appeals that wait for a decision, or those that have one; the oldest first."""
    after = None
    if cursor is not None:
        place = place_after(cursor, _ORDER)
        if [type(part) for part in place] != [int, str]:
            raise InputError("the cursor belongs to another list")
        after = (int(place[0]), str(place[1]))
    with service.office.ledger.reading() as book:
        found = appeals.find(book, undecided=waiting, after=after, limit=limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return Appeals(
        items=[_out(service, appeal) for appeal in shown],
        next_cursor=last and cursor_at((last.opened_at, last.id), _ORDER),
    )


@router.post("/appeals", operation_id="open_appeal", response_model=AppealOut)
def open_appeal(body: AppealIn, caller: Investigates, service: ServiceDep) -> AppealOut:
    """Take an account's appeal in."""
    office = service.office
    with office.ledger.writing() as book:
        account = account_of(body.account_id)
        made = appeals.open_appeal(book, account, body.statement, hand_of(office, caller))
    return _out(service, made)


@router.post(
    "/appeals/{appeal_id}/decision", operation_id="decide_appeal", response_model=AppealOut
)
def decide_appeal(
    appeal_id: ThingId, body: AppealDecisionIn, caller: Investigates, service: ServiceDep
) -> AppealOut:
    """Uphold what was decided, or overturn it: reinstated, and labelled legitimate."""
    with acting(service.office, caller) as (book, hand):
        made = appeals.decide_appeal(book, appeal_id, body.outcome, body.reason, hand)
    return _out(service, made)


@router.get("/audit-sample", operation_id="list_sample", response_model=Sample)
def list_sample(_: Reads, service: ServiceDep, limit: Limit = 100) -> Sample:
    """Accounts of the random sample that wait for a verdict, the oldest draw first."""
    with service.office.ledger.reading() as book:
        found = sample.waiting(book, limit)
    return Sample(items=[DrawnOut.of(one) for one in found])


@router.post("/audit-sample", operation_id="draw_sample", response_model=Sample)
def draw_sample(body: SampleIn, caller: Investigates, service: ServiceDep) -> Sample:
    """Draw unflagged accounts at random for people to look at."""
    office = service.office
    last = service.journal.last_signup()
    chance = random.SystemRandom()

    def pick(size: int) -> list[str]:
        numbers = [chance.randint(1, max(1, last)) for _ in range(size)]
        return service.journal.signups_numbered(numbers)

    flagged = _flagged(service)
    with office.ledger.writing() as book:
        hand = hand_of(office, caller)
        drawn = sample.draw(book, body.size, pick, last, flagged, hand)
    return Sample(items=[DrawnOut.of(one) for one in drawn])


@router.post(
    "/audit-sample/{account_id}/decision", operation_id="judge_sample", response_model=DrawnOut
)
def judge_sample(
    account_id: ThingId, body: JudgementIn, caller: Investigates, service: ServiceDep
) -> DrawnOut:
    """What a person found a drawn account to be; a label with source `audit`."""
    with acting(service.office, caller) as (book, hand):
        found = sample.judge(book, account_of(account_id), body.verdict, body.reason, hand)
    return DrawnOut.of(found)


@router.post("/labels", operation_id="record_label", response_model=LabelOut)
def record(body: LabelIn, caller: Ingests, service: ServiceDep) -> LabelOut:
    """What somebody outside found an account to be: a chargeback, a partner's word."""
    office = service.office
    hand = hand_of(office, caller)
    decided_at = micros(body.decided_at) or hand.now
    if decided_at > hand.now:
        raise InputError("a label cannot be decided in the future")
    account = account_of(body.account_id)
    told = LabelRecord(
        new_id(), account, decided_at, body.verdict, body.source, hand.actor, body.campaign_id
    )
    with office.ledger.writing() as book:
        kept = record_label(book, told, hand.now)
        detail = {"verdict": kept.verdict, "source": kept.source}
        subject = node_id(NodeType.ACCOUNT, account)
        append(book, [Act(hand.now, hand.actor, "label.record", subject, detail)])
    office.settle()
    return LabelOut.of(kept)


def _flagged(service: Service) -> frozenset[str]:
    """Accounts that call for action, by themselves or as members of a ring that does."""
    found = {flag.account_id for flag in service.store.flags()}
    for row in service.rings():
        if row.detail.get("flagged"):
            found |= {account for account, _, _ in service.store.ring(row.ring_id).members}
    return frozenset(found)


def _out(service: Service, made: Appeal) -> AppealOut:
    """An appeal with its people by the names others know them by."""
    named = service.office.named
    decided_by = made.decided_by and named(made.decided_by)
    return AppealOut.of(replace(made, opened_by=named(made.opened_by), decided_by=decided_by))
