"""What learning costs on a graph of a million accounts, behind ``ringsight bench learn``.

Features of every account at two moments, then split, boosters, calibration and thresholds: the part
of a weekly run that grows with the graph, by the functions that the run calls. The graph has the
shape that hurts (:mod:`graph.simulate.bulk`), requests are drawn, verdicts fall on accounts that
send more than others, so that there is something to learn and nothing to be proud of. Times are CPU
seconds of the process, memory its largest; exams, which do not grow, are timed by every run.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from etl.bench.cost import peak_gb, timed
from gnn.known import Known
from gnn.train import TrainConfig, train
from gnn.training_rows import AccountMoment, TrainingRows
from graph.activity import add_activity
from graph.schema import NodeType
from graph.simulate.bulk import SPAN_US, START_US, bulk
from graph.snapshot import Snapshot

Progress = Callable[[str, int, int], None]
Ints = npt.NDArray[np.int64]

BUSY = 8  # times as many requests of an account that a verdict of fraud falls on
KNOWN = 0.01  # share of accounts with a verdict, but never less than LEAST of them
LEAST = 200
MOMENTS = (0.8, 1.0)  # of the span


def bench_learn(
    accounts: int, edges: int, hub: int, requests: int, seed: int, progress: Progress
) -> Mapping[str, float]:
    """CPU seconds of each part, per account too, and the largest memory of the process.

    ``requests`` is how many an account sends on average; ``edges`` and ``hub`` as in ``bulk``.
    """
    rng = np.random.default_rng(seed)
    progress("graph", 0, 3)
    snapshot = bulk(accounts, edges, hub, seed)
    guilty = rng.permutation(accounts)[: max(LEAST, int(KNOWN * accounts))]
    events = {"requests": drawn_requests(snapshot, guilty, requests, rng)}
    progress("features", 1, 3)
    moments, features = timed(lambda: [_moment(snapshot, events, part) for part in MOMENTS])
    known = _known(snapshot, guilty, rng)
    rows = TrainingRows(START_US + SPAN_US, known, moments)
    progress("train", 2, 3)
    bundle, learnt = timed(lambda: train(rows, TrainConfig(), rng))
    progress("done", 3, 3)
    return {
        "accounts": float(accounts),
        "requests": float(events["requests"].num_rows),
        "columns": float(moments[-1].rows.shape[1]),
        "features_cpu_s": features,
        "learning_cpu_s": learnt,
        "cpu_minutes": (features + learnt) / 60,
        "cpu_us_per_account": 1e6 * (features + learnt) / accounts,
        "peak_gb": peak_gb(),
        "forests": float(len(bundle.forests)),
    }


def drawn_requests(
    snapshot: Snapshot, guilty: Ints, average: int, rng: np.random.Generator
) -> pa.Table:
    """Requests of every account over the span: few for most, :data:`BUSY` times more of some."""
    size = snapshot.size(NodeType.ACCOUNT)
    counts = rng.poisson(rng.exponential(average, size))
    counts[guilty] = counts[guilty] * BUSY + 1
    owner = np.repeat(np.arange(size), counts)
    total = len(owner)
    keys = pl.Series(pl.from_arrow(snapshot.keys(NodeType.ACCOUNT)))
    opened = snapshot.numbers(NodeType.ACCOUNT, "created_at").astype(np.int64)
    late = np.maximum(START_US + SPAN_US - opened[owner], 1)
    words = rng.integers(5, 400, total)
    frame = pl.DataFrame(
        {
            "account_id": keys.gather(owner),
            "at": opened[owner] + (rng.random(total) * late).astype(np.int64),
            "model": pl.Series(["small", "large"]).gather(rng.integers(0, 2, total)),
            "prompt_tokens": words * 2,
            "completion_tokens": rng.integers(5, 900, total),
            "outcome": pl.Series(["ok", "refused"]).gather((rng.random(total) < 0.02).astype(int)),
            "turn": rng.integers(1, 6, total),
            "words": words,
        }
    )
    return frame.to_arrow()


def _moment(snapshot: Snapshot, events: Mapping[str, pa.Table], part: float) -> AccountMoment:
    at = START_US + int(part * SPAN_US)
    here = Snapshot(at, snapshot.nodes, snapshot.edges)
    return AccountMoment.of(add_activity(here, events))


def _known(snapshot: Snapshot, guilty: Ints, rng: np.random.Generator) -> Known:
    """Verdicts that fall between the two moments or after, and campaigns of twenty accounts."""
    keys = snapshot.keys(NodeType.ACCOUNT)
    at = START_US + (SPAN_US * rng.uniform(MOMENTS[0], MOMENTS[1], len(guilty))).astype(np.int64)
    names = [keys[int(row)].as_py() for row in guilty]
    campaign = {name: f"campaign-{place // 20}" for place, name in enumerate(names)}
    return Known(dict(zip(names, at.tolist(), strict=True)), campaign=campaign)
