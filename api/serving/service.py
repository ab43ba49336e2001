"""The service without HTTP: a store, a door, a journal and the model in use, held open together.

HTTP (``api.serving.signup``, ``api.serving.ingest``) and the command line (``ringsight score``)
call the same methods. A sign-up is scored before it is written (``api.serving.scoring``), recorded
in the ledger before it is answered (``api.serving.recorder``), and brought into journal and store
after that (``api.serving.applier``). It keeps the last good model when a new one is corrupt. It
does not know ``etl``.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Event as Signal
from threading import Lock
from typing import Self

from api.browse.casework import LedgerCases
from api.browse.exporting import Exports
from api.browse.reader import Reader
from api.desk.office import Office
from api.latest import Latest
from api.metrics import Metrics
from api.opened import store_of
from api.schemas.signup import AssessmentOut, SignupIn
from api.serving.applier import Applier
from api.serving.beside import Beside
from api.serving.between import Between
from api.serving.champion import Champion
from api.serving.intake import Intake
from api.serving.job import Ask, Caller, Done, Job, fresh_id
from api.serving.reasons import AccountReasons
from api.serving.recorder import Recorder
from api.serving.scoring import SERVER_THREADS, Scoring
from api.serving.shadow import Shadow
from api.serving.taking import SIGNUP, Load, Taking
from api.settings import Settings
from api.traces import Traces
from api.weekly.told import gauges
from api.workshop import journal_of, shelf_of
from gnn.assess import Decision, Policy
from gnn.vicinity import ids_of
from graph.closing import Closing
from graph.contract import PATHWAYS
from graph.door import Door
from graph.errors import Overloaded, SettingsError, StoreError
from graph.facts import Label, Payment, Signup
from graph.flush import flush
from graph.journal.journal import Journal
from graph.ledger import hot
from graph.ledger.handover import Owed
from graph.rings.record import FOLDER as EVIDENCE
from graph.rings.watchlist import FOLDER
from graph.store import Flag, GraphStore, RingRow

log = logging.getLogger("ringsight.service")

Clock = Callable[[], int]


def wall_clock() -> int:
    """Now, in microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the service holds itself to: ``Bounds(budget_ms=300)``.

    ``budget_ms`` is the time an answer may take when the caller names none; with ``outbox_most``
    parcels waiting for the graph new sign-ups and events are refused, to be sent again.
    """

    budget_ms: int = 1_000
    outbox_most: int = 50_000


class Service(Closing):
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
        bounds: Bounds | None = None,
        shadow: Shadow | None = None,
        watchlist: Path | None = None,
        clock: Clock = wall_clock,
        threads: int = 1,
    ) -> None:
        self.store = store
        self.office = office
        self.champion = champion
        self.shadow = shadow
        self.pipeline_path = None if shadow is None else shadow.folder.parent
        self.clock = clock
        self.bounds = bounds or Bounds()
        self.journal = journal
        self.door = door
        self.rings = Latest[RingRow](lambda: self.store, lambda held: held.rings())
        self.flags = Latest[Flag](lambda: self.store, lambda held: held.flags())
        self._writing = Lock()
        self.between = Between(store, journal, watchlist, clock)
        self.reasons = AccountReasons(None if watchlist is None else watchlist.with_name(EVIDENCE))
        self.applier = Applier(
            office.ledger, Taking(journal, store), lock=self._writing, applied=self._arrived
        )
        self._embedded: str | None = None
        self.recorder = Recorder(office.ledger, clock, onward=self._recorded, dropped=self._dropped)
        self.scoring = Scoring(
            lambda: self.store,
            champion.scorer,
            lambda: office.lists,
            policy or Policy(),
            clock,
            self.between,
            onward=self._scored,
            hurry=self.applier.hurry,
            threads=threads,
        )
        self.intake = Intake(office.ledger, door, self.applier, clock, self.admit)
        self.metrics = self._metrics()
        self.traces: Traces | None = None
        office.tell(self._told)
        office.follow(store, self.between.flags)

    @classmethod
    def of(cls, settings: Settings, key: bytes, *, clock: Clock = wall_clock) -> Self:
        """The service over what the settings name.

        Raises:
            KeyRefused: if the store or the journal was built with another key.
            StoreUnavailable: if the store cannot be reached.
            SettingsError: if traces are wanted and cannot be written.
        """
        traces = None if settings.traces is None else Traces.to(settings.traces)
        store = store_of(settings)
        journal = journal_of(settings, key)
        flush(journal, store)
        shelf = shelf_of(settings)
        champion = Champion(shelf)
        found = cls(
            store,
            journal,
            Door(key),
            champion,
            office=Office.of(settings, key, clock),
            policy=policy_of(settings.degraded),
            bounds=Bounds(settings.budget_ms, settings.outbox_most),
            shadow=Shadow(shelf, champion, settings.pipeline_path / "shadow"),
            watchlist=settings.refresh_path.with_name(FOLDER),
            clock=clock,
            threads=1 if settings.store_url.startswith("sqlite") else SERVER_THREADS,
        )
        found.traces = traces
        found._embedded = settings.store_url if settings.store_url.startswith("sqlite") else None
        return found

    def enter_beside(self) -> None:
        """Let a process beside this one enter sign-ups into the graph, where it is embedded.

        For a service that listens: see :mod:`api.serving.beside`.
        """
        if self._embedded is not None:
            own = self.applier.takes
            self.applier.takes = Beside(self._embedded, self.journal.path, own)

    # -- a sign-up -------------------------------------------------------------------------------

    def score(self, body: SignupIn, caller: Caller | None = None) -> AssessmentOut:
        """Score a sign-up and wait for the answer; written down unless it is a dry run.

        Raises:
            InputError: if a column does not hold what the contract wants.
        """
        told: list[bytes | Exception] = []
        ready = Signal()

        def done(reply: bytes | Exception) -> None:
            told.append(reply)
            ready.set()

        job = self.submit(body, caller or Caller(), done)
        if not ready.wait(job.left_s()):
            self.scoring.late(job)
            ready.wait()
        if isinstance(told[0], Exception):
            raise told[0]
        return AssessmentOut.model_validate_json(told[0])

    def submit(self, body: SignupIn, caller: Caller, done: Done, *, key: str | None = None) -> Job:
        """Put a sign-up on its way; ``done`` is told the reply, from another thread.

        Whoever calls sees to the time: when it is up, :meth:`Scoring.late` answers.

        Raises:
            InputError: if a column does not hold what the contract wants.
            Overloaded: if too much waits to be written.
        """
        began_ns = time.perf_counter_ns()
        if not body.dry_run:
            self.admit()
        event, payment = self.events_of(body)
        digest = hashlib.sha256(body.model_dump_json().encode()).hexdigest() if key else ""
        ids = ids_of(event, payment)
        ask = Ask(event, payment, ids, caller, digest, key, dry_run=body.dry_run)
        end_ns = began_ns + (body.budget_ms or self.bounds.budget_ms) * 1_000_000
        job = Job(ask, done, end_ns, fresh_id(), began_ns)
        job.stages["clean"] = (time.perf_counter_ns() - began_ns) / 1e9
        self.scoring.put(job)
        return job

    def admit(self) -> None:
        """Let one more in.

        Raises:
            Overloaded: if too much waits to be written.
        """
        if self.applier.depth >= self.bounds.outbox_most:
            raise Overloaded(f"{self.applier.depth:,} parcels wait for the graph")

    def events_of(self, body: SignupIn) -> tuple[Signup, Payment | None]:
        """The cleaned events that ``body`` tells; the same door as a row of a file goes through.

        A payment method that is only offered is no event of the contract: it ties the account to
        the method in the store alone, until the processor's own event says more.
        """
        event = self.door.signup(body.row())
        if body.payment is None:
            return event, None
        offer = {
            "event_id": f"signup {event.account_id}",
            "account_id": body.account_id,
            "occurred_at": body.created_at,
            "amount_usd": 0.0,
            "outcome": "succeeded",
            **vars(body.payment),
        }
        return event, self.door.payment(offer)

    def _scored(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            if self.shadow is not None and job.found is not None:
                self.shadow.saw(job.found)
        self.recorder.put(jobs)

    def _recorded(self, told: Sequence[tuple[Job, int]]) -> None:
        self.applier.put(*(self._load_of(job, seq) for job, seq in told))

    def _load_of(self, job: Job, seq: int) -> Load:
        ask = job.ask
        self.between.see((ask.event,))
        offers = () if ask.payment is None else (ask.payment,)
        return Load(seq, (ask.event,), offers, ask.ids, self.clock(), SIGNUP, job.packed)

    def _dropped(self, job: Job) -> None:
        self.scoring.pending.over(job.ask.ids)

    def _arrived(self, loads: Sequence[Load]) -> None:
        for load in loads:
            self.between.see(load.events)
            self.scoring.pending.over(load.ids)

    def _told(self, owed: Owed) -> None:
        """Let journal and store have what a decision owes them; again changes nothing."""
        with self._writing:
            if isinstance(owed.event, Label) and owed.retracted:
                self.journal.retract(owed.event)
                return
            before = self.journal.version
            self.journal.append_event(owed.event)
            for facts in self.journal.facts_since(before):
                self.store.write(facts)

    def _metrics(self) -> Metrics:
        found = Metrics()
        found.watch("outbox_depth", "Parcels that wait for the graph", lambda: self.applier.depth)
        found.watch("outbox_lag_seconds", "Age of the oldest of them", self._lag_s)
        found.watch("ledger_kept", "Answers that wait for the ledger", lambda: self.recorder.kept)
        found.watch("live_flags", "Accounts flagged since it", lambda: len(self.between.flags()))
        crowds = "Rings that young accounts crowd towards: refresh early"
        found.watch("crowded_rings", crowds, lambda: len(self.between.crowded()))
        found.watch("graph_age_seconds", "Since the moment of the refresh", self._graph_age_s)
        path = self.pipeline_path
        if path is not None:
            found.told(lambda: gauges(path, self.champion.shelf))
        return found

    def _lag_s(self) -> float:
        oldest = self.applier.oldest_at()
        return 0.0 if oldest is None else max(0.0, (self.clock() - oldest) / 1e6)

    def _graph_age_s(self) -> float:
        try:
            as_of = self.as_of()
        except StoreError:
            return float("nan")
        return (self.clock() - as_of) / 1e6 if as_of else float("nan")

    def settled(self) -> bool:
        """Wait until everything that was answered is in the graph; False after ten seconds."""
        return self.applier.settled()

    @cached_property
    def reader(self) -> Reader:
        """What the console reads: this service's store, journal and ledger."""
        cases = LedgerCases(self.office.ledger, self.clock)
        return Reader(self.store, self.journal, self.door.pseudonyms, cases)

    @cached_property
    def exports(self) -> Exports:
        """What is taken away from here; files lie beside the journal."""
        return Exports(self.reader, self.office.ledger, self.journal.path.parent, self.clock)

    # -- what the latest refresh shows -----------------------------------------------------------

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
        found |= {"ledger": "ok", "outbox": "ok"}
        try:
            with self.office.ledger.reading() as book:
                hot.head(book)
        except StoreError as error:
            found["ledger"] = type(error).__name__
        if self.recorder.kept:
            found["ledger"] = f"{self.recorder.kept} answers wait for it"
        if self.applier.depth >= self.bounds.outbox_most:
            found["outbox"] = f"{self.applier.depth} parcels wait for the graph"
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
        patient = {"dry_run": True, "budget_ms": 60_000}
        self.score(SignupIn.model_validate({**made_up, **patient}))

    def close(self) -> None:
        """Let go of store, journal and threads."""
        self.scoring.close()
        self.between.close()
        if self.shadow is not None:
            self.shadow.close()
        self.recorder.close()
        self.applier.close()
        self.office.close()
        self.journal.close()
        self.store.close()
        if self.traces is not None:
            self.traces.close()


def policy_of(said: str) -> Policy:
    """The policy whose answers without a score are ``said``: ``allow,reseller=review``.

    Raises:
        SettingsError: if that names no decision or no pathway.
    """
    default, by_pathway = Decision.ALLOW, {}
    for part in filter(None, (part.strip() for part in said.split(","))):
        pathway, _, decision = part.rpartition("=")
        if decision not in list(Decision) or (pathway and pathway not in PATHWAYS):
            raise SettingsError(
                f"RINGSIGHT_DEGRADED: {part!r} is neither a decision ({', '.join(Decision)}) nor "
                f"one for a pathway ({', '.join(PATHWAYS)})"
            )
        if pathway:
            by_pathway[pathway] = Decision(decision)
        else:
            default = Decision(decision)
    return Policy(degraded=default, degraded_by_pathway=by_pathway)
