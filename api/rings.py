"""Rings over HTTP: the list, one ring with its evidence, and its accounts page by page."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.cursor import page
from api.deps import ServiceDep
from api.schemas import MemberList, MemberOut, RingDetail, RingList, RingSummary, moment
from graph.schema import NodeType, node_id

router = APIRouter(prefix="/v1/rings", tags=["rings"])

Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=512)]


@router.get("", operation_id="list_rings", response_model=RingList)
def list_rings(
    service: ServiceDep,
    status: Annotated[str | None, Query(description="active, dormant or banned")] = None,
    flagged: Annotated[bool | None, Query(description="only rings that call for action")] = None,
    min_score: Annotated[float, Query(ge=0, le=1)] = 0.0,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RingList:
    """Rings of the latest refresh, highest score first."""
    found = [
        summary
        for summary in map(RingSummary.of, service.rings())
        if summary.score >= min_score
        and status in (None, summary.status)
        and flagged in (None, summary.flagged)
    ]
    found.sort(key=_place)
    items, next_cursor = page(found, _place, limit, cursor)
    return RingList(
        items=list(items),
        total=len(found),
        next_cursor=next_cursor,
        as_of=moment(service.as_of()),
    )


@router.get("/{ring_id}", operation_id="get_ring", response_model=RingDetail)
def get_ring(ring_id: str, service: ServiceDep, response: Response) -> RingDetail:
    """One ring: why it is suspected, and what speaks against that. The ETag is its version."""
    ring = RingDetail.at(service.store.ring(ring_id), service.as_of())
    response.headers["ETag"] = f'"{ring.version}"'
    return ring


@router.get("/{ring_id}/accounts", operation_id="list_ring_accounts", response_model=MemberList)
def list_ring_accounts(
    ring_id: str, service: ServiceDep, limit: Limit = 50, cursor: Cursor = None
) -> MemberList:
    """The accounts of a ring, firmest members first."""
    row = service.store.ring(ring_id)
    members = [
        MemberOut(
            id=node_id(NodeType.ACCOUNT, account_id),
            account_id=account_id,
            strength=strength,
            since=moment(since),
        )
        for account_id, strength, since in row.members
    ]
    members.sort(key=_seat)
    items, next_cursor = page(members, _seat, limit, cursor)
    return MemberList(
        items=list(items),
        total=len(members),
        next_cursor=next_cursor,
        as_of=moment(service.as_of()),
    )


def _place(ring: RingSummary) -> tuple[float, str]:
    return (-ring.score, ring.id)


def _seat(member: MemberOut) -> tuple[float, str]:
    return (-member.strength, member.account_id)
