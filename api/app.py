"""The HTTP application: routers, errors by one table, strict headers and a limit on bodies.

``create_app`` puts an open :class:`~api.serving.service.Service` behind HTTP and opens nothing
itself. The error table is in ``api.problems``, the wire types in ``api.schemas.answers``.
Everything is answered by plain functions in worker threads: the stores have a connection a thread.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from api import console, health, problems
from api.access import auth, session
from api.access.auth import require
from api.access.shield import BodyLimit, StrictHeaders
from api.browse import routes
from api.desk import appeals, audit, cases, deciding, lists, webhooks
from api.problems import STATUS_OF, status_of
from api.schemas.answers import Problem
from api.serving import ingest, risk, signup
from api.serving.direct import Direct
from api.serving.service import Service
from api.weekly import endpoints as pipeline
from graph.ledger.port import Scope

__all__ = ["LOOPBACK_HOSTS", "STATUS_OF", "create_app", "status_of"]

# A service on loopback answers only to these names: a page in the same machine's browser cannot
# reach it through a host name of its own (DNS rebinding).
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_ERRORS: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "No such thing"},
    409: {"model": Problem, "description": "What it speaks of has changed, or was done already"},
    412: {"model": Problem, "description": "It holds an older version than there is"},
    413: {"model": Problem, "description": "The body is larger than this service reads"},
    422: {"model": Problem, "description": "The request does not fit the contract"},
    503: {"model": Problem, "description": "The store does not answer right now"},
}


def create_app(service: Service, *, hosts: Sequence[str] = ("*",)) -> FastAPI:
    """The application over ``service``, which it closes when it stops.

    Args:
        service: open, and shared by every request.
        hosts: names the ``Host`` header may carry; ``LOOPBACK_HOSTS`` when bound to loopback.
    """

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = _App(
        title="Ringsight",
        version=version("ringsight"),
        summary="Finds, explains and follows rings of accounts that distil a language model.",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    app.include_router(signup.router, responses=_only(413, 422, 503))
    app.include_router(ingest.router, responses=_only(404, 413, 422, 503))
    reads = [require(Scope.INVESTIGATE)]
    app.include_router(risk.router, responses=_only(404, 422, 503), dependencies=reads)
    app.include_router(routes.router, responses=_only(404, 413, 422, 503), dependencies=reads)
    app.include_router(pipeline.router, dependencies=reads)
    for part in (deciding, cases, lists, appeals, audit, webhooks):
        app.include_router(part.router, responses=_only(404, 409, 412, 413, 422, 503))
    app.include_router(session.router, responses=_only(413, 422, 503))
    app.include_router(session.door)
    app.include_router(health.router)
    app.include_router(console.router)
    auth.describe(app)
    problems.describe(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(StrictHeaders)
    app.direct = Direct(app, super(_App, app).__call__, hosts)
    return app


class _App(FastAPI):
    """An application whose every call comes by the short way of sign-ups first."""

    direct: Direct

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        await self.direct(scope, receive, send)


def _only(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: _ERRORS[status] for status in statuses}
