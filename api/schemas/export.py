"""Wire types of exports: what is asked for, and how far it is."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from api.schemas.answers import Wire
from api.schemas.graph import IDS_MAX, Id


class Format(StrEnum):
    """How an export is written; ``zip`` is the evidence pack."""

    CSV = "csv"
    GRAPHML = "graphml"
    JSON = "json"
    ZIP = "zip"


class ExportIn(Wire):
    """A ring, or the nodes of a view, to take away; ``redact`` leaves coarse facts out as well."""

    ring: Id | None = None
    ids: Annotated[list[Id], Field(max_length=IDS_MAX)] | None = None
    format: Format
    redact: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> "ExportIn":
        if (self.ring is None) == (not self.ids):
            raise ValueError("give a ring or ids, not both")
        if self.ring is None and self.format is Format.ZIP:
            raise ValueError("an evidence pack is of a ring")
        return self


class State(StrEnum):
    """How far an export is."""

    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


class ExportOut(Wire):
    """An export: fetch ``url`` when it is ready, before ``expires``; ``sha256`` is of the file."""

    id: str
    state: State
    progress: float = Field(ge=0, le=1)
    format: Format
    url: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    expires: datetime | None = None
    problem: str | None = None
    as_of: datetime
