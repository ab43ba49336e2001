"""The regular jobs of a deployment, over its journal and store: train a model, refresh the graph.

Plain functions; the command line calls them, and a scheduler may. What a job does is in
:mod:`etl.train` and :mod:`etl.refresh`, the same as in a back-test; here it is given real stores,
the state that lasts from one refresh to the next (:mod:`etl.kept`), and a record of what the last
one stood on (:mod:`graph.rings.record`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from etl.asked import Asked
from etl.kept import keep, kept
from etl.refresh import FitsClusters, Job, refresh
from etl.refreshed import RefreshReport, RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.live import voices_of, watchlist_of
from etl.replay.timeline import TABLES, Timeline
from etl.replay.unrolled import unroll
from etl.replay.walk import Replay
from etl.train import Course, collect
from gnn.bundle import Bundle
from gnn.explained import by_account
from gnn.scorer import Scorer
from gnn.train import TrainConfig, train
from graph.errors import InputError
from graph.flush import Told, flush
from graph.journal.journal import Journal
from graph.rings.record import FOLDER, Provenance, Record, keep_record
from graph.rings.watchlist import FOLDER as WATCHLIST
from graph.store import GraphStore
from graph.stores import open_store


@dataclass(frozen=True)
class Deployment:
    """What a job works on; ``folder`` keeps what one refresh leaves for the next."""

    journal: Journal
    store: GraphStore
    fit: FitsClusters
    folder: Path


def train_bundle(
    journal: Journal,
    fit: FitsClusters,
    until: int,
    seed: int,
    progress: Told = lambda step, done, total: None,
) -> Bundle:
    """A model of what was known at ``until`` (us).

    Raises:
        InputError: if nothing lies before ``until``, or no account was known to be fraud by then.
    """
    timeline = Timeline.of(journal, until)
    if timeline.bounds[1] == 0:
        raise InputError("the journal holds no event up to that moment; build first")
    with LazyStore(open_store("sqlite://"), unroll(timeline)) as store:
        job = Job(timeline, store, fit)
        state = RefreshState(Asked.nothing(journal.key_id or ""))
        replay = Replay(timeline, store)
        rows, _ = collect(replay, job, until, state, Course(), progress)
    return train(rows, TrainConfig(), np.random.default_rng(seed), progress)


def refresh_now(
    deployment: Deployment,
    scorer: Scorer | None,
    as_of: int,
    progress: Told = lambda step, done, total: None,
) -> RefreshReport:
    """Bring the store up to the journal, refresh as of ``as_of`` (us), publish, keep the state.

    Raises:
        InputError: if a later moment was published already.
        StoreUnavailable: if journal or store cannot answer; calling again goes on.
    """
    journal, store = deployment.journal, deployment.store
    number, published_as_of = store.generation()
    if as_of < published_as_of:
        raise InputError("a refresh of a later moment is published; a refresh never goes back")
    flush(journal, store, progress)
    state = kept(deployment.folder, journal.key_id or "", number)
    # A store keeps sums of all there is; what was known at an earlier moment is added up anew.
    past = journal.snapshot if journal.holds_later(as_of) else None
    job = Job(journal, store, deployment.fit, past=past)
    report = refresh(job, scorer, as_of, state, progress)
    keep(report.state, deployment.folder)
    listed = deployment.folder.with_name(WATCHLIST)
    voices = voices_of(report, scorer)
    if voices is not None:
        voices.save(listed)
    watchlist_of(report).save(listed)  # last: it is what a service waits for
    record = Record(
        report.inputs, state.rings, report.rings, _made_by(scorer), _reasons(report, scorer)
    )
    keep_record(record, deployment.folder.with_name(FOLDER))
    return report


def _reasons(report: RefreshReport, scorer: Scorer | None) -> Mapping[str, Mapping[str, Any]]:
    """Why each account that calls for action has its score, nothing before the first model."""
    if scorer is None or report.scores is None:
        return {}
    accounts = report.flags["account_id"].to_list()
    return by_account(scorer, report.scores, report.snapshot, accounts)


def _made_by(scorer: Scorer | None) -> Provenance:
    software = f"ringsight {version('ringsight')}"
    if scorer is None:
        return Provenance(software)
    return Provenance(software, scorer.version, scorer.bundle.digest())


def latest_moment(journal: Journal) -> int:
    """The moment (us) of the latest event of any account, 0 without one."""
    tables = (name for name in TABLES if name != "model_releases")
    moments = (pc.max(journal.read(name, columns=["at"])["at"]).as_py() for name in tables)
    return max((at for at in moments if at is not None), default=0)
