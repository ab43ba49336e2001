"""Who calls, and what they may: API keys, session cookies and tokens of people become a Principal.

Every router is included with :func:`require` (``api.app``), and an application with an unguarded
``/v1`` route is refused when it is made. Machines send ``Authorization: Bearer rsk_...``; people a
token of their identity provider (``api.tokens``), or the cookie of ``POST /v1/session``, whose
unsafe calls carry ``X-CSRF-Token`` as well. Keys are looked up in memory (``api.keyring``).
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as DependsOn
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from api.principal import Principal
from graph.errors import NotAllowed, NotRecognised
from graph.ledger.port import Role, Scope

if TYPE_CHECKING:
    from api.office import Office

COOKIE = "ringsight_session"
CSRF_HEADER = "x-csrf-token"
# The only call of the API that somebody unknown may make: it says who they are.
OPEN_CALLS = frozenset({"/v1/session"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def require(scope: Scope | str, role: Role = Role.VIEWER) -> DependsOn:
    """A dependency that gives the :class:`Principal`, or answers 401, 403 or 429.

    ``Annotated[Principal, require("investigate", Role.LEAD)]``, or in a router's dependencies.
    """
    wanted = Scope(scope)

    # Not a coroutine for its own sake: a plain function would cost a thread hop a request.
    async def guard(request: Request) -> Principal:
        principal = await _recognised(request)
        if not principal.allowed(wanted, role):
            raise NotAllowed(f"needs the scope {wanted} and the role {role}")
        return principal

    guard.needs = (wanted, role)  # type: ignore[attr-defined]
    found: DependsOn = Depends(guard)
    return found


async def _anybody(request: Request) -> Principal:
    return await _recognised(request)


_anybody.needs = (None, Role.VIEWER)  # type: ignore[attr-defined]
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
    bearer = _bearer(request)
    if bearer is None:
        principal = _of_cookie(office, request)
    else:
        found = office.keyring.look(bearer)
        # Reading the ledger or an identity provider's keys may wait: not on the event loop.
        principal = found or await run_in_threadpool(office.recognise, bearer)
    office.limits.take(principal.id, principal.rate_per_s)
    request.state.principal = principal
    return principal


def _bearer(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
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
def needs_of(route: APIRoute) -> tuple[Scope | None, Role] | None:
    """The strictest scope and role a route asks for; None when it is open."""
    found = list(_needs(route.dependant))
    if not found:
        return None
    order = list(Role)
    return max(found, key=lambda need: (need[0] is not None, order.index(need[1])))


def _needs(dependant: Dependant) -> Iterator[tuple[Scope | None, Role]]:
    for below in dependant.dependencies:
        needs = getattr(below.call, "needs", None)
        if needs is not None:
            yield needs
        yield from _needs(below)


def guarded(app: FastAPI) -> None:
    """Refuse an application that has a ``/v1`` route without a guard; describe the others.

    Raises:
        AssertionError: names the route.
    """
    for route in app.routes:
        if isinstance(route, APIRoute) and route.path.startswith("/v1"):
            known = needs_of(route) is not None or route.path in OPEN_CALLS
            assert known, f"{route.path} asks nobody who they are"


def describe(app: FastAPI) -> None:
    """Say in the API's description which calls need which scope and role, and how to show them."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def described() -> dict[str, Any]:
        schema = plain()
        if "securitySchemes" not in schema.setdefault("components", {}):
            schema["components"]["securitySchemes"] = _SCHEMES
            for route in app.routes:
                if isinstance(route, APIRoute) and route.include_in_schema:
                    _described(schema, route)
        return schema

    app.openapi = described  # type: ignore[method-assign]


_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "an API key, or a token of the identity provider",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}
_REFUSALS = {
    "401": "No key, token or session that is known",
    "403": "Known, without the scope or the role",
    "429": "More calls than the key is allowed",
}


def _described(schema: dict[str, Any], route: APIRoute) -> None:
    needs = needs_of(route)
    if needs is None:
        return
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for method in route.methods:
        operation = schema["paths"][route.path_format][method.lower()]
        operation["security"] = [{"bearer": []}, {"session": []}]
        operation["x-ringsight-needs"] = {"scope": needs[0], "role": needs[1]}
        for status, text in _REFUSALS.items():
            operation["responses"][status] = {"description": text, "content": problem}
