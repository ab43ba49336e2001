"""One row through the leaves of a forest equals XGBoost's own prediction and explanation."""

import numpy as np
import pytest

from gnn.booster import Booster, TreeConfig
from gnn.calibrate import Calibration
from gnn.leaves import Leaves


def forest(depth: int, trees: int = 40) -> tuple[Booster, np.ndarray]:
    rng = np.random.default_rng(depth)
    rows = rng.normal(size=(1_500, 8)).astype(np.float32).round(1)
    fraud = rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.5
    rows[rng.random(rows.shape) < 0.25] = np.nan
    config = TreeConfig(trees=trees, depth=depth, child_weight=1.0)
    names = [f"c{i}" for i in range(8)]
    return Booster.fit(rows, fraud, np.ones(1_500), columns=names, config=config, seed=2), rows


@pytest.mark.parametrize("depth", [1, 4, 6])
def test_margin_and_shares_of_one_row_are_those_of_xgboost(depth):
    grown, rows = forest(depth)

    found = [grown.explained(row) for row in rows[:300]]

    assert isinstance(grown._leaves, Leaves), "the fast path must be the one that is tested"
    margins, shares = zip(*found, strict=True)
    np.testing.assert_allclose(margins, grown.margin(rows[:300]), rtol=0, atol=1e-6)
    np.testing.assert_allclose(shares, grown.contributions(rows[:300]), rtol=0, atol=2e-5)


@pytest.mark.parametrize("most", [1, 3, 15])
def test_into_how_many_parts_a_tree_is_cut_changes_nothing(most, monkeypatch):
    grown, rows = forest(4)
    found = [grown.explained(row) for row in rows[:50]]
    again = Booster.load(grown.save(), grown.columns)
    monkeypatch.setattr("gnn.leaves.NODES_MOST", most)

    for row, (margin, shares) in zip(rows, found, strict=False):
        same, others = again.explained(row)
        assert same == margin
        np.testing.assert_allclose(others, shares, rtol=0, atol=1e-12)


def test_values_at_a_split_and_beyond_all_of_them_go_the_same_way():
    grown, rows = forest(4)
    edges = np.unique(grown._leaves.split)
    table = np.tile(rows[:1], (len(edges) + 2, 1))
    table[:, 0] = [*edges, -np.inf, np.inf]

    found = [grown.explained(row)[0] for row in table]

    np.testing.assert_allclose(found, grown.margin(table), rtol=0, atol=1e-6)


def test_trees_too_deep_for_tables_are_left_to_xgboost(monkeypatch):
    monkeypatch.setattr("gnn.leaves.CELLS_MAX", 5_000)
    grown, rows = forest(8)

    margin, shares = grown.explained(rows[0])

    assert grown._leaves is None
    assert margin == pytest.approx(float(grown.margin(rows[:1])[0]))
    np.testing.assert_allclose(shares, grown.contributions(rows[:1])[0])


def test_one_margin_is_calibrated_as_many_are():
    calibration = Calibration(0.7, 1.3, -0.4)
    margins = np.array([-60.0, -3.2, -1e-9, 0.0, 0.4, 7.5, 60.0])

    alone = [calibration.one(float(margin)) for margin in margins]

    np.testing.assert_allclose(alone, calibration.probability(margins), rtol=1e-12)
