"""Scores between refreshes: a few accounts anew, their mates as the last refresh left them.

The same three forests and the same messages as :mod:`gnn.scorer`; only who is computed afresh
differs. What the graph network knew better than the forests at the refresh counts on, until the
next one asks it again. When every account is fresh the scores are those of a refresh, and a test
says so. It knows nothing of where rows come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.booster import Floats, Rows
from gnn.mates import Links, mates_matrix
from gnn.scorer import AccountScores, Scorer, probability

UNMET = -12.0
"""Log odds passed along by an account that no refresh has met yet: next to nothing."""


@dataclass(frozen=True)
class Standing:
    """What every account passed along its links at the last refresh.

    ``place`` maps an account to its row; ``own`` and ``near`` are margins (log odds), [N];
    ``beyond`` [N] is by how much the network moved what the forests said.
    """

    place: Mapping[str, int]
    own: Floats
    near: Floats
    beyond: Floats

    @classmethod
    def of(cls, scorer: Scorer, scores: AccountScores) -> "Standing":
        """The margins behind the scores of a refresh."""
        place = {key: i for i, key in enumerate(scores.keys)}
        fold = scorer.bundle.seats.fold_of(scores.keys)
        own = scorer.stages.own.margin(scores.rows, fold)
        near = scorer.stages.near.margin(scores.mates, fold)
        return cls(place, own, near, scores.beyond)

    def margins(self, keys: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """Own, near (:data:`UNMET` for who is not known) and beyond (0 then) of ``keys``."""
        rows = np.array([self.place.get(key, -1) for key in keys], np.int64)
        own, near = np.append(self.own, UNMET)[rows], np.append(self.near, UNMET)[rows]
        return own, near, np.append(self.beyond, 0.0)[rows]


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
        own, near, beyond = self.standing.margins(self.keys)
        own[fresh] = stages.own.margin(self.rows[fresh], fold)
        heard = mates_matrix(own, self.links, probability(own))[fresh]
        near[fresh] = stages.near.margin(heard, fold)
        again = mates_matrix(own, self.links, probability(near))[fresh]
        far = stages.far.margin(again, fold)
        margin = (own[fresh] + near[fresh] + far) / 3.0 + beyond[fresh]
        return bundle.calibrations["account"].probability(margin)
