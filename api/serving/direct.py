"""The short way to a score, as nearly every caller takes it.

A body that fits, sent as plain JSON in one piece, is read in one step and its caller looked up,
without the router, the handlers and the dependencies that any call may need: they cost more than
all that a score needs of HTTP. Whatever is unusual goes to the application, which says what is
wrong with it; a test sends both ways the same.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.auth import bearer_in, holder_of
from api.access.shield import BODY_BYTES_MAX, HEADERS, StrictHeaders
from api.problems import Faults, problem_of
from api.schemas.signup import SignupIn
from api.serving import signup
from api.serving.job import Caller
from api.serving.service import Service
from api.serving.signup import KEY
from graph.errors import RingError
from graph.ledger.port import Scope as Right

PATH = "/v1/signups/score"
PLAIN = b"application/json"
# What else the application adds to each answer is added here, once.
_ALWAYS = [(b"content-type", PLAIN), *HEADERS]


class Said(NamedTuple):
    """What the head of a usual call says: a bearer's token, and its Idempotency-Key if any."""

    bearer: str
    key: str | None


class Direct:
    """``Direct(app, onward, hosts)``: answers sign-ups of ``app``; the rest is ``onward``'s."""

    def __init__(self, app: FastAPI, onward: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._onward = onward
        names = "|".join(map(re.escape, hosts))
        self._host = re.compile(".*" if "*" in hosts else rf"({names})(:\d{{1,5}})?", re.IGNORECASE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a sign-up that is sent as usual; pass everything else on as it came."""
        mine = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        said = self._said(scope["headers"]) if mine else None
        if said is None:
            await self._onward(scope, receive, send)
            return
        message = await receive()
        try:
            answer = await self._answer(message, said, scope)
        except Exception as error:
            await StrictHeaders(Faults(_failing(error)))(scope, receive, send)
            return
        if answer is None:
            await self._onward(scope, _again(message, receive), send)
            return
        start, body = answer
        await send(start)
        await send(body)

    async def _answer(
        self, message: Message, said: Said, scope: Scope
    ) -> tuple[Message, Message] | None:
        """Head and body of the answer; None where body or caller are not as usual."""
        body = _signup_in(message)
        if body is None:
            return None
        service: Service = self._app.state.service
        principal = holder_of(service.office, said.bearer, Right.SCORE)
        if principal is None:
            return None
        caller = Caller(principal.id, principal.reasons)
        job, reply = await signup.answered(service, body, caller, said.key)
        signup.traced(service, job, Headers(scope=scope))
        told = [
            (b"content-length", b"%d" % len(reply)),
            (b"server-timing", signup.timing_of(job).encode()),
        ]
        start = {"type": "http.response.start", "status": 200, "headers": _ALWAYS + told}
        return start, {"type": "http.response.body", "body": reply}

    def _said(self, headers: Sequence[tuple[bytes, bytes]]) -> Said | None:
        """What the head of a usual call says; None if the call is not usual, or says one twice."""
        held = dict(headers)
        length = held.get(b"content-length", b"")
        usual = (
            len(held) == len(headers)
            and held.get(b"content-type") == PLAIN
            and length.isdigit()
            and int(length) <= BODY_BYTES_MAX
            and self._host.fullmatch(held.get(b"host", b"").decode("latin-1")) is not None
        )
        bearer = bearer_in(held.get(b"authorization", b"").decode("latin-1")) if usual else None
        key = held.get(b"idempotency-key")
        text = None if key is None else key.decode("latin-1")
        if bearer is None or (text is not None and not KEY.fullmatch(text)):
            return None
        return Said(bearer, text)


def _signup_in(message: Message) -> SignupIn | None:
    """The sign-up in a body that came in one piece; None where it came in more, or does not fit."""
    if message["type"] != "http.request" or message.get("more_body"):
        return None
    try:
        return SignupIn.model_validate_json(message.get("body", b""))
    except ValidationError:
        return None


def _failing(error: Exception) -> ASGIApp:
    """An application that answers an error of Ringsight's own, and fails by any other."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not isinstance(error, RingError):
            raise error
        await problem_of(Request(scope), error)(scope, receive, send)

    return app


def _again(message: Message, receive: Receive) -> Receive:
    """``receive`` from before ``message`` was taken."""
    taken = [message]

    async def replayed() -> Message:
        return taken.pop() if taken else await receive()

    return replayed
