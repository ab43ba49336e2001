"""Walking through time as the service would have lived it.

The store learns of events as they happen, each sign-up is met with what was known at its own
moment, and refreshes come at a fixed interval. What is done at each step is the caller's:
:mod:`etl.train` keeps what a model learns from, :mod:`etl.backtest.run` decides. The walk only
promises that the store never knows more than it should.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import signup_of
from graph.cleaned import event_of
from graph.facts import Event, Payment, Signup
from graph.velocity import HORIZON_US, Rates, Velocity

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Applied:
    """A sign-up. The store knows what happened before ``at``, and nothing of the sign-up itself.

    Of two at the same microsecond neither knows of the other: their order is nobody's to say.
    ``rates`` is how fast sign-ups came to what it names, as of the same moment.
    """

    at: int
    event: Signup
    rates: Rates = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Due:
    """A refresh. The store knows what happened up to and with ``at``, and nothing later."""

    at: int


@dataclass(frozen=True, slots=True)
class Glance:
    """A look at what arrived since the last one. The store knows what a refresh would."""

    at: int


Step = Applied | Due | Glance


class Replay:
    """One walk through a timeline, over one store; time only goes forward."""

    def __init__(self, timeline: Timeline, store: LazyStore) -> None:
        self.timeline = timeline
        self.store = store

    def steps(
        self,
        since: int,
        until: int,
        refreshes: Iterable[int],
        glances: Iterable[int] = (),
    ) -> Iterator[Step]:
        """Sign-ups after ``since`` up to ``until``, refreshes and glances, in the order of time.

        At one moment sign-ups come first: a refresh describes the moment as it ended. When a step
        is handed out the store has been told exactly what the step says it knows.
        """
        moments = (map(Due, refreshes), map(Glance, glances))
        for step in heapq.merge(self._signups(since, until), *moments, key=lambda step: step.at):
            self.store.advance(step.at if isinstance(step, Applied) else step.at + 1)
            yield step
        self.store.advance(until + 1)

    def _signups(self, since: int, until: int) -> Iterator[Step]:
        velocity = Velocity.of(*self._flow(since - HORIZON_US, since))
        waiting: list[Event] = []
        for event in self._coming(since, until):
            if waiting and waiting[0].at < event.at:
                for earlier in waiting:
                    velocity.see(earlier)
                waiting = []
            waiting.append(event)
            if isinstance(event, Signup):
                yield Applied(event.at, event, velocity.rates(event, event.at))

    def _flow(self, since: int, until: int) -> tuple[pa.Table, pa.Table]:
        signups = self.timeline.read("signups", since=since, until=until)
        return signups, self.timeline.read("payments", since=since, until=until)

    def _coming(self, since: int, until: int) -> Iterator[Signup | Payment]:
        """Sign-ups and payments in the order of time."""
        signups, payments = self._flow(since, until)
        opened = (signup_of(row, row["at"]) for row in _rows(signups))
        paid = (event_of("payments", row) for row in _rows(payments))
        yield from heapq.merge(opened, paid, key=lambda event: event.at)  # type: ignore[misc]


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in table.to_batches(max_chunksize=1_000):
        yield from batch.to_pylist()


def refresh_moments(since: int, until: int, every_us: int) -> tuple[int, ...]:
    """``since`` and every ``every_us`` after it, up to ``until``."""
    return tuple(np.arange(since, until + 1, every_us).tolist())
