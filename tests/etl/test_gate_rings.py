"""What a promotion is expected to cost, by ring; and how often the gate's answer would be wrong."""

import numpy as np
import pytest

from etl.backtest.outcome import Board
from etl.weekly.gate import Cost, Evidence, Pair, gate
from etl.weekly.gate_rings import expected, ring_changes
from etl.weekly.gate_slices import against, slices_seen
from etl.weekly.limits import GateLimits
from gnn.evaluate import NEVER

LIMITS = GateLimits()


def rings(shares: list[float], *, each: int = 20) -> Board:
    """A board of rings with ``each`` exchanges, of which a share comes after the flag."""
    size = len(shares)
    account = np.repeat(np.arange(size), each)
    at = np.tile(np.arange(1, each + 1), size)
    flagged = np.array([each - round(share * each) for share in shares], np.int64)
    flagged[np.array(shares) == 0.0] = NEVER
    ids = [f"a{i}" for i in range(size)]
    names = [f"ring-{i}" for i in range(size)]
    return Board(
        ids, ["campaign"] * size, list(names), [None] * size, np.full(size, 0.9), flagged,
        np.zeros(size, np.int64), account, at,
    )  # fmt: skip


def loss_of(changes: list[float]) -> float:
    found = expected(changes, LIMITS.ring_spread, LIMITS.ring_worth)
    assert found is not None
    return found.loss


def promoted(true_change: float, count: int, spread: float, rounds: int = 400) -> float:
    """How often the next-ring rule lets a challenger pass whose true change is given."""
    rng = np.random.default_rng(7)
    drawn = rng.normal(true_change, spread, size=(rounds, count))
    return float(np.mean([loss_of(row.tolist()) <= LIMITS.expected_loss for row in drawn]))


def test_each_ring_counts_once_with_the_share_either_prevented():
    ours, theirs = rings([0.5, 1.0, 0.0]), rings([0.25, 1.0, 0.5])

    found = ring_changes("world", ours, theirs)

    assert [one.change for one in found] == pytest.approx([0.25, 0.0, -0.5])
    assert {one.exam for one in found} == {"world"}


def test_a_ring_of_few_exchanges_says_nothing():
    assert ring_changes("world", rings([0.5], each=4), rings([1.0], each=4)) == []


def test_one_ring_that_stays_as_it_was_is_too_little_and_three_are_enough():
    assert loss_of([0.0]) > LIMITS.expected_loss
    assert loss_of([0.0] * 3) <= LIMITS.expected_loss
    assert expected([], LIMITS.ring_spread, LIMITS.ring_worth) is None


def test_the_expected_loss_is_the_mean_of_what_may_be_lost():
    changes = [-0.1, 0.05, 0.0, -0.02]
    found = expected(changes, LIMITS.ring_spread, LIMITS.ring_worth)
    assert found is not None
    freedom = LIMITS.ring_worth + 3
    squares = sum((c - np.mean(changes)) ** 2 for c in changes)
    scale = np.sqrt((LIMITS.ring_worth * LIMITS.ring_spread**2 + squares) / freedom / 4)

    drawn = np.mean(changes) + scale * np.random.default_rng(3).standard_t(freedom, 400_000)

    assert found.loss == pytest.approx(np.maximum(-drawn, 0).mean(), rel=0.02)
    assert found.low == pytest.approx(np.quantile(drawn, 0.05), abs=0.002)


@pytest.mark.parametrize("spread", [0.05, 0.1, 0.2])
def test_a_much_worse_challenger_seldom_passes_however_rings_differ(spread):
    assert promoted(-0.10, 16, spread) <= 0.05
    assert promoted(-0.20, 6, spread) <= 0.05


@pytest.mark.parametrize("count", [6, 12, 24])
def test_a_better_challenger_mostly_passes_and_more_often_with_more_rings(count):
    better = promoted(0.05, count, 0.1)

    assert better >= 0.9
    assert promoted(0.0, count, 0.1) >= 0.6
    assert promoted(0.05, 2 * count, 0.1) >= better - 0.02


def test_the_rule_gets_sharper_with_rings_on_both_sides():
    few = promoted(0.0, 6, 0.1) - promoted(-0.08, 6, 0.1)
    many = promoted(0.0, 30, 0.1) - promoted(-0.08, 30, 0.1)

    assert many > few > 0.3
    assert many > 0.9


def test_the_gate_pools_the_rings_of_every_exam_and_says_how_many():
    cost = Cost(50.0, 80.0, 1_000_000)
    worse, held = rings([0.6] * 4), rings([0.7] * 4)
    exams = [Pair(f"world-{n}", worse, held) for n in range(3)]

    ruling = gate(Evidence(None, exams, cost, cost, {}), LIMITS, np.random.default_rng(1))

    (finding,) = [f for f in ruling.findings if f.rule == "next ring"]
    assert not finding.passed
    assert "12 rings" in finding.sentence
    assert finding.figures["change"] == pytest.approx(-0.1)


def test_one_ring_of_evidence_is_refused_as_too_little():
    cost = Cost(50.0, 80.0, 1_000_000)
    one = rings([0.7])
    pair = Pair("last weeks", one, one, by_labels=True)

    ruling = gate(Evidence(pair, [], cost, cost, {}), LIMITS, np.random.default_rng(1))

    assert not ruling.passed
    assert "too little is known" in ruling.reasons[0]


def test_slices_that_are_as_before_are_seldom_refused_however_many_are_asked():
    rng = np.random.default_rng(5)
    names = [f"country-{i % 30}" for i in range(3_000)]
    honest = np.ones(3_000, bool)
    wrong = 0
    for _ in range(100):
        now, before = rng.random(3_000) < 0.03, rng.random(3_000) < 0.03
        seen = slices_seen({"country": names}, honest, now, before, 50)
        wrong += any(against(seen, LIMITS, by_labels=False))

    assert wrong <= 8


def test_a_slice_that_pays_is_found_among_many():
    rng = np.random.default_rng(5)
    names = np.array([f"country-{i % 30}" for i in range(3_000)])
    now, before = rng.random(3_000) < 0.01, rng.random(3_000) < 0.01
    now[np.flatnonzero(names == "country-7")[:20]] = True

    seen = slices_seen({"country": names.tolist()}, np.ones(3_000, bool), now, before, 50)

    assert {told.split(":")[0] for told in against(seen, LIMITS, by_labels=False)} == {
        "country country-7"
    }
