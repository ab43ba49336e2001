"""Block, allow and protected lists: every score consults them, a change counts at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.access.auth import Investigates, Reads
from api.access.principal import Principal
from api.cursor import cursor_at, place_after
from api.deps import ServiceDep
from api.desk.hands import Cursor, Limit, ThingId, hand_of, later, new_id
from api.schemas.cases import ListEntries, ListEntryIn, ListEntryOut
from api.serving.service import Service
from graph import normalise
from graph.errors import InputError, NotAllowed, UnknownName
from graph.ledger import lists
from graph.ledger.audit import Act, append
from graph.ledger.port import ListEntry, ListName, Role
from graph.normalise import Pseudonyms
from graph.reasons import Refused
from graph.schema import NodeType, node_id, split_id

router = APIRouter(prefix="/v1/lists", tags=["lists"])

_ORDER = "lists"
# Who may let pass or protect must answer for more than who may block.
_ROLE_OF = {
    ListName.BLOCK: Role.INVESTIGATOR, ListName.ALLOW: Role.LEAD, ListName.PROTECTED: Role.LEAD
}  # fmt: skip
# A ring comes and goes; a wording, a network or an operator is used by too many.
LISTABLE = frozenset(NodeType) - {
    NodeType.RING, NodeType.PROMPT_CLUSTER, NodeType.ISSUER, NodeType.ASN
}  # fmt: skip


@router.get("", operation_id="list_entries", response_model=ListEntries)
def list_entries(
    _: Reads,
    service: ServiceDep,
    name: Annotated[ListName | None, Query(alias="list")] = None,
    entity_id: Annotated[str | None, Query(max_length=512)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> ListEntries:
    """Entries that hold now, newest first."""
    office = service.office
    asked = None if entity_id is None else [entity_id]
    with office.ledger.reading() as book:
        found = lists.standing(
            book, office.clock(), name=name, entity_ids=asked, after=_after(cursor), limit=limit + 1
        )
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return ListEntries(
        items=[
            ListEntryOut.of(replace(entry, author=office.named(entry.author))) for entry in shown
        ],
        next_cursor=last and cursor_at((last.created_at, last.id), _ORDER),
    )


@router.post("", operation_id="add_entry", response_model=ListEntryOut)
def add_entry(body: ListEntryIn, caller: Investigates, service: ServiceDep) -> ListEntryOut:
    """Put an entity on a list, by its id or by kind and value; one that is there stays."""
    _may(caller, body.list)
    office = service.office
    hand = hand_of(office, caller)
    entry = ListEntry(
        new_id(), body.list, _entity(service, body), body.reason, office.named(hand.actor),
        hand.now, later(body.expires_at, hand.now),
    )  # fmt: skip
    with office.ledger.writing() as book:
        kept = lists.add(book, entry)
        if kept is entry:
            detail = {"list": entry.list, "entry_id": entry.id, "reason": entry.reason}
            append(book, [Act(hand.now, hand.actor, "list.add", entry.entity_id, detail)])
    office.settle()
    return ListEntryOut.of(kept)


@router.delete("/{entry_id}", operation_id="remove_entry", response_model=ListEntryOut)
def remove_entry(entry_id: ThingId, caller: Investigates, service: ServiceDep) -> ListEntryOut:
    """Take an entry off its list."""
    office = service.office
    hand = hand_of(office, caller)
    with office.ledger.writing() as book:
        entry = lists.remove(book, entry_id, hand.now, hand.actor)
        _may(caller, entry.list)
        detail = {"list": entry.list, "entry_id": entry.id}
        append(book, [Act(hand.now, hand.actor, "list.remove", entry.entity_id, detail)])
    office.settle()
    return ListEntryOut.of(entry)


def _may(caller: Principal, name: ListName) -> None:
    if not caller.role.covers(_ROLE_OF[name]):
        raise NotAllowed(f"the {name} list needs the role {_ROLE_OF[name]}")


def _entity(service: Service, body: ListEntryIn) -> str:
    if body.entity_id is not None and body.kind is None and body.value is None:
        kind = _kind(body.entity_id)
        found = body.entity_id
    elif body.entity_id is None and body.kind is not None and body.value is not None:
        kind = body.kind
        found = node_id(kind, key_of(service.door.pseudonyms, kind, body.value))
    else:
        raise InputError("send entity_id, or kind and value")
    if kind not in LISTABLE:
        raise InputError(f"a {kind.value} cannot stand on a list")
    return found


def key_of(pseudonyms: Pseudonyms, kind: NodeType, value: str) -> str:
    """The key of a node, made of what is known outside as the door makes it.

    Raises:
        InputError: if the value is none of that kind; says why and shows nothing of it.
    """
    makers: dict[NodeType, Callable[[], str]] = {
        NodeType.ACCOUNT: lambda: normalise.id_of(value),
        NodeType.ORGANISATION: lambda: normalise.organisation_of(value),
        NodeType.EMAIL_DOMAIN: lambda: value.strip().lower().rpartition("@")[2],
        NodeType.SUBNET: lambda: normalise.address_of(value).subnet,
        NodeType.IP: lambda: pseudonyms.of("ip", normalise.address_of(value).subscriber),
        NodeType.MAILBOX: lambda: pseudonyms.of("mailbox", normalise.email_of(value).mailbox),
        NodeType.PHONE: lambda: pseudonyms.of("phone", normalise.phone_of(value).number),
    }
    plain = (NodeType.DEVICE, NodeType.PAYMENT_METHOD)
    makers |= {one: lambda: pseudonyms.of(kind.value, normalise.id_of(value)) for one in plain}
    if kind not in makers:
        raise InputError(f"a {kind.value} is named by its id")
    try:
        return makers[kind]()
    except Refused as refused:
        raise InputError(f"{kind.value}: {refused.reason.sentence}") from None


def _kind(identity: str) -> NodeType:
    try:
        kind, key = split_id(identity)
    except ValueError:
        got = identity.partition(":")[0]
        raise UnknownName.among("kind of entity", got, list(NodeType)) from None
    if not key:
        raise InputError("an entity's id is kind:key")
    return kind


def _after(cursor: str | None) -> Any:
    if cursor is None:
        return None
    place = place_after(cursor, _ORDER)
    if [type(part) for part in place] != [int, str]:
        raise InputError("the cursor belongs to another list")
    return place
