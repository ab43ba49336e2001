"""The evaluation kit finds what it is there to find: every leak here is put in on purpose."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import etl.refresh
import gnn.known
import gnn.train
from etl.asked import Asked
from etl.refreshed import RefreshState
from etl.replay.front import Front
from etl.replay.timeline import Timeline
from etl.train import collect, known_at
from etl.weekly.canaries import dealt, future_gap, shuffled_auc, torn_rings
from etl.weekly.gate import gate
from etl.weekly.limits import GateLimits
from gnn.known import Known
from gnn.train import TrainConfig, train
from graph.schema import NodeType
from tests.etl.conftest import DAY, by_shared_words
from tests.etl.test_gate import board, evidence


@pytest.fixture(scope="module")
def learnt(town):
    """What a training of the town is given."""
    replay, job = town.job(town.train_until)
    state = RefreshState(Asked.nothing("tests"))
    return collect(replay, job, town.train_until, state, town.config().course)[0]


@pytest.fixture(scope="module")
def labelled(town):
    """The town's timeline with thirty more verdicts, on anybody, a week before its end."""
    before = town.timeline.read("labels")
    names = town.timeline.read("signups", until=town.train_until)["account_id"].to_pylist()[::4]
    at = town.timeline.bounds[1] - 7 * DAY
    row = {"verdict": "fraud", "source": "investigator", "at": at}
    more = [{**row, "account_id": name} for name in names[:30]]
    added = pa.Table.from_pylist(more, schema=before.schema)
    return town.timeline.with_table("labels", pa.concat_tables([before, added]))


def gap(town, scorer) -> float:
    return future_gap(town.timeline, by_shared_words, scorer.bundle, town.train_until)


def test_without_a_leak_the_future_changes_nothing(town, scorer):
    assert gap(town, scorer) == 0.0


def test_an_edge_of_the_future_is_caught(town, scorer, monkeypatch):
    whole = Front.advance
    monkeypatch.setattr(Front, "advance", lambda self, before: whole(self, before + DAY))

    assert gap(town, scorer) > 0.0


def test_labels_known_only_later_are_caught(town, scorer, monkeypatch):
    read, kept = Timeline.read, gnn.known._until

    def ahead(self, table, since=None, until=None, columns=None):
        return read(self, table, since, None if table == "labels" else until, columns)

    monkeypatch.setattr(Timeline, "read", ahead)
    monkeypatch.setattr(gnn.known, "_until", lambda table, as_of: kept(table, 2**62))

    assert gap(town, scorer) == 1.0


def test_mates_of_one_ring_on_both_sides_are_caught(learnt, monkeypatch):
    names = learnt.moments[-1].keys[:30]
    campaign = {name: f"campaign {place // 10}" for place, name in enumerate(names)}
    known = Known(dict.fromkeys(names, learnt.as_of), campaign=campaign)
    rows = replace(learnt, known=known)

    whole = train(rows, TrainConfig(folds=3), np.random.default_rng(1))
    by_lot = lambda roll, groups, count, rng: rng.integers(0, count, len(groups.group))  # noqa: E731
    monkeypatch.setattr(gnn.train, "fold_of", by_lot)
    torn = train(rows, TrainConfig(folds=3), np.random.default_rng(1))

    assert torn_rings(whole, known) == 0
    assert torn_rings(torn, known) == 3


def test_dealt_verdicts_are_as_many_and_of_others(town):
    shuffled = dealt(town.timeline, np.random.default_rng(3))

    before, after = (known_at(t, town.train_until) for t in (town.timeline, shuffled))
    assert len(before.fraud) == len(after.fraud)
    assert len(set(before.fraud) & set(after.fraud)) < len(before.fraud) / 2


def test_a_column_that_knows_the_label_is_caught_and_honest_ones_are_not(labelled, monkeypatch):
    limits = GateLimits()

    def told() -> tuple[float, float]:
        auc, spread = shuffled_auc(
            labelled, by_shared_words, labelled.bounds[1], np.random.default_rng(2)
        )
        return auc, max(limits.shuffled_auc, 0.5 + limits.shuffled_deviations * spread)

    auc, most = told()
    assert auc < most

    described = etl.refresh._described

    def knowing(job, answered, as_of):
        snapshot = described(job, answered, as_of)
        guilty = known_at(job.events, as_of).fraud
        keys = snapshot.keys(NodeType.ACCOUNT).to_pylist()
        told = pa.array([float(key in guilty) for key in keys])
        return snapshot.with_columns(NodeType.ACCOUNT, {"gap_spread": told})

    monkeypatch.setattr(etl.refresh, "_described", knowing)
    auc, most = told()
    assert auc > max(most, 0.9)


def test_the_gate_refuses_each_of_them():
    good = evidence(board(50, 1), board(50, 1))
    clean = {"future_edge": 0.0, "shuffled_auc": 0.5, "shuffled_spread": 0.05, "torn_rings": 0}
    for leak in ({"future_edge": 1.0}, {"shuffled_auc": 0.95}, {"torn_rings": 2}):
        found = replace(good, canaries={**clean, **leak})
        ruling = gate(found, GateLimits(), np.random.default_rng(1))
        refused = [finding.rule for finding in ruling.findings if not finding.passed]
        assert len(refused) == 1
        assert refused[0].startswith("canary")
    assert gate(replace(good, canaries=clean), GateLimits(), np.random.default_rng(1)).passed
