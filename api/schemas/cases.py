"""Wire types of the case loop: lists, decisions, cases, notes, views.

A body's free text is cleaned where it comes in (``graph.free_text``), so that neither ledger nor
audit chain ever holds an address or a number that somebody pasted. Times are ISO 8601 in UTC.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from api.schemas.answers import Wire, moment
from graph.cases.gather import FEWEST, MOST
from graph.cases.plan import Plan
from graph.free_text import kept_text
from graph.ledger.port import (
    Action,
    CaseStatus,
    ListEntry,
    ListName,
    Note,
    RingDecision,
    View,
)
from graph.schema import NodeType, node_id

_Line = StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True)
_Long = StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True)
Reason = Annotated[str, _Line, AfterValidator(kept_text)]
Prose = Annotated[str, _Long, AfterValidator(kept_text)]
EntityText = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class In(BaseModel):
    """What every body has in common: unknown fields are refused, values stay out of errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Named(Wire):
    """A thing and why it is named."""

    id: str
    why: str


# ---------------------------------------------------------------------------------------- lists
class ListEntryIn(In):
    """What to put on a list: an entity's id, or a kind and the value as it is known outside.

    A value is cleaned and made a pseudonym at once; it is kept nowhere.
    """

    list: ListName
    entity_id: EntityText | None = Field(None, description="`kind:key`, such as `account:a-17`")
    kind: NodeType | None = None
    value: EntityText | None = Field(None, description="an e-mail, address, card id, ... of `kind`")
    reason: Reason
    expires_at: AwareDatetime | None = None


class ListEntryOut(Wire):
    """An entry of a list."""

    id: str
    list: ListName
    entity_id: str
    reason: str
    author: str
    created_at: datetime
    expires_at: datetime | None
    decision_id: str | None

    @classmethod
    def of(cls, entry: ListEntry) -> Self:
        """The wire form of ``entry``."""
        return cls(
            id=entry.id,
            list=entry.list,
            entity_id=entry.entity_id,
            reason=entry.reason,
            author=entry.author,
            created_at=moment(entry.created_at),
            expires_at=when(entry.expires_at),
            decision_id=entry.decision_id,
        )


class ListEntries(Wire):
    """A page of entries, newest first."""

    items: list[ListEntryOut]
    next_cursor: str | None


# ------------------------------------------------------------------------------------ decisions
class DecisionIn(In):
    """A decision about a ring. ``dry_run`` says what it would do and changes nothing."""

    action: Action
    reason: Reason
    account_ids: list[EntityText] | None = Field(
        None, max_length=50_000, description="null is every member"
    )
    block_identifiers: bool | list[EntityText] = Field(
        False, description="true blocks what the dry run suggests, a list names identifiers"
    )
    expected_version: int | None = Field(None, description="the ring's version that was looked at")
    snooze_until: AwareDatetime | None = None
    dry_run: bool = False


class IdentifierOut(Wire):
    """An identifier of the accounts acted on: how many of them use it, how many others."""

    id: str
    kind: str
    accounts: int
    others: int
    blockable: bool
    suggested: bool
    why: str


class DecisionOut(Wire):
    """What a decision did, or would do. ``id`` is null in a dry run.

    ``honest_looking`` are accounts among the affected that deserve another look; ``identifiers``
    what they use, with how many outside the ring use it too.
    """

    id: str | None
    ring_id: str
    action: Action
    state: str
    affected: int
    affected_ids: list[str]
    already: int
    protected: list[Named]
    honest_looking: list[Named]
    identifiers: list[IdentifierOut]
    blocked_identifiers: list[str]
    undo_until: datetime | None
    version: int

    @classmethod
    def of(cls, plan: Plan, made: RingDecision | None) -> Self:
        """The answer that tells ``plan``, and the decision ``made`` of it."""
        done = made is not None and made.state == "done"
        return cls(
            id=made.id if made else None,
            ring_id=plan.ring_id,
            action=plan.action,
            state=made.state if made else "dry_run",
            affected=len(plan.affected),
            affected_ids=[node_id(NodeType.ACCOUNT, account) for account in plan.affected],
            already=len(plan.already),
            protected=_named(plan.protected),
            honest_looking=_named(plan.honest),
            identifiers=[
                IdentifierOut(
                    id=one.id, kind=one.id.partition(":")[0], accounts=one.members,
                    others=one.others, blockable=one.blockable, suggested=one.suggested,
                    why=one.why,
                )
                for one in plan.shared
            ],
            blocked_identifiers=list(plan.blocked),
            undo_until=moment(made.undo_until) if made and done else None,
            version=plan.version,
        )  # fmt: skip


class UndoIn(In):
    """Why a decision is taken back."""

    reason: Reason


class UndoOut(Wire):
    """What an undo gave back, and what not."""

    restored: int
    restored_ids: list[str]
    not_restored: list[Named]


class SecondIn(In):
    """A second person's word on a decision that waits."""

    approve: bool
    reason: Reason


class RingDecisionOut(Wire):
    """A decision as it is kept."""

    id: str
    ring_id: str
    action: Action
    state: str
    reason: str
    author: str
    second: str | None
    decided_at: datetime
    undo_until: datetime
    accounts: int
    blocked_identifiers: list[str]

    @classmethod
    def of(cls, made: RingDecision) -> Self:
        """The wire form of ``made``."""
        return cls(
            id=made.id,
            ring_id=made.ring_id,
            action=made.action,
            state=made.state,
            reason=made.reason,
            author=made.author,
            second=made.second,
            decided_at=moment(made.decided_at),
            undo_until=moment(made.undo_until),
            accounts=len(made.effects),
            blocked_identifiers=list(made.blocked),
        )


class RingDecisions(Wire):
    """Decisions, without more pages."""

    items: list[RingDecisionOut]


# ---------------------------------------------------------------------------------------- cases
class CasePatch(In):
    """What to change of a ring's case; what is not sent stays."""

    assignee: Annotated[str, StringConstraints(max_length=200)] | None = None
    status: Literal[CaseStatus.OPEN, CaseStatus.SNOOZED, CaseStatus.WATCHED] | None = None
    snooze_until: AwareDatetime | None = None


class GatherIn(In):
    """Accounts to make a case of, by id or node id, and why."""

    account_ids: Annotated[list[EntityText], Field(min_length=FEWEST, max_length=MOST)]
    reason: Reason


class NoteIn(In):
    """A note's text."""

    text: Prose


class NoteOut(Wire):
    """A note as it reads now; earlier readings are kept."""

    id: str
    ring_id: str
    author: str
    text: str
    created_at: datetime
    edited_at: datetime | None
    revisions: int

    @classmethod
    def of(cls, note: Note) -> Self:
        """The wire form of ``note``."""
        return cls(
            id=note.id,
            ring_id=note.ring_id,
            author=note.author,
            text=note.text,
            created_at=moment(note.created_at),
            edited_at=when(note.edited_at),
            revisions=note.revisions,
        )


class Notes(Wire):
    """The notes of a ring, the first one first."""

    items: list[NoteOut]


class Revision(Wire):
    """One reading of a note."""

    revision: int
    author: str
    text: str
    at: datetime


class Revisions(Wire):
    """Every reading of a note, the first one first."""

    items: list[Revision]


class ViewIn(In):
    """A view to keep: ``state`` is the console's own."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    state: dict[str, Any]
    shared: bool = False


class ViewOut(Wire):
    """A saved view."""

    id: str
    name: str
    state: dict[str, Any]
    shared: bool
    owner: str
    created_at: datetime

    @classmethod
    def of(cls, view: View) -> Self:
        """The wire form of ``view``."""
        return cls(
            id=view.id,
            name=view.name,
            state=dict(view.state),
            shared=view.shared,
            owner=view.owner,
            created_at=moment(view.created_at),
        )


class Views(Wire):
    """Saved views, newest first."""

    items: list[ViewOut]


def when(at: int | None) -> datetime | None:
    """A moment (us) for the wire; None stays None."""
    return None if at is None else moment(at)


def _named(pairs: tuple[tuple[str, str], ...]) -> list[Named]:
    return [Named(id=node_id(NodeType.ACCOUNT, account), why=why) for account, why in pairs]
