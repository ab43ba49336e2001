"""What a ring is: members, reasons for and against, families of evidence, a verdict, a history.

Plain values with a JSON form, the same in store, console and evidence pack. They know nothing of
how a ring is found (:mod:`graph.rings.find`) or judged (:mod:`graph.rings.judge`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import pyarrow as pa


class Family(StrEnum):
    """Kinds of evidence that an operator would have to hide one by one."""

    IDENTIFIERS = "identifiers"
    PAYMENT = "payment"
    PROMPTS = "prompts"
    TIMING = "timing"
    SIGNUP = "signup"


POSSESSIONS = frozenset({Family.IDENTIFIERS, Family.PAYMENT})
"""Families that say "these belong together", which a household does too, and no more than that."""


class Status(StrEnum):
    """Where a ring stands in its life."""

    ACTIVE = "active"
    DORMANT = "dormant"
    BANNED = "banned"


class Verdict(StrEnum):
    """What kind of group it is."""

    DISTILLATION = "distillation"
    RESALE = "resale"
    HONEST = "honest"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence: what was seen, what is usual, and how much it weighs.

    ``weight`` is in nats of log-odds (positive accuses, negative acquits), ``entities`` ids of the
    nodes behind it, ``family`` None for what belongs to no family (a score, counter-evidence).
    """

    code: str
    sentence: str
    observed: float
    usual: float
    weight: float
    family: Family | None = None
    entities: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The form that is stored and shown."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "observed": self.observed,
            "usual": self.usual,
            "weight": self.weight,
            "family": self.family.value if self.family else None,
            "entities": list(self.entities),
        }

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """The reason that :meth:`as_json` wrote."""
        family = Family(form["family"]) if form["family"] else None
        return cls(
            form["code"],
            form["sentence"],
            form["observed"],
            form["usual"],
            form["weight"],
            family,
            tuple(form["entities"]),
        )


@dataclass(frozen=True, slots=True)
class Member:
    """An account in a ring: how firmly it belongs (0..1) and since when (us)."""

    account_id: str
    strength: float
    since: int


@dataclass(frozen=True, slots=True)
class Ring:
    """A group of accounts held together by surprising links.

    ``score`` (0..1) is how sure the evidence makes us that one operator runs it for no honest end;
    ``flagged`` only under the two-family rule. ``families`` has the weight (nats) each family
    brings after its cap. ``version`` grows when members or flag change. ``genome`` is the likeness
    kept when the ring was banned (:mod:`graph.rings.genome`), ``story`` what it has lived through
    (:mod:`graph.rings.story`).
    """

    ring_id: str
    version: int
    score: float
    flagged: bool
    status: Status
    verdict: Verdict
    members: tuple[Member, ...]
    families: Mapping[Family, float]
    reasons: tuple[Reason, ...]
    counter_evidence: tuple[Reason, ...]
    first_seen: int
    last_seen: int
    genome: Mapping[str, Any] | None = None
    story: Mapping[str, Any] | None = None

    @property
    def size(self) -> int:
        """The number of members."""
        return len(self.members)

    @property
    def account_ids(self) -> frozenset[str]:
        """The members' account ids."""
        return frozenset(member.account_id for member in self.members)

    def detail(self) -> dict[str, Any]:
        """Everything but the members, as JSON values."""
        return {
            "ring_id": self.ring_id,
            "version": self.version,
            "score": self.score,
            "flagged": self.flagged,
            "status": self.status.value,
            "verdict": self.verdict.value,
            "families": {family.value: weight for family, weight in self.families.items()},
            "reasons": [reason.as_json() for reason in self.reasons],
            "counter_evidence": [reason.as_json() for reason in self.counter_evidence],
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
            "genome": self.genome,
            **({"story": self.story} if self.story else {}),
        }

    @classmethod
    def of(cls, detail: Mapping[str, Any], members: tuple[tuple[str, float, int], ...]) -> Self:
        """The ring that :meth:`detail` and the store's member rows describe."""
        return cls(
            detail["ring_id"],
            detail["version"],
            detail["score"],
            detail["flagged"],
            Status(detail["status"]),
            Verdict(detail["verdict"]),
            tuple(Member(*row) for row in members),
            {Family(name): weight for name, weight in detail["families"].items()},
            tuple(Reason.of(form) for form in detail["reasons"]),
            tuple(Reason.of(form) for form in detail["counter_evidence"]),
            detail["first_seen"],
            detail["last_seen"],
            detail.get("genome"),
            detail.get("story"),
        )


class Change(StrEnum):
    """What happened to a ring between two refreshes."""

    BORN = "born"
    GREW = "grew"
    SHRANK = "shrank"
    SPLIT = "split"
    MERGED = "merged"
    DORMANT = "dormant"
    BANNED = "banned"
    REGROWN = "regrown"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class LineageEvent:
    """A change of ring ``ring_id`` at ``at`` (us); ``others`` are the rings it came from or ate."""

    ring_id: str
    at: int
    change: Change
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rings:
    """All groups of one refresh, most surely fraudulent first, and what changed since the last."""

    as_of: int
    rings: tuple[Ring, ...] = ()
    lineage: tuple[LineageEvent, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.rings)

    def __iter__(self) -> Iterator[Ring]:
        return iter(self.rings)

    @property
    def flagged(self) -> tuple[Ring, ...]:
        """The rings that call for action."""
        return tuple(ring for ring in self.rings if ring.flagged)

    @cached_property
    def strongest(self) -> Mapping[str, tuple[Ring, Member]]:
        """Each account's firmest membership, a ring that calls for action before any other."""
        best: dict[str, tuple[Ring, Member]] = {}
        for ring in self.rings:
            for member in ring.members:
                held = best.get(member.account_id)
                if held is None or (ring.flagged, member.strength) > (
                    held[0].flagged,
                    held[1].strength,
                ):
                    best[member.account_id] = (ring, member)
        return best

    def tables(self) -> tuple[pa.Table, pa.Table]:
        """Rings and members as ``graph.store.Generation`` takes them."""
        rings = {
            "ring_id": [r.ring_id for r in self.rings],
            "score": [r.score for r in self.rings],
            "size": [r.size for r in self.rings],
            "status": [r.status.value for r in self.rings],
            "first_seen": [r.first_seen for r in self.rings],
            "last_seen": [r.last_seen for r in self.rings],
            "detail": [json.dumps(r.detail(), sort_keys=True) for r in self.rings],
        }
        members = [(r.ring_id, m) for r in self.rings for m in r.members]
        columns = {
            "ring_id": [ring_id for ring_id, _ in members],
            "account_id": [member.account_id for _, member in members],
            "strength": [member.strength for _, member in members],
            "since": [member.since for _, member in members],
        }
        return pa.table(rings, schema=_RINGS), pa.table(columns, schema=_MEMBERS)

    @classmethod
    def of_tables(cls, as_of: int, rings: pa.Table, members: pa.Table) -> Self:
        """The rings that :meth:`tables` wrote (without their lineage)."""
        rows: dict[str, list[tuple[str, float, int]]] = {}
        for row in members.to_pylist():
            member = (row["account_id"], row["strength"], row["since"])
            rows.setdefault(row["ring_id"], []).append(member)
        details = [json.loads(text) for text in rings["detail"].to_pylist()]
        found = [Ring.of(detail, tuple(rows.get(detail["ring_id"], []))) for detail in details]
        return cls(as_of, tuple(found))


_RINGS = pa.schema(
    [
        ("ring_id", pa.string()),
        ("score", pa.float64()),
        ("size", pa.int64()),
        ("status", pa.string()),
        ("first_seen", pa.int64()),
        ("last_seen", pa.int64()),
        ("detail", pa.string()),
    ]
)
_MEMBERS = pa.schema(
    [
        ("ring_id", pa.string()),
        ("account_id", pa.string()),
        ("strength", pa.float64()),
        ("since", pa.int64()),
    ]
)
