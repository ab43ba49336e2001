"""A graph from outside is read as people write them, and refused by name where it cannot be."""

from pathlib import Path

import numpy as np
import pytest

from etl.bench.graph import read_task
from graph.errors import SourceError

Arrays = dict[str, np.ndarray]


@pytest.fixture
def arrays() -> Arrays:
    """Forty rows in rings of two, every fourth ring positive."""
    rng = np.random.default_rng(4)
    group = np.repeat(np.arange(20), 2)
    return {
        "x": rng.normal(size=(40, 3)),
        "y": (group % 4 == 0).astype(np.int64),
        "edges": rng.integers(0, 40, (60, 2)),
        "group": group,
    }


def written(folder: Path, arrays: Arrays) -> Path:
    np.savez(folder / "g.npz", **arrays)
    return folder


def test_rows_that_nobody_labelled_are_neighbours_and_never_judged(
    arrays: Arrays, tmp_path: Path
) -> None:
    arrays["y"][30:] = -1

    task, splits = read_task(written(tmp_path, arrays))

    assert len(task.x) == 40
    assert not task.y[30:].any()
    assert len(splits) == 10
    assert not any(train[30:].any() or test[30:].any() for train, test in splits)


def test_edges_and_masks_the_other_way_round_are_read_alike(arrays: Arrays, tmp_path: Path) -> None:
    arrays.pop("group")
    train = np.arange(40) % 3 > 0
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    rows = arrays | {"train_masks": train[None], "test_masks": ~train[None]}
    columns = arrays | {"train_masks": train[:, None], "test_masks": ~train[:, None]}
    columns["edges"] = columns["edges"].T

    one, (first,) = read_task(written(tmp_path / "a", rows))
    other, (second,) = read_task(written(tmp_path / "b", columns))

    assert (one.graph.matrix != other.graph.matrix).nnz == 0
    assert np.array_equal(first, second)


def test_what_is_not_known_of_a_row_is_the_mean_of_the_others(
    arrays: Arrays, tmp_path: Path
) -> None:
    arrays["x"][:5, 0] = np.nan
    arrays["x"][:, 2] = np.nan

    task, _ = read_task(written(tmp_path, arrays))

    assert task.x[0, 0] == pytest.approx(arrays["x"][5:, 0].mean())
    assert not task.x[:, 2].any()


def test_every_drawn_split_has_both_classes_on_both_sides(arrays: Arrays, tmp_path: Path) -> None:
    """Two positive rings alone: most draws put both on one side."""
    arrays["y"] = np.isin(arrays["group"], (0, 1)).astype(np.int64)

    task, splits = read_task(written(tmp_path, arrays))

    assert len(splits) == 10
    for train, test in splits:
        assert task.y[train].sum() == task.y[test].sum() == 2


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"y": np.full(40, 7)}, "y must be 1"),
        ({"edges": np.array([[0, 40]])}, "rows 0 to 39 .got 0 to 40."),
        ({"edges": np.ones((3, 3))}, "edges must be"),
        ({"x": np.ones(40)}, "x must be"),
        ({"x": np.ones((39, 2))}, "x must be"),
        ({"x": np.full((40, 1), np.inf)}, "without end"),
        ({"group": np.ones(3)}, "group must be"),
        ({"y": np.zeros(40)}, "no split"),
        ({"train_masks": np.ones((2, 40)), "test_masks": np.ones((3, 40))}, "2 splits"),
        ({"train_masks": np.ones((2, 7)), "test_masks": np.ones((2, 7))}, "train_masks must be"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_by_name(
    arrays: Arrays, tmp_path: Path, changed: Arrays, told: str
) -> None:
    with pytest.raises(SourceError, match=told):
        read_task(written(tmp_path, arrays | changed))


def test_a_given_split_without_a_positive_is_refused_by_its_number(
    arrays: Arrays, tmp_path: Path
) -> None:
    test = (arrays["group"] % 2 == 1)[None]
    arrays |= {"train_masks": ~test, "test_masks": test}

    with pytest.raises(SourceError, match="split 0 lacks positives"):
        read_task(written(tmp_path, arrays))
