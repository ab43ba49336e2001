"""How risky an account is: by the last refresh, by what it did since, and by its sign-up."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.deps import ServiceDep
from api.schemas.answers import ReasonOut, moment
from api.schemas.events import RiskOut
from api.schemas.signup import AssessmentOut, RingRef
from api.serving.service import Service
from graph.errors import NotFound
from graph.ledger import hot
from graph.near import Near
from graph.rings.live import Match
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
    match = service.between.match_of(account_id)
    told_of = [
        *service.reasons.of(account_id, service.store),
        *([] if signup is None else signup.reasons),
    ]
    return RiskOut(
        account_id=account_id,
        known=known,
        score=found["score"],
        flagged=flag is not None or match is not None,
        status=found["status"],
        ring=_ring(service, found["ring_id"]) or _matched(service, match),
        signup=signup,
        reasons=told_of if match is None else [_reason(match), *told_of],
        graph_as_of=moment(near.as_of) if near.generation else None,
    )


def _matched(service: Service, match: Match | None) -> RingRef | None:
    """The ring that events since the refresh matched the account to; a banned one may be gone."""
    tie = None if match is None else service.between.tie_of(match)
    if tie is None:
        return None
    return RingRef(id=tie.id, version=tie.version, size=tie.size, flagged=tie.flagged)


def _reason(match: Match) -> ReasonOut:
    kinds = (f"{f.value.replace('_', ' ')} {nats:.1f}" for f, nats in match.families.items())
    return ReasonOut(
        code="matched_since_refresh",
        text=f"Joined the flagged ring {match.ring_id} by what it did since the refresh",
        weight=round(match.odds, 4),
        observed=", ".join(kinds),
        baseline=None,
        family=max(match.families, key=lambda family: match.families[family]).value,
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
