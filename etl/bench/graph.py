"""`ringsight bench graph PATH`: the panel on a labelled graph from outside, split by split.

Reads an ``.npz`` (or a folder that holds one): ``x`` [N, F] (NaN = not known), ``y`` [N] (1 =
positive, 0 = negative, below 0 = nobody knows: a neighbour that is neither learnt from nor judged),
``edges`` [E, 2] undirected, optional ``train_masks`` and ``test_masks`` [S, N] and ``group`` [N]
(rows of one number are one ring, below 0 = none). Where PyTorch Geometric's habit is the other way
round, edges [2, E] and masks [N, S], that is read too. Arrays are read without pickle.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from gnn.crossfit import Ints, Mask
from gnn.neighbours import Adjacency
from gnn.panel import PANEL, Split, Task
from graph.errors import SourceError

Figures = dict[str, dict[str, float]]
Progress = Callable[[str, int, int], None]

SPLITS = 10
DRAWS = 200  # of which the first SPLITS with both classes on both sides are used


def bench_graph(path: Path, splits: int | None, progress: Progress) -> Figures:
    """``auroc_mean``, ``auroc_std`` and ``average_precision_mean`` of each row of the panel.

    With ``group`` no ring stands on both sides of a split: the file's own splits are used where
    they keep rings whole, else ten are drawn.

    Raises:
        SourceError: if the file lacks an array or an array has the wrong shape.
    """
    task, masks = read_task(path)
    chosen = masks[:splits]
    auroc: dict[str, list[float]] = {name: [] for name in PANEL}
    precision: dict[str, list[float]] = {name: [] for name in PANEL}
    for number, (train, test) in enumerate(chosen):
        split = Split.of(task, train, seed=number)
        for place, (name, row) in enumerate(PANEL.items()):
            progress(name, number * len(PANEL) + place, len(chosen) * len(PANEL))
            score = row(task, split)[test]
            auroc[name].append(float(roc_auc_score(task.y[test], score)))
            precision[name].append(float(average_precision_score(task.y[test], score)))
    return {
        name: {
            "auroc_mean": float(np.mean(auroc[name])),
            "auroc_std": float(np.std(auroc[name])),
            "average_precision_mean": float(np.mean(precision[name])),
        }
        for name in PANEL
    }


def read_task(path: Path) -> tuple[Task, list[tuple[Mask, Mask]]]:
    """The labelled graph in ``path`` and its (train, test) masks.

    Raises:
        SourceError: if an array is missing, does not fit the others, or cannot be learnt from.
    """
    arrays = _read(path)
    told = arrays["y"].astype(np.float64)
    size = len(told)
    if not np.isin(told[told >= 0], (0, 1)).all():
        raise SourceError("y must be 1 (positive), 0 (negative) or below 0 (nobody knows)")
    group = _column(arrays["group"], size, "group") if "group" in arrays else None
    graph = Adjacency.of(_pairs(arrays["edges"], size), size)
    task = Task(_filled(arrays["x"], size), told == 1, graph, _alone(group))
    return task, list(_splits(arrays, task, told >= 0))


def _read(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    files = [path] if path.is_file() else sorted(path.glob("*.npz"))
    if not files:
        raise SourceError(f"no .npz file in {path}")
    with np.load(files[0], allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    missing = {"x", "y", "edges"} - arrays.keys()
    if missing:
        raise SourceError(f"{files[0].name} lacks {sorted(missing)}; has {sorted(arrays)}")
    return arrays


def _column(array: npt.NDArray[np.generic], size: int, name: str) -> Ints:
    if array.shape != (size,):
        raise SourceError(f"{name} must be [{size}] as y is (got {list(array.shape)})")
    return array.astype(np.int64)


def _pairs(array: npt.NDArray[np.generic], size: int) -> Ints:
    pairs = array.T if array.ndim == 2 and array.shape[0] == 2 != array.shape[1] else array
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise SourceError(f"edges must be [E, 2] (got {list(array.shape)})")
    edges = pairs.astype(np.int64)
    if edges.size and not 0 <= edges.min() <= edges.max() < size:
        found = f"{edges.min()} to {edges.max()}"
        raise SourceError(f"edges must name rows 0 to {size - 1} (got {found})")
    return edges


def _filled(array: npt.NDArray[np.generic], size: int) -> npt.NDArray[np.float64]:
    """The columns with the mean of a column where it is not known, 0 where nobody knows it."""
    if array.ndim != 2 or len(array) != size:
        raise SourceError(f"x must be [{size}, F] as y is (got {list(array.shape)})")
    x = array.astype(np.float64)
    if np.isinf(x).any():
        raise SourceError("x holds numbers without end; use NaN for what is not known")
    known = ~np.isnan(x)
    total = np.where(known, x, 0.0).sum(axis=0)
    return np.where(known, x, total / np.maximum(known.sum(axis=0), 1))


def _alone(group: Ints | None) -> Ints | None:
    """Rows without a ring become rings of one."""
    if group is None:
        return None
    own = np.arange(len(group)) + max(int(group.max()), 0) + 1
    return np.where(group < 0, own, group)


def _splits(
    arrays: dict[str, npt.NDArray[np.generic]], task: Task, judged: Mask
) -> Iterator[tuple[Mask, Mask]]:
    pairs: list[tuple[Mask, Mask]] = []
    if "train_masks" in arrays and "test_masks" in arrays:
        pairs = _paired(*(_masks(arrays, name, judged) for name in ("train_masks", "test_masks")))
    if pairs and all(_whole(task.group, train, test) for train, test in pairs):
        for number, (train, test) in enumerate(pairs):
            if not (_both(task.y[train]) and _both(task.y[test])):
                raise SourceError(f"split {number} lacks positives or negatives on one side")
        yield from pairs
        return
    yield from _drawn(task, judged)


def _drawn(task: Task, judged: Mask) -> Iterator[tuple[Mask, Mask]]:
    """Ten splits by whole rings with both classes on both sides."""
    rows = np.flatnonzero(judged)
    rings = rows if task.group is None else task.group[rows]
    draw = GroupShuffleSplit(DRAWS, test_size=0.5, random_state=0)
    drawn = ((rows[train], rows[test]) for train, test in draw.split(rows, groups=rings))
    fit = (sides for sides in drawn if all(_both(task.y[side]) for side in sides))
    found = list(islice(fit, SPLITS))
    if not found:
        raise SourceError("no split has positives and negatives on both sides with rings whole")
    for train, test in found:
        yield _mask(train, len(judged)), _mask(test, len(judged))


def _paired(train: list[Mask], test: list[Mask]) -> list[tuple[Mask, Mask]]:
    if len(train) != len(test):
        raise SourceError(f"train_masks has {len(train)} splits, test_masks {len(test)}")
    return list(zip(train, test, strict=True))


def _masks(arrays: dict[str, npt.NDArray[np.generic]], name: str, judged: Mask) -> list[Mask]:
    """The masks without the rows of which nobody knows the label."""
    array = arrays[name]
    masks = np.atleast_2d(array.astype(bool))
    size = len(judged)
    if masks.shape[1] != size and masks.shape[0] == size:
        masks = masks.T
    if masks.shape[1] != size:
        raise SourceError(f"{name} must be [S, {size}] (got {list(array.shape)})")
    return list(masks & judged)


def _both(y: Mask) -> bool:
    return bool(y.any()) and not y.all()


def _mask(rows: Ints, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask


def _whole(group: Ints | None, train: Mask, test: Mask) -> bool:
    """No ring on both sides."""
    return group is None or not np.intersect1d(group[train], group[test]).size
