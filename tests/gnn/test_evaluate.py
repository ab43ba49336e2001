"""Every figure of a back-test against a case small enough to work out by hand."""

import numpy as np
import pytest

from gnn import evaluate
from gnn.evaluate import NEVER


def test_average_precision_of_a_ranking_worked_out_by_hand():
    fraud = np.array([True, False, True, False])
    score = np.array([0.9, 0.8, 0.7, 0.1])

    value = evaluate.average_precision(fraud, score)

    # Found at ranks 1 and 3: (1/1 + 2/3) / 2.
    assert value == pytest.approx((1 + 2 / 3) / 2)


def test_average_precision_without_any_fraud_is_undefined_rather_than_zero():
    assert np.isnan(evaluate.average_precision(np.zeros(3, bool), np.arange(3.0)))


def test_recall_at_a_false_positive_rate_counts_whole_honest_accounts():
    fraud = np.array([True] * 4 + [False] * 10)
    score = np.array([0.9, 0.8, 0.6, 0.2] + [0.7, 0.5] + [0.1] * 8)

    # No honest account may pass: 0.9 and 0.8 are above the best honest score (0.7).
    assert evaluate.recall_at_fpr(fraud, score, 0.0) == pytest.approx(0.5)
    assert evaluate.recall_at_fpr(fraud, score, 0.09) == pytest.approx(0.5)
    # One of ten may: 0.6 comes in too. Two of ten add nothing below 0.5 but 0.2.
    assert evaluate.recall_at_fpr(fraud, score, 0.1) == pytest.approx(0.75)
    assert evaluate.recall_at_fpr(fraud, score, 0.2) == pytest.approx(1.0)


def test_a_tie_between_fraud_and_honest_does_not_count_as_found():
    fraud = np.array([True, False])
    score = np.array([0.5, 0.5])

    assert evaluate.recall_at_fpr(fraud, score, 0.0) == 0.0


def test_the_review_budget_shares_a_tie_by_expectation():
    fraud = np.array([True, True, False, False])
    score = np.array([0.9, 0.5, 0.5, 0.1])

    # Two places: the first is a hit, the second one of two tied, of which one is fraud.
    assert evaluate.recall_within_budget(fraud, score, 0.5) == pytest.approx((1 + 0.5) / 2)
    assert evaluate.recall_within_budget(fraud, score, 0.25) == pytest.approx(0.5)


def test_the_exchange_that_raises_the_flag_is_not_prevented_and_later_ones_are():
    account = np.array([0, 0, 0, 1, 1, 2])
    at = np.array([10, 20, 30, 10, 40, 5])
    flagged_at = np.array([20, NEVER, 1])
    active_from = np.array([0, 0, NEVER])

    counted = evaluate.exchanges_prevented(account, at, flagged_at, active_from)

    assert counted.fraudulent.tolist() == [3, 2, 0]
    assert counted.prevented.tolist() == [1, 0, 0]
    assert counted.before_flag.tolist() == [2, 2, 0]
    assert counted.share() == pytest.approx(1 / 5)


def test_exchanges_of_a_bought_account_before_its_sale_are_not_fraud():
    account = np.array([0, 0, 0])
    at = np.array([10, 20, 30])

    counted = evaluate.exchanges_prevented(account, at, np.array([5]), np.array([20]))

    assert counted.fraudulent.tolist() == [2]
    assert counted.prevented.tolist() == [2]


def test_honest_kinds_are_listed_with_the_worst_first():
    rows = evaluate.honest_flagged(
        ["office", "office", "class", "class", "class", "class"],
        np.array([False, True, True, False, False, False]),
    )

    assert [(row.kind, row.accounts, row.flagged) for row in rows] == [
        ("office", 2, 1),
        ("class", 4, 1),
    ]
    assert [row.share for row in rows] == [0.5, 0.25]


def test_b_cubed_counts_honest_accounts_and_unreported_ones_as_classes_of_their_own():
    #          ring r1: two of campaign a, one honest;  a's third account unreported; others out
    cluster = ["r1", "r1", "r1", None, None]
    truth = ["a", "a", None, "a", None]

    figures = evaluate.b_cubed(cluster, truth)

    # Precision: 2/3, 2/3, 1/3, 1 over four accounts. Recall: 2/3, 2/3, 1, 1/3.
    assert figures.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert figures.recall == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3) / 4)
    assert figures.f1 == pytest.approx(2 / 3)


def test_b_cubed_of_the_truth_itself_is_one_and_of_one_big_ring_is_not():
    truth = ["a", "a", "b", "b", "b"]

    assert evaluate.b_cubed(truth, truth).f1 == 1.0
    merged = evaluate.b_cubed(["x"] * 5, truth)
    assert merged.recall == 1.0
    assert merged.precision == pytest.approx((2 * 2 / 5 + 3 * 3 / 5) / 5)


def test_b_cubed_tells_an_unreported_account_from_a_ring_that_bears_its_name():
    assert evaluate.b_cubed(["0", None], ["0", "0"]).recall == pytest.approx(0.5)


def test_the_bound_of_a_perfect_detector_waits_for_the_next_refresh():
    account = np.array([0, 0, 0, 1, 1, 2])
    at = np.array([5, 1, 3, 7, 9, 4])

    second = evaluate.nth_exchange(account, at, size=4, n=2)
    flagged = evaluate.first_refresh_after(second, np.array([3, 8]))

    assert second.tolist() == [3, 9, NEVER, NEVER]
    assert flagged.tolist() == [3, NEVER, NEVER, NEVER]


def test_the_bootstrap_is_wide_when_few_rings_carry_many_accounts():
    caught = np.repeat([1.0, 0.0, 1.0, 0.0], 250)
    rings = np.repeat([0, 1, 2, 3], 250)

    def share(weight):
        return float(weight @ caught / weight.sum())

    by_ring = evaluate.bootstrap(rings, share, np.random.default_rng(1))
    by_account = evaluate.bootstrap(np.arange(1000), share, np.random.default_rng(1))

    assert by_ring.value == by_account.value == 0.5
    assert by_ring.low <= 0.05
    assert by_ring.high >= 0.95
    assert by_account.high - by_account.low < 0.1


def test_the_same_seed_gives_the_same_interval():
    groups = np.arange(30)
    values = np.linspace(0, 1, 30)

    def mean(weight):
        return float(weight @ values / weight.sum())

    first = evaluate.bootstrap(groups, mean, np.random.default_rng(7))

    assert first == evaluate.bootstrap(groups, mean, np.random.default_rng(7))
    assert first != evaluate.bootstrap(groups, mean, np.random.default_rng(8))
