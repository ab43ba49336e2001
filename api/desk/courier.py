"""Delivers events to webhooks: signed, at least once, with growing pauses, over restarts.

The form is that of Standard Webhooks (standardwebhooks.com): headers ``webhook-id``,
``webhook-timestamp`` and ``webhook-signature`` (``v1,`` and the base64 of HMAC-SHA256 over
``id.timestamp.body``), so receivers verify with a library of theirs. Secrets are derived from the
deployment's key and kept nowhere. A receiver is reached only at public addresses, or at those the
operator allows: the name is resolved here once and that very address is connected to, so a name
that changes its mind reaches nothing inside. Redirects are not followed.
"""

import base64
import hmac
import http.client
import ipaddress
import json
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from threading import Event, Thread
from urllib.parse import SplitResult, urlsplit

from api.schemas.answers import moment
from graph.errors import InputError, StoreError
from graph.ledger import outgoing
from graph.ledger.outgoing import Due
from graph.ledger.port import Endpoint, Ledger, Outgoing

log = logging.getLogger("ringsight.webhooks")

TIMEOUT_S = 5.0
LOOK_S = 0.25
_INSIDE = "its address is on the inside; RINGSIGHT_WEBHOOK_INSIDE allows some"
_ONLY_HTTPS = "http is for receivers that RINGSIGHT_WEBHOOK_INSIDE allows; others have https"
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Courier:
    """``Courier(ledger, key, clock, inside=("127.0.0.1/32",))``; ``start`` begins to deliver.

    ``inside`` names networks that are not public and may be reached all the same.
    """

    def __init__(
        self, ledger: Ledger, key: bytes, clock: Callable[[], int], inside: Sequence[str] = ()
    ) -> None:
        self._ledger = ledger
        self._key = hmac.digest(key, b"ringsight webhooks, 1", "sha256")
        self._clock = clock
        self._inside = tuple(ipaddress.ip_network(one.strip()) for one in inside if one.strip())
        self._stop = Event()
        self._work = Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Deliver what is due, from now on."""
        self._work.start()

    def close(self) -> None:
        """Stop; what is not delivered waits."""
        self._stop.set()
        if self._work.is_alive():
            self._work.join(TIMEOUT_S + 1)

    def check(self, url: str) -> SplitResult:
        """The parts of a receiver's URL.

        Raises:
            InputError: if it is none that may be reached.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise InputError("this is no URL") from None
        if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
            raise InputError("a webhook is an http or https URL with a host")
        if parts.username or parts.password or parts.fragment:
            raise InputError("a webhook's URL holds no user, password or fragment")
        try:
            literal = ipaddress.ip_address(parts.hostname)
        except ValueError:
            literal = None
        if literal is not None and not self._reachable(literal):
            raise InputError(_INSIDE)
        if parts.scheme == "http" and not self._inside:
            raise InputError(_ONLY_HTTPS)
        return parts

    def secret_of(self, to: Endpoint) -> str:
        """The secret that signs what goes to ``to``, as its receiver is told it."""
        text = f"{to.id} {to.secret_version}".encode()
        made = hmac.digest(self._key, text, "sha256")
        return "whsec_" + base64.b64encode(made).decode()

    def deliver(self) -> int:
        """Try everything that is due now; gives how many deliveries that were.

        Raises:
            StoreError: if the ledger cannot answer.
        """
        with self._ledger.writing() as book:
            due = outgoing.claim(book, self._clock())
        for one in due:
            trouble = self._tried(one)
            with self._ledger.writing() as book:
                if trouble is None:
                    outgoing.delivered(book, one, self._clock())
                else:
                    outgoing.failed(book, one, self._clock(), trouble)
            if trouble is not None:
                log.warning("webhook %s: %s (try %d)", one.to.id, trouble, one.attempts + 1)
        return len(due)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                with self._ledger.reading() as book:
                    waits = outgoing.is_due(book, self._clock())
                while waits and self.deliver() and not self._stop.is_set():
                    pass
            except StoreError as error:
                log.warning("the webhooks' queue was not read: %s", type(error).__name__)

    def _tried(self, due: Due) -> str | None:
        """Send one event; what went wrong in a few words, None if it was taken."""
        body = body_of(due.event)
        at_s = self._clock() // 1_000_000
        head = {
            "content-type": "application/json",
            "user-agent": "ringsight",
            "webhook-id": due.event.id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": signature(self.secret_of(due.to), due.event.id, at_s, body),
        }
        try:
            status = self._posted(due.to.url, head, body)
        except InputError as error:
            return str(error)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        return None if 200 <= status < 300 else f"answered {status}"

    def _posted(self, url: str, head: dict[str, str], body: bytes) -> int:
        parts = self.check(url)
        host, secure = str(parts.hostname), parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        link = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        link.sock = self._socket(host, port, secure)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            link.request("POST", path, body, head)
            return link.getresponse().status
        finally:
            link.close()

    def _socket(self, host: str, port: int, secure: bool) -> socket.socket:
        """Connected to an address of ``host`` that may be reached."""
        for family, kind, proto, _, place in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            address = ipaddress.ip_address(str(place[0]).partition("%")[0])
            if not (self._reachable(address) if secure else self._is_inside(address)):
                continue
            plain = socket.socket(family, kind, proto)
            plain.settimeout(TIMEOUT_S)
            try:
                plain.connect(place)
                context = ssl.create_default_context() if secure else None
                return context.wrap_socket(plain, server_hostname=host) if context else plain
            except OSError:
                plain.close()
                raise
        raise InputError(_INSIDE if secure else _ONLY_HTTPS)

    def _reachable(self, address: _Address) -> bool:
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        return (address.is_global and not address.is_multicast) or self._is_inside(address)

    def _is_inside(self, address: _Address) -> bool:
        return any(address in network for network in self._inside)


def body_of(event: Outgoing) -> bytes:
    """An event as its receivers get it."""
    told = {
        "id": event.id,
        "type": event.name.value,
        "timestamp": moment(event.at).isoformat(),
        "data": dict(event.body),
    }
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def signature(secret: str, identity: str, at_s: int, body: bytes) -> str:
    """What ``webhook-signature`` holds for ``body``."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{identity}.{at_s}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
