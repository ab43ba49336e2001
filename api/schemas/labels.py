"""Wire types of how the ledger learns what accounts are: appeals, the audit sample, labels."""

from datetime import datetime
from typing import Literal, Self

from pydantic import AwareDatetime, Field

from api.schemas.answers import Wire, moment
from api.schemas.cases import EntityText, In, Prose, Reason, when
from graph.cases.sample import Drawn
from graph.ledger.port import Appeal, LabelRecord
from graph.schema import NodeType, node_id


class AppealIn(In):
    """An account's appeal."""

    account_id: EntityText
    statement: Prose


class AppealDecisionIn(In):
    """What an appeal comes to."""

    outcome: Literal["uphold", "overturn"]
    reason: Reason


class AppealOut(Wire):
    """An appeal, decided or not."""

    id: str
    account_id: str
    statement: str
    opened_at: datetime
    opened_by: str
    outcome: str | None
    reason: str | None
    decided_at: datetime | None
    decided_by: str | None

    @classmethod
    def of(cls, appeal: Appeal) -> Self:
        """The wire form of ``appeal``."""
        return cls(
            id=appeal.id,
            account_id=appeal.account_id,
            statement=appeal.statement,
            opened_at=moment(appeal.opened_at),
            opened_by=appeal.opened_by,
            outcome=appeal.outcome,
            reason=appeal.reason,
            decided_at=when(appeal.decided_at),
            decided_by=appeal.decided_by,
        )


class Appeals(Wire):
    """A page of appeals, the oldest first."""

    items: list[AppealOut]
    next_cursor: str | None


class SampleIn(In):
    """How many accounts to draw."""

    size: int = Field(20, ge=1, le=500)


class JudgementIn(In):
    """What a person found an account of the sample to be."""

    verdict: Literal["fraud", "legitimate"]
    reason: Reason


class DrawnOut(Wire):
    """An account of the sample; ``chance`` is how likely it was to be drawn."""

    id: str
    account_id: str
    drawn_at: datetime
    chance: float
    verdict: str | None

    @classmethod
    def of(cls, drawn: Drawn) -> Self:
        """The wire form of ``drawn``."""
        return cls(
            id=node_id(NodeType.ACCOUNT, drawn.account_id),
            account_id=drawn.account_id,
            drawn_at=moment(drawn.drawn_at),
            chance=drawn.chance,
            verdict=drawn.verdict,
        )


class Sample(Wire):
    """Accounts of the sample that wait for a verdict."""

    items: list[DrawnOut]


class LabelIn(In):
    """What somebody outside found an account to be: a chargeback, a partner's word."""

    account_id: EntityText
    verdict: Literal["fraud", "legitimate"]
    source: Literal["investigator", "chargeback", "partner"]
    decided_at: AwareDatetime | None = Field(None, description="now, when it is not sent")
    campaign_id: EntityText | None = None


class LabelOut(Wire):
    """A label as it was kept."""

    id: str
    account_id: str
    verdict: str
    source: str
    decided_at: datetime

    @classmethod
    def of(cls, label: LabelRecord) -> Self:
        """The wire form of ``label``."""
        return cls(
            id=label.id,
            account_id=label.account_id,
            verdict=label.verdict,
            source=label.source,
            decided_at=moment(label.decided_at),
        )
