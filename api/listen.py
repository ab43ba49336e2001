"""A service behind a socket, until it is told to stop."""

import logging
import socket

import uvicorn

from api.app import LOOPBACK_HOSTS, create_app
from api.service import Service

GRACE_S = 10


def listen(service: Service, gate: socket.socket, *, loopback: bool) -> None:
    """Answer on ``gate`` until SIGINT or SIGTERM; requests under way get ``GRACE_S`` to end."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    service.warm()
    app = create_app(service, hosts=LOOPBACK_HOSTS if loopback else ("*",))
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[gate])
