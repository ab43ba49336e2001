"""A model held against the last days again, outside a weekly run: ``ringsight evaluate``.

The rules are the gate's, asked of one model without a champion; nothing is decided by the answer.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from etl.backtest.outcome import Truth
from etl.refresh import Job, RefreshConfig, refresh
from etl.refreshed import RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import DAY_US
from etl.weekly.canaries import costs
from etl.weekly.exam import ExamConfig, Paper, beginning, sit, slices_of
from etl.weekly.gate import Evidence, Pair, gate
from etl.weekly.limits import GateLimits
from etl.weekly.retrain import Workplace
from gnn import evaluate
from gnn.bundle import Bundle
from graph.errors import InputError
from graph.stores import open_store

Progress = Callable[[str, int, int], None]


def evaluated(
    place: Workplace, bundle: Bundle, until: int, days: float, told: Progress
) -> dict[str, Any]:
    """Findings on the ``days`` before ``until`` (us), and figures with intervals.

    Raises:
        InputError: if there are no events on one side of their beginning.
    """
    since = until - int(days * DAY_US)
    timeline = Timeline.of(place.events, until)
    if not timeline.bounds[0] < since < timeline.bounds[1]:
        raise InputError("no events on one side of the days to evaluate")
    truth = Truth.of_labels(timeline.read("signups"), timeline.read("labels"))
    state = _state(timeline, place, since)
    paper = Paper(f"last {days:g} days", timeline, since, state, truth)
    with tempfile.TemporaryDirectory() as work:
        seen = sit(paper, bundle, place.fit, Path(work), ExamConfig(), told)
    slices = slices_of(timeline, seen.account_id)
    size = sum(p.stat().st_size for p in (place.shelf.folder / bundle.version).glob("*"))
    evidence = Evidence(
        Pair(paper.name, seen, None, slices, by_labels=True),
        (),
        costs([bundle], [size])[0],
        None,
        {},
    )
    rng = np.random.default_rng(1)
    ruling = gate(evidence, GateLimits(), rng)
    fraud, score = seen.fraud, seen.score
    found = evaluate.bootstrap(
        seen.groups, lambda w: evaluate.average_precision(fraud, score, w), rng
    )
    return {
        "version": bundle.version,
        "against": truth.against,
        "stale_overlap": bundle.trained_as_of > since,
        "average_precision": {"value": found.value, "low": found.low, "high": found.high},
        "findings": ruling.as_dict()["findings"],
    }


def _state(timeline: Timeline, place: Workplace, since: int) -> RefreshState:
    """Prompt clusters and rings as of the beginning, found without a model."""
    known = timeline.known_by(since)
    state = beginning()
    with LazyStore(open_store("sqlite://"), unroll(known)) as store:
        job = Job(known, store, place.fit, RefreshConfig(keep_asked=False))
        for at in (since - DAY_US, since):
            store.advance(at + 1)
            state = refresh(job, None, at, state).state
    return state
