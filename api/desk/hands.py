"""From a caller to a hand that decides, and other small crossings of the case loop's endpoints."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import Header, Path, Query

from api.access.principal import Principal
from api.desk.office import Office
from api.schemas.answers import moment
from graph.cases.decide import Hand
from graph.errors import InputError
from graph.schema import NodeType

if TYPE_CHECKING:
    from sqlalchemy import Connection

RingId = Annotated[str, Path(max_length=80)]
ThingId = Annotated[str, Path(max_length=80)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=512)]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", max_length=255)]
IfMatch = Annotated[str, Header(alias="If-Match", max_length=40)]
_ACCOUNT = f"{NodeType.ACCOUNT.value}:"
_EPOCH = moment(0)


def new_id() -> str:
    """An id that nobody can guess."""
    return uuid.uuid4().hex


def hand_of(office: Office, caller: Principal) -> Hand:
    """The hand of ``caller``, now."""
    return Hand(caller.id, office.clock(), new_id)


@contextmanager
def acting(office: Office, caller: Principal) -> Iterator[tuple["Connection", Hand]]:
    """One act of ``caller``: a transaction of the ledger, the hand; then what it owes is told."""
    with office.ledger.writing() as book:
        yield book, hand_of(office, caller)
    office.settle()


def micros(at: datetime | None) -> int | None:
    """A moment of the wire as microseconds since the epoch; None stays None."""
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1)


def account_of(text: str) -> str:
    """An account's id, whether it was sent as such or as a node's (``account:a-17``)."""
    return text.removeprefix(_ACCOUNT)


def version_of(if_match: str) -> int:
    """The version in an ``If-Match`` header.

    Raises:
        InputError: if it is no version.
    """
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdigit():
        raise InputError("If-Match must hold the case's version")
    return int(text)


def later(at: datetime | None, now: int) -> int | None:
    """A moment to come, as microseconds.

    Raises:
        InputError: if it is not to come.
    """
    found = micros(at)
    if found is not None and found <= now:
        raise InputError("the time must be in the future")
    return found
