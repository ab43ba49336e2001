"""The baseline panel on a labelled graph: every row on the same split, weakest first.

A product that claims a graph network must show it beside what is simpler: a rule on links, trees
on own columns, trees on two-hop means, scores passed along links, the network alone. The last row
is the stack. The graph is bare (columns, links of one kind, labels); where links have kinds the
network is :mod:`gnn.encoder`. It knows nothing of files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.ensemble import RandomForestClassifier
from xgboost import XGBClassifier

from gnn.crossfit import Ints, Mask, Matrix, cross_fitted, fold_of
from gnn.neighbours import (
    Adjacency,
    known_labels_near,
    mates_scores,
    surroundings,
    two_hop_means,
)
from gnn.sign import SignConfig, sign_scores, spread_evenly

FOLDS = 5


@dataclass(frozen=True)
class Task:
    """A graph with labels: ``x`` [N, F], ``y`` [N], links, and ``group`` [N] of whole rings."""

    x: Matrix
    y: Mask
    graph: Adjacency
    group: Ints | None = None

    @cached_property
    def near(self) -> Matrix:
        """Two-hop means, [N, 3 F]."""
        return two_hop_means(self.graph, self.x)

    @cached_property
    def wide(self) -> Matrix:
        """All that surrounds a node without labels, [N, 8 F + 4]."""
        return surroundings(self.graph, self.x)

    @cached_property
    def blocks(self) -> npt.NDArray[np.float32]:
        """:attr:`wide` as the network takes it."""
        return spread_evenly(self.wide)


@dataclass(frozen=True)
class Split:
    """What may be learnt from (``train``), with its folds, and the seed of everything random."""

    train: Mask
    fold: Ints
    seed: int

    @classmethod
    def of(cls, task: Task, train: Mask, seed: int) -> "Split":
        """The split with folds that keep the task's groups whole."""
        return cls(train, fold_of(task.y, train, task.group, FOLDS, seed), seed)


Row = Callable[[Task, Split], Matrix]


def trees(x: Matrix, y: Mask, train: Mask, seed: int, rounds: int = 3) -> Matrix:
    """Mean probability of ``rounds`` boosted models that differ by seed, for every row, [N]."""
    total = np.zeros(len(x))
    for turn in range(rounds):
        model = XGBClassifier(
            n_estimators=400,
            max_depth=5,
            learning_rate=0.03,
            subsample=0.7,
            colsample_bytree=0.4,
            min_child_weight=5,
            reg_lambda=5,
            tree_method="hist",
            n_jobs=1,
            random_state=1000 * seed + turn,
        )
        model.fit(x[train], y[train])
        total += model.predict_proba(x)[:, 1]
    return np.asarray(total / rounds)


def rule(task: Task, split: Split) -> Matrix:
    """Without a model: the shrunk share of known positives among a node's neighbours."""
    return np.asarray(known_labels_near(task.graph, task.y, split.train)[:, 0])


def xgboost_own(task: Task, split: Split) -> Matrix:
    """Boosted trees on own columns alone: what there is without a graph."""
    return trees(task.x, task.y, split.train, split.seed)


def xgboost_two_hop(task: Task, split: Split) -> Matrix:
    """Boosted trees on two-hop means."""
    return trees(task.near, task.y, split.train, split.seed)


def forest_two_hop(task: Task, split: Split) -> Matrix:
    """A random forest on two-hop means: the published row to beat on Tolokers (.8414)."""
    forest = RandomForestClassifier(500, min_samples_leaf=3, n_jobs=1, random_state=split.seed)
    forest.fit(task.near[split.train], task.y[split.train])
    return np.asarray(forest.predict_proba(task.near)[:, 1])


def score_propagation(task: Task, split: Split) -> Matrix:
    """Own score, then mates' out-of-fold scores twice; the mean of the three margins."""
    own = _out_of_fold(lambda _: task.x, task, split)
    once = _out_of_fold(lambda _: _with_mates(task, own), task, split)
    twice = _out_of_fold(lambda _: _with_mates(task, once), task, split)
    return _mean_margin(own, once, twice)


def network(task: Task, split: Split) -> Matrix:
    """The graph network alone."""
    return sign_scores(task.blocks, task.y, split.train, SignConfig(), split.seed)


def full_stack(task: Task, split: Split) -> Matrix:
    """Surroundings, known labels near, the network's and mates' out-of-fold scores, boosted."""
    labels = cross_fitted(lambda m: known_labels_near(task.graph, task.y, m), split.fold)
    first = np.hstack([task.wide, labels])
    near = _out_of_fold(lambda _: first, task, split)
    deep = cross_fitted(
        lambda m: sign_scores(task.blocks, task.y, m, SignConfig(), split.seed), split.fold
    )
    passed = np.hstack([first, mates_scores(task.graph, near), mates_scores(task.graph, deep)])
    stacked = np.column_stack([passed, _margin(deep)])
    return _mean_margin(
        trees(first, task.y, split.train, split.seed),
        trees(passed, task.y, split.train, split.seed),
        trees(stacked, task.y, split.train, split.seed),
    )


PANEL: dict[str, Row] = {
    "rule": rule,
    "xgboost_own": xgboost_own,
    "xgboost_two_hop": xgboost_two_hop,
    "forest_two_hop": forest_two_hop,
    "score_propagation": score_propagation,
    "network": network,
    "full_stack": full_stack,
}


def _out_of_fold(columns: Callable[[Mask], Matrix], task: Task, split: Split) -> Matrix:
    return cross_fitted(lambda m: trees(columns(m), task.y, m, split.seed, 1), split.fold)


def _with_mates(task: Task, score: Matrix) -> Matrix:
    return np.hstack([task.x, mates_scores(task.graph, score)])


def _margin(probability: Matrix) -> Matrix:
    return np.asarray(logit(np.clip(probability, 1e-6, 1 - 1e-6)))


def _mean_margin(*scores: Matrix) -> Matrix:
    return np.asarray(np.mean([_margin(score) for score in scores], axis=0))
