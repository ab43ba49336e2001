"""The graph network's rows of a back-test's panel: taught as of T, asked about the end.

*Alone* it has the accounts' columns and what they share. *Over own scores* it has in addition what
a forest says of each account's own behaviour, out of fold, so that it never meets a score that saw
the label: the nearest rival of passing scores along links. It knows nothing of the truth.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster
from gnn.encoder import EncoderConfig, Lesson, fit_encoder, margins
from gnn.features import ACCOUNT_COLUMNS
from gnn.folds import fold_of, groups_of, ring_weights
from gnn.tensors import Scale
from gnn.train_accounts import OWN_TREES
from gnn.training_rows import AccountMoment, Roll, TrainingRows

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]

ALONE = "graph network alone"
OVER_OWN = "graph network over own scores"
FOLDS = 5
CONFIG = EncoderConfig(alone_epochs=30, epochs=90, learning_rate=1e-2)


@dataclass(frozen=True)
class Taught:
    """The accounts of T: who is fraud, what each weighs and its fold, [N]."""

    then: AccountMoment
    fraud: npt.NDArray[np.bool_]
    weight: Floats
    fold: npt.NDArray[np.int64]

    @classmethod
    def of(cls, rows: TrainingRows, rng: np.random.Generator) -> "Taught":
        """Of the last moment of ``rows``; the unlabelled of bad groups weigh nothing."""
        roll, then = Roll.of(rows), rows.moments[-1]
        seat = roll.numbers(then.keys)
        groups = groups_of(roll, then.links, seat)
        fraud = roll.fraud[seat]
        weight = np.where(groups.shadow[seat], 0.0, 1.0)
        weight[fraud] = ring_weights(roll.fraud, groups.group)[seat][fraud]
        return cls(then, fraud, weight, fold_of(roll, groups, FOLDS, rng)[seat])


def network_alone(taught: Taught, last: AccountMoment, seed: int) -> Floats:
    """Log odds of every account of ``last``, [N]."""
    return _asked(taught, taught.then.rows, last.rows, last, seed)


def network_over_own(taught: Taught, last: AccountMoment, seed: int) -> Floats:
    """The same with the own forest's log odds among the columns, [N]."""
    then, now = _own(taught, last, seed)
    beside = [np.column_stack([m.rows, own]) for m, own in ((taught.then, then), (last, now))]
    return _asked(taught, beside[0].astype(np.float32), beside[1].astype(np.float32), last, seed)


def _asked(taught: Taught, then: Rows, now: Rows, last: AccountMoment, seed: int) -> Floats:
    scale = Scale.of(then)
    lesson = Lesson(scale(then), taught.then.links, taught.fraud, taught.weight)
    alone = fit_encoder([replace(lesson, weight=np.zeros(len(then)))], CONFIG, seed)
    net = fit_encoder([lesson], CONFIG, seed + 1, alone)
    return margins(net, scale(now), last.links, CONFIG.parts, seed)


def _own(taught: Taught, last: AccountMoment, seed: int) -> tuple[Floats, Floats]:
    """Log odds by own behaviour: of the accounts of T out of fold, of the last ones the mean."""
    then, now = np.zeros(len(taught.fraud)), np.zeros(len(last.keys))
    for number in range(FOLDS):
        here = taught.fold == number
        forest = Booster.fit(
            taught.then.rows,
            taught.fraud,
            np.where(here, 0.0, taught.weight),
            columns=ACCOUNT_COLUMNS,
            config=OWN_TREES,
            seed=seed,
        )
        then[here] = forest.margin(taught.then.rows[here])
        now += forest.margin(last.rows) / FOLDS
    return then, now
