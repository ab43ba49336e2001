"""Cross-fitting: what a labelled row may know of labels and of models that saw its label. Nothing.

A column made from labels, or from a model trained on labels, is filled for each labelled row from
the other folds only, and for every other row from all of them. Folds keep whole groups (rings) on
one side where groups are known, so a row meets in training what it will meet on an unseen ring.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Given which rows' labels may be read, values for every row: [N] or [N, F].
FromLabels = Callable[[Mask], Matrix]


def fold_of(y: Mask, known: Mask, group: Ints | None, count: int, seed: int) -> Ints:
    """The fold of each known row, -1 elsewhere; int64 [N]. Groups stay whole."""
    rows = np.flatnonzero(known)
    fold = np.full(len(y), -1, dtype=np.int64)
    if group is None:
        parts = StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, y[rows])
    else:
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        parts = splitter.split(rows, y[rows], group[rows])
    for number, (_, held_out) in enumerate(parts):
        fold[rows[held_out]] = number
    return fold


def cross_fitted(values: FromLabels, fold: Ints) -> Matrix:
    """``values`` for every row, each known row filled without the labels of its own fold."""
    result = values(fold >= 0)
    for number in np.unique(fold[fold >= 0]):
        own = fold == number
        result[own] = values((fold >= 0) & ~own)[own]
    return result
