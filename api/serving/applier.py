"""From the outbox into journal and store: in order, at least once, as many at a time as wait.

One thread. What the service has just recorded comes from memory; what an earlier process left
behind is read from the ledger at the start. A parcel leaves the outbox after the graph has it, so a
kill at any moment repeats some and loses none, and the journal takes an event any number of times.
While journal or store are away it tries again; the outbox grows, and the service says so.

Taking in twenty sign-ups together costs each a quarter of what it costs alone, and half of that is
waiting for the disk; so a load waits a moment for others, unless somebody waits for it.
"""

import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Condition, Lock, Thread

from api.places import place_of
from graph.cleaned import event_of
from graph.errors import StoreError
from graph.facts import Event, Facts, Payment, facts_of
from graph.flush import SEEN, flush
from graph.journal.journal import Journal
from graph.ledger import hot
from graph.ledger.engine import Ledger
from graph.ledger.hot import Parcel
from graph.store import GraphStore

log = logging.getLogger("ringsight.service")

BATCH_MOST = 500
MANY = 5_000
GATHER_S = 0.05
GATHER_MOST = 64
RETRY_S = 0.5
SIGN_OFF_S = 0.5
SETTLED_S = 0.01


@dataclass(frozen=True, slots=True)
class Load:
    """A parcel unpacked: events for the journal, offers for the store alone, ids it holds up."""

    seq: int
    events: tuple[Event, ...]
    offers: tuple[Payment, ...] = ()
    ids: tuple[str, ...] = ()
    at: int = 0


class Applier:
    """The thread that applies; ``applied`` is told every load that has arrived."""

    def __init__(
        self,
        ledger: Ledger,
        journal: Journal,
        store: GraphStore,
        *,
        lock: Lock,
        applied: Callable[[Sequence[Load]], None],
    ) -> None:
        self._ledger = ledger
        self._journal = journal
        self._store = store
        self._lock = lock
        self._applied = applied
        self._turn = Condition()
        self._loads: deque[Load] = deque()
        self._signed: list[int] = []
        self._signed_at = time.monotonic()
        self._at_work = 0
        self._open = True
        self._hurried = False
        # The version up to which the store follows the journal, None while it may lack some.
        self._told: int | None = None
        self._looked_at = -1
        self._recover()
        self._thread = Thread(target=self._run, name="applier", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """How many parcels wait."""
        return len(self._loads) + self._at_work

    def oldest_at(self) -> int | None:
        """When (us) the oldest parcel that waits was recorded."""
        try:
            return self._loads[0].at
        except IndexError:
            return None

    def put(self, *loads: Load) -> None:
        """Apply ``loads``, which the ledger has."""
        if loads:
            with self._turn:
                waited = bool(self._loads)
                self._loads.extend(loads)
                # Who gathers is not woken for each.
                if not waited or len(self._loads) >= GATHER_MOST:
                    self._turn.notify()

    def hurry(self) -> None:
        """Somebody waits for what is gathered here: apply it now."""
        with self._turn:
            self._hurried = True
            self._turn.notify()

    def put_parcel(self, parcel: Parcel) -> None:
        """Apply a parcel that the ledger let go on."""
        self.put(unpacked(parcel))

    def settled(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing waits; False if something still does."""
        until = time.monotonic() + timeout_s
        while self.depth and time.monotonic() < until:
            time.sleep(SETTLED_S)
        return not self.depth

    def close(self) -> None:
        """Apply what waits if journal and store can, and stop; what is left is in the ledger."""
        with self._turn:
            self._open = False
            self._turn.notify()
        self._thread.join(timeout=10)

    def _recover(self) -> None:
        """What an earlier process recorded and did not bring into the graph."""
        after = 0
        while True:
            with self._ledger.reading() as book:
                found = hot.waiting(book, after, BATCH_MOST)
            self._loads.extend(unpacked(parcel) for parcel in found)
            if len(found) < BATCH_MOST:
                return
            after = found[-1].seq

    def _run(self) -> None:
        while True:
            batch = self._next()
            if not batch and not self._open:
                self._sign_off(force=True)
                return
            if batch and not self._took(batch) and not self._open:
                return  # it is in the ledger; the next start goes on
            self._sign_off()

    def _next(self) -> list[Load]:
        with self._turn:
            if not self._loads and self._open:
                self._turn.wait(SIGN_OFF_S)
            if self._loads:
                self._turn.wait_for(self._gathered, GATHER_S)
            batch = [self._loads.popleft() for _ in range(min(BATCH_MOST, len(self._loads)))]
            # Who hurries may come before the load that it waits for.
            self._hurried = self._hurried and not batch
            self._at_work = len(batch)
            return batch

    def _gathered(self) -> bool:
        return self._hurried or not self._open or len(self._loads) >= GATHER_MOST

    def _took(self, batch: list[Load]) -> bool:
        """Whether the batch is in the graph; else it waits again, and so does this thread."""
        try:
            self._apply(batch)
        except StoreError as error:
            log.error("the outbox waits: %s", type(error).__name__)
        except Exception as error:  # not lost: it stays in the ledger and is tried again
            log.error("the outbox waits: %s at %s", type(error).__name__, place_of(error))
        else:
            self._signed += [load.seq for load in batch]
            self._applied(batch)
            self._at_work = 0
            return True
        with self._turn:
            self._loads.extendleft(reversed(batch))
            self._at_work = 0
        self._told = None
        time.sleep(RETRY_S if self._open else 0)
        return False

    def _apply(self, batch: Sequence[Load]) -> None:
        """One transaction in the journal, and one in the store with all that follows from it."""
        with self._lock:
            before = self._journal.version
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
            self._told = self._journal.version if self._told == before else None

    def _sign_off(self, *, force: bool = False) -> None:
        """Take what has arrived out of the outbox; late costs a repetition at the next start."""
        now = time.monotonic()
        if not force and now - self._signed_at < SIGN_OFF_S:
            return
        self._signed_at = now
        try:
            if self._signed:
                with self._ledger.writing() as book:
                    hot.delivered(book, self._signed)
                self._signed = []
            self._level()
        except StoreError as error:
            log.warning("the outbox was not signed off: %s", type(error).__name__)

    def _level(self) -> None:
        """Say in the store how far it follows the journal, so that a start has little to tell.

        While the journal grows under somebody else's hands, telling the store is theirs to do.
        """
        if self._loads:
            return
        with self._lock:
            version = self._journal.version
            still, self._looked_at = version == self._looked_at, version
            if self._told == version:
                if int(self._store.meta(SEEN) or 0) < version:
                    self._store.set_meta(SEEN, str(version))
            elif still:
                flush(self._journal, self._store)
                self._told = version


def unpacked(parcel: Parcel) -> Load:
    """What a parcel of the outbox holds."""
    body = json.loads(parcel.body)
    if parcel.kind == "signup":
        offer = body["payment"]
        offers = () if offer is None else (event_of("payments", offer),)
        events: tuple[Event, ...] = (event_of("signups", body["signup"]),)
    else:
        offers, events = (), tuple(_events(body))
    return Load(parcel.seq, events, offers, at=parcel.at)  # type: ignore[arg-type]


def _events(body: Sequence[tuple[str, dict[str, object]]]) -> Iterator[Event]:
    for table, row in body:
        if row.get("sketch") is not None:
            row["sketch"] = bytes.fromhex(str(row["sketch"]))
        yield event_of(table, row)


def _joined(parts: Sequence[Facts]) -> Facts:
    nodes = [node for part in parts for node in part.nodes]
    edges = [edge for part in parts for edge in part.edges]
    return Facts(tuple(nodes), tuple(edges))
