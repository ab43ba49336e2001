"""Wire types of events, outcomes, batches of scores, and an account's risk."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.answers import ReasonOut, Wire
from api.schemas.signup import AssessmentOut, RingRef, SignupIn, Text
from graph.contract import TABLES

ROWS_MOST = 5_000
BATCH_MOST = 100


class EventIn(BaseModel):
    """One row of a table of the contract; columns that the contract does not list are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    table: Text = Field(json_schema_extra={"enum": list(TABLES)})
    row: dict[str, Any]


class RefusalOut(Wire):
    """A row that was refused: where it stood, what is wrong, and nothing of what it said.

    ``row`` counts lines of an NDJSON body from 1; ``shape`` is the value with letters as ``a`` and
    digits as ``9``.
    """

    row: int
    table: str | None
    column: str | None
    reason: str
    detail: str


class EventsOut(Wire):
    """What became of the rows of a call."""

    accepted: int
    refused: list[RefusalOut]


class Outcome(StrEnum):
    """What became of a sign-up."""

    OPENED = "opened"
    NOT_OPENED = "not_opened"
    VERIFIED = "verified"
    NOT_VERIFIED = "not_verified"
    FRAUD = "fraud"
    LEGITIMATE = "legitimate"


class OutcomeIn(BaseModel):
    """What became of a sign-up that was scored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    request_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    outcome: Outcome
    at: Text = Field(description="ISO 8601 with an offset")


class OutcomeOut(Wire):
    """Whether the outcome was new, and how many parked events of the account it let go on."""

    new: bool
    released: int


class BatchIn(BaseModel):
    """Sign-ups to be scored in one call, each as in the single one."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    signups: Annotated[list[SignupIn], Field(min_length=1, max_length=BATCH_MOST)]


class BatchItem(Wire):
    """One answer of a batch: the assessment, or why there is none."""

    assessment: AssessmentOut | None = None
    error: str | None = None


class BatchOut(Wire):
    """Answers in the order of the sign-ups."""

    items: list[BatchItem]


class RiskOut(Wire):
    """What is known of an account's risk.

    ``score`` is the last refresh's (null before the first, or for an account it did not know),
    ``flagged`` whether the account calls for action; ``signup`` is the
    latest answer to its sign-up.
    """

    account_id: str
    known: bool
    score: float | None
    flagged: bool
    status: str | None
    ring: RingRef | None
    signup: AssessmentOut | None
    reasons: list[ReasonOut]
    graph_as_of: datetime | None
