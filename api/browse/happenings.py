"""Events of accounts as lines that people read: when, what, on which account, by which entity.

Rows come from ``graph.journal.account``, pseudonymised as they are kept; nothing here could show an
address or a prompt. It knows nothing of rings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.browse.asked import EventsQuery
from api.browse.event_kinds import KINDS, TABLE_OF_KIND
from api.browse.times import micros
from api.cursor import cursor_at, place_after
from api.schemas.answers import moment
from api.schemas.graph import HappeningList, HappeningOut
from graph.errors import InputError, UnknownName
from graph.journal.account import TABLES, AccountEvents, Row, Window
from graph.schema import NodeType, node_id

_ORDER = "events"


def tables_of(kinds: Sequence[str] | None) -> Sequence[str]:
    """The journal's tables of these kinds of events; all of them for None.

    Raises:
        UnknownName: for a kind that there is none of.
    """
    if not kinds:
        return TABLES
    for kind in kinds:
        if kind not in TABLE_OF_KIND:
            raise UnknownName.among("kind of event", kind, TABLE_OF_KIND)
    return tuple(TABLE_OF_KIND[kind] for kind in dict.fromkeys(kinds))


def event_page(events: AccountEvents, asked: EventsQuery, as_of: int) -> HappeningList:
    """A page of the events of accounts, latest first."""
    limit = asked.limit
    rows = events.latest(_window(asked), limit + 1)
    more = cursor_at(rows[limit - 1].place, _ORDER) if len(rows) > limit else None
    return HappeningList(
        items=[happening(row) for row in rows[:limit]], next_cursor=more, as_of=moment(as_of)
    )


def _window(asked: EventsQuery) -> Window:
    """Which events a call asks for.

    Raises:
        InputError: if the cursor is none of ours.
        UnknownName: for a kind that there is none of.
    """
    window = Window(tables_of(asked.kind), before=_before(asked.cursor))
    if asked.since is not None:
        window = replace(window, since=micros(asked.since) - 1)
    if asked.until is not None:
        window = replace(window, until=micros(asked.until))
    return window


def _before(cursor: str | None) -> tuple[int, str, int] | None:
    if not cursor:
        return None
    match place_after(cursor, _ORDER):
        case (int(at), str(table), int(number)):
            return (at, table, number)
    raise InputError("the cursor belongs to another list")


def happening(event: Row) -> HappeningOut:
    """One event for the wire."""
    entity, detail = _TOLD[event.table](event.row)
    return HappeningOut(
        t=moment(event.at),
        kind=KINDS[event.table],
        account=node_id(NodeType.ACCOUNT, event.row["account_id"]),
        entity=entity,
        detail=detail,
    )


Told = tuple[str | None, str]
Fields = Mapping[str, Any]


def _of(kind: NodeType, key: object) -> str | None:
    return node_id(kind, str(key)) if key else None


def _where(row: Fields) -> str:
    told = [row.get("ip_country"), row.get("ip_class"), row.get("asn_name")]
    return ", ".join(str(part) for part in told if part and part != "unknown")


def _said(*parts: object) -> str:
    return " · ".join(str(part) for part in parts if part)


def _signup(row: Fields) -> Told:
    entity = _of(NodeType.DEVICE, row["device"]) or _of(NodeType.IP, row["ip"])
    plan = _said(row["pathway"], row["plan"])
    mail = None if row["email_class"] in (None, "none") else f"{row['email_class']} e-mail"
    return entity, _said("signed up", plan, mail, _where(row))


def _payment(row: Fields) -> Told:
    told = f"{row['amount_usd']:.2f} USD" if row["amount_usd"] is not None else None
    entity = _of(NodeType.PAYMENT_METHOD, row["payment_method"])
    return entity, _said(row["kind"], told, row["outcome"], row["issuer_country"])


def _session(row: Fields) -> Told:
    entity = _of(NodeType.DEVICE, row["device"]) or _of(NodeType.IP, row["ip"])
    return entity, _said("session", row["user_agent"], _where(row))


def _request(row: Fields) -> Told:
    tokens = f"{row['prompt_tokens']} + {row['completion_tokens']} tokens"
    return _of(NodeType.IP, row["ip"]), _said(row["model"], tokens, row["outcome"])


def _enforcement(row: Fields) -> Told:
    return None, _said(row["action"], row["reason"])


def _label(row: Fields) -> Told:
    return None, _said(f"labelled {row['verdict']}", row["source"])


_TOLD: dict[str, Callable[[Fields], Told]] = {
    "signups": _signup,
    "payments": _payment,
    "sessions": _session,
    "requests": _request,
    "enforcements": _enforcement,
    "labels": _label,
}
assert set(_TOLD) == set(TABLES)
