"""Who am I, and a browser's session: ``GET /v1/me``, ``POST`` and ``DELETE /v1/session``.

``/enter?ticket=`` turns a link that ``ringsight demo`` printed into a session, once.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from api.access.auth import COOKIE, Anybody
from api.access.principal import Principal
from api.access.sessions import SESSION_US
from api.deps import ServiceDep
from api.desk.office import Office
from api.schemas.answers import Wire
from graph.ledger.port import Role, Scope

router = APIRouter(prefix="/v1", tags=["session"])
door = APIRouter(include_in_schema=False)

# What the console may ask for and show at once; beyond ``supernode`` neighbours a node is a hub.
LIMITS = {"step_nodes": 200, "canvas_nodes": 600, "hard_nodes": 1500, "supernode": 1000}

_UNKNOWN: dict[int | str, dict[str, Any]] = {
    401: {"description": "The key or token is none that is known"}
}


class Me(Wire):
    """The caller: name, rights, the console's limits, and what unsafe calls of a session carry."""

    id: str
    user: str
    role: Role
    roles: list[Role] = Field(description="the role and those it includes")
    scopes: list[Scope]
    limits: dict[str, int]
    features: list[str]
    csrf_token: str | None = Field(None, description="send as X-CSRF-Token; null without a session")


@router.get("/me", operation_id="get_me", response_model=Me)
async def get_me(request: Request, caller: Anybody, service: ServiceDep) -> Me:
    """Who the caller is and what it may do."""
    return _me(caller, service.office, request.cookies.get(COOKIE))


@router.post("/session", operation_id="open_session", response_model=Me, responses=_UNKNOWN)
def open_session(
    request: Request,
    response: Response,
    service: ServiceDep,
    key: Annotated[str, Body(embed=True, max_length=8192, description="an API key or a token")],
) -> Me:
    """Exchange a key or a person's token for a session cookie (HttpOnly, SameSite=Strict)."""
    office = service.office
    caller = office.recognise(key.strip())
    return _me(caller, office, _opened(office, caller, request, response))


@router.delete("/session", operation_id="close_session", response_model=Me)
async def close_session(response: Response, caller: Anybody, service: ServiceDep) -> Me:
    """Forget the session's cookie in this browser."""
    response.delete_cookie(COOKIE, path="/")
    return _me(caller, service.office, None)


@door.get("/enter")
def enter(
    request: Request, service: ServiceDep, ticket: Annotated[str, Query(max_length=4096)]
) -> Response:
    """Open the session of a ticket and go to the first page."""
    office = service.office
    answer = RedirectResponse("/", 303)
    _opened(office, office.sessions.redeem(ticket, office.clock()), request, answer)
    return answer


def _opened(office: Office, caller: Principal, request: Request, response: Response) -> str:
    cookie = office.sessions.cookie(caller, office.clock())
    settings: dict[str, Any] = {"httponly": True, "samesite": "strict", "path": "/"}
    secure = request.url.scheme == "https"
    age_s = SESSION_US // 1_000_000
    response.set_cookie(COOKIE, cookie, max_age=age_s, secure=secure, **settings)
    return cookie


def _me(caller: Principal, office: Office, cookie: str | None) -> Me:
    return Me(
        id=caller.id,
        user=caller.name,
        role=caller.role,
        roles=[role for role in Role if caller.role.covers(role)],
        scopes=sorted(caller.scopes),
        limits=LIMITS,
        features=["decisions", "appeals", "lists", "audit", "views"],
        csrf_token=None if cookie is None else office.sessions.csrf(cookie),
    )
