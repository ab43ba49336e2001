"""The way of a sign-up through the service: read and scored, recorded, sent; never late.

A job goes from the caller's thread to one that scores, from there to the one that records, which
answers it. So the event loop never waits for a disk, and a store that hangs holds up nobody's
answer: when a job's time is up :meth:`Scoring.late` answers it by the stated policy, and what was
sent is what is recorded. Over the embedded store one thread scores (arithmetic in Python gains
nothing from a second); those that wait are read for as one and scored a step of each at a time.
Over a server several threads do, because they mostly wait.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from api.places import place_of
from api.schemas.signup import told
from api.serving.between import Between
from api.serving.job import Job
from api.serving.pending import Pending
from gnn.assess import Asked, Assessment, Policy, assess_in_steps, degraded
from gnn.listed import listed
from gnn.scorer import Scorer
from graph.errors import StoreUnavailable
from graph.ledger.lists import Lists
from graph.near import Entity
from graph.snapshot import Snapshot
from graph.store import GraphStore

log = logging.getLogger("ringsight.service")

TICK_S = 0.01
SERVER_THREADS = 8
TOGETHER_MOST = 8
CROWDED_MOST = 10_000
Around = Snapshot | Exception | None
"""What was read for a sign-up; None where the store did not answer."""


class Scoring:
    """Threads that score; ``onward`` takes the jobs that are to be recorded, a few at a time.

    ``hurry`` is called when a job waits for what is on its way into the graph.
    """

    def __init__(  # noqa: PLR0913 - what a score is made of
        self,
        store: Callable[[], GraphStore],
        scorer: Callable[[], Scorer | None],
        lists: Callable[[], Lists],
        policy: Policy,
        clock: Callable[[], int],
        between: Between,
        *,
        onward: Callable[[Sequence[Job]], None],
        hurry: Callable[[], None],
        threads: int = 1,
    ) -> None:
        self._store = store
        self._scorer = scorer
        self._lists = lists
        self._policy = policy
        self._clock = clock
        self._between = between
        self._onward = onward
        self._hurry = hurry
        self._crowded: set[str] = set()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self.pending = Pending(self._queue.put)
        # Threads that wait for a server do it side by side: none takes what another could.
        self._most = TOGETHER_MOST if threads == 1 else 1
        self._threads = [
            Thread(target=self._run, name=f"scoring-{n}", daemon=True) for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, job: Job) -> None:
        """Score ``job`` as soon as a thread is free."""
        self._queue.put(job)

    def late(self, job: Job) -> None:
        """Answer a job whose time is up: its score if there is one already, else the policy."""
        if job.answered:
            return
        found = job.found
        if found is None:
            why = "the caller's time budget was used up"
            found = degraded(job.ask.event, self._policy, why=why, payment=job.ask.payment)
            found = self._with_lists(job, found)
        job.answer(rendered(job, found, written=False), found)

    def close(self) -> None:
        """Score what is queued, then stop; a thread that hangs is left behind."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self) -> None:
        going = True
        while going:
            jobs, going = self._next()
            scored = self._scored([job for job in jobs if self._admitted(job)])
            if scored:
                self._onward(scored)

    def _next(self) -> tuple[list[Job], bool]:
        """Those that wait, as many as are scored together, and whether more may come.

        Nobody, where the put-off ones had to be looked at before anybody came.
        """
        jobs: list[Job] = []
        tick_s = TICK_S if len(self.pending) else None
        try:
            while len(jobs) < self._most:
                job = self._queue.get(not jobs, tick_s)
                if job is None:
                    return jobs, False
                jobs.append(job)
        except Empty:
            if not jobs:
                self.pending.sweep()
        return jobs, True

    def _admitted(self, job: Job) -> bool:
        """Whether ``job`` is scored now; it comes again if a sign-up it must see is on its way."""
        try:
            if not job.answered and self._waits(job):
                return False
        except Exception as error:  # then it is scored without seeing it
            log.error("scoring: %s at %s", type(error).__name__, place_of(error))
        if not job.ask.dry_run:
            # Before it is scored, so that whoever comes next knows that this one is on its way.
            self.pending.add(job.ask.ids)
        return True

    def _scored(self, jobs: Sequence[Job]) -> list[Job]:
        """Score ``jobs``, one step of each at a time; gives those that are to be recorded."""
        began = time.perf_counter()
        around = self._around([job for job in jobs if not job.answered])
        under_way = [(job, self._steps(job, began, around.get(job))) for job in jobs]
        while under_way:
            under_way = [(job, steps) for job, steps in under_way if _goes_on(job, steps)]
        recorded = [job for job in jobs if job.found is not None and not job.ask.dry_run]
        for job in jobs:
            if job.found is None and not job.ask.dry_run:
                self.pending.over(job.ask.ids)
        return recorded

    def _around(self, jobs: Sequence[Job]) -> dict[Job, Around]:
        """What is around what each of ``jobs`` names, all of one moment, or why nobody knows."""
        if not jobs:
            return {}
        asks, most = [job.ask.ids for job in jobs], self._policy.mates_per_entity
        try:
            return dict(zip(jobs, self._store().neighbourhoods(asks, per_id=most), strict=True))
        except StoreUnavailable:
            return {}
        except Exception as error:
            if len(jobs) == 1:
                return {jobs[0]: error}
        # Whosever fault it is, the others are read without it.
        return {job: found for one in jobs for job, found in self._around([one]).items()}

    def _steps(self, job: Job, began: float, around: Around) -> Iterator[None]:
        """The steps from a job to its proposed reply; a dry run's is its answer."""
        if not job.answered:
            job.stages["queue"] = began - job.began_ns / 1e9
            found = self._with_lists(job, (yield from self._assessed(job, around)))
            yield
            job.propose(found, rendered(job, found, written=True))
        job.stages["score"] = time.perf_counter() - began
        if job.ask.dry_run:
            job.answer(job.reply)

    def _assessed(self, job: Job, around: Around) -> Generator[None, None, Assessment]:
        ask = job.ask
        # As of the sign-up's own moment, as the back-test does it; never of one still to come.
        now = min(ask.event.at, self._clock())
        try:
            if isinstance(around, Exception):
                raise around
            rates = self._between.velocity.rates(ask.event, now, ask.payment)
            kin = self._between.kin(ask.event, ask.payment)
            asked = Asked(ask.event, ask.payment, now, ask.ids, rates, kin, self._between.voices)
            return (yield from assess_in_steps(asked, around, self._scorer(), self._policy))
        except Exception as error:  # a fault here must not stop a sign-up flow
            log.error("scoring failed: %s at %s", type(error).__name__, place_of(error))
            return degraded(ask.event, self._policy, why="scoring failed", payment=ask.payment)

    def _waits(self, job: Job) -> bool:
        """Put ``job`` off, once, if a sign-up on its way names what it names and would be seen."""
        if not len(self.pending) or job.waited:
            return False
        named = self.pending.among(job.ask.ids)
        if not named or not self.pending.put_off(job, self._open(named)):
            return False
        self._hurry()
        return True

    def _open(self, ids: Sequence[str]) -> list[str]:
        """Those of ``ids`` where one account more would be seen: a hub's newest changes nothing."""
        full = self._policy.mates_per_entity
        asked = [identity for identity in ids if identity not in self._crowded]
        if not asked:
            return []
        try:
            known = self._store().neighbourhood(asked, per_id=full).near.entities
        except StoreUnavailable:
            return []  # the policy will answer
        crowded = {i for i in asked if i in known and _read_of(known[i]) >= full}
        # A hub is read once for this, not at every sign-up; it does not empty again.
        if len(self._crowded) >= CROWDED_MOST:
            self._crowded.clear()
        self._crowded |= crowded
        return [i for i in asked if i not in crowded]

    def _with_lists(self, job: Job, found: Assessment) -> Assessment:
        return listed(found, self._lists().consult(job.ask.event, job.ask.payment, self._clock()))


def _goes_on(job: Job, steps: Iterator[None]) -> bool:
    """Take the next step of ``job``; whether there is another."""
    try:
        next(steps)
    except StopIteration:
        return False
    except Exception as error:  # a fault in one job must not end the thread, nor the others
        log.error("scoring: %s at %s", type(error).__name__, place_of(error))
        job.answer(error)
        return False
    return True


def _read_of(entity: Entity) -> int:
    """Of how many ties this is made: an address leads on to its network, beside its accounts."""
    return len(entity.holders) + entity.leading_on


def rendered(job: Job, found: Assessment, *, written: bool) -> bytes:
    """The reply's JSON text; ``written`` False says that it could not be written down in time."""
    return told(
        found,
        job.request_id,
        written=written,
        latency_ms=job.elapsed_ms(),
        evidence=job.ask.caller.reasons,
    )
