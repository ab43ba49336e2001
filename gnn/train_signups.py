"""Fitting the sign-up forest on rows that hold what was known at each sign-up's own moment.

Mates' scores are those of the last refresh before the sign-up, out of fold: a model that had seen
the mates' labels would look better in training than it will be; so is what the graph network makes
of the company. The very function that serves (:func:`gnn.features.row_of`) makes the rows. It knows
nothing of account forests.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster, Floats, Rows, TreeConfig
from gnn.features import SIGNUP_COLUMNS, row_of
from gnn.features_signup import Moment
from gnn.network import Company, Network
from gnn.training_rows import Ints, Mask, TrainingRows
from gnn.voices import Voices

SIGNUP_TREES = TreeConfig(trees=200, depth=4, rate=0.06, child_weight=4.0)


@dataclass(frozen=True)
class SignupFit:
    """The sign-up forest, its out-of-fold margins [S] and the rows it saw [S, F].

    ``forest`` is None when no sign-up, or none of a known fraud, was there to learn from.
    """

    forest: Booster | None
    margin: Floats
    rows: Rows


@dataclass(frozen=True)
class Heard:
    """A graph network, and with what it is asked out of fold: own margins of accounts by moment.

    ``own`` has log odds [N] for each moment; ``fold`` [S] is that of each sign-up.
    """

    network: Network
    own: Sequence[Floats]
    fold: Ints


def with_company(rows: TrainingRows, heard: Heard | None) -> TrainingRows:
    """The sign-ups with what a network that never saw their labels makes of their company."""
    if heard is None:
        return rows
    moments = [moment.as_of for moment in rows.moments]
    last = np.array([bisect_right(moments, signup.now) - 1 for signup in rows.signups], np.int64)
    company = np.full(len(rows.signups), np.nan)
    for number, moment in enumerate(rows.moments):
        known = Company(moment.keys, moment.rows, heard.own[number], moment.links)
        here = last == number
        for judge in np.unique(heard.fold[here]).tolist():
            voices = Voices.of(heard.network, known, moment.names, judge=judge)
            for place in np.flatnonzero(here & (heard.fold == judge)).tolist():
                company[place] = voices.heard(heard.network, rows.signups[place].vicinity)
    met = zip(rows.signups, company.tolist(), strict=True)
    return replace(rows, signups=[replace(signup, company=said) for signup, said in met])


def signup_rows(rows: TrainingRows, scores: Sequence[Floats]) -> Rows:
    """The rows of all sign-ups, float32 [S, F], given the scores (0..1) at each moment."""
    if not rows.signups:
        return np.empty((0, len(SIGNUP_COLUMNS)), np.float32)
    moments = [moment.as_of for moment in rows.moments]
    published = [_lookup(m.keys, s) for m, s in zip(rows.moments, scores, strict=True)]
    return np.stack([_signup_row(signup, moments, published) for signup in rows.signups])


def _signup_row(
    signup: Moment, moments: Sequence[int], published: Sequence[Mapping[str, float]]
) -> npt.NDArray[np.float32]:
    last = bisect_right(moments, signup.now) - 1
    if last < 0:
        return row_of(signup)
    score_of = published[last]
    vicinity = signup.vicinity.with_scores(lambda key: score_of.get(key, math.nan))
    return row_of(replace(signup, vicinity=vicinity))


def _lookup(keys: Sequence[str], scores: Floats) -> dict[str, float]:
    return dict(zip(keys, scores.tolist(), strict=True))


def fit_signups(table: Rows, fraud: Mask, doubtful: Mask, fold: Ints, seed: int) -> SignupFit:
    """The sign-up forest on all rows, and out-of-fold margins.

    Args:
        table: float32 [S, F].
        fraud: which sign-ups are known fraud, [S].
        doubtful: which are left out of fitting, [S].
        fold: the fold of each, whole rings in one, [S].
        seed: of the draw of rows and columns.
    """
    weight = np.where(doubtful, 0.0, 1.0)
    if not fraud.any():
        return SignupFit(None, np.zeros(len(table)), table)

    def fitted(part: Mask) -> Booster:
        return Booster.fit(
            table,
            fraud,
            np.where(part, weight, 0.0),
            columns=SIGNUP_COLUMNS,
            config=SIGNUP_TREES,
            seed=seed,
        )

    margin = np.zeros(len(table))
    for number in np.unique(fold):
        here = fold == number
        margin[here] = fitted(~here).margin(table[here])
    return SignupFit(fitted(np.ones(len(table), bool)), margin, table)
