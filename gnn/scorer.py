"""A bundle at work: margins of sign-ups and accounts, calibrated.

Three forests speak of an account: of its own behaviour, of that and its mates' scores, and of that
and the mates' scores of the second kind (their mates heard). The graph network speaks of what it
does in the company it keeps. The score is half the mean of the forests' margins and half the
network's: their honest mistakes differ, so together they make fewer. A bundle that was taught on
few accounts has no network, and the forests are all there is. It knows nothing of stores, policies
or time.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster, Floats, Rows
from gnn.bundle import Bundle, Thresholds
from gnn.features import account_matrix
from gnn.mates import Links, mates_matrix
from gnn.network import Company
from gnn.voices import Voices, names_of
from graph.schema import NodeType
from graph.snapshot import Snapshot

NETWORK_SHARE = 0.5  # of the margin; what the forests say is the other half


@dataclass(frozen=True)
class AccountScores:
    """Scores of every account of a snapshot, in its order.

    ``score`` [N] is calibrated (0..1), ``own`` [N] the score of its own behaviour alone,
    ``flagged`` [N] whether it is over the threshold for action. ``rows`` and ``mates`` are what the
    forests saw, for reasons on demand (:func:`gnn.explain.account_reasons`); ``heard`` [N] is what
    the graph network says and ``forests`` [N] what they say, in log odds; without a network
    ``heard`` is None.
    """

    keys: tuple[str, ...]
    score: Floats
    own: Floats
    flagged: npt.NDArray[np.bool_]
    rows: Rows
    mates: Rows
    heard: Floats | None
    forests: Floats

    @property
    def own_margin(self) -> Floats:
        """What their own behaviour says of them, log odds [N]; a mates' row begins with it."""
        return self.mates[:, 0].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an account score: a forest for each fold of the training.

    An account that was trained on is scored by the one forest that did not see it, so that what it
    passes to its mates is as loud as it was when mates' worth was learnt; any other by their mean.
    """

    forests: tuple[Booster, ...]

    def margin(self, rows: Rows, fold: npt.NDArray[np.int64]) -> Floats:
        """Log odds of each row [N]; ``fold`` [N] is -1 for accounts that were not trained on."""
        total = np.zeros(len(rows))
        for number, forest in enumerate(self.forests):
            mine = np.where(fold == number, 1.0, np.where(fold < 0, 1.0 / len(self.forests), 0.0))
            heard = mine > 0
            if heard.any():
                total[heard] += mine[heard] * forest.margin(rows[heard])
        return total

    def contributions(self, rows: Rows) -> Floats:
        """What each column adds to the margin, by the mean of the forests, [N, F]."""
        total = np.zeros(rows.shape)
        for forest in self.forests:
            total += forest.contributions(rows) / len(self.forests)
        return total


@dataclass(frozen=True, slots=True)
class Stages:
    """The three stages of an account score."""

    own: Stage
    near: Stage
    far: Stage

    @classmethod
    def of(cls, bundle: Bundle) -> "Stages":
        """The stages that ``bundle`` holds."""
        return cls(*(Stage(bundle.stage(name)) for name in ("own", "near", "far")))


class Scorer:
    """Scores by one bundle: ``Scorer(Bundle.load(folder))``. Safe to share between threads."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.stages = Stages.of(bundle)

    @property
    def version(self) -> str:
        """The bundle's version, shown beside every score."""
        return self.bundle.version

    @property
    def thresholds(self) -> Thresholds:
        """The bundle's thresholds."""
        return self.bundle.thresholds

    @property
    def knows_signups(self) -> bool:
        """Whether the bundle was trained on sign-ups at all."""
        return "signup" in self.bundle.forests

    def signup(self, row: npt.NDArray[np.float32]) -> float:
        """The calibrated score (0..1) of one sign-up's row, float32 [F]."""
        return self.signup_explained(row)[0]

    def signup_explained(self, row: npt.NDArray[np.float32]) -> tuple[float, Floats]:
        """The score (0..1) of one sign-up's row, and each column's share of its log odds [F]."""
        margin, shares = self.bundle.forests["signup"].explained(row)
        return self.bundle.calibrations["signup"].one(margin), shares

    def signups(self, rows: Rows) -> Floats:
        """The calibrated scores of many rows, float64 [N]."""
        margin = self.bundle.forests["signup"].margin(rows)
        return self.bundle.calibrations["signup"].probability(margin)

    def accounts(self, snapshot: Snapshot) -> AccountScores:
        """The scores of every account of ``snapshot``, whose activity is set."""
        rows = account_matrix(snapshot)
        keys: tuple[str, ...] = tuple(snapshot.keys(NodeType.ACCOUNT).to_pylist())
        fold = self.bundle.seats.fold_of(keys)
        links = Links.of(snapshot)
        told = passed_along(self.stages, rows, links, fold)
        network = self.bundle.network
        company = Company(keys, rows, told.own, links)
        heard = None if network is None else network.margin(company, fold)
        forests = np.mean([told.own, told.near, told.far], axis=0)
        margin = together(forests, heard)
        score = self.bundle.calibrations["account"].probability(margin)
        flagged = score >= self.thresholds.account_flag
        own = probability(told.own)
        return AccountScores(keys, score, own, flagged, rows, told.mates, heard, forests)

    def voices(self, scores: AccountScores, snapshot: Snapshot, number: int) -> Voices | None:
        """What refresh ``number`` leaves for newcomers to hear; None without a network."""
        network = self.bundle.network
        if network is None or not len(scores.keys):
            return None
        company = Company(scores.keys, scores.rows, scores.own_margin, Links.of(snapshot))
        return Voices.of(network, company, names_of(snapshot), number=number)


@dataclass(frozen=True, slots=True)
class Told:
    """What the three stages of forests say, margins [N], and the second one's rows."""

    own: Floats
    near: Floats
    far: Floats
    mates: Rows


def passed_along(stages: Stages, rows: Rows, links: Links, fold: npt.NDArray[np.int64]) -> Told:
    """Own behaviour, mates, and mates of mates; ``fold`` [N] is -1 for who was not trained on."""
    own = stages.own.margin(rows, fold)
    mates = mates_matrix(own, links, probability(own))
    near = stages.near.margin(mates, fold)
    far = stages.far.margin(mates_matrix(own, links, probability(near)), fold)
    return Told(own, near, far, mates)


def together(forests: Floats, heard: Floats | None) -> Floats:
    """One margin of the mean of the forests' and the network's, where there is one, [N]."""
    if heard is None:
        return forests
    return forests * (1.0 - NETWORK_SHARE) + heard * NETWORK_SHARE


def probability(margin: Floats) -> Floats:
    """What is passed along links: the plain probability of log odds, 0..1."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -margin)), np.float64)
