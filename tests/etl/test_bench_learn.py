"""Learning on a graph that grows: every part is timed, and what is learnt from is as it says."""

import numpy as np

from etl.bench.learn import bench_learn, drawn_requests
from graph.schema import NodeType
from graph.simulate.bulk import SPAN_US, START_US, bulk


def quiet(step: str, done: int, total: int) -> None:
    """Nobody listens."""


def test_every_part_is_timed_and_memory_is_told():
    found = bench_learn(2_000, 6_000, 200, 3, 1, quiet)

    assert found["accounts"] == 2_000
    assert found["forests"] >= 1
    assert found["features_cpu_s"] > 0
    assert found["learning_cpu_s"] > 0
    assert 0 < found["peak_gb"] < 16


def test_requests_come_after_their_accounts_and_more_of_the_guilty():
    snapshot = bulk(500, 1_500, 50, 1)
    guilty = np.arange(50)

    rows = drawn_requests(snapshot, guilty, 5, np.random.default_rng(1))

    keys = snapshot.keys(NodeType.ACCOUNT).to_pylist()
    opened = dict(zip(keys, snapshot.numbers(NodeType.ACCOUNT, "created_at"), strict=True))
    sent = rows.to_pylist()
    assert all(opened[row["account_id"]] <= row["at"] <= START_US + SPAN_US for row in sent)
    busy = sum(row["account_id"] in set(keys[:50]) for row in sent) / 50
    assert busy > 3 * (len(sent) - 50 * busy) / 450
