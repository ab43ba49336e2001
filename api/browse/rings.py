"""Rings over HTTP: the queue, one ring with its evidence, its picture, table, timeline and pages.

Everything about one ring starts from ``history.told_of``, which answers also for a past moment and
for a ring that another one took over.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from api.browse import queue, whatif
from api.browse.asked import (
    AsOf,
    EventsQuery,
    MembersQuery,
    PictureQuery,
    QueueQuery,
    RingId,
    TimelineQuery,
)
from api.browse.deps import ReaderDep
from api.browse.happenings import event_page
from api.browse.history import Told, detail_of, told_of
from api.browse.masked import MaskedRoute
from api.browse.members import member_page
from api.browse.picture import PER_ACCOUNT, View, picture
from api.browse.shared import shared_table
from api.browse.timeline import timeline
from api.schemas.answers import moment
from api.schemas.graph import HappeningList, Subgraph
from api.schemas.rings import (
    MemberList,
    RingDetail,
    RingList,
    SharedTable,
    Timeline,
    WhatIfIn,
    WhatIfOut,
)

router = APIRouter(prefix="/v1/rings", tags=["rings"], route_class=MaskedRoute)


@router.get("", operation_id="list_rings", response_model=RingList)
def list_rings(reader: ReaderDep, asked: Annotated[QueueQuery, Query()]) -> RingList:
    """The queue: rings of the latest refresh with where their cases stand, highest score first."""
    return queue.listed(reader, asked)


@router.get(
    "/{ring_id}",
    operation_id="get_ring",
    response_model=RingDetail,
    responses={304: {"description": "Not changed since the tag of `If-None-Match`"}},
)
def get_ring(
    ring_id: RingId,
    reader: ReaderDep,
    response: Response,
    as_of: AsOf = None,
    if_none_match: Annotated[str | None, Header(max_length=100)] = None,
) -> RingDetail | Response:
    """One ring: why it is suspected, and what speaks against that.

    The ETag is the refresh's number, the ring's version and the case's: with `If-None-Match` the
    answer is 304 while none of them has changed.
    """
    told = told_of(reader, ring_id, as_of)
    found = detail_of(reader, told)
    tag = f'"{told.era.number}.{found.version}.{found.case_version}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return found


@router.get("/{ring_id}/graph", operation_id="get_ring_graph", response_model=Subgraph)
def get_ring_graph(
    ring_id: RingId, reader: ReaderDep, asked: Annotated[PictureQuery, Query()]
) -> Subgraph:
    """The ring drawn: accounts and what they share, grouped and laid out, the rest counted."""
    told = told_of(reader, ring_id, asked.as_of)
    members = told.member_ids
    piece = reader.store.neighbourhood(members, per_id=PER_ACCOUNT)
    grouped = asked.detail == "grouped"
    until = told.until(asked.until)
    view = View(grouped, asked.max_nodes, asked.since, until, asked.group_least)
    return _dated(picture(piece, members, view), told)


@router.get("/{ring_id}/shared", operation_id="list_ring_shared", response_model=SharedTable)
def list_ring_shared(
    ring_id: RingId, reader: ReaderDep, asked: Annotated[MembersQuery, Query()]
) -> SharedTable:
    """The ring as a table: the identifiers its accounts share, and which account has which."""
    told = told_of(reader, ring_id, asked.as_of)
    piece = reader.store.neighbourhood(told.member_ids, per_id=PER_ACCOUNT)
    return shared_table(piece, told, asked.window)


@router.get("/{ring_id}/timeline", operation_id="get_ring_timeline", response_model=Timeline)
def get_ring_timeline(
    ring_id: RingId, reader: ReaderDep, asked: Annotated[TimelineQuery, Query()]
) -> Timeline:
    """How much the ring's accounts did over time, by kind of event."""
    told = told_of(reader, ring_id, asked.as_of)
    return timeline(reader.journal, told, asked.buckets, (asked.since, asked.until))


@router.get("/{ring_id}/accounts", operation_id="list_ring_accounts", response_model=MemberList)
def list_ring_accounts(
    ring_id: RingId, reader: ReaderDep, asked: Annotated[MembersQuery, Query()]
) -> MemberList:
    """The accounts of a ring, firmest members first."""
    return member_page(reader.store, told_of(reader, ring_id, asked.as_of), asked.window)


@router.get("/{ring_id}/events", operation_id="list_ring_events", response_model=HappeningList)
def list_ring_events(
    ring_id: RingId, reader: ReaderDep, asked: Annotated[EventsQuery, Query()]
) -> HappeningList:
    """What the ring's accounts did, latest first."""
    told = told_of(reader, ring_id, asked.as_of)
    asked = asked.model_copy(update={"until": told.until(asked.until)})
    return event_page(reader.journal.of_accounts(told.accounts), asked, told.as_of)


@router.post("/{ring_id}/whatif", operation_id="imagine_ring", response_model=WhatIfOut)
def imagine_ring(ring_id: RingId, body: WhatIfIn, reader: ReaderDep) -> WhatIfOut:
    """The ring and its score without some of its identifiers; nothing is changed."""
    without = [reader.checked(identity) for identity in body.without]
    return whatif.imagined(reader.store, told_of(reader, ring_id), without)


def _dated(drawn: Subgraph, told: Told) -> Subgraph:
    """The picture under the moment it was asked for."""
    if told.now:
        return drawn
    return drawn.model_copy(update={"as_of": moment(told.as_of), "exact": False})
