"""The panel reads labels only where it may, keeps rings whole, and beats what is simpler."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from etl.bench.graph import bench_graph, read_task
from gnn.crossfit import cross_fitted
from gnn.neighbours import Adjacency, known_labels_near, mates_scores, surroundings
from gnn.panel import PANEL, Split, Task, full_stack, xgboost_own
from gnn.sign import SignConfig, sign_scores, spread_evenly
from graph.errors import SourceError


def rings_and_crowds(seed: int, rings: int = 40, crowds: int = 60) -> dict[str, np.ndarray]:
    """Groups of ten, tied inside; in a ring each member is odd by a little, in a crowd not."""
    rng = np.random.default_rng(seed)
    groups, size = rings + crowds, 10
    group = np.repeat(np.arange(groups), size)
    y = (group < rings).astype(np.int64)
    x = rng.normal(size=(len(y), 4))
    x[:, 0] += 0.5 * y
    inside = (
        rng.integers(0, size, (groups * 25, 2)) + size * np.repeat(np.arange(groups), 25)[:, None]
    )
    across = rng.integers(0, len(y), (300, 2))
    return {"x": x, "y": y, "edges": np.concatenate([inside, across]), "group": group}


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    return rings_and_crowds(seed=3)


@pytest.fixture(scope="module")
def task(arrays: dict[str, np.ndarray]) -> Task:
    graph = Adjacency.of(arrays["edges"], len(arrays["y"]))
    return Task(arrays["x"], arrays["y"] == 1, graph, arrays["group"])


@pytest.fixture(scope="module")
def split(task: Task) -> Split:
    return Split.of(task, task.group % 2 == 0, seed=0)


def test_no_row_carries_its_own_label(task: Task) -> None:
    known = np.arange(len(task.y)) % 3 > 0
    before = known_labels_near(task.graph, task.y, known)

    for row in (1, 50, 500):
        flipped = task.y.copy()
        flipped[row] = not flipped[row]
        after = known_labels_near(task.graph, flipped, known)
        # The prior is a mean over all labels and moves by 1/N; nothing else may.
        assert np.abs(after[row] - before[row]).max() < 2 / known.sum()


def test_a_fold_is_filled_without_its_own_labels(task: Task, split: Split) -> None:
    own = split.fold == 2

    filled = cross_fitted(lambda may_read: (may_read & own).astype(float), split.fold)

    assert not filled[own].any()


def test_folds_and_splits_keep_rings_whole(task: Task, split: Split) -> None:
    for ring in np.unique(task.group[split.train]):
        assert len(np.unique(split.fold[task.group == ring])) == 1


def test_a_graph_without_loops_or_double_edges_is_made_of_any_edge_list() -> None:
    graph = Adjacency.of(np.array([[0, 1], [1, 0], [1, 1], [1, 2]]), 4)

    assert graph.degree.tolist() == [1, 2, 1, 0]
    assert graph.matrix.diagonal().sum() == 0


def test_surroundings_follow_the_nodes_when_they_are_renumbered(task: Task) -> None:
    order = np.random.default_rng(0).permutation(len(task.y))
    place = np.argsort(order)
    edges = np.column_stack(task.graph.matrix.nonzero())
    renamed = Adjacency.of(place[edges], len(order))

    wide = surroundings(renamed, task.x[order])

    assert np.allclose(wide, task.wide[order])
    scores = mates_scores(renamed, task.x[order, 0])
    assert np.allclose(scores, mates_scores(task.graph, task.x[:, 0])[order])


def test_an_isolated_node_has_finite_columns() -> None:
    graph = Adjacency.of(np.array([[0, 1]]), 3)
    x = np.ones((3, 2))

    assert np.isfinite(surroundings(graph, x)).all()
    assert np.isfinite(known_labels_near(graph, np.ones(3, bool), np.ones(3, bool))).all()


def test_the_same_seed_gives_the_same_network(task: Task, split: Split) -> None:
    blocks = spread_evenly(task.wide)
    config = SignConfig(epochs=2)

    once = sign_scores(blocks, task.y, split.train, config, seed=5)

    assert np.array_equal(once, sign_scores(blocks, task.y, split.train, config, seed=5))


def test_links_lift_the_stack_above_own_columns_on_rings_never_seen(
    task: Task, split: Split
) -> None:
    test = ~split.train

    own = roc_auc_score(task.y[test], xgboost_own(task, split)[test])
    stack = roc_auc_score(task.y[test], full_stack(task, split)[test])

    assert own < 0.75
    assert stack > own + 0.05


def test_shuffled_labels_teach_nothing(task: Task, split: Split) -> None:
    shuffled = np.random.default_rng(1).permutation(task.y)
    blind = Task(task.x, shuffled, task.graph, task.group)

    score = full_stack(blind, split)[~split.train]

    assert abs(roc_auc_score(shuffled[~split.train], score) - 0.5) < 0.12


def test_the_bench_reads_a_folder_and_reports_every_row(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    np.savez(tmp_path / "graph.npz", **arrays)

    figures = bench_graph(tmp_path, 1, lambda *_: None)

    assert list(figures) == list(PANEL)
    assert figures["full_stack"]["auroc_mean"] > figures["xgboost_own"]["auroc_mean"]


def test_given_splits_that_cut_a_ring_are_replaced(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    cut = np.arange(len(arrays["y"])) % 2 == 0
    np.savez(tmp_path / "g.npz", **arrays, train_masks=[cut], test_masks=[~cut])

    task, splits = read_task(tmp_path)

    assert len(splits) == 10
    for train, test in splits:
        assert not np.intersect1d(task.group[train], task.group[test]).size


def test_a_file_without_edges_is_refused_by_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "g.npz", x=np.ones((2, 1)), y=np.ones(2))

    with pytest.raises(SourceError, match="lacks \\['edges'\\]"):
        read_task(tmp_path)
