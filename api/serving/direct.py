"""The short way to a score, as nearly every caller takes it.

A body that fits, sent as plain JSON in one piece, is read in one step and its caller looked up,
without the router, the handlers and the dependencies that any call may need: they cost more than
all that a score needs of HTTP. Whatever is unusual goes to the application, which says what is
wrong with it; a test sends both ways the same.
"""

import re
from collections.abc import Iterable, Sequence

from fastapi import FastAPI, Request
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.auth import permitted
from api.access.shield import BODY_BYTES_MAX, StrictHeaders
from api.problems import Faults, problem_of
from api.schemas.signup import SignupIn
from api.serving import signup
from api.serving.signup import KEY
from graph.errors import RingError
from graph.ledger.port import Scope as Right

PATH = "/v1/signups/score"
PLAIN = "application/json"


class Direct:
    """``Direct(app, onward, hosts)``: answers sign-ups of ``app``; the rest is ``onward``'s."""

    def __init__(self, app: FastAPI, onward: ASGIApp, hosts: Sequence[str]) -> None:
        self._app = app
        self._onward = onward
        names = "|".join(map(re.escape, hosts))
        self._host = re.compile(".*" if "*" in hosts else rf"({names})(:\d{{1,5}})?", re.IGNORECASE)
        # What else the application does before and after each call is asked of the head here.
        self._guarded = StrictHeaders(Faults(self._answered))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a sign-up that is sent as usual; pass everything else on as it came."""
        mine = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        keys = self._keys_of(scope["headers"]) if mine else None
        if keys is None:
            await self._onward(scope, receive, send)
            return
        scope["app"], scope["direct"] = self._app, keys
        await self._guarded(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        body = _signup_in(message)
        if body is None:
            await self._onward(scope, _again(message, receive), send)
            return
        request = Request(scope)
        try:
            principal = await permitted(request, Right.SCORE)
            service = self._app.state.service
            answer = await signup.score_signup(body, service, principal, request, *scope["direct"])
        except RingError as error:
            answer = problem_of(request, error)
        await answer(scope, receive, send)

    def _keys_of(self, headers: Iterable[tuple[bytes, bytes]]) -> list[str] | None:
        """The Idempotency-Key of a usual call, if it has one; None if the call is not usual."""
        said: dict[bytes, list[str]] = {name: [] for name in _ASKED}
        for name, value in headers:
            if name in said:
                said[name].append(value.decode("latin-1"))
        kinds, keys, lengths, hosts = said.values()
        usual = (
            kinds == [PLAIN]
            and len(keys) < 2
            and all(map(KEY.fullmatch, keys))
            and len(lengths) == 1
            and lengths[0].isdecimal()
            and int(lengths[0]) <= BODY_BYTES_MAX
            and len(hosts) == 1
            and self._host.fullmatch(hosts[0]) is not None
        )
        return keys if usual else None


_ASKED = (b"content-type", b"idempotency-key", b"content-length", b"host")


def _signup_in(message: Message) -> SignupIn | None:
    """The sign-up in a body that came in one piece; None where it came in more, or does not fit."""
    if message["type"] != "http.request" or message.get("more_body"):
        return None
    try:
        return SignupIn.model_validate_json(message.get("body", b""))
    except ValidationError:
        return None


def _again(message: Message, receive: Receive) -> Receive:
    """``receive`` from before ``message`` was taken."""
    taken = [message]

    async def replayed() -> Message:
        return taken.pop() if taken else await receive()

    return replayed
