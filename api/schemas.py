"""Wire types of rings, entities and errors: what a caller reads.

Each answer is made from a value of the floors below by ``X.of(value)``; times are ISO 8601 in UTC
on the wire and int64 microseconds inside. A sign-up's body and answer are in
``api.schemas_signup``, which knows the model; this module does not, so that a list of rings does
not wait for it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from graph.facts import Value
from graph.store import RingRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(at: int) -> datetime:
    """The moment ``at`` (us since the epoch) as a date and time in UTC."""
    return _EPOCH + timedelta(microseconds=at)


class Wire(BaseModel):
    """What every answer has in common."""

    model_config = ConfigDict(frozen=True)


class Problem(Wire):
    """An error (RFC 9457). ``errors`` names the places of a body that are wrong, not their values.

    ``checks`` is there when ``/readyz`` says no; ``current_version`` and the accounts ``added`` and
    ``removed`` when what a decision speaks of has changed meanwhile.
    """

    type: str
    title: str
    status: int = 500
    detail: str | None = None
    instance: str | None = None
    errors: list[dict[str, str]] | None = None
    checks: dict[str, str] | None = None
    current_version: int | None = None
    added: list[str] | None = None
    removed: list[str] | None = None


class ReasonOut(Wire):
    """One piece of evidence: what was seen and what is usual.

    ``weight`` is in nats of log-odds, above 0 it accuses; ``entity_ids`` are the nodes behind it.
    """

    code: str
    text: str
    weight: float
    observed: float | str | None = None
    baseline: float | str | None = None
    unit: str | None = None
    family: str | None = None
    entity_ids: list[str] = []

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """The reason whose stored form (``graph.rings.model.Reason.as_json``) is ``form``."""
        return cls(
            code=form["code"],
            text=form["sentence"],
            weight=form["weight"],
            observed=form["observed"],
            baseline=form["usual"],
            family=form.get("family"),
            entity_ids=list(form.get("entities", ())),
        )


class RingSummary(Wire):
    """One ring in a list. ``flagged`` rings call for action; ``verdict`` says what kind it is."""

    id: str
    version: int
    title: str
    score: float = Field(ge=0, le=1)
    status: str
    verdict: str
    flagged: bool
    accounts: int
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def fields_of(cls, row: RingRow) -> dict[str, Any]:
        """The summary's fields, read from a store's ``row``."""
        detail: Mapping[str, Any] = row.detail
        return {
            "id": row.ring_id,
            "version": int(detail.get("version", 1)),
            "title": title_of(row),
            "score": row.score,
            "status": row.status,
            "verdict": str(detail.get("verdict", "unclear")),
            "flagged": bool(detail.get("flagged", False)),
            "accounts": row.size,
            "first_seen": moment(row.first_seen),
            "last_seen": moment(row.last_seen),
        }

    @classmethod
    def of(cls, row: RingRow) -> Self:
        """The summary of ``row``."""
        return cls(**cls.fields_of(row))


class RingDetail(RingSummary):
    """One ring with its evidence. ``families`` gives each family's weight in nats."""

    reasons: list[ReasonOut]
    counter_evidence: list[ReasonOut]
    families: dict[str, float]
    as_of: datetime

    @classmethod
    def at(cls, row: RingRow, as_of: int) -> Self:
        """The ring of ``row``, as the generation of ``as_of`` (us) shows it."""
        detail: Mapping[str, Any] = row.detail
        return cls(
            **cls.fields_of(row),
            reasons=reasons_of(row),
            counter_evidence=reasons_of(row, "counter_evidence"),
            families=dict(detail.get("families", {})),
            as_of=moment(as_of),
        )


class RingList(Wire):
    """A page of rings, highest score first."""

    items: list[RingSummary]
    total: int
    next_cursor: str | None
    as_of: datetime


class MemberOut(Wire):
    """An account in a ring: how firmly it belongs, and since when."""

    id: str
    account_id: str
    strength: float = Field(ge=0, le=1)
    since: datetime


class MemberList(Wire):
    """A page of a ring's accounts, firmest first."""

    items: list[MemberOut]
    total: int
    next_cursor: str | None
    as_of: datetime


class NodeOut(Wire):
    """A node. ``degree`` counts its neighbours in the whole graph, ``hidden`` those not shown."""

    id: str
    kind: str
    label: str
    degree: int
    hidden: int
    first_seen: datetime
    score: float | None = None
    ring_id: str | None = None
    status: str | None = None
    properties: dict[str, Value]


class EdgeOut(Wire):
    """An edge: ``kind`` is its verb, ``count`` the number of events behind it."""

    id: str
    source: str
    target: str
    kind: str
    first_seen: datetime
    last_seen: datetime
    count: int


class EntityOut(NodeOut):
    """One entity: its facts, how many neighbours of each kind it has, and the rings it is in."""

    counts: dict[str, int]
    rings: list[str]
    as_of: datetime


class Neighbours(Wire):
    """A page of an entity's neighbours, most recently tied first.

    ``facets`` counts all of them by kind, ``total`` those that match; ``truncated`` says that
    there are more than ``nodes`` shows, and ``next_cursor`` goes on.
    """

    nodes: list[NodeOut]
    edges: list[EdgeOut]
    facets: dict[str, dict[str, int]]
    total: int
    truncated: bool
    next_cursor: str | None
    as_of: datetime


class Health(Wire):
    """The process is alive."""

    status: str = "ok"
    version: str


class Readiness(Wire):
    """The service can answer: each check by name."""

    status: str = "ready"
    checks: dict[str, str]
    model_version: str
    graph_as_of: datetime


def reasons_of(row: RingRow, name: str = "reasons") -> list[ReasonOut]:
    """A ring's reasons, or its counter-evidence, as the refresh stored them."""
    detail: Mapping[str, Any] = row.detail
    return [ReasonOut.of(form) for form in detail.get(name, ())]


def title_of(row: RingRow) -> str:
    """A ring's name for people: its size and what weighs most against it."""
    strongest = max(reasons_of(row), key=lambda reason: reason.weight, default=None)
    # The half after the semicolon says what is usual; it stands in the reasons.
    return f"{row.size} accounts" + (f": {strongest.text.split(';')[0]}" if strongest else "")
