"""Rows and outcomes into the ledger's outbox: what stands between a call and the graph.

A call's rows are cleaned one by one, recorded as one parcel in one transaction, and handed to the
applier. It knows nothing of HTTP.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from api.schemas.events import EventsOut, Outcome, OutcomeIn, OutcomeOut, RefusalOut
from api.serving.applier import Applier
from api.serving.taking import Load
from graph import normalise
from graph.cleaned import SKETCHES, TABLE_OF, row_of
from graph.contract import TABLES
from graph.door import Door
from graph.errors import InputError, NotFound
from graph.facts import Event
from graph.ledger import hot
from graph.ledger.engine import Ledger
from graph.ledger.hot import Parcel
from graph.ledger.labels import record_label
from graph.ledger.port import LabelRecord
from graph.reasons import Reason, Refused

EVENTS = "events"
_LABELS = {Outcome.FRAUD: "fraud", Outcome.LEGITIMATE: "legitimate"}


class Intake:
    """``Intake(ledger, door, applier, clock, admit)``; safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        door: Door,
        applier: Applier,
        clock: Callable[[], int],
        admit: Callable[[], None],
    ) -> None:
        self._ledger = ledger
        self._door = door
        self._applier = applier
        self._clock = clock
        self._admit = admit

    def take(self, lines: Sequence[tuple[int, bytes]]) -> EventsOut:
        """Clean and record rows, each with its number in the call.

        Raises:
            Overloaded: if too much waits to be written.
            StoreUnavailable: if the ledger cannot take them right now.
        """
        self._admit()
        events: list[Event] = []
        refused: list[RefusalOut] = []
        for number, line in lines:
            found = self._cleaned(number, line)
            (refused if isinstance(found, RefusalOut) else events).append(found)  # type: ignore[arg-type]
        if events:
            now = self._clock()
            parcel = Parcel(EVENTS, packed(events), now)
            with self._ledger.writing() as book:
                (seq,) = hot.post(book, [parcel])
            load = Load(seq, tuple(events), at=now, kind=EVENTS, body=parcel.body)
            self._applier.put(load)
        return EventsOut(accepted=len(events), refused=refused)

    def _cleaned(self, number: int, line: bytes) -> Event | RefusalOut:
        parsed = row_in(line)
        if parsed is None:
            return _refusal(number, None, Reason.UNREADABLE.value, Reason.UNREADABLE.sentence)
        table, row = parsed
        if table not in TABLES:
            return _refusal(number, None, "unknown_table", f"known: {', '.join(TABLES)}")
        try:
            return self._door.event(table, row)
        except InputError as error:
            return _refusal(number, table, "contract", str(error))

    def report(self, body: OutcomeIn, caller: str) -> OutcomeOut:
        """Record what became of a sign-up, and what follows from it.

        Raises:
            NotFound: if there is no such answer.
            InputError: if its time cannot be right.
        """
        at, now = _moment(body.at), self._clock()
        with self._ledger.writing() as book:
            answer = hot.answer_of(book, body.request_id)
            if answer is None or answer[0] is None:
                raise NotFound(f"no answer {body.request_id!r}")
            account_id = answer[0]
            row = {
                "request_id": body.request_id, "outcome": body.outcome.value,
                "account_id": account_id, "caller": caller, "at": at, "reported_at": now,
            }  # fmt: skip
            new = hot.report(book, row)
            parked = (
                hot.parked_of(book, account_id) if new and body.outcome is Outcome.OPENED else []
            )
            if parked:
                hot.unpark(book, account_id)
            if new and body.outcome in _LABELS:
                label = LabelRecord(
                    uuid.uuid4().hex, account_id, at, _LABELS[body.outcome], "partner", caller
                )
                record_label(book, label, now)
        for parcel in parked:
            self._applier.put_parcel(parcel)
        return OutcomeOut(new=new, released=len(parked))


def row_in(line: bytes) -> tuple[str, Mapping[str, Any]] | None:
    """Table and row of one line; None where it is no ``EventIn``."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("row"), dict):
        return None
    table = found.get("table")
    return (table, found["row"]) if isinstance(table, str) else None


def packed(events: Sequence[Event]) -> bytes:
    """Events as the bytes of a parcel; cleaned columns only."""
    rows = [[TABLE_OF[type(event)], _plain(row_of(event))] for event in events]
    return orjson.dumps(rows)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    for name in SKETCHES:
        if row.get(name) is not None:
            row[name] = row[name].hex()
    return row


def _moment(text: str) -> int:
    try:
        return normalise.time_of(text)
    except Refused as refused:
        raise InputError(f"at: {refused.reason.sentence}") from None


def _refusal(number: int, table: str | None, reason: str, detail: str) -> RefusalOut:
    column = None
    if reason == "contract":
        where, _, detail = detail.partition(": ")
        column = where.partition(".")[2]
    return RefusalOut(row=number, table=table, column=column, reason=reason, detail=detail)
