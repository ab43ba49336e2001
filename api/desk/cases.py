"""The work on a ring: whose it is, where it stands, notes, saved views, cases made by hand."""

from fastapi import APIRouter, Response

from api.access.auth import Investigates, Reads
from api.browse.history import detail_of, told_of
from api.deps import ServiceDep
from api.desk.hands import IfMatch, RingId, ThingId, account_of, hand_of, later, new_id, version_of
from api.desk.office import Office
from api.schemas.answers import moment
from api.schemas.cases import (
    CasePatch,
    GatherIn,
    NoteIn,
    NoteOut,
    Notes,
    Revision,
    Revisions,
    ViewIn,
    ViewOut,
    Views,
)
from api.schemas.rings import RingDetail
from graph.cases.decide import Hand
from graph.cases.gather import gather
from graph.errors import InputError
from graph.ledger import cases
from graph.ledger.audit import Act, append
from graph.ledger.port import Case, CaseStatus, View

router = APIRouter(prefix="/v1", tags=["cases"])


@router.patch("/rings/{ring_id}", operation_id="change_case", response_model=RingDetail)
def change_case(
    ring_id: RingId,
    body: CasePatch,
    if_match: IfMatch,
    response: Response,
    caller: Investigates,
    service: ServiceDep,
) -> RingDetail:
    """Assign a ring, open it again, snooze or watch it.

    `If-Match` holds the case's version as it was seen (`case_version`); 412 when somebody else was
    quicker.
    """
    office = service.office
    told = told_of(service.reader, ring_id, None)
    with office.ledger.writing() as book:
        hand = hand_of(office, caller)
        case = cases.awake(cases.of(book, [ring_id])[ring_id], hand.now)
        kept = cases.put(book, _changed(case, body, hand), version_of(if_match))
        detail = body.model_dump(mode="json", exclude_unset=True)
        append(book, [Act(hand.now, hand.actor, "case.change", f"ring:{ring_id}", detail)])
    response.headers["ETag"] = f'"{kept.version}"'
    return detail_of(service.reader, told)


def _changed(case: Case, body: CasePatch, hand: Hand) -> Case:
    sent = body.model_fields_set
    status = body.status or case.status
    until = later(body.snooze_until, hand.now) if "snooze_until" in sent else case.snooze_until
    if status is CaseStatus.SNOOZED and until is None:
        raise InputError("a snoozed case says until when: snooze_until")
    return Case(
        case.ring_id,
        status,
        body.assignee if "assignee" in sent else case.assignee,
        until if status is CaseStatus.SNOOZED else None,
        case.version,
        hand.now,
        hand.actor,
    )


@router.post("/cases", operation_id="gather_case", response_model=RingDetail)
def gather_case(body: GatherIn, caller: Investigates, service: ServiceDep) -> RingDetail:
    """Make a case of chosen accounts; it stands in the queue and is decided on as a ring is."""
    office = service.office
    accounts = [account_of(account) for account in body.account_ids]
    with office.ledger.writing() as book:
        made = gather(book, service.store, accounts, body.reason, hand_of(office, caller))
    return detail_of(service.reader, told_of(service.reader, made.ring_id))


# ---------------------------------------------------------------------------------------- notes
@router.get("/rings/{ring_id}/notes", operation_id="list_notes", response_model=Notes)
def list_notes(ring_id: RingId, _: Reads, service: ServiceDep) -> Notes:
    """The notes on a ring, the first one first."""
    with service.office.ledger.reading() as book:
        found = cases.notes(book, ring_id)
    return Notes(items=[NoteOut.of(note) for note in found])


@router.post("/rings/{ring_id}/notes", operation_id="add_note", response_model=NoteOut)
def add_note(ring_id: RingId, body: NoteIn, caller: Investigates, service: ServiceDep) -> NoteOut:
    """Add a note. Notes are kept as they were; an edit adds a reading."""
    told_of(service.reader, ring_id, None)
    office = service.office
    with office.ledger.writing() as book:
        hand = hand_of(office, caller)
        author = office.named(hand.actor)
        note = cases.write_note(book, ring_id, new_id(), author, body.text, hand.now)
        _told(book, hand, "note.add", ring_id, note.id)
    return NoteOut.of(note)


@router.patch("/notes/{note_id}", operation_id="edit_note", response_model=NoteOut)
def edit_note(note_id: ThingId, body: NoteIn, caller: Investigates, service: ServiceDep) -> NoteOut:
    """Edit a note of one's own; the earlier readings stay."""
    office = service.office
    with office.ledger.writing() as book:
        hand = hand_of(office, caller)
        note = cases.edit_note(book, note_id, office.named(hand.actor), body.text, hand.now)
        _told(book, hand, "note.edit", note.ring_id, note.id)
    return NoteOut.of(note)


@router.get("/notes/{note_id}/revisions", operation_id="list_revisions", response_model=Revisions)
def list_revisions(note_id: ThingId, _: Reads, service: ServiceDep) -> Revisions:
    """Every reading of a note, the first one first."""
    with service.office.ledger.reading() as book:
        found = cases.revisions(book, note_id)
    return Revisions(
        items=[
            Revision(
                revision=row["revision"], author=row["author"], text=row["text"],
                at=moment(row["at"]),
            )
            for row in found
        ]
    )  # fmt: skip


def _told(book: object, hand: Hand, act: str, ring_id: str, note_id: str) -> None:
    append(book, [Act(hand.now, hand.actor, act, f"ring:{ring_id}", {"note_id": note_id})])  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------- views
@router.get("/views", operation_id="list_views", response_model=Views)
def list_views(caller: Reads, service: ServiceDep) -> Views:
    """Views of one's own and those that others share, newest first."""
    with service.office.ledger.reading() as book:
        found = cases.views(book, caller.id)
    return Views(items=[ViewOut.of(view) for view in found])


@router.post("/views", operation_id="save_view", response_model=ViewOut)
def save_view(body: ViewIn, caller: Reads, service: ServiceDep) -> ViewOut:
    """Keep a view; its id makes a short link."""
    office: Office = service.office
    now = office.clock()
    view = View(new_id()[:12], caller.id, body.name, body.state, body.shared, now)
    with office.ledger.writing() as book:
        cases.save_view(book, view)
    return ViewOut.of(view)


@router.get("/views/{view_id}", operation_id="get_view", response_model=ViewOut)
def get_view(view_id: ThingId, _: Reads, service: ServiceDep) -> ViewOut:
    """One view; whoever has its link may open it."""
    with service.office.ledger.reading() as book:
        return ViewOut.of(cases.view_named(book, view_id))


@router.delete("/views/{view_id}", operation_id="drop_view", response_model=ViewOut)
def drop_view(view_id: ThingId, caller: Reads, service: ServiceDep) -> ViewOut:
    """Forget a view of one's own."""
    with service.office.ledger.writing() as book:
        view = cases.view_named(book, view_id)
        cases.drop_view(book, view_id, caller.id)
    return ViewOut.of(view)
