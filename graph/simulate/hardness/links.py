"""What accounts share, as touches: who touched which thing when."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.errors import UnknownName
from graph.simulate.hardness.observed import Observed, address, code

Ints = NDArray[np.int64]
LINKS: Final = (
    "card", "device", "ip", "block", "signup_ip", "signup_block", "mail_domain", "phone",
    "organisation", "issuer", "head", "system", "conversation",
)  # fmt: skip


def touches(seen: Observed, link: str) -> tuple[Ints, Ints, Ints]:
    """Account, moment (us) and thing (-1 = none) of every touch of one sort.

    Raises:
        UnknownName: if the sort is not in ``LINKS``.
    """
    r, pay, ses = seen.requests, seen.payments, seen.sessions
    if link in ("card", "issuer"):
        return pay["account"], pay["at"], pay["method" if link == "card" else "issuer"]
    if link == "device":
        return ses["account"], ses["at"], ses["device"]
    if link in ("ip", "head", "system", "conversation"):
        return r["account"], r["at"], r[link]
    if link == "block":
        return r["account"], r["at"], np.where(r["ip"] < 0, -1, r["ip"] >> 8)
    if link not in LINKS:
        raise UnknownName.among("link", link, LINKS)
    created = np.array(seen.signups["created_us"], np.int64)
    return np.arange(seen.accounts), created, _said(seen, link)


def _said(seen: Observed, link: str) -> Ints:
    """What accounts said of themselves at sign-up, coded."""
    if link.startswith("signup"):
        ip = np.array([address(text) for text in seen.signups["ip"]], np.int64)
        return ip if link == "signup_ip" else ip >> 8
    if link == "mail_domain":
        texts = [(mail or "").split("@")[-1] or None for mail in seen.signups["email"]]
    else:
        texts = seen.signups[link]
    return np.array([code(text) for text in texts], np.int64)
