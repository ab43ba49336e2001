"""Wire types of rings: the queue, one ring with its evidence and its life, and pages about it.

A ring's facts are the refresh's; ``status``, ``assignee`` and ``snoozed_until`` are the case's,
which people work on. The graph's types are in ``api.schemas.graph``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, computed_field

from api.schemas.answers import ReasonOut, Wire, moment
from api.schemas.graph import HappeningList, Id, NodeOut
from api.schemas.telling import purpose_of, title_of
from graph.kinship import Kinship, Part, Role
from graph.store import RingRow

__all__ = ["HappeningList"]

OPEN = "open"
"""The status of a ring that nobody has decided on."""


class TurnOut(Wire):
    """A change in the life of a ring: born, grew, shrank, split, merged, regrown and the like.

    ``joined`` and ``left`` count accounts; null where an older refresh did not count.
    """

    at: datetime
    change: str
    others: list[str] = Field(default_factory=list)
    joined: int | None = None
    left: int | None = None


class RingSummary(Wire):
    """One ring in the queue. ``flagged`` rings call for action; ``verdict`` says what kind it is.

    ``status`` is where the case stands, ``life`` where the ring does (active, dormant, banned).
    ``identifiers`` counts by kind what two or more of its accounts share; ``new_accounts_24h`` are
    members who signed up in the day before the refresh, ``exchanges_24h`` and ``exchanges_7d`` what
    members asked before it: what goes on while nobody decides. ``purpose`` is the figure behind the
    verdict, ``turn`` the latest change of the ring, ``regrown_from`` banned rings it goes on from.
    ``version`` is the ring's and grows when its members or flag change, ``case_version`` the case's
    and grows when people change that.
    """

    id: str
    version: int
    title: str
    score: float = Field(ge=0, le=1)
    status: str = OPEN
    life: str
    verdict: str
    flagged: bool
    accounts: int
    new_accounts_24h: int = 0
    exchanges_24h: int | None = None
    exchanges_7d: int | None = None
    identifiers: dict[str, int] = Field(default_factory=dict)
    purpose: str | None = None
    turn: TurnOut | None = None
    regrown_from: list[str] = Field(default_factory=list)
    first_seen: datetime
    last_seen: datetime
    assignee: str | None = None
    snoozed_until: datetime | None = None
    case_version: int = 0

    @classmethod
    def fields_of(cls, row: RingRow) -> dict[str, Any]:
        """The summary's fields that the refresh knows, read from a store's ``row``."""
        detail: Mapping[str, Any] = row.detail
        turns = turns_of(row)
        return {
            "id": row.ring_id,
            "version": int(detail.get("version", 1)),
            "title": title_of(row),
            "score": row.score,
            "life": row.status,
            "verdict": str(detail.get("verdict", "unclear")),
            "flagged": bool(detail.get("flagged", False)),
            "accounts": row.size,
            "new_accounts_24h": int(detail.get("new_accounts_24h", 0)),
            "exchanges_24h": detail.get("exchanges_24h"),
            "exchanges_7d": detail.get("exchanges_7d"),
            "identifiers": dict(detail.get("identifiers", {})),
            "purpose": purpose_of(row),
            "turn": turns[-1] if turns else None,
            "regrown_from": [o for turn in turns if turn.change == "regrown" for o in turn.others],
            "first_seen": moment(row.first_seen),
            "last_seen": moment(row.last_seen),
        }

    @classmethod
    def of(cls, row: RingRow, case: Mapping[str, Any] | None = None) -> Self:
        """The summary of ``row``, with what its ``case`` says."""
        return cls(**{**cls.fields_of(row), **(case or {})})


class PrecedentOut(Wire):
    """An earlier ring that shares identifiers with this one, and how it was decided."""

    ring: str
    title: str
    shared: list[str]
    outcome: str


class ClockOut(Wire):
    """When a campaign began, was seen and was stopped; null for what has not happened.

    ``exchanges_before_each`` counts the members' requests before each of these moments.
    """

    first_signup: datetime | None = None
    first_flag: datetime | None = None
    ring_flag: datetime | None = None
    action: datetime | None = None
    exchanges_before_each: dict[str, int] = Field(default_factory=dict)


class RelativeOut(Wire):
    """Another ring and what it is to this one.

    Of the same operator, a customer whose traffic this one carries, a provider that carries this
    one's, of the same toolkit, or with things in common: ``says`` tells it in words. ``weight`` is
    in nats, as the reasons'.
    """

    ring_id: str
    kind: Literal["same_operator", "customer", "provider", "same_toolkit", "shared_things"]
    weight: float
    reasons: list[ReasonOut]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def says(self) -> str:
        """What the other ring is, in words."""
        return Kinship(self.kind).says


class RoleOut(Wire):
    """What an account carries: its operator's work, others' resold traffic, or both.

    ``kit_share`` is the share of its ``requests`` that comes from the ring's own kit.
    """

    role: Literal["operator", "resold", "both"]
    kit_share: float = Field(ge=0, le=1)
    requests: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def says(self) -> str:
        """What the account carries, in words."""
        return Role(self.role).says


class PoolOut(Wire):
    """A part of a ring: its operator's own accounts, those sold to strangers, or a customer's.

    An account that does two things stands in two parts. ``ring_id`` is the customer's ring, null
    for the other parts.
    """

    part: Literal["operator", "resold", "customer"]
    ring_id: str | None = None
    accounts: list[str]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def says(self) -> str:
        """What these accounts are there for, in words."""
        return Part(self.part).says


class RingDetail(RingSummary):
    """One ring with its evidence. ``families`` gives each family's weight in nats.

    ``relatives`` are other rings that stand near it, surest first; ``roles`` what members carry, by
    account, where they asked enough to tell; ``pools`` the parts of the ring that this makes.
    ``triage`` sorts (its reasons weigh nothing). ``merged_into`` names the ring that took this one
    over; ``versions`` are the versions that are kept.
    """

    reasons: list[ReasonOut]
    counter_evidence: list[ReasonOut]
    triage: list[ReasonOut] = Field(default_factory=list)
    families: dict[str, float]
    precedents: list[PrecedentOut] = Field(default_factory=list)
    lineage: list[TurnOut] = Field(default_factory=list)
    relatives: list[RelativeOut] = Field(default_factory=list)
    roles: dict[str, RoleOut] = Field(default_factory=dict)
    pools: list[PoolOut] = Field(default_factory=list)
    campaign_clock: ClockOut = ClockOut()
    merged_into: str | None = None
    versions: dict[int, datetime] = Field(default_factory=dict)
    as_of: datetime

    @classmethod
    def at(cls, row: RingRow, as_of: int, **more: Any) -> Self:
        """The ring of ``row``, as the generation of ``as_of`` (us) shows it."""
        detail: Mapping[str, Any] = row.detail
        reasons = reasons_of(row)
        fields = {
            **cls.fields_of(row),
            "reasons": [reason for reason in reasons if not reason.code.startswith("triage.")],
            "counter_evidence": reasons_of(row, "counter_evidence"),
            "triage": [reason for reason in reasons if reason.code.startswith("triage.")],
            "families": dict(detail.get("families", {})),
            "lineage": turns_of(row),
            "relatives": [
                {**form, "reasons": [ReasonOut.of(r) for r in form["reasons"]]}
                for form in detail.get("relatives", ())
            ],
            "roles": detail.get("roles", {}),
            "pools": detail.get("pools", ()),
            "as_of": moment(as_of),
        }
        return cls(**{**fields, **more})


class RingList(Wire):
    """A page of rings in the order asked for."""

    items: list[RingSummary]
    total: int
    next_cursor: str | None
    as_of: datetime


class MemberOut(Wire):
    """An account in a ring: how firmly it belongs, since when, and what it did."""

    id: str
    account_id: str
    strength: float = Field(ge=0, le=1)
    since: datetime
    score: float | None = None
    status: str | None = None
    created_at: datetime | None = None
    country: str | None = None
    pathway: str | None = None
    plan: str | None = None
    shared: int = 0


class MemberList(Wire):
    """A page of a ring's accounts, firmest first; ``shared`` counts what each has in common."""

    items: list[MemberOut]
    total: int
    next_cursor: str | None
    as_of: datetime


class SharedRow(Wire):
    """An account and which of the shared identifiers it has."""

    account: NodeOut
    has: list[str]


class SharedTable(Wire):
    """The ring as a table: identifiers that two or more accounts share, and who has which.

    Identifiers come most shared first, accounts with most of them first. ``total`` counts rows.
    """

    identifiers: list[NodeOut]
    rows: list[SharedRow]
    total: int
    truncated: bool
    next_cursor: str | None
    as_of: datetime


class BucketOut(Wire):
    """Events that began in ``bucket_s`` seconds from ``t``, by kind."""

    t: datetime
    counts: dict[str, int]


class Timeline(Wire):
    """What a ring's accounts did over time; buckets without events are left out."""

    start: datetime
    end: datetime
    bucket_s: int
    kinds: list[str]
    buckets: list[BucketOut]
    as_of: datetime


class WhatIfIn(Wire):
    """Identifiers and accounts to imagine away."""

    without: Annotated[list[Id], Field(min_length=1, max_length=50)]


class WhatIfOut(Wire):
    """The ring without some of its identifiers.

    ``score`` is what the evidence that is left says, ``pieces`` the groups of accounts that still
    hang together (largest first), ``left_out`` those tied to nobody any more.
    """

    score_before: float
    score: float
    families_before: dict[str, float]
    families: dict[str, float]
    flagged: bool
    pieces: list[list[str]]
    left_out: list[str]
    reasons: list[ReasonOut]
    lost: list[ReasonOut]
    as_of: datetime


def reasons_of(row: RingRow, name: str = "reasons") -> list[ReasonOut]:
    """A ring's reasons, or its counter-evidence, as the refresh stored them."""
    detail: Mapping[str, Any] = row.detail
    return [ReasonOut.of(form) for form in detail.get(name, ())]


def turns_of(row: RingRow) -> list[TurnOut]:
    """What the ring has lived through, earliest first."""
    detail: Mapping[str, Any] = row.detail
    return [TurnOut(**{**turn, "at": moment(turn["at"])}) for turn in detail.get("history", ())]
