"""What stands before every endpoint: a limit on the body's size, and strict headers on answers.

Plain ASGI, so that a body is counted as it streams in and never held when it is too large. It knows
nothing of what is asked.
"""

import json
from collections.abc import MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES_MAX = 64 * 1024
# Calls that carry many rows.
LARGER = {"/v1/events": 8 * 1024 * 1024, "/v1/signups/score/batch": 512 * 1024}
# An answer is data: nothing in it may be loaded or run. The console's page has its own policy.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Header names (lower case) and values that every answer has which does not say its own.
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
_TOO_LARGE: dict[str, Any] = {
    "type": "urn:ringsight:error:TooLarge",
    "title": "The body is larger than this service reads.",
    "status": 413,
}


class StrictHeaders:
    """Adds the security headers, and that no cache may keep it, to an answer that does not say."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the head of its answer."""

        async def complete(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                said = {name for name, _ in headers}
                headers.extend(header for header in HEADERS if header[0] not in said)
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, complete if scope["type"] == "http" else send)


class _TooLarge(HTTPException):
    """The body went past the limit while it was read; an HTTP error, so that nobody hides it."""

    def __init__(self) -> None:
        super().__init__(413, _TOO_LARGE["title"])


class BodyLimit:
    """Answers 413 to a body over the limit, whether it says its length or not."""

    def __init__(self, app: ASGIApp, limit_bytes: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body fits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = LARGER.get(scope["path"], self._limit_bytes)
        if _announced_bytes(scope, limit_bytes) > limit_bytes:
            await _refuse(send, limit_bytes)
            return
        read_bytes = 0
        answered = False

        async def counted() -> Message:
            nonlocal read_bytes
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > limit_bytes:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _TooLarge:
            if not answered:
                await _refuse(send, limit_bytes)


def _announced_bytes(scope: Scope, limit_bytes: int) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else limit_bytes + 1
    return 0


async def _refuse(send: Send, limit_bytes: int) -> None:
    told = {**_TOO_LARGE, "detail": f"at most {limit_bytes} bytes"}
    body = json.dumps(told).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
