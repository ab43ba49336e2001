"""Drift is told from chance, whatever the size of the sample."""

import numpy as np

from etl.weekly.drift import drift_of, index, of_shares


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_moved_column_is_found_among_many_that_did_not_move():
    before = {f"c{i}": rng(i).normal(size=2_000) for i in range(30)}
    now = {f"c{i}": rng(100 + i).normal(size=2_000) for i in range(30)}
    now["c7"] = now["c7"] + 0.8

    found = drift_of(before, now, rng())

    assert [row.name for row in found if row.drifted] == ["c7"]
    moved = found[0]
    assert moved.name == "c7"
    assert moved.low < moved.psi < moved.high * 1.2
    assert moved.distance > 0.2


def test_a_small_sample_with_a_large_index_is_not_called_drift():
    alarms = 0
    for seed in range(20):
        before, now = rng(seed).normal(size=60), rng(1_000 + seed).normal(size=60)
        (row,) = drift_of({"x": before}, {"x": now}, rng())
        alarms += row.drifted

    assert alarms <= 1


def test_columns_that_go_blank_have_drifted():
    before, now = rng(1).normal(size=1_000), rng(2).normal(size=1_000)
    now[:400] = np.nan

    (row,) = drift_of({"x": before}, {"x": now}, rng())

    assert row.drifted


def test_a_column_with_one_value_or_none_says_nothing():
    same = {"x": np.ones(500), "y": np.full(500, np.nan)}

    assert not any(row.drifted for row in drift_of(same, same, rng()))


def test_too_few_are_passed_over():
    assert drift_of({"x": np.ones(5)}, {"x": np.zeros(500)}, rng()) == []


def test_a_new_name_in_a_mix_counts_with_all_others():
    before, now = {"a": 500, "b": 500}, {"a": 480, "b": 20, "new": 500}

    found = of_shares(before, now)

    assert found["psi"] > 1
    assert found["chance"] < 1e-6
    assert of_shares(before, before)["psi"] == 0.0
    assert of_shares({"a": 1}, now) == {}


def test_the_index_of_equal_shares_is_nothing_and_never_negative():
    assert index(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0.0
    assert index(np.array([0.5, 0.5]), np.array([0.9, 0.1])) > 0
