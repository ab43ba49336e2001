"""What waits in the outbox, brought into journal and store: one batch, one transaction in each.

The same steps whether the thread of :mod:`api.serving.applier` takes them or the process that
:mod:`api.serving.beside` starts. It knows nothing of ledgers, of threads or of when a batch is due.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from graph.cleaned import SKETCHES, event_of
from graph.facts import Event, Facts, Payment, facts_of
from graph.flush import SEEN, flush
from graph.journal.journal import Journal
from graph.ledger.hot import Parcel
from graph.store import GraphStore

MANY = 5_000
SIGNUP = "signup"


@dataclass(frozen=True, slots=True)
class Load:
    """A parcel unpacked: events for the journal, offers for the store alone, ids it holds up.

    ``kind`` and ``body`` are the parcel's own, for who sends it on as it is.
    """

    seq: int
    events: tuple[Event, ...]
    offers: tuple[Payment, ...] = ()
    ids: tuple[str, ...] = ()
    at: int = 0
    kind: str = ""
    body: bytes = b""


class Takes(Protocol):
    """Who brings loads into the graph; calls come one at a time."""

    def take(self, batch: Sequence[Load]) -> None:
        """Bring ``batch`` into journal and store; again changes nothing.

        Raises:
            StoreError: if one of them cannot take it right now.
        """

    def level(self) -> None:
        """Say in the store how far it follows the journal, so that a start has little to tell.

        Raises:
            StoreError: if journal or store cannot answer.
        """

    def close(self) -> None:
        """Let go of what was opened for it."""


class Taking:
    """``Taking(journal, store)``, both of which stay their owner's."""

    def __init__(self, journal: Journal, store: GraphStore) -> None:
        self._journal = journal
        self._store = store
        # The version up to which the store follows the journal, None while it may lack some.
        self._told: int | None = None
        self._looked_at = -1

    def take(self, batch: Sequence[Load]) -> None:
        """One transaction in the journal, and one in the store with all that follows from it."""
        before, told = self._journal.version, self._told
        self._told = None
        events = [event for load in batch for event in load.events]
        if events:
            self._journal.append_events(events)
        news = [facts_of(offer) for load in batch for offer in load.offers]
        for facts in self._journal.facts_since(before, MANY):
            news.append(facts)
            # Another process's chunk came in meanwhile: not all of it in one transaction.
            if len(facts.nodes) + len(facts.edges) >= MANY:
                self._store.write(_joined(news))
                news.clear()
        if news:
            self._store.write(_joined(news))
        # While another process builds, the store may know less than `before`: its own flush
        # sees to that. When the two are seen to be level again, so is the mark.
        self._told = self._journal.version if told == before else None

    def level(self) -> None:
        """The law of :class:`Takes`.

        While the journal grows under somebody else's hands, telling the store is theirs to do.
        """
        version = self._journal.version
        still, self._looked_at = version == self._looked_at, version
        if self._told == version:
            if int(self._store.meta(SEEN) or 0) < version:
                self._store.set_meta(SEEN, str(version))
        elif still:
            flush(self._journal, self._store)
            self._told = version

    def close(self) -> None:
        """Nothing: journal and store are their owner's."""


def unpacked(parcel: Parcel) -> Load:
    """What a parcel of the outbox holds."""
    body = orjson.loads(parcel.body)
    if parcel.kind == SIGNUP:
        offer = body["payment"]
        offers = () if offer is None else (event_of("payments", offer),)
        events: tuple[Event, ...] = (event_of("signups", body["signup"]),)
    else:
        offers, events = (), tuple(_events(body))
    return Load(parcel.seq, events, offers, (), parcel.at, parcel.kind, parcel.body)  # type: ignore[arg-type]


def _events(body: Sequence[tuple[str, dict[str, object]]]) -> Iterator[Event]:
    for table, row in body:
        for name in SKETCHES:
            if row.get(name) is not None:
                row[name] = bytes.fromhex(str(row[name]))
        yield event_of(table, row)


def _joined(parts: Sequence[Facts]) -> Facts:
    nodes = [node for part in parts for node in part.nodes]
    edges = [edge for part in parts for edge in part.edges]
    return Facts(tuple(nodes), tuple(edges))
