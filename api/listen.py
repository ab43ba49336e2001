"""A service behind a socket, until it is told to stop."""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from api.app import LOOPBACK_HOSTS, create_app
from api.garbage import keep_what_is_loaded
from api.logs import to_stderr
from api.serving.service import Service

GRACE_S = 10
SWITCH_S = 0.001


def listen(service: Service, gate: socket.socket, *, loopback: bool) -> None:
    """Answer on ``gate`` until SIGINT or SIGTERM; requests under way get ``GRACE_S`` to end."""
    hosts = LOOPBACK_HOSTS if loopback else ("*",)
    listen_with(create_app(service, hosts=hosts), service, gate)


def listen_with(app: FastAPI, service: Service, gate: socket.socket) -> None:
    """As :func:`listen`, with an application over ``service`` that somebody made already."""
    to_stderr()
    # A thread that scores must not hold the interpreter while an answer waits to be sent.
    sys.setswitchinterval(SWITCH_S)
    service.enter_beside()
    service.warm()
    keep_what_is_loaded()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    uvicorn.Server(config).run(sockets=[gate])
