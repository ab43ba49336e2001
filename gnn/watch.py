"""Scores between refreshes: a few accounts anew, their mates as the last refresh left them.

The same three forests and the same messages as :mod:`gnn.scorer`; only who is computed afresh
differs. What the graph network said of an account at the refresh stands as its half of the score
until the next one asks it again, so that nobody is convicted between refreshes by forests alone who
is known to it. When every account is fresh the scores are those of a refresh, and a test says so.
It knows nothing of where rows come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.booster import Floats, Rows
from gnn.mates import Links, mates_matrix
from gnn.scorer import AccountScores, Scorer, probability, together

UNMET = -12.0
"""Log odds passed along by an account that no refresh has met yet: next to nothing."""


@dataclass(frozen=True)
class Standing:
    """What every account passed along its links at the last refresh.

    ``place`` maps an account to its row; ``own`` and ``near`` are margins (log odds), [N];
    ``heard`` [N] is what the network said of each, NaN where there is none.
    """

    place: Mapping[str, int]
    own: Floats
    near: Floats
    heard: Floats

    @classmethod
    def of(cls, scorer: Scorer, scores: AccountScores) -> "Standing":
        """The margins behind the scores of a refresh."""
        place = {key: i for i, key in enumerate(scores.keys)}
        fold = scorer.bundle.seats.fold_of(scores.keys)
        own = scorer.stages.own.margin(scores.rows, fold)
        near = scorer.stages.near.margin(scores.mates, fold)
        heard = np.full(len(scores.keys), np.nan) if scores.heard is None else scores.heard
        return cls(place, own, near, heard)

    def margins(self, keys: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """Own, near (:data:`UNMET` for who is not known) and heard (NaN then) of ``keys``."""
        rows = np.array([self.place.get(key, -1) for key in keys], np.int64)
        own, near = np.append(self.own, UNMET)[rows], np.append(self.near, UNMET)[rows]
        return own, near, np.append(self.heard, np.nan)[rows]


@dataclass(frozen=True)
class Fresh:
    """Accounts of a piece of the graph, some of which are scored anew.

    ``keys`` [N], ``rows`` float32 [N, F] (only those of fresh accounts are read) and ``links`` are
    of one snapshot, in its order.
    """

    scorer: Scorer
    standing: Standing
    keys: tuple[str, ...]
    rows: Rows
    links: Links

    def scores(self, fresh: npt.NDArray[np.bool_]) -> Floats:
        """Calibrated scores (0..1) of the accounts marked in ``fresh`` [N], in order."""
        bundle, stages = self.scorer.bundle, self.scorer.stages
        fold = bundle.seats.fold_of([key for key, new in zip(self.keys, fresh, strict=True) if new])
        own, near, said = self.standing.margins(self.keys)
        own[fresh] = stages.own.margin(self.rows[fresh], fold)
        heard = mates_matrix(own, self.links, probability(own))[fresh]
        near[fresh] = stages.near.margin(heard, fold)
        again = mates_matrix(own, self.links, probability(near))[fresh]
        far = stages.far.margin(again, fold)
        forests = (own[fresh] + near[fresh] + far) / 3.0
        known = said[fresh]
        margin = np.where(np.isnan(known), forests, together(forests, known))
        return bundle.calibrations["account"].probability(margin)
