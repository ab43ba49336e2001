"""What endpoints are given: the service, put on the app by ``api.app.create_app``."""

from typing import Annotated

from fastapi import Depends, Request

from api.serving.service import Service


# Not a coroutine for its own sake: a plain function would cost a thread hop a request.
async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(_service)]
