"""The regular job: prompt clusters, what accounts do, their scores, the rings; then one publish.

The same function runs in production every day and in a back-test at every simulated one; it sees
events up to ``as_of`` and nothing else. It knows nothing of where events, graph and model live.
Read :mod:`etl.asked` for prompts, :mod:`gnn.scorer` for scores, :mod:`graph.rings` for rings and
:mod:`etl.acted_on` for who is flagged.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from etl.acted_on import flags_of
from etl.asked import DAY_US, Answered, Asked, add_asked, changes, look_up, prompt_columns
from etl.prompts.columns import PromptColumns
from etl.refreshed import RefreshReport, RefreshState
from etl.replay.timeline import EventTables, tables_of
from etl.shown import flagged_since, generation_of
from gnn.scorer import AccountScores, Scorer
from graph.activity import add_activity
from graph.lockstep import add_lockstep
from graph.prompts import ClusterIndex
from graph.rings import RingInputs, find, go_on
from graph.rings.belonging import bystanders
from graph.rings.story import with_stories
from graph.snapshot import Snapshot
from graph.store import GraphStore

Progress = Callable[[str, int, int], None]
STEPS = ("prompts", "activity", "scores", "rings", "publish")


class FitsClusters(Protocol):
    """Whoever finds prompt templates in requests: ``etl.prompts.fit``."""

    def __call__(
        self, prompts: PromptColumns, previous: ClusterIndex, as_of: int
    ) -> tuple[ClusterIndex, pa.Table]:
        """An index under the ids of ``previous``, and its clusters with ``weight`` and ``why``."""
        ...


@dataclass(frozen=True, slots=True)
class RefreshConfig:
    """How a refresh works: ``RefreshConfig(window_days=14)``.

    Prompts of the last ``window_days`` make clusters, fitted anew every ``refit_days``;
    ``keep_asked`` writes account-to-cluster edges and entities' flagged accounts to the store, for
    people to browse; ``go_on`` finds rings from the last refresh on where the same process made it,
    which is worth it where no model moves everybody's score.
    """

    window_days: int = 14
    refit_days: float = 1.0
    keep_asked: bool = True
    go_on: bool = False


@dataclass(frozen=True)
class Job:
    """What a refresh works with; the same for every refresh of a deployment or a back-test.

    ``past`` gives the graph as of a moment (us) when the store knows of later events; where it is
    None the store's own snapshot is of the moment.
    """

    events: EventTables
    store: GraphStore
    fit: FitsClusters
    config: RefreshConfig = RefreshConfig()
    past: Callable[[int], Snapshot] | None = None


def refresh(
    job: Job,
    scorer: Scorer | None,
    as_of: int,
    state: RefreshState,
    progress: Progress = lambda step, done, total: None,
) -> RefreshReport:
    """Everything as of ``as_of`` (us), published as one generation.

    Without a ``scorer`` (before the first training) rings are found by links and evidence alone.
    """
    progress(STEPS[0], 0, len(STEPS))
    answered = _prompts(job, state.asked, as_of)
    progress(STEPS[1], 1, len(STEPS))
    snapshot = _described(job, answered, as_of)
    progress(STEPS[2], 2, len(STEPS))
    scores = None if scorer is None else scorer.accounts(snapshot)
    progress(STEPS[3], 3, len(STEPS))
    inputs = _ring_inputs(job, answered, snapshot, scores)
    standing = go_on(state.standing, inputs, state.rings) if job.config.go_on else None
    rings = find(inputs, state.rings) if standing is None else standing.rings
    inputs = inputs if standing is None else standing.inputs
    progress(STEPS[4], 4, len(STEPS))
    if job.config.keep_asked:
        for facts in changes(state.edges, answered.edges, as_of):
            job.store.write(facts)
    flags = flags_of(scores, rings, state.rings, bystanders(inputs, rings.flagged))
    since = flagged_since(job.store, flags, as_of)
    rings = with_stories(rings, state.rings, since)
    after = RefreshState(answered.asked, state.number + 1, rings, answered.edges, standing)
    report = RefreshReport(as_of, after, inputs, rings, scores, flags)
    job.store.publish(generation_of(report, since, entities=job.config.keep_asked))
    progress("refresh", len(STEPS), len(STEPS))
    return report


def _prompts(job: Job, asked: Asked, as_of: int) -> Answered:
    """Fit templates anew if it is time, and look every open request up."""
    if as_of - asked.fitted_at >= job.config.refit_days * DAY_US:
        since = max(as_of - job.config.window_days * DAY_US, 0)
        requests = job.events.read("requests", since=since, until=as_of)
        if requests.num_rows:
            columns = prompt_columns(requests, job.events.read("signups", until=as_of))
            index, clusters = job.fit(columns, asked.index, as_of)
            asked = replace(asked, index=index, clusters=clusters, fitted_at=as_of)
    return look_up(job.events, asked, as_of, job.config.window_days)


def _described(job: Job, answered: Answered, as_of: int) -> Snapshot:
    """The graph with prompt edges, activity and lockstep as of the moment."""
    held = job.store.snapshot() if job.past is None else job.past(as_of)
    snapshot = replace(held, as_of=as_of)
    tables = tables_of(job.events, ("payments", "sessions", "signups", "requests"), as_of)
    releases = job.events.read("model_releases", until=as_of)
    described = add_activity(
        add_asked(snapshot, answered.edges), {**tables, "model_releases": releases}, as_of
    )
    return add_lockstep(described, answered.requests)


def _ring_inputs(
    job: Job, answered: Answered, snapshot: Snapshot, scores: AccountScores | None
) -> RingInputs:
    as_of = snapshot.as_of
    return RingInputs(
        snapshot,
        as_of,
        suspicion=None if scores is None else scores.score,
        clusters=answered.asked.clusters,
        requests=answered.requests,
        **tables_of(job.events, ("payments", "signups", "enforcements"), as_of),
    )
