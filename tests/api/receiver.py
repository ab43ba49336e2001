"""A real HTTP receiver of webhooks on loopback, which can be down and come back on its port."""

import base64
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Receiver:
    """``Receiver()`` listens at once; ``stop`` and ``start`` take it down and bring it back."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.status = 204
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    def start(self) -> None:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                owner.heads.append({name.lower(): v for name, v in self.headers.items()})
                owner.bodies.append(body)
                owner.got.append(json.loads(body))
                self.send_response(owner.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def wait(self, kind: str, count: int = 1, seconds: float = 20.0) -> list[dict[str, Any]]:
        """Events of a kind, once there are so many; fewer when the time is up."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [one for one in self.got if one["type"] == kind]
            if len(found) >= count:
                return found
            time.sleep(0.02)
        return [one for one in self.got if one["type"] == kind]


def verified(secret: str, head: dict[str, str], body: bytes) -> bool:
    """What a receiver does with the signature, written from the published scheme."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
    made = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return hmac.compare_digest(head["webhook-signature"], f"v1,{made}")
