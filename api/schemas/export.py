"""Wire types of exports: what is asked for, and how far it is."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from api.schemas.answers import Wire
from api.schemas.graph import IDS_MAX, Id
from graph.schema import NodeType


class Format(StrEnum):
    """How an export is written; ``zip`` is the evidence pack."""

    CSV = "csv"
    GRAPHML = "graphml"
    JSON = "json"
    ZIP = "zip"


class ExportIn(Wire):
    """What to take away: a ring, the nodes of a view, or all neighbours ``around`` an entity.

    Neighbours come as CSV, all of them however many there are; ``kind`` and ``flagged`` leave only
    those of a kind, or flagged accounts. ``redact`` leaves coarse facts out as well.
    """

    ring: Id | None = None
    ids: Annotated[list[Id], Field(max_length=IDS_MAX)] | None = None
    around: Id | None = None
    kind: NodeType | None = None
    flagged: bool = False
    format: Format
    redact: bool = False

    @model_validator(mode="after")
    def _one_of_them(self) -> "ExportIn":
        if sum([self.ring is not None, bool(self.ids), self.around is not None]) != 1:
            raise ValueError("give a ring, ids or around: one of them")
        if self.ring is None and self.format is Format.ZIP:
            raise ValueError("an evidence pack is of a ring")
        if self.around is not None and self.format is not Format.CSV:
            raise ValueError("neighbours are written as csv; give ids for the others")
        if self.around is None and (self.kind is not None or self.flagged):
            raise ValueError("kind and flagged choose among the neighbours of around")
        if self.flagged and self.kind not in (None, NodeType.ACCOUNT):
            raise ValueError("accounts alone are flagged")
        return self


class State(StrEnum):
    """How far an export is."""

    WORKING = "working"
    READY = "ready"
    FAILED = "failed"


class ExportOut(Wire):
    """An export: fetch ``url`` when it is ready, before ``expires``; ``sha256`` is of the file.

    ``rows`` counts the neighbours that are written, and ``complete`` says whether that is all.
    """

    id: str
    state: State
    progress: float = Field(ge=0, le=1)
    format: Format
    url: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    rows: int | None = None
    complete: bool | None = None
    expires: datetime | None = None
    problem: str | None = None
    as_of: datetime
