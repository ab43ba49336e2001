"""From the outbox into journal and store: in order, at least once, as many at a time as wait.

One thread. What the service has just recorded comes from memory; what an earlier process left
behind is read from the ledger at the start. A parcel leaves the outbox after the graph has it, so a
kill at any moment repeats some and loses none, and the journal takes an event any number of times.
While journal or store are away it tries again; the outbox grows, and the service says so.

Taking in twenty sign-ups together costs each a quarter of what it costs alone, and half of that is
waiting for the disk; so a load waits a moment for others, unless somebody waits for it.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Lock, Thread

from api.places import place_of
from api.serving.taking import Load, Takes, unpacked
from graph.errors import StoreError
from graph.ledger import hot
from graph.ledger.engine import Ledger
from graph.ledger.hot import Parcel

log = logging.getLogger("ringsight.service")

BATCH_MOST = 500
GATHER_S = 0.05
GATHER_MOST = 64
RETRY_S = 0.5
SIGN_OFF_S = 0.5
SETTLED_S = 0.01


class Applier:
    """The thread that applies, by ``takes``; ``applied`` is told every load that has arrived."""

    def __init__(
        self,
        ledger: Ledger,
        takes: Takes,
        *,
        lock: Lock,
        applied: Callable[[Sequence[Load]], None],
    ) -> None:
        self._ledger = ledger
        self.takes = takes
        self._lock = lock
        self._applied = applied
        self._turn = Condition()
        self._loads: deque[Load] = deque()
        self._signed: list[int] = []
        self._signed_at = time.monotonic()
        self._at_work = 0
        self._open = True
        self._hurried = False
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
        self.takes.close()

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
            with self._lock:
                self.takes.take(batch)
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
        time.sleep(RETRY_S if self._open else 0)
        return False

    def _sign_off(self, *, force: bool = False) -> None:
        """Take what has arrived out of the outbox; late costs a repetition at the next start."""
        now = time.monotonic()
        if not force and now - self._signed_at < SIGN_OFF_S:
            return
        self._signed_at = now
        try:
            if self._signed:
                # Unsynced: nobody who records waits for the disk behind it.
                with self._ledger.writing(synced=False) as book:
                    hot.delivered(book, self._signed)
                self._signed = []
            if not self._loads:
                with self._lock:
                    self.takes.level()
        except StoreError as error:
            log.warning("the outbox was not signed off: %s", type(error).__name__)
