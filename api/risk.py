"""How risky an account is: score and ring of the last refresh, and what its sign-up was told."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.deps import ServiceDep
from api.schemas import moment
from api.schemas_events import RiskOut
from api.schemas_signup import AssessmentOut, RingRef
from api.service import Service
from graph.errors import NotFound
from graph.ledger import hot
from graph.near import Near
from graph.schema import NodeType, node_id

router = APIRouter(prefix="/v1/accounts", tags=["accounts"])
AccountId = Annotated[str, Path(min_length=1, max_length=256)]


@router.get("/{account_id:path}/risk", operation_id="get_account_risk", response_model=RiskOut)
def get_account_risk(account_id: AccountId, service: ServiceDep) -> RiskOut:
    """What is known of an account: score and ring of the last refresh, and its sign-up.

    An account that was only ever denied is known by its sign-up alone.
    """
    piece = service.store.neighbourhood([node_id(NodeType.ACCOUNT, account_id)], per_id=0)
    with service.office.ledger.reading() as book:
        told = hot.latest_of(book, account_id)
    known = account_id in piece.near.accounts
    if not known and told is None:
        raise NotFound(f"no account {account_id!r}")
    return _risk(service, account_id, piece.near, told)


def _risk(service: Service, account_id: str, near: Near, told: object) -> RiskOut:
    cells = {name: near.column(name) for name in ("score", "status", "ring_id")}
    known = account_id in near.accounts
    row = list(near.accounts).index(account_id) if known else -1
    found = {name: values[row] if known else None for name, values in cells.items()}
    signup = None if told is None else AssessmentOut.model_validate(told)
    flag = next((f for f in service.flags() if f.account_id == account_id), None)
    return RiskOut(
        account_id=account_id,
        known=known,
        score=found["score"],
        flagged=flag is not None,
        status=found["status"],
        ring=_ring(service, found["ring_id"]),
        signup=signup,
        reasons=[] if signup is None else signup.reasons,
        graph_as_of=moment(near.as_of) if near.generation else None,
    )


def _ring(service: Service, ring_id: object) -> RingRef | None:
    row = next((row for row in service.rings() if row.ring_id == ring_id), None)
    if row is None:
        return None
    detail = row.detail
    version = int(str(detail.get("version", 1)))
    return RingRef(
        id=row.ring_id, version=version, size=row.size, flagged=bool(detail.get("flagged"))
    )
