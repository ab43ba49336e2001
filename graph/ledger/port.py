"""The ledger's nouns and its port, free of any database library.

Times are int64 microseconds since the epoch, UTC, and named ``*_at``; ids are texts the caller
makes. Nothing here holds a personal value: accounts are the seller's own ids, identifiers are
``kind:pseudonym`` as in :mod:`graph.schema`. Read ``graph.ledger.engine`` next.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Scope(StrEnum):
    """What a key may be used for."""

    SCORE = "score"
    INGEST = "ingest"
    INVESTIGATE = "investigate"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person may do, each including those before it."""

    VIEWER = "viewer"
    INVESTIGATOR = "investigator"
    LEAD = "lead"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        """Whether this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class ListName(StrEnum):
    """A list that every score consults."""

    BLOCK = "block"
    ALLOW = "allow"
    PROTECTED = "protected"


class Action(StrEnum):
    """What can be decided about a ring."""

    CONFIRM = "confirm"
    DISMISS = "dismiss"
    SNOOZE = "snooze"
    BAN = "ban"
    LIMIT = "limit"
    VERIFY = "verify"
    WATCH = "watch"


class CaseStatus(StrEnum):
    """Where the work on a ring stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    SNOOZED = "snoozed"
    WATCHED = "watched"
    ACTED = "acted"


class DecisionState(StrEnum):
    """``waiting`` for a second person, ``done``, ``undone``, or ``refused`` by that person."""

    WAITING = "waiting"
    DONE = "done"
    UNDONE = "undone"
    REFUSED = "refused"


class EventName(StrEnum):
    """What goes out to webhooks and to those who pull."""

    RING_FLAGGED = "ring.flagged"
    ACCOUNT_FLAGGED = "account.flagged"
    DECISION_MADE = "decision.made"
    DECISION_UNDONE = "decision.undone"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret: ``digest`` is SHA-256 of the secret, hidden in ``repr``.

    ``reasons`` False: answers to this key name no evidence (a key that applicants' devices could
    come to hold). ``rate_per_s`` None takes the service's default, 0 is no limit.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    role: Role
    created_at: int
    created_by: str
    digest: str = field(repr=False)
    reasons: bool = True
    rate_per_s: float | None = None
    expires_at: int | None = None
    revoked_at: int | None = None

    def live(self, now: int) -> bool:
        """Whether it opens anything at ``now`` (us)."""
        ended = [at for at in (self.expires_at, self.revoked_at) if at is not None]
        return all(now < at for at in ended)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the audit chain: who did what to which subject.

    ``digest`` covers ``previous`` and everything but ``subject`` and ``detail``, which are covered
    by ``seal``, a salted digest of the two: erasing an account blanks them and breaks no link.
    """

    seq: int
    at: int
    actor: str
    action: str
    subject: str | None
    detail: Mapping[str, Any] | None
    seal: str
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class ListEntry:
    """An entity (``kind:key``; accounts and organisations too) on a list, why and until when."""

    id: str
    list: ListName
    entity_id: str
    reason: str
    author: str
    created_at: int
    expires_at: int | None = None
    decision_id: str | None = None


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """What somebody found an account to be; ``source`` is one of the contract's."""

    id: str
    account_id: str
    decided_at: int
    verdict: str
    source: str
    author: str
    campaign_id: str | None = None
    decision_id: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """Where the work on one ring stands; ``version`` grows by one a change, 0 is untouched."""

    ring_id: str
    status: CaseStatus = CaseStatus.OPEN
    assignee: str | None = None
    snooze_until: int | None = None
    version: int = 0
    changed_at: int = 0
    changed_by: str = ""


@dataclass(frozen=True, slots=True)
class RingDecision:
    """What was decided about a ring. ``effects`` has account id to what was done to it.

    ``ring_version`` is the version the decider saw; ``before`` the case as it stood.
    """

    id: str
    ring_id: str
    action: Action
    reason: str
    author: str
    decided_at: int
    ring_version: int
    state: DecisionState
    undo_until: int
    effects: Mapping[str, str] = field(default_factory=dict)
    blocked: tuple[str, ...] = ()
    protected: tuple[tuple[str, str], ...] = ()
    snooze_until: int | None = None
    second: str | None = None
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a ring as it reads now; ``edited_at`` is that of the latest edit, if any."""

    id: str
    ring_id: str
    author: str
    text: str
    created_at: int
    edited_at: int | None = None
    revisions: int = 1


@dataclass(frozen=True, slots=True)
class View:
    """A saved view: ``state`` is the console's own."""

    id: str
    owner: str
    name: str
    state: Mapping[str, Any]
    shared: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class Appeal:
    """An account's appeal; ``outcome`` is ``uphold`` or ``overturn`` once it is decided."""

    id: str
    account_id: str
    statement: str
    opened_at: int
    opened_by: str
    outcome: str | None = None
    reason: str | None = None
    decided_at: int | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event that goes out; ``seq`` grows without gaps and is what a puller's cursor names."""

    seq: int
    id: str
    name: EventName
    at: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are delivered; its signing secret is derived, never kept."""

    id: str
    url: str
    events: frozenset[EventName]
    created_at: int
    created_by: str
    secret_version: int = 1
    disabled_at: int | None = None


class Ledger(Protocol):
    """A home of the ledger: transactions, and nothing else. ``graph.ledger.engine`` opens one.

    Raises ``StoreUnavailable`` when the database cannot answer; trying again is safe.
    """

    def writing(self) -> AbstractContextManager["Connection"]:
        """A transaction: all of what is done inside is kept, or nothing.

        Law: what is done in one is seen by no other before its end; two that append to the audit
        chain come one after the other.
        """

    def reading(self) -> AbstractContextManager["Connection"]:
        """One consistent look; nothing may be written."""

    def close(self) -> None:
        """Let go of connections."""
