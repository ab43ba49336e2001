"""Routes whose answers are masked for callers whose role does not cover coarse facts."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from api.access.principal import Principal
from graph.ledger.port import Role

SEES = Role.INVESTIGATOR
"""The least role that sees prefixes, domains and card ranges."""


class MaskedRoute(APIRoute):
    """A route that puts coarse facts of its answer behind tokens, by the caller's role."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the mask after it."""
        answered = super().get_route_handler()

        async def masked(request: Request) -> Response:
            response = await answered(request)
            plain = response.headers.get("content-type", "").startswith("application/json")
            if sees_coarse(request) or not plain:
                return response
            reader = request.app.state.service.reader
            shown = reader.masks.hidden(json.loads(bytes(response.body)))
            headers = {
                name: value
                for name, value in response.headers.items()
                if name not in ("content-length", "content-type")
            }
            return JSONResponse(shown, response.status_code, headers)

        return masked


def sees_coarse(request: Request) -> bool:
    """Whether the caller's role covers coarse facts."""
    principal: Principal | None = getattr(request.state, "principal", None)
    return principal is not None and principal.role.covers(SEES)
