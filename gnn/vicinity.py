"""What one sign-up is tied to, read out of its neighbourhood: the only view sign-up columns have.

A :class:`Vicinity` is small enough to keep for every sign-up of a replay, so that training can fill
in the mates' scores of an out-of-fold model and compute the very row that the service would have
computed. It knows nothing of stores; :func:`ids_of` names what a store should be asked for.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph.facts import SHARED_EMAIL_CLASSES, Payment, Signup
from graph.near import Near
from graph.schema import EDGE_OF
from graph.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Link:
    """A kind of tie between a sign-up and accounts that came before it."""

    name: str
    verb: str
    entity: str


LINKS: tuple[Link, ...] = (
    Link("payment_method", "PAID_WITH", "payment method"),
    Link("device", "USED", "device"),
    Link("ip", "SEEN_AT", "address"),
    Link("subnet", "SEEN_IN", "network prefix"),
    Link("mailbox", "WRITES_FROM", "mailbox"),
    Link("email_domain", "MAILED_AT", "private e-mail domain"),
    Link("phone", "CALLED_ON", "phone number"),
    Link("organisation", "BELONGS_TO", "organisation"),
)
LINK_OF: dict[str, Link] = {link.name: link for link in LINKS}

ENTITY_OF: dict[str, str] = {link.verb: EDGE_OF[link.verb].target.value for link in LINKS}

# A network prefix or a mail domain is shared by strangers; these are not.
NARROW = ("payment_method", "device", "ip", "mailbox", "phone", "organisation")

MATES_MOST = 50
"""Accounts of an entity that are read, the most recent ones: in service, replay and training."""

# Mates' columns that a refresh publishes on accounts; each may be absent before the first one.
MATE_COLUMNS = ("score", "ring_flagged", "ring_size", "ring_version", "created_at")
MATE_TEXTS = ("ring_id", "status", "user_agent", "pathway", "email_shape", "country")


@dataclass(frozen=True, slots=True)
class Tie:
    """One entity that a sign-up names, and the accounts tied to it before.

    ``accounts`` is their number in the whole store, the applicant left out; ``first_seen`` the
    entity's first event (us); ``seen_at`` [n] is when each mate was first tied to the entity (us),
    ascending, and ``rows`` [n] where it stands among the mates of the vicinity; the most recent
    ones when a hub was cut. They are few: what looks at them in Python is done before numpy begins.
    """

    link: Link
    key: str
    accounts: int
    first_seen: int
    rows: tuple[int, ...]
    seen_at: tuple[int, ...]

    @classmethod
    def of(
        cls, link: Link, key: str, accounts: int, first_seen: int, held: Iterable[tuple[int, int]]
    ) -> "Tie":
        """A tie of the mates ``held``: when each was first tied, and where it stands."""
        pairs = sorted(held)
        seen_at, rows = zip(*pairs, strict=True) if pairs else ((), ())
        return cls(link, key, accounts, first_seen, rows, seen_at)


@dataclass(frozen=True, slots=True)
class Vicinity:
    """The accounts that share something with a sign-up, and through what.

    ``numbers`` and ``texts`` hold one column each of length ``len(keys)``; NaN or None = unknown.
    """

    keys: tuple[str, ...]
    numbers: Mapping[str, tuple[float, ...]]
    texts: Mapping[str, tuple[str | None, ...]]
    ties: Mapping[str, Tie]
    referrer: int | None = None

    @classmethod
    def of(
        cls,
        event: Signup,
        piece: Snapshot,
        payment: Payment | None = None,
        *,
        ids: Sequence[str] | None = None,
    ) -> "Vicinity":
        """Read the accounts around ``event`` out of ``piece``, the applicant itself left out."""
        near = piece.near
        mates = {k: cells for k, cells in near.accounts.items() if k != event.account_id}
        keys, columns = tuple(mates), _columns_of(near, tuple(mates.values()))
        seat = {key: row for row, key in enumerate(keys)}
        named = _named(ids_of(event, payment) if ids is None else ids)
        ties = {
            link.name: tie
            for link in LINKS
            if link.name in named
            and (tie := _tie(near, link, f"{ENTITY_OF[link.verb]}:{named[link.name]}", seat))
        }
        numbers = {name: _numbers(columns(name)) for name in MATE_COLUMNS}
        texts = {name: columns(name) for name in MATE_TEXTS}
        return cls(keys, numbers, texts, ties, seat.get(event.referrer_account_id or ""))

    def near(self) -> dict[int, int]:
        """For each mate, the number of kinds of narrow identifier it shares with the sign-up."""
        kinds: dict[int, int] = {}
        for name in NARROW:
            tie = self.ties.get(name)
            for row in tie.rows if tie is not None else ():
                kinds[row] = kinds.get(row, 0) + 1
        return kinds

    def with_scores(self, score_of: Callable[[str], float]) -> "Vicinity":
        """The same vicinity with each mate's score taken from ``score_of(key)``, NaN if unknown."""
        return replace(self, numbers={**self.numbers, "score": tuple(map(score_of, self.keys))})


EMPTY = Vicinity((), dict.fromkeys(MATE_COLUMNS, ()), dict.fromkeys(MATE_TEXTS, ()), {})


def ids_of(event: Signup, payment: Payment | None = None) -> tuple[str, ...]:
    """The nodes to ask a store for: what the sign-up names, without account and operator.

    Those of the nodes of :func:`graph.facts.facts_of` that are asked for, without making any.
    """
    place = event.place
    shared = event.email_class in SHARED_EMAIL_CLASSES
    named = (
        ("mailbox", event.mailbox),
        ("email_domain", None if shared else event.email_domain),
        ("phone", event.phone),
        ("device", event.device),
        ("organisation", event.organisation),
        ("account", event.referrer_account_id),
        ("ip", place and place.ip),
        ("subnet", place and place.subnet),
        ("payment_method", payment and payment.payment_method),
    )
    own = f"account:{event.account_id}"
    ids = (f"{kind}:{key}" for kind, key in named if key)
    return tuple(identity for identity in ids if identity != own)


def _named(ids: Sequence[str]) -> dict[str, str]:
    """The key of the entity a sign-up names, by kind of link."""
    parts = (identity.partition(":") for identity in ids)
    return {kind: key for kind, _, key in parts}


def _tie(near: Near, link: Link, identity: str, seat: Mapping[str, int]) -> Tie | None:
    entity = near.entities.get(identity)
    if entity is None:
        return None
    held = [(at, seat.get(key, -1)) for verb, key, at in entity.holders if verb == link.verb]
    others = [pair for pair in held if pair[1] >= 0]
    itself = len(others) < len(held)
    # Neighbours of an entity that are no accounts: an address's operator, a card's issuer.
    accounts = max(entity.degree - entity.leading_on, len(held)) - int(itself)
    if itself and not accounts:
        return None  # known from this very sign-up, sent before: as new as the first time
    key = identity.partition(":")[2]
    return Tie.of(link, key, accounts, entity.first_seen, others)


def _numbers(cells: Iterable[float | None]) -> tuple[float, ...]:
    return tuple([math.nan if cell is None else cell for cell in cells])


def _columns_of(near: Near, rows: Sequence[Sequence[object]]) -> Callable[[str], tuple[Any, ...]]:
    """A column of ``rows`` of ``near`` by its name; None where it is unknown or absent."""
    columns, blank = tuple(zip(*rows, strict=True)), (None,) * len(rows)

    def column(name: str) -> tuple[Any, ...]:
        place = near.columns.get(name)
        return blank if place is None or not columns else columns[place]

    return column
