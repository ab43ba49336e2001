"""Wire types of a sign-up: the body of the score call and its answer.

The body carries the contract's columns by name; whether they hold what the contract wants is
``graph.door``'s to say, for a row of a file and for this body alike. Unknown fields are ignored, as
unlisted columns are.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr
from pydantic_core import to_json

from api.schemas.answers import ReasonOut, Wire, moment
from gnn.assess import Assessment, Band, Decision
from gnn.explain import Reason
from graph.contract import PATHWAYS, PAYMENT_KINDS

TEXT_CODEPOINTS_MAX = 1024
Text = Annotated[StrictStr, Field(max_length=TEXT_CODEPOINTS_MAX)]


class PaymentIn(BaseModel):
    """The payment method given with a sign-up, if one is."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    payment_method_id: Text = Field(description="the processor's fingerprint of the method")
    kind: Text = Field(json_schema_extra={"enum": list(PAYMENT_KINDS)})
    issuer_id: Text | None = Field(None, description="BIN")
    issuer_country: Text | None = Field(None, description="ISO 3166-1 alpha-2")


class SignupIn(BaseModel):
    """A row of the contract's ``signups``, with what is known of the payment and the caller."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    account_id: Text
    created_at: Text = Field(description="ISO 8601 with an offset")
    ip: Text
    pathway: Text = Field(json_schema_extra={"enum": list(PATHWAYS)})
    email: Text | None = None
    phone: Text | None = Field(None, description="E.164")
    device_id: Text | None = None
    user_agent: Text | None = None
    country: Text | None = Field(None, description="ISO 3166-1 alpha-2, as the applicant said")
    plan: Text | None = None
    organisation: Text | None = None
    referrer_account_id: Text | None = None
    payment: PaymentIn | None = None
    budget_ms: Annotated[StrictInt, Field(ge=1, le=60_000)] | None = Field(
        None, description="past it the stated policy answers, with `degraded` true"
    )
    dry_run: StrictBool = Field(False, description="score only; nothing is written")

    def row(self) -> dict[str, str | None]:
        """The columns of the contract's ``signups``."""
        # Every field is text or None, so there is nothing that a dump would have to turn.
        return {name: value for name, value in vars(self).items() if name not in _NOT_OF_THE_ROW}


_NOT_OF_THE_ROW = frozenset({"payment", "budget_ms", "dry_run"})


class RingRef(Wire):
    """The ring whose members share most with a sign-up."""

    id: str
    version: int
    size: int
    flagged: bool


class StepUp(StrEnum):
    """What an applicant can be asked for, so that a doubt need not become a refusal."""

    PHONE = "phone"
    PAYMENT = "payment"
    IDENTITY = "identity"


class AssessmentOut(Wire):
    """What is known of a sign-up at its own moment, and what to do.

    ``degraded`` answers come from the stated policy: they have no ``score`` and no model. A
    sign-up that could not be written down makes its answer degraded as well, score and all.
    """

    request_id: str
    score: float | None = Field(ge=0, le=1, description="calibrated; null when degraded")
    band: Band
    decision: Decision
    step_up: StepUp | None = Field(None, description="what to ask of the applicant, if anything")
    reasons: list[ReasonOut]
    counter_evidence: list[ReasonOut]
    ring: RingRef | None
    missing_inputs: list[str] = Field(description="what the caller could have sent")
    pending_signals: list[str] = Field(description="what only time will show")
    degraded: bool
    model_version: str | None
    graph_as_of: datetime | None = Field(description="moment of the refresh that was used")
    latency_ms: float


def told(
    found: Assessment,
    request_id: str,
    *,
    written: bool,
    latency_ms: float,
    evidence: bool = True,
) -> bytes:
    """The JSON text of an :class:`AssessmentOut` that tells ``found``.

    ``written`` is False when it should be and is not. Without ``evidence`` it names no reasons and
    no ring: the caller may be the applicant's. Laid out by hand, for every sign-up pays for it: to
    make the models and write them costs eight times as much (a test compares).
    """
    near, step_up = found.ring if evidence else None, step_up_of(found)
    return to_json(
        {
            "request_id": request_id,
            "score": found.score,
            "band": found.band.value,
            "decision": found.decision.value,
            "step_up": step_up and step_up.value,
            "reasons": [_reason(reason) for reason in found.reasons] if evidence else [],
            "counter_evidence": [_reason(r) for r in found.counter_evidence] if evidence else [],
            "ring": near
            and {
                "id": near.id, "version": near.version, "size": near.size, "flagged": near.flagged,
            },
            "missing_inputs": found.missing_inputs,
            "pending_signals": found.pending_signals,
            "degraded": found.degraded or not written,
            "model_version": found.model_version,
            "graph_as_of": moment(found.graph_as_of) if found.graph_as_of else None,
            "latency_ms": latency_ms,
        }
    )  # fmt: skip


def step_up_of(found: Assessment) -> StepUp | None:
    """What would clear a doubt: the narrowest thing that was not given, else who they are.

    Asked of those who are let in with an elevated score, and of those whom a person reviews.
    """
    doubted = found.decision is Decision.REVIEW or (
        found.decision is Decision.ALLOW and found.band is Band.ELEVATED
    )
    if not doubted:
        return None
    for step in (StepUp.PHONE, StepUp.PAYMENT):
        if step in found.missing_inputs:
            return step
    return StepUp.IDENTITY


def _reason(reason: Reason) -> dict[str, object]:
    """The wire form of a reason that a score gives: a ``ReasonOut``."""
    return {
        "code": reason.code,
        "text": reason.sentence,
        "weight": round(reason.weight, 4),
        "observed": reason.observed or None,
        "baseline": reason.usual or None,
        "unit": None,
        "family": reason.family.value,
        "entity_ids": [],
    }
