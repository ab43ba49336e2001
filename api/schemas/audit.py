"""Wire types of what is told to others: the audit chain, events that go out, webhooks."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from api.schemas.answers import Wire, moment
from api.schemas.cases import In
from graph.ledger.port import AuditEntry, Endpoint, EventName, Outgoing


class AuditOut(Wire):
    """A link of the audit chain; ``detail`` and ``subject`` are null once they were erased."""

    seq: int
    at: datetime
    actor: str
    actor_name: str
    action: str
    subject: str | None
    detail: dict[str, Any] | None
    digest: str

    @classmethod
    def of(cls, entry: AuditEntry, actor_name: str) -> Self:
        """The wire form of ``entry``."""
        return cls(
            seq=entry.seq,
            at=moment(entry.at),
            actor=entry.actor,
            actor_name=actor_name,
            action=entry.action,
            subject=entry.subject,
            detail=None if entry.detail is None else dict(entry.detail),
            digest=entry.digest,
        )


class AuditPage(Wire):
    """A page of the audit chain, newest first."""

    items: list[AuditOut]
    total: int
    next_cursor: str | None


class WebhookIn(In):
    """Where events are to be delivered, and which (default: all)."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=2_000)]
    events: list[EventName] = Field(default_factory=lambda: list(EventName), min_length=1)


class WebhookOut(Wire):
    """A webhook. ``secret`` is there in the answer that makes or rotates it, and nowhere else."""

    id: str
    url: str
    events: list[EventName]
    created_at: datetime
    waiting: int = 0
    given_up: int = 0
    secret: str | None = None

    @classmethod
    def of(
        cls, made: Endpoint, counts: tuple[int, int] = (0, 0), secret: str | None = None
    ) -> Self:
        """The wire form of ``made``, with how many deliveries wait and were given up."""
        return cls(
            id=made.id,
            url=made.url,
            events=sorted(made.events),
            created_at=moment(made.created_at),
            waiting=counts[0],
            given_up=counts[1],
            secret=secret,
        )


class Webhooks(Wire):
    """The webhooks that are on."""

    items: list[WebhookOut]


class FeedItem(Wire):
    """One event that went out, as a webhook gets it."""

    id: str
    type: EventName
    at: datetime
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Outgoing) -> Self:
        """The wire form of ``event``."""
        return cls(id=event.id, type=event.name, at=moment(event.at), data=dict(event.body))


class Feed(Wire):
    """Events in the order in which they came to be; ``next_cursor`` is there even at the end."""

    items: list[FeedItem]
    next_cursor: str
