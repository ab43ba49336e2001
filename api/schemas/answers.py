"""Wire types that every answer has in common: errors, reasons, health.

Each answer is made from a value of the floors below by ``X.of(value)``; times are ISO 8601 in UTC
on the wire and int64 microseconds inside. A sign-up's body and answer are in
``api.schemas.signup``, which knows the model; this module does not, so that a list of rings does
not wait for it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

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
