"""The comparison behind ``ringsight bench rings WORLD``: ways to group accounts, on one world.

The world is lived through with weekly refreshes, by links and evidence alone or with a model that
is trained at its suggested moment; at the end every way of grouping sees the same inputs and its
groups go before the same judge. Truth is opened for the figures only. The last row is the product
as it runs: with what earlier refreshes knew.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from etl.asked import DAY_US, Asked
from etl.backtest.source import Source, read_timeline
from etl.bench.rings_rivals import METHODS
from etl.prompts.fit import fit_clusters
from etl.refresh import Job, RefreshConfig, refresh
from etl.refreshed import RefreshReport, RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Due, Replay
from etl.train import Course, collect
from gnn.evaluate import b_cubed, honest_flagged
from gnn.scorer import Scorer
from gnn.train import TrainConfig, train
from graph.errors import InputError
from graph.flush import Told
from graph.rings.find import RingConfig, scene_of, weigh
from graph.rings.inputs import RingInputs
from graph.rings.model import Ring
from graph.simulate.truth import TrueAccount, load_truth
from graph.stores import open_store

WEEK_US = 7 * DAY_US
KEY = b"a key for benchmarks, no secret"


@dataclass(frozen=True, slots=True)
class Held:
    """Who is looked at (active after T), and what each was."""

    accounts: Sequence[str]
    truth: Mapping[str, TrueAccount]

    def figures(self, rings: Sequence[Ring]) -> dict[str, float]:
        """B-cubed of the flagged ``rings``, and the honest accounts in them by kind."""
        home: dict[str, tuple[float, str]] = {}
        for ring in rings:
            for member in ring.members if ring.flagged else ():
                best = home.get(member.account_id, (-1.0, ""))
                home[member.account_id] = max(best, (member.strength, ring.ring_id))
        told = [home[a][1] if a in home else None for a in self.accounts]
        true = [self.truth[a].campaign for a in self.accounts]
        quality = b_cubed(told, true)
        honest = [i for i, campaign in enumerate(true) if campaign is None]
        kinds = honest_flagged(
            [self.truth[self.accounts[i]].kind for i in honest],
            np.array([told[i] is not None for i in honest], np.bool_),
        )
        both = quality.precision + quality.recall
        return {
            "rings": float(sum(ring.flagged for ring in rings)),
            "precision": quality.precision,
            "recall": quality.recall,
            "f1": 2 * quality.precision * quality.recall / both if both else 0.0,
            "honest_flagged": sum(k.flagged for k in kinds) / max(len(honest), 1),
            "worst_kind": kinds[0].share if kinds else 0.0,
        }

    def recall_of(self, rings: Sequence[Ring]) -> dict[str, dict[str, float]]:
        """Of every campaign: its accounts, and the share of them in flagged rings."""
        inside = {a for ring in rings if ring.flagged for a in ring.account_ids}
        found: dict[str, list[bool]] = {}
        for account in self.accounts:
            campaign = self.truth[account].campaign
            if campaign is not None:
                found.setdefault(campaign, []).append(account in inside)
        return {
            name: {"accounts": float(len(hits)), "recall": float(np.mean(hits))}
            for name, hits in sorted(found.items())
        }

    def honest_in(self, rings: Sequence[Ring]) -> dict[str, dict[str, float]]:
        """Of every honest kind: its accounts, those in flagged rings, and their share."""
        inside = {a for ring in rings if ring.flagged for a in ring.account_ids}
        honest = [a for a in self.accounts if self.truth[a].campaign is None]
        rows = honest_flagged(
            [self.truth[a].kind for a in honest], np.array([a in inside for a in honest], np.bool_)
        )
        return {
            row.kind: {
                "accounts": float(row.accounts), "flagged": float(row.flagged), "share": row.share
            }
            for row in rows
        }  # fmt: skip


def bench_rings(world: Path, work: Path, *, model: bool, progress: Told) -> dict[str, Any]:
    """Figures of every method on ``world`` (a folder that ``simulate`` wrote).

    Raises:
        InputError: if the folder holds no simulated world.
    """
    try:
        spec = json.loads((world / "world.json").read_text(encoding="utf-8"))
        train_until = int(datetime.fromisoformat(spec["train_until"]).timestamp() * 1e6)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{world} holds no simulated world: {type(error).__name__}") from error
    timeline = read_timeline(Source(str(world / "events"), KEY), work, progress)
    report = _lived(timeline, train_until, model, progress)
    held = Held(_active(timeline, train_until), load_truth(world))
    rows = {name: _row(held, report.inputs, name) for name in METHODS}
    rows["the product, refreshed weekly"] = held.figures(report.rings.rings)
    return {
        "methods": rows,
        "honest_flagged_by_kind": held.honest_in(report.rings.rings),
        "recall_by_campaign": held.recall_of(report.rings.rings),
    }


def _row(held: Held, inputs: RingInputs, name: str) -> dict[str, float]:
    start = time.process_time()
    scene = scene_of(inputs)
    rings = weigh(scene, *METHODS[name](scene), RingConfig())
    return {**held.figures(rings), "cpu_s": time.process_time() - start}


def _lived(timeline: Timeline, train_until: int, model: bool, progress: Told) -> RefreshReport:
    """Weekly refreshes up to the end; gives the last one's report."""
    until = timeline.bounds[1]
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        replay = Replay(timeline, store)
        job = Job(timeline, store, fit_clusters, RefreshConfig(keep_asked=False))
        state, scorer = RefreshState(Asked.nothing("bench")), None
        moments = [train_until - 2 * WEEK_US, train_until - WEEK_US]
        if model:
            rows, state = collect(replay, job, train_until, state, Course(), progress)
            scorer = Scorer(train(rows, TrainConfig(), np.random.default_rng(1), progress))
            moments = []
        moments += [*range(train_until, until, WEEK_US), until]
        report = None
        for step in replay.steps(min(moments) - 1, until, moments):
            if isinstance(step, Due):
                report = refresh(job, scorer, step.at, state)
                state = report.state
                progress("refresh", step.at - moments[0], until - moments[0])
    if report is None:
        raise InputError("the world ends before its training does")
    return report


def _active(timeline: Timeline, since: int) -> list[str]:
    tables = ("signups", "payments", "sessions", "requests")
    seen = (timeline.read(t, since=since, columns=["account_id"])["account_id"] for t in tables)
    return sorted({account for column in seen for account in column.to_pylist()})
