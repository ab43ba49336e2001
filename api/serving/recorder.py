"""Answers into the ledger, a group at a time, and only then to the caller.

One thread takes whatever is ready, up to a few dozen answers, and records them in one transaction:
under load many share one commit, alone one pays for one. While the ledger is away answers are sent
as they are (marked degraded) and kept in memory, to be recorded in their order when it is back.
"""

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread

import orjson

from api.places import place_of
from api.serving.job import Job
from api.serving.scoring import rendered
from api.serving.taking import SIGNUP
from gnn.assess import Decision
from graph.cleaned import row_of
from graph.errors import KeyReused, StoreError
from graph.facts import Payment, Signup
from graph.ledger import hot
from graph.ledger.audit import Act, append
from graph.ledger.engine import Ledger
from graph.ledger.hot import Answer, Earlier, Parcel

log = logging.getLogger("ringsight.service")

GROUP_MOST = 64
KEPT_MOST = 10_000
RETRY_S = 0.25
ANCHOR_S = 1.0
RACES_MOST = 3


class Recorder:
    """The thread that records; ``onward`` is told which jobs were, and their parcels' numbers."""

    def __init__(
        self,
        ledger: Ledger,
        clock: Callable[[], int],
        *,
        onward: Callable[[Sequence[tuple[Job, int]]], None],
        dropped: Callable[[Job], None],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._onward = onward
        self._dropped = dropped
        self._queue: SimpleQueue[Sequence[Job] | None] = SimpleQueue()
        self._kept: deque[Job] = deque()
        self._anchored = (0, 0.0)
        self._ended = Event()
        self._thread = Thread(target=self._run, name="recorder", daemon=True)
        self._settling = Thread(target=self._settle, name="settling", daemon=True)
        self._thread.start()
        self._settling.start()

    @property
    def kept(self) -> int:
        """How many answers wait in memory for the ledger to come back."""
        return len(self._kept)

    def put(self, jobs: Sequence[Job]) -> None:
        """Record ``jobs``, then answer them."""
        self._queue.put(jobs)

    def close(self) -> None:
        """Record what is queued, then stop."""
        self._queue.put(None)
        self._thread.join(timeout=10)
        self._ended.set()
        self._settling.join(timeout=10)

    def _settle(self) -> None:
        """About once a second, and at the end, bring to the disk what was recorded without it."""
        settled, going = 0, True
        while going:
            going = not self._ended.wait(ANCHOR_S)
            anchored = self._anchored[0]
            if anchored == settled:
                continue
            try:
                self._ledger.settle()
                settled = anchored
            except StoreError as error:
                log.warning("the ledger was not synced: %s", type(error).__name__)

    def _run(self) -> None:
        more = True
        while more:
            group, more = self._next()
            if self._kept:
                self._again()
            if group:
                self._record(group)
            self._anchor(force=not more)

    def _next(self) -> tuple[list[Job], bool]:
        """Whatever is ready, and whether there may be more."""
        group: list[Job] = []
        try:
            jobs = self._queue.get(timeout=RETRY_S if self._kept else ANCHOR_S)
            while jobs is not None:
                group += jobs
                if len(group) >= GROUP_MOST:
                    return group, True
                jobs = self._queue.get_nowait()
        except Empty:
            return group, True
        return group, False

    def _record(self, group: list[Job]) -> None:
        began = time.perf_counter()
        try:
            found = self._written(group)
        except Exception as error:  # whatever it is, callers are answered and the thread lives
            log.error(
                "%d answers not recorded: %s at %s",
                len(group),
                type(error).__name__,
                place_of(error),
            )
            self._keep(group)
            return
        took = time.perf_counter() - began
        for job in group:
            job.stages["record"] = took
        self._tell(group, found)

    def _written(self, group: Sequence[Job]) -> list[Earlier | int | None]:
        answers = [answer_of(job, self._clock()) for job in group]
        for _ in range(RACES_MOST):
            try:
                # About once a second another thread waits for the disk for all of them.
                with self._ledger.jotting() as book:
                    return hot.record(book, answers)
            except StoreError as error:
                last = error
                if "Integrity" not in str(error):
                    raise
        raise last

    def _tell(self, group: Sequence[Job], found: Sequence[Earlier | int | None]) -> None:
        told = list(zip(group, found, strict=True))
        # On their way before the answers are out: who asks next is put off until they arrived.
        self._onward([(job, n) for job, n in told if isinstance(n, int) and not parked(job)])
        for job, number in told:
            if parked(job) or not isinstance(number, int):
                self._dropped(job)
            if isinstance(number, Earlier):
                same = number.request_digest == job.ask.digest and number.reply
                job.answer(number.reply.encode() if same and number.reply else KeyReused(_REUSED))
            else:
                job.answer(job.reply)

    def _keep(self, group: Sequence[Job]) -> None:
        """Answer without a record, and keep what is to be recorded later."""
        for job in group:
            assert job.found is not None
            job.answer(rendered(job, job.found, written=False))
            if len(self._kept) < KEPT_MOST:
                self._kept.append(job)
            else:
                log.error("an answer is lost to the ledger: %d are kept", KEPT_MOST)
                self._dropped(job)

    def _again(self) -> None:
        group = [self._kept[n] for n in range(min(GROUP_MOST, len(self._kept)))]
        try:
            found = self._written(group)
        except Exception as error:  # as above; they are tried again
            log.warning("%d answers still wait: %s", len(group), type(error).__name__)
            return
        for _ in group:
            self._kept.popleft()
        self._tell(group, found)

    def _anchor(self, *, force: bool) -> None:
        """Write the end of the answers' chain into the audit chain, about once a second."""
        seq, moment = self._anchored
        if not force and time.monotonic() - moment < ANCHOR_S:
            return
        try:
            with self._ledger.reading() as book:
                now, link = hot.head(book)
            if now != seq:
                act = Act(
                    self._clock(), "service", "signups.anchor", None, {"to": now, "link": link}
                )
                with self._ledger.writing(synced=False) as book:
                    append(book, [act])
            self._anchored = (now, time.monotonic())
        except StoreError as error:
            log.warning("the answers were not anchored: %s", type(error).__name__)


_REUSED = "this Idempotency-Key was used with another body"


def parked(job: Job) -> bool:
    """Whether what follows from an answer stays out of the graph: the applicant was denied."""
    return job.found is not None and job.found.decision is Decision.DENY


def answer_of(job: Job, now: int) -> Answer:
    """What the ledger keeps of a job."""
    found, ask = job.found, job.ask
    assert found is not None
    body = job.packed = job.packed or packed(ask.event, ask.payment)
    seen = b"" if found.row is None else found.row.tobytes()
    parcel = Parcel(SIGNUP, body, now, ask.event.account_id, parked(job))
    return Answer(
        at=now,
        caller=ask.caller.id,
        request_digest=ask.digest,
        inputs_digest=hashlib.sha256(body + seen).hexdigest(),
        decision=found.decision.value,
        degraded=found.degraded,
        graph_as_of=found.graph_as_of,
        id=job.request_id,
        account_id=ask.event.account_id,
        reply=job.reply.decode(),
        score=found.score,
        model_version=found.model_version,
        key=ask.key,
        parcel=parcel,
    )


def packed(event: Signup, payment: Payment | None) -> bytes:
    """A sign-up and its offered payment as the bytes of a parcel; cleaned columns only."""
    rows = {"signup": row_of(event), "payment": None if payment is None else row_of(payment)}
    return orjson.dumps(rows)
