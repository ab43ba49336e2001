"""`ringsight bench graph PATH`: the panel on a labelled graph from outside, split by split.

Reads an ``.npz`` (or a folder that holds one): ``x`` [N, F], ``y`` [N] (1 = positive), ``edges``
[E, 2] undirected, ``train_masks`` and ``test_masks`` [S, N], optional ``val_masks`` and ``group``
[N] (rows of one number are one ring, below 0 = none). Arrays are read without pickle.
"""

from collections.abc import Callable, Iterator
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
    """The labelled graph in ``path`` and its (train, test) masks."""
    arrays = _read(path)
    y = arrays["y"].astype(np.int64) == 1
    group = arrays["group"].astype(np.int64) if "group" in arrays else None
    graph = Adjacency.of(arrays["edges"].astype(np.int64), len(y))
    task = Task(arrays["x"].astype(np.float64), y, graph, _alone(group))
    return task, list(_splits(arrays, task))


def _read(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    files = [path] if path.is_file() else sorted(path.glob("*.npz"))
    if not files:
        raise SourceError(f"no .npz file in {path}")
    with np.load(files[0], allow_pickle=False) as held:
        arrays = {name: held[name] for name in held.files}
    missing = {"x", "y", "edges"} - arrays.keys()
    if missing:
        raise SourceError(f"{files[0].name} lacks {sorted(missing)}; has {sorted(arrays)}")
    if arrays["edges"].ndim != 2 or arrays["edges"].shape[1] != 2:
        raise SourceError(f"edges must be [E, 2] (got {list(arrays['edges'].shape)})")
    if len(arrays["x"]) != len(arrays["y"]):
        raise SourceError(f"x has {len(arrays['x'])} rows, y has {len(arrays['y'])}")
    return arrays


def _alone(group: Ints | None) -> Ints | None:
    """Rows without a ring become rings of one."""
    if group is None:
        return None
    own = np.arange(len(group)) + max(int(group.max()), 0) + 1
    return np.where(group < 0, own, group)


def _splits(arrays: dict[str, npt.NDArray[np.generic]], task: Task) -> Iterator[tuple[Mask, Mask]]:
    if "train_masks" in arrays and "test_masks" in arrays:
        given = zip(_masks(arrays["train_masks"]), _masks(arrays["test_masks"]), strict=True)
        pairs = list(given)
        if all(_whole(task.group, train, test) for train, test in pairs):
            yield from pairs
            return
    draw = GroupShuffleSplit(10, test_size=0.5, random_state=0)
    rings = np.arange(len(task.y)) if task.group is None else task.group
    for train, test in draw.split(task.x, task.y, rings):
        yield _mask(train, len(task.y)), _mask(test, len(task.y))


def _masks(array: npt.NDArray[np.generic]) -> list[Mask]:
    return list(np.atleast_2d(array.astype(bool)))


def _mask(rows: Ints, size: int) -> Mask:
    mask = np.zeros(size, dtype=bool)
    mask[rows] = True
    return mask


def _whole(group: Ints | None, train: Mask, test: Mask) -> bool:
    """No ring on both sides."""
    return group is None or not np.intersect1d(group[train], group[test]).size
