"""Training: live through what happened until T, keep what a model learns from, fit it.

Rows are what the service would have computed at the time: sign-ups with their surroundings at
their own moment, accounts at refreshes. Verdicts are those known by T. It decides nothing; fitting
is :mod:`gnn.train`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from etl.asked import DAY_US
from etl.refresh import Job, refresh
from etl.refreshed import RefreshState
from etl.replay.timeline import EventTables
from etl.replay.walk import Applied, Replay, refresh_moments
from gnn.features_signup import Moment
from gnn.known import Known
from gnn.training_rows import AccountMoment, TrainingRows
from gnn.vicinity import MATES_MOST, Vicinity, ids_of
from graph.store import GraphStore

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Course:
    """Which moments training looks at: a refresh every ``every_us`` of the last ``days`` before T.

    ``mates_per_entity`` must be what the serving policy has. Templates are fitted anew only every
    ``refit_days``: what is learnt does not depend on the day a template was first seen.
    """

    every_us: int = DAY_US
    days: float = 35.0
    mates_per_entity: int = MATES_MOST
    refit_days: float = 3.0


def collect(
    replay: Replay,
    job: Job,
    until: int,
    state: RefreshState,
    course: Course,
    progress: Progress = lambda step, done, total: None,
) -> tuple[TrainingRows, RefreshState]:
    """Walk to ``until`` (us) and keep every sign-up and every refresh on the way."""
    start = replay.timeline.bounds[0]
    first = max(start + course.every_us, until - int(course.days * DAY_US))
    first = until - (until - first) // course.every_us * course.every_us
    moments: list[AccountMoment] = []
    signups: list[Moment] = []
    refit_days = max(course.refit_days, job.config.refit_days)
    job = replace(job, config=replace(job.config, keep_asked=False, refit_days=refit_days))
    for step in replay.steps(start - 1, until, refresh_moments(first, until, course.every_us)):
        if isinstance(step, Applied):
            signups.append(seen(step, job.store, course.mates_per_entity))
            continue
        report = refresh(job, None, step.at, state)
        state = report.state
        moments.append(AccountMoment.of(report.snapshot))
        progress("learn", int(step.at - start), int(until - start))
    return TrainingRows(until, known_at(job.events, until), moments, signups), state


def known_at(events: EventTables, until: int) -> Known:
    """Whom labels and enforcements had found out by ``until`` (us)."""
    labels, bans = (events.read(name, until=until) for name in ("labels", "enforcements"))
    return Known.of(labels, bans, until)


def seen(step: Applied, store: GraphStore, per_id: int) -> Moment:
    """A sign-up with what surrounds it, at most ``per_id`` accounts of each thing it names."""
    event = step.event
    piece = store.neighbourhood(ids_of(event), per_id=per_id)
    return Moment(event, Vicinity.of(event, piece), event.at, rates=step.rates)
