"""What a call may ask for in its address: filters, spans and pages, as models of parameters."""

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.browse.event_kinds import KINDS
from api.schemas.graph import LIST_MAX, Moment
from graph.schema import NodeType

RingId = Annotated[str, Path(max_length=200)]
EntityId = Annotated[
    str, Path(description="`kind:key`, such as `account:a-17` or `subnet:203.0.113.0/24`")
]
AsOf = Annotated[
    Moment | None, Query(description="as it was then; an answer says if that is not kept")
]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class PageQuery(_Asked):
    """A page of a list."""

    limit: int = Field(50, ge=1, le=LIST_MAX)
    cursor: str | None = Field(None, max_length=1_024)

    @property
    def window(self) -> tuple[int, str | None]:
        """(limit, cursor)."""
        return (self.limit, self.cursor)


class SpanQuery(_Asked):
    """A stretch of time, both ends included."""

    since: Moment | None = Field(None, alias="from")
    until: Moment | None = Field(None, alias="to")


class Sort(StrEnum):
    """The order of the queue, each with the greatest or latest first."""

    SCORE = "score"
    ACCOUNTS = "accounts"
    GROWTH = "growth"
    EXCHANGES = "exchanges"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"


class Age(StrEnum):
    """How long ago a ring was first seen, as of the refresh."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    OLDER = "older"


class QueueQuery(PageQuery):
    """Which rings, in which order."""

    status: list[str] | None = Field(None, description="where the case stands")
    life: Literal["active", "dormant", "banned"] | None = Field(
        None, description="where the ring stands"
    )
    verdict: str | None = Field(None, description="what kind of group it is")
    flagged: bool | None = Field(None, description="only rings that call for action, or the rest")
    min_score: float = Field(0.0, ge=0, le=1)
    kind: NodeType | None = Field(None, description="rings whose accounts share such identifiers")
    assignee: str | None = Field(None, max_length=200, description="a name, or `nobody`")
    age: Age | None = Field(None, description="how long ago it was first seen")
    q: str | None = Field(None, max_length=200, description="in id, title or assignee")
    sort: Sort = Sort.SCORE


class PictureQuery(SpanQuery):
    """How a ring is drawn."""

    detail: Literal["grouped", "all"] = "grouped"
    max_nodes: int = Field(200, ge=10, le=1_500)
    group_least: int = Field(3, ge=2, le=50, description="alike accounts that make a group")
    as_of: Moment | None = None


class TimelineQuery(SpanQuery):
    """How finely time is cut."""

    buckets: int = Field(144, ge=2, le=1_000)
    as_of: Moment | None = None


class MembersQuery(PageQuery):
    """A page of accounts, as of a moment."""

    as_of: Moment | None = None


class EventsQuery(PageQuery, SpanQuery):
    """Which events."""

    kind: list[str] | None = Field(None, description=", ".join(KINDS.values()))
    as_of: Moment | None = None


class Order(StrEnum):
    """The order of neighbours: highest score, most recent tie or most neighbours first."""

    SCORE = "score"
    RECENT = "recent"
    DEGREE = "degree"


class NeighboursQuery(PageQuery, SpanQuery):
    """Which neighbours, in which order."""

    kind: NodeType | None = Field(None, description="only neighbours of this kind")
    flagged: bool | None = Field(None, description="only accounts that call for action, or others")
    shares_with: str | None = Field(
        None,
        max_length=400,
        description="`ring:ID` or an account: only what has things in common with it",
    )
    co_shared: int = Field(1, ge=1, le=20, description="with `shares_with`: at least so many")
    order: Order = Order.RECENT
    facets: bool = True
