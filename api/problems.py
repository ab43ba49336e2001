"""Errors as ``application/problem+json`` (RFC 9457), by one table.

No error class knows its status: :data:`STATUS_OF` gives it, most specific class first, and a test
walks the whole tree of ``graph.errors``. What went wrong inside (a path, a host) stays inside: from
500 on the caller reads the class's one line, not the error's text. A bad body is answered with the
places that are wrong, never with what stood there.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.places import place_of
from api.schemas.answers import Problem
from graph import errors

log = logging.getLogger("ringsight.api")

MEDIA_TYPE = "application/problem+json"
STATUS_OF: dict[type[errors.RingError], int] = {
    errors.RingError: 500,
    errors.SettingsError: 500,
    errors.KeyMissing: 500,
    errors.KeyRefused: 500,
    errors.SourceError: 422,
    errors.MappingError: 422,
    errors.TooMuchQuarantined: 422,
    errors.InputError: 422,
    errors.NotFound: 404,
    errors.UnknownName: 422,
    errors.KeyReused: 422,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.AccessError: 403,
    errors.NotRecognised: 401,
    errors.NotAllowed: 403,
    errors.TooOften: 429,
    errors.StoreError: 500,
    errors.StoreUnavailable: 503,
    errors.Overloaded: 503,
    errors.StoreCorrupt: 500,
    errors.SchemaMismatch: 500,
    errors.ModelError: 500,
    errors.ModelMissing: 503,
    errors.ModelMismatch: 503,
    errors.BundleCorrupt: 503,
    errors.BundleUnsigned: 503,
    errors.GateRefused: 409,
    errors.RegistryUnavailable: 503,
}
RETRY_AFTER_S = 2


def status_of(error: errors.RingError) -> int:
    """The HTTP status of ``error``: that of its most specific class in the table."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def problem(request: Request, status: int, problem: Problem) -> JSONResponse:
    """``problem`` as a response to ``request``."""
    problem = problem.model_copy(update={"status": status, "instance": request.url.path})
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ringsight"'
    return JSONResponse(
        problem.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE
    )


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` in the one shape."""
    app.add_exception_handler(errors.RingError, _ring_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Faults)


def describe(app: FastAPI) -> None:
    """Say in the API's description that every error is a problem, in that media type alone."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            for operation in _operations(schema):
                for status, response in operation["responses"].items():
                    if status.startswith(("4", "5")):
                        shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
                        response["content"] = {MEDIA_TYPE: shape}
            for name in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(name, None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _operations(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for path in schema["paths"].values() for operation in path.values())


def _ring_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.RingError)
    return problem_of(request, error)


def problem_of(request: Request, error: errors.RingError) -> JSONResponse:
    """What ``error`` is answered with."""
    status = status_of(error)
    line = (type(error).__doc__ or "").strip().splitlines()[0]
    if status >= 500:
        log.error("%s %s: %s: %s", request.method, request.url.path, type(error).__name__, error)
    return problem(
        request,
        status,
        Problem(
            type=f"urn:ringsight:error:{type(error).__name__}",
            title=line,
            detail=None if status >= 500 else str(error),
            **(error.about if isinstance(error, errors.Conflict) else {}),
        ),
    )


def _bad_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem(
        request,
        422,
        Problem(
            type="urn:ringsight:error:BadRequest",
            title="The request does not fit the contract.",
            errors=wrong_places(error.errors()),
        ),
    )


def wrong_places(found: Sequence[Any]) -> list[dict[str, str]]:
    """Where a request is wrong and why; values and the caller's own names stay out."""
    return [
        {"at": "/".join(str(step) for step in part["loc"]), "reason": part["type"]}
        for part in found[:20]
    ]


def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    response = problem(
        request, error.status_code, Problem(type="about:blank", title=str(error.detail))
    )
    response.headers.update(error.headers or {})
    return response


class Faults:
    """Answers an unforeseen error, and logs its class and place.

    Its text may hold a personal value, so neither answer nor log shows it; that is why this does
    not leave it to the server, which would log a whole traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 if that fails before an answer has begun."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("%s: fault: %s at %s", scope["path"], type(error).__name__, place_of(error))
            if not begun:
                told = Problem(
                    type="urn:ringsight:error:Fault",
                    title="A fault of Ringsight's own.",
                    instance=scope["path"],
                )
                body = told.model_dump(exclude_none=True)
                await JSONResponse(body, 500, media_type=MEDIA_TYPE)(scope, receive, send)
