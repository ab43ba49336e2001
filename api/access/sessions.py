"""Sessions of people in a browser: a signed cookie, so nothing is kept and restarts are unseen.

The cookie says who it is for and until when, under a MAC by a key that is derived from the
deployment's own; it is ``HttpOnly`` and ``SameSite=Strict``, and unsafe calls carry a second value
that a foreign page cannot know. A session ends with the key it was opened with. A *ticket* opens
one session by a link, once, within minutes: ``ringsight demo`` prints one.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from threading import Lock
from typing import Any

from api.access.principal import Principal
from graph.errors import NotRecognised
from graph.ledger.port import Role, Scope

HOURS_US = 3_600_000_000
SESSION_US = 10 * HOURS_US
TICKET_US = HOURS_US // 4


class Sessions:
    """Makes and reads cookies and tickets.

    ``living(principal_id)`` says whether the key a session was opened with still lives.
    """

    def __init__(self, key: bytes, living: Callable[[str], bool]) -> None:
        self._key = hmac.digest(key, b"ringsight sessions, 1", "sha256")
        self._living = living
        self._used: set[str] = set()
        self._lock = Lock()

    def cookie(self, principal: Principal, now: int) -> str:
        """A session of ``principal`` from ``now`` (us) on."""
        return self._written("session", principal, now + SESSION_US)

    def ticket(self, principal: Principal, now: int) -> str:
        """A text that opens one session of ``principal``, for a quarter of an hour."""
        return self._written("ticket", principal, now + TICKET_US)

    def read(self, cookie: str, now: int) -> tuple[Principal, str]:
        """Whose session it is, and the value its unsafe calls carry.

        Raises:
            NotRecognised: if it is not ours, has ended, or its key was revoked.
        """
        said = self._read("session", cookie, now)
        return _principal(said), self.csrf(cookie)

    def csrf(self, cookie: str) -> str:
        """The value that a session's unsafe calls carry."""
        return hmac.new(self._key, b"csrf " + cookie.encode(), hashlib.sha256).hexdigest()

    def redeem(self, ticket: str, now: int) -> Principal:
        """Whose ticket it is; it opens nothing a second time.

        Raises:
            NotRecognised: if it is not ours, has ended or was used.
        """
        said = self._read("ticket", ticket, now)
        with self._lock:
            if said["nonce"] in self._used:
                raise NotRecognised("this link was used already; open a session with a key")
            self._used.add(said["nonce"])
        return _principal(said)

    def _written(self, kind: str, principal: Principal, until: int) -> str:
        said = {
            "kind": kind, "until": until, "nonce": secrets.token_hex(8), "id": principal.id,
            "name": principal.name, "scopes": sorted(principal.scopes), "role": principal.role,
            "reasons": principal.reasons, "rate": principal.rate_per_s,
        }  # fmt: skip
        body = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")
        return f"{body.decode()}.{self._mac(body)}"

    def _read(self, kind: str, text: str, now: int) -> dict[str, Any]:
        body, _, mac = text.partition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(body.encode()).encode()):
            raise NotRecognised("the session is none of this service's")
        try:
            said: dict[str, Any] = json.loads(
                base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
            )
        except (binascii.Error, ValueError):
            raise NotRecognised("the session cannot be read") from None
        if said["kind"] != kind or said["until"] <= now:
            raise NotRecognised(f"the {kind} has ended")
        if said["id"].startswith("key:") and not self._living(said["id"]):
            raise NotRecognised("the key this session was opened with has ended")
        return said

    def _mac(self, body: bytes) -> str:
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


def _principal(said: dict[str, Any]) -> Principal:
    return Principal(
        id=said["id"],
        name=said["name"],
        scopes=frozenset(Scope(name) for name in said["scopes"]),
        role=Role(said["role"]),
        reasons=said["reasons"],
        rate_per_s=said["rate"],
    )
