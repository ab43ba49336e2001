"""One small simulated world, cleaned by the real door once for the whole run, and a model of it.

The world has two hundred accounts in four campaigns' reach; training ends at two thirds of it. It
is never changed: a test that needs another past or future cuts a timeline of its own.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest

from etl.asked import Asked
from etl.backtest.run import BacktestConfig
from etl.prompts.columns import PromptColumns
from etl.refresh import Job, RefreshConfig
from etl.refreshed import RefreshState
from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import Unrolled, unroll
from etl.replay.walk import Replay
from etl.train import Course, collect
from gnn.scorer import Scorer
from gnn.train import TrainConfig, train
from graph.contract import TABLES
from graph.door import Door
from graph.prompts import ClusterIndex, VoteRule
from graph.simulate import table, world
from graph.simulate.presets import preset_named
from graph.stores import open_store

DAY = 86_400_000_000


@dataclass(frozen=True)
class Town:
    """A cleaned world: its events, its facts laid out, and when training ends (us)."""

    timeline: Timeline
    unrolled: Unrolled
    train_until: int

    def config(self) -> BacktestConfig:
        """A short course and looks every six hours keep a test to seconds."""
        course = Course(days=8)
        return BacktestConfig(self.train_until, look_every_us=DAY // 4, course=course)

    def job(self, until: int) -> tuple[Replay, Job]:
        """A replay and a refresh job over what is known by ``until``."""
        timeline = self.timeline.known_by(until)
        store = LazyStore(open_store("sqlite://"), unroll(timeline))
        config = RefreshConfig(keep_asked=False)
        return Replay(timeline, store), Job(timeline, store, by_shared_words, config)


def by_shared_words(
    prompts: PromptColumns, previous: ClusterIndex, as_of: int
) -> tuple[ClusterIndex, pa.Table]:
    """A plain clusterer: a shingle that five accounts used is a template of its own."""
    values = prompts.sketches.values
    account = np.repeat(prompts.account, np.diff(prompts.sketches.offsets))
    shingles, which = np.unique(values, return_inverse=True)
    pairs = np.unique(which * (prompts.account.max() + 1) + account)
    accounts = np.bincount(pairs // (prompts.account.max() + 1), minlength=len(shingles))
    heavy = np.flatnonzero((accounts >= 5) & (accounts <= 25))
    ids = tuple(f"t{int(shingle):016x}" for shingle in shingles[heavy])
    owner = np.arange(len(ids), dtype=np.int32)
    held = accounts[heavy].astype(np.uint32)
    index = ClusterIndex(shingles[heavy], owner, held, ids, previous.key_id, as_of, VoteRule(1))
    weights = {"cluster_id": list(ids), "weight": [1.0] * len(ids), "why": ["rare"] * len(ids)}
    return index, pa.table(weights)


@pytest.fixture(scope="session")
def town() -> Town:
    """The world, cleaned."""
    spec = replace(preset_named("small"), honest=170, volume=0.35, days=24.0)
    made = world(spec, seed=7)
    door = Door(b"a key for tests, thirty-two byte")
    cleaned = {}
    for name in TABLES:
        raw = table(made, name)
        columns = {column: raw[column].combine_chunks() for column in raw.column_names}
        cleaned[name] = pa.Table.from_batches([door.batch(name, columns, raw.num_rows).rows])
    timeline = Timeline(cleaned)
    return Town(timeline, unroll(timeline), made.train_until)


@pytest.fixture(scope="session")
def scorer(town: Town) -> Scorer:
    """A model of the world as of the end of training."""
    replay, job = town.job(town.train_until)
    state = RefreshState(Asked.nothing("tests"))
    rows, _ = collect(replay, job, town.train_until, state, town.config().course)
    return Scorer(train(rows, TrainConfig(), np.random.default_rng(1)))
