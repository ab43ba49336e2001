"""What one sign-up is tied to, read out of its neighbourhood: the only view sign-up columns have.

A :class:`Vicinity` is small enough to keep for every sign-up of a replay, so that training can fill
in the mates' scores of an out-of-fold model and compute the very row that the service would have
computed. It knows nothing of stores; :func:`ids_of` names what a store should be asked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graph.facts import Facts, Payment, Signup, facts_of
from graph.schema import EDGE_OF, EDGES, NodeType, split_id
from graph.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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

# A network prefix or a mail domain is shared by strangers; these are not.
NARROW = ("payment_method", "device", "ip", "mailbox", "phone", "organisation")

# Mates' columns that a refresh publishes on accounts; each may be absent before the first one.
MATE_COLUMNS = ("score", "ring_flagged", "ring_size", "ring_version", "created_at")
MATE_TEXTS = ("ring_id", "status", "user_agent", "pathway", "email_shape", "country")


@dataclass(frozen=True, slots=True)
class Tie:
    """One entity that a sign-up names, and the accounts tied to it before.

    ``accounts`` is their number in the whole store, the applicant left out; ``first_seen`` the
    entity's first event (us); ``rows`` [n] point into the mates of the vicinity, most recent ones
    when a hub was cut; ``seen_at`` [n] is when each mate was first tied to the entity (us).
    """

    link: Link
    key: str
    accounts: int
    first_seen: int
    rows: Ints
    seen_at: Ints


@dataclass(frozen=True, slots=True)
class Vicinity:
    """The accounts that share something with a sign-up, and through what.

    ``numbers`` and ``texts`` hold one column each of length ``len(keys)``; NaN or None = unknown.
    """

    keys: tuple[str, ...]
    numbers: Mapping[str, Floats]
    texts: Mapping[str, tuple[str | None, ...]]
    ties: Mapping[str, Tie]
    referrer: int | None = None

    @classmethod
    def of(cls, event: Signup, piece: Snapshot, payment: Payment | None = None) -> "Vicinity":
        """Read the accounts around ``event`` out of ``piece``, the applicant itself left out."""
        accounts = piece.keys(NodeType.ACCOUNT).to_pylist()
        keep = [row for row, key in enumerate(accounts) if key != event.account_id]
        seat = np.full(len(accounts), -1, np.int64)
        seat[keep] = np.arange(len(keep))
        named = _named(event, payment)
        ties = {
            link.name: tie
            for link in LINKS
            if link.name in named and (tie := _tie(piece, link, named[link.name], seat)) is not None
        }
        keys = tuple(accounts[row] for row in keep)
        referrer = keys.index(r) if (r := event.referrer_account_id) in keys else None
        numbers = {name: piece.numbers(NodeType.ACCOUNT, name)[keep] for name in MATE_COLUMNS}
        texts = {name: _texts(piece, name, keep) for name in MATE_TEXTS}
        return cls(keys, numbers, texts, ties, referrer)

    def near(self) -> dict[int, int]:
        """For each mate, the number of kinds of narrow identifier it shares with the sign-up."""
        kinds: dict[int, int] = {}
        for name in NARROW:
            tie = self.ties.get(name)
            for row in set(tie.rows.tolist()) if tie is not None else ():
                kinds[row] = kinds.get(row, 0) + 1
        return kinds

    def with_scores(self, score_of: Callable[[Sequence[str]], Floats]) -> "Vicinity":
        """The same vicinity with each mate's score taken from ``score_of(keys)``."""
        return replace(self, numbers={**self.numbers, "score": score_of(self.keys)})


EMPTY = Vicinity(
    (), {name: np.empty(0) for name in MATE_COLUMNS}, dict.fromkeys(MATE_TEXTS, ()), {}
)


def ids_of(event: Signup, payment: Payment | None = None) -> tuple[str, ...]:
    """The nodes to ask a store for: what the sign-up names, without account and operator."""
    own = f"{NodeType.ACCOUNT.value}:{event.account_id}"
    facts = [facts_of(event), facts_of(payment) if payment else Facts()]
    named = dict.fromkeys(node.id for part in facts for node in part.nodes if node.id != own)
    passed = (NodeType.ASN.value, NodeType.ISSUER.value)
    return tuple(identity for identity in named if not identity.startswith(passed))


def _named(event: Signup, payment: Payment | None) -> dict[str, str]:
    """The key of the entity a sign-up names, by kind of link."""
    return {kind.value: key for kind, key in map(split_id, ids_of(event, payment))}


def _tie(piece: Snapshot, link: Link, key: str, seat: Ints) -> Tie | None:
    kind = EDGE_OF[link.verb].target
    row = int(piece.rows_of(kind, [key])[0])
    if row < 0:
        return None
    sources, targets = piece.ends(link.verb)
    at = np.flatnonzero(targets == row)
    rows, seen = seat[sources[at]], piece.edge_column(link.verb, "first_seen")[at]
    itself = bool((rows < 0).any())
    degree = piece.numbers(kind, "degree")[row]
    known = 0 if np.isnan(degree) else int(degree) - _leading_on(piece, kind, row)
    accounts = max(known, len(rows)) - int(itself)
    if itself and not accounts:
        return None  # known from this very sign-up, sent before: as new as the first time
    first = int(piece.numbers(kind, "first_seen")[row])
    return Tie(link, key, accounts, first, rows[rows >= 0], seen[rows >= 0])


def _leading_on(piece: Snapshot, kind: NodeType, row: int) -> int:
    """Neighbours of an entity that are no accounts: an address's operator, a card's issuer."""
    ends = (piece.ends(spec.verb)[0] for spec in EDGES if spec.source is kind)
    return sum(int((sources == row).sum()) for sources in ends)


def _texts(piece: Snapshot, name: str, keep: Sequence[int]) -> tuple[str | None, ...]:
    values = piece.texts(NodeType.ACCOUNT, name).to_pylist()
    return tuple(values[row] for row in keep)
