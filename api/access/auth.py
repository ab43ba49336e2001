"""Who calls, and what they may: API keys, session cookies and tokens of people become a Principal.

Every call of ``/v1`` depends on :func:`require`, by its router (``api.app``) or itself, and the
API's description cannot be made while one does not. Machines send ``Authorization: Bearer
rsk_...``; people a token of their identity provider (``api.access.tokens``), or the cookie of
``POST /v1/session``, whose unsafe calls carry ``X-CSRF-Token`` as well. Keys are looked up in
memory.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.params import Depends as DependsOn
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.access.principal import Principal
from graph.errors import NotAllowed, NotRecognised
from graph.ledger.port import Role, Scope

if TYPE_CHECKING:
    from api.desk.office import Office

COOKIE = "ringsight_session"
CSRF_HEADER = "x-csrf-token"
# The only call of the API that somebody unknown may make: it says who they are.
OPEN_CALLS = frozenset({"/v1/session"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Shown(HTTPBearer):
    """Puts the guard into the API's description; the guard itself reads the call."""

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        """Read nothing."""


_SHOWN = _Shown(
    scheme_name="bearer",
    auto_error=False,
    description="an API key (`rsk_...`) or a token of the identity provider; a browser's session "
    f"cookie `{COOKIE}` with `X-CSRF-Token` does as well. Scopes, and the least role, stand beside",
)


def require(scope: Scope | str, role: Role = Role.VIEWER) -> DependsOn:
    """A dependency that gives the :class:`Principal`, or answers 401, 403 or 429.

    ``Annotated[Principal, require("investigate", Role.LEAD)]``, or in a router's dependencies.
    """
    wanted = Scope(scope)
    shown = Security(_SHOWN, scopes=[wanted.value, f"role:{role.value}"])

    # Not a coroutine for its own sake: a plain function would cost a thread hop a request.
    async def guard(request: Request, _: Annotated[None, shown]) -> Principal:
        return await permitted(request, wanted, role)

    found: DependsOn = Depends(guard)
    return found


async def permitted(request: Request, scope: Scope, role: Role = Role.VIEWER) -> Principal:
    """The caller, who may do what ``scope`` and ``role`` let them do.

    Raises:
        NotRecognised: if nobody knows the caller.
        NotAllowed: if the caller lacks the scope or the role.
        TooOften: if the caller's rate is used up.
    """
    return _allowed(await _recognised(request), scope, role)


def holder_of(office: "Office", bearer: str, scope: Scope) -> Principal | None:
    """As :func:`permitted`, of an API key in memory; None where others must be asked who it is.

    Raises:
        NotAllowed: if the key lacks the scope.
        TooOften: if its rate is used up.
    """
    principal = office.keyring.look(bearer)
    if principal is None:
        return None
    office.limits.take(principal.id, principal.rate_per_s)
    return _allowed(principal, scope, Role.VIEWER)


def _allowed(principal: Principal, scope: Scope, role: Role) -> Principal:
    if not principal.allowed(scope, role):
        raise NotAllowed(f"needs the scope {scope} and the role {role}")
    return principal


async def _anybody(request: Request, _: Annotated[None, Security(_SHOWN)]) -> Principal:
    return await _recognised(request)


Anybody = Annotated[Principal, Depends(_anybody)]
Reads = Annotated[Principal, require(Scope.INVESTIGATE)]
Investigates = Annotated[Principal, require(Scope.INVESTIGATE, Role.INVESTIGATOR)]
Leads = Annotated[Principal, require(Scope.INVESTIGATE, Role.LEAD)]
Scores = Annotated[Principal, require(Scope.SCORE)]
Ingests = Annotated[Principal, require(Scope.INGEST)]
Administers = Annotated[Principal, require(Scope.ADMIN, Role.ADMIN)]


async def _recognised(request: Request) -> Principal:
    """The caller, looked up once a request and counted against its rate."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    office: Office = request.app.state.service.office
    bearer = bearer_in(request.headers.get("authorization", ""))
    principal: Principal
    if bearer is None:
        principal = _of_cookie(office, request)
    else:
        held = office.keyring.look(bearer)
        # Reading the ledger or an identity provider's keys may wait: not on the event loop.
        if held is None:
            principal = await run_in_threadpool(office.recognise, bearer)
        else:
            principal = held
    office.limits.take(principal.id, principal.rate_per_s)
    request.state.principal = principal
    return principal


def bearer_in(said: str) -> str | None:
    """The token in an ``Authorization`` header; None if it holds none."""
    scheme, _, value = said.partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.strip() else None


def _of_cookie(office: "Office", request: Request) -> Principal:
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise NotRecognised("send Authorization: Bearer, or open a session with POST /v1/session")
    principal, csrf = office.sessions.read(cookie, office.clock())
    if request.method not in _SAFE and request.headers.get(CSRF_HEADER) != csrf:
        raise NotRecognised("a session's unsafe calls carry X-CSRF-Token, as GET /v1/me gives it")
    return principal


# ---------------------------------------------------------------------------------- the whole app
_REFUSALS = {
    "401": "No key, token or session that is known",
    "403": "Known, without the scope or the role",
    "429": "More calls than the key is allowed",
}


def describe(app: FastAPI) -> None:
    """Say in the API's description how calls are refused; none of ``/v1`` may be without a guard.

    FastAPI writes each call's ``security`` itself, from the guards it depends on.
    """
    plain: Callable[[], dict[str, Any]] = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                open_to_all = "security" not in operation
                guarded = not open_to_all or not path.startswith("/v1") or path in OPEN_CALLS
                assert guarded, f"{path} asks nobody who they are"
                for status, text in () if open_to_all else _REFUSALS.items():
                    operation["responses"].setdefault(status, {"description": text})
        return schema

    app.openapi = described  # type: ignore[method-assign]
