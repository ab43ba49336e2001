"""What a model that never saw an account's own label thinks of it: the yardstick for labellers.

Accounts are spread over folds at random, not by ring: a ring that one labeller alone found supports
itself through its other members, while labels put on people who have nothing in common do not. That
is the difference between a find and a plant. Own behaviour alone is looked at. It knows nothing of
who labelled: that is ``etl.weekly.label_review``.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster, Floats, TreeConfig
from gnn.features import ACCOUNT_COLUMNS
from gnn.training_rows import TrainingRows

TREES = TreeConfig(trees=120, depth=4, rate=0.1, child_weight=2.0)
FOLDS = 5


def last_rows(
    rows: TrainingRows, known_at: Mapping[str, int]
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Every account's row before anybody's verdict on it: its key, and float32 [A, F].

    What an account does after it was found out is another life, so the last moment before
    ``known_at`` (us) is taken; the first there is, where none lies before.
    """
    found: dict[str, npt.NDArray[np.float32]] = {}
    for moment in rows.moments:
        for key, row in zip(moment.keys, moment.rows, strict=True):
            if key not in found or moment.as_of < known_at.get(key, 2**62):
                found[key] = row
    keys = tuple(sorted(found))
    width = len(ACCOUNT_COLUMNS)
    matrix = np.stack([found[key] for key in keys]) if keys else np.empty((0, width), np.float32)
    return keys, matrix


def opinion(
    rows: npt.NDArray[np.float32],
    fraud: npt.NDArray[np.bool_],
    rng: np.random.Generator,
    aside: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Out-of-fold log odds of each account, float64 [A]; zeros where there is nothing to learn.

    Accounts ``aside`` [A] are judged and not learnt from: whoever clears a ring must not teach that
    rings are honest.
    """
    counted = np.ones(len(rows)) if aside is None else np.where(aside, 0.0, 1.0)
    fold = rng.permutation(len(rows)) % FOLDS
    seed = int(rng.integers(2**31 - 1))
    margin = np.zeros(len(rows))
    for number in range(FOLDS):
        here = fold == number
        if not fraud[~here].any():
            continue
        forest = Booster.fit(
            rows,
            fraud,
            np.where(here, 0.0, counted),
            columns=ACCOUNT_COLUMNS,
            config=TREES,
            seed=seed,
        )
        margin[here] = forest.margin(rows[here])
    return margin


def standing_among(margin: Floats, ordinary: npt.NDArray[np.bool_]) -> Floats:
    """For each account the share (0..1) of ``ordinary`` ones that look at least as guilty, [A].

    Small is suspicious; an account picked at random stands anywhere between 0 and 1.
    """
    ranked = np.sort(margin[ordinary])
    above = len(ranked) - np.searchsorted(ranked, margin, side="left")
    return np.asarray(above / max(len(ranked), 1), np.float64)
