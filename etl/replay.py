"""Walking through time as the service would have lived it.

The store learns of events as they happen, each sign-up is met with what was known at its own
moment, and refreshes come at a fixed interval.
What is done at each step is the caller's: :mod:`etl.train` keeps what a model learns from,
:mod:`etl.backtest` decides. The walk only promises that the store never knows more than it should.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from etl.lazily import LazyStore
from etl.timeline import Timeline
from etl.unrolled import signup_of
from graph.facts import Signup

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Applied:
    """A sign-up. The store knows what happened before ``at``, and nothing of the sign-up itself.

    Of two at the same microsecond neither knows of the other: their order is nobody's to say.
    """

    at: int
    event: Signup


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
        table = self.timeline.read("signups", since=since, until=until)
        for batch in table.to_batches(max_chunksize=1_000):
            for row in batch.to_pylist():
                yield Applied(row["at"], signup_of(row, row["at"]))


def refresh_moments(since: int, until: int, every_us: int) -> tuple[int, ...]:
    """``since`` and every ``every_us`` after it, up to ``until``."""
    return tuple(np.arange(since, until + 1, every_us).tolist())
