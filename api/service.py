"""The service without HTTP: a store, a door, a journal and the model in use, held open together.

HTTP (``api.signup``) and the command line (``ringsight score``) call the same methods. It scores
before it writes, looks at the shelf's pointer before each score so that a new bundle is taken up at
once, and keeps the last good model when a new one is corrupt. It does not know ``etl``.
"""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from functools import cached_property, partial
from threading import Lock
from types import TracebackType
from typing import Self, TypeVar

from api.browse.casework import LedgerCases
from api.browse.reader import Reader
from api.champion import Champion
from api.office import Office
from api.opened import store_of
from api.places import place_of
from api.schemas_signup import AssessmentOut, SignupIn
from api.settings import Settings
from api.workshop import journal_of, shelf_of
from gnn.assess import Assessment, Policy, assess, degraded
from gnn.listed import listed
from graph.door import Door
from graph.errors import StoreError
from graph.facts import Label, Payment, Signup, facts_of
from graph.flush import flush
from graph.journal import Journal
from graph.ledger.handover import Owed
from graph.store import GraphStore, RingRow

log = logging.getLogger("ringsight.service")

Clock = Callable[[], int]
Done = TypeVar("Done")
WORKERS = 8


def wall_clock() -> int:
    """Now, in microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


class Service:
    """Everything an endpoint needs; safe to share between threads."""

    def __init__(  # noqa: PLR0913 - what it holds, each opened by its own home
        self,
        store: GraphStore,
        journal: Journal,
        door: Door,
        champion: Champion,
        *,
        office: Office,
        policy: Policy | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        self.store = store
        self.office = office
        self.champion = champion
        self.clock = clock
        self._journal = journal
        self._door = door
        self._policy = policy or Policy()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="budget")
        self._rings: tuple[int, tuple[RingRow, ...]] = (-1, ())
        self._writing = Lock()
        office.tell(self._told)

    @classmethod
    def of(cls, settings: Settings, key: bytes, *, clock: Clock = wall_clock) -> Self:
        """The service over what the settings name.

        Raises:
            KeyRefused: if the store or the journal was built with another key.
            StoreUnavailable: if the store cannot be reached.
        """
        store = store_of(settings)
        journal = journal_of(settings, key)
        flush(journal, store)
        office = Office.of(settings, key, clock)
        champion = Champion(shelf_of(settings))
        return cls(store, journal, Door(key), champion, office=office, clock=clock)

    # -- a sign-up -------------------------------------------------------------------------------

    def score(self, body: SignupIn) -> AssessmentOut:
        """Score a sign-up, then write it down unless it is a dry run.

        Raises:
            InputError: if a column does not hold what the contract wants.
        """
        began_ns = time.perf_counter_ns()
        event, payment = self.events_of(body)
        deadline = Deadline(began_ns, body.budget_ms)
        found = listed(
            self._assessed(event, payment, deadline),
            self.office.lists.consult(event, payment, self.clock()),
        )
        written = body.dry_run or self._written(event, payment, deadline)
        latency_ms = round((time.perf_counter_ns() - began_ns) / 1e6, 3)
        return AssessmentOut.of(found, uuid.uuid4().hex, written=written, latency_ms=latency_ms)

    def _assessed(self, event: Signup, payment: Payment | None, deadline: "Deadline") -> Assessment:
        try:
            return self._within(deadline, partial(self._assess_now, event, payment))
        except TooLate:
            why = "the caller's time budget was used up"
        except Exception as error:  # a fault here must not stop a sign-up flow
            log.error("scoring failed: %s at %s", type(error).__name__, place_of(error))
            why = "scoring failed"
        return degraded(event, self._policy, why=why, payment=payment)

    def _assess_now(self, event: Signup, payment: Payment | None) -> Assessment:
        # As of the sign-up's own moment, as the back-test does it; never of one still to come.
        now = min(event.at, self.clock())
        scorer = self.champion.scorer()
        return assess(event, self.store, scorer, self._policy, now, payment=payment)

    def _written(self, event: Signup, payment: Payment | None, deadline: "Deadline") -> bool:
        """Whether the sign-up is in journal and store; one that is late goes on being written."""
        try:
            self._within(deadline, partial(self.write, event, payment))
        except TooLate:
            return True
        except StoreError as error:
            log.error("a sign-up was scored and not written: %s", type(error).__name__)
            return False
        return True

    def _within(self, deadline: "Deadline", work: Callable[[], Done]) -> Done:
        """What ``work`` gives, by the deadline.

        Raises:
            TooLate: if it is not there by then; the work goes on in its thread.
        """
        left_s = deadline.left_s()
        if left_s is None:
            return work()
        return self._pool.submit(work).result(timeout=left_s)

    def events_of(self, body: SignupIn) -> tuple[Signup, Payment | None]:
        """The cleaned events that ``body`` tells; the same door as a row of a file goes through."""
        event = self._door.signup(body.row())
        if body.payment is None:
            return event, None
        offer = {
            "event_id": f"signup {event.account_id}",
            "account_id": body.account_id,
            "occurred_at": body.created_at,
            "amount_usd": 0.0,
            "outcome": "succeeded",
            **body.payment.model_dump(),
        }
        return event, self._door.payment(offer)

    def write(self, event: Signup, payment: Payment | None = None) -> None:
        """Take a sign-up into journal and store. The one place where serving writes.

        A kill between the two costs nothing: the journal knows what the store has not seen, and
        the next start brings it there. A payment method that was only offered is no event of the
        contract: it ties the account to the method in the store alone, at version 0, until the
        processor's own event says more.

        Raises:
            StoreError: if journal or store cannot take it right now; calling again is safe.
        """
        with self._writing:
            before = self._journal.version
            self._journal.append_event(event)
            for facts in self._journal.facts_since(before):
                self.store.write(facts)
            if payment is not None:
                self.store.write(facts_of(payment))

    def _told(self, owed: Owed) -> None:
        """Let journal and store have what a decision owes them; again changes nothing."""
        with self._writing:
            if isinstance(owed.event, Label) and owed.retracted:
                self._journal.retract(owed.event)
                return
            before = self._journal.version
            self._journal.append_event(owed.event)
            for facts in self._journal.facts_since(before):
                self.store.write(facts)

    @cached_property
    def reader(self) -> Reader:
        """What the console reads: this service's store, journal and ledger."""
        cases = LedgerCases(self.office.ledger, self.clock)
        return Reader(self.store, self._journal, self._door.pseudonyms, cases)

    # -- what the latest refresh shows -----------------------------------------------------------

    def rings(self) -> tuple[RingRow, ...]:
        """The rings of the visible generation; read again only when another one is published."""
        number, _ = self.store.generation()
        held, rows = self._rings
        if held != number:
            rows = tuple(self.store.rings())
            self._rings = (number, rows)
        return rows

    def as_of(self) -> int:
        """The moment (us) of the visible generation, 0 before the first."""
        return self.store.generation()[1]

    def checks(self) -> Mapping[str, str]:
        """What ``/readyz`` looks at: ``ok`` or what is wrong, by name."""
        found = {"store": "ok", "generation": "ok", "model": "ok"}
        try:
            number, _ = self.store.generation()
        except StoreError as error:
            found |= {"store": type(error).__name__, "generation": "unknown"}
        else:
            if not number:
                found["generation"] = "nothing published yet: ringsight refresh"
        if self.champion.scorer() is None:
            found["model"] = self.champion.trouble or "none loaded"
        return found

    def warm(self) -> None:
        """Load what a first score would wait for: the model, tables of networks and domains."""
        made_up = {
            "account_id": "nobody",
            "created_at": "2020-01-01T00:00:00Z",
            "ip": "192.0.2.1",
            "email": "nobody@example.org",
            "pathway": "self_serve",
        }
        self.score(SignupIn.model_validate({**made_up, "dry_run": True}))

    def close(self) -> None:
        """Let go of store, journal and threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.office.close()
        self._journal.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Deadline:
    """When a caller's time budget is used up; a budget of None never is."""

    def __init__(self, began_ns: int, budget_ms: int | None) -> None:
        self._end_ns = None if budget_ms is None else began_ns + budget_ms * 1_000_000

    def left_s(self) -> float | None:
        """Seconds left, 0 when it is past, None without a budget."""
        if self._end_ns is None:
            return None
        return max(0.0, (self._end_ns - time.perf_counter_ns()) / 1e9)
