"""The graph network's rows of a back-test's panel: taught as of T, asked about the end.

It has the accounts' columns and what they share, and nothing else: no forest's opinion. The network
that is part of the score (:mod:`gnn.network`) has that too; what it says by itself, and what the
forests say without it, are taken from the scores of the end. It knows nothing of the truth.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.encoder import EncoderConfig, Lesson, fit_encoder, margins
from gnn.folds import groups_of, ring_weights
from gnn.network import parts_of
from gnn.scale import Scale
from gnn.scorer import AccountScores
from gnn.training_rows import AccountMoment, Roll, TrainingRows

Floats = npt.NDArray[np.float64]

ALONE = "graph network alone"
IN_SCORE = "graph network of the score"
WITHOUT = "score without graph network"
CONFIG = EncoderConfig(alone_epochs=30, epochs=90, learning_rate=1e-2)


@dataclass(frozen=True)
class Taught:
    """The accounts of T: who is fraud and what each weighs, [N]."""

    then: AccountMoment
    fraud: npt.NDArray[np.bool_]
    weight: Floats

    @classmethod
    def of(cls, rows: TrainingRows) -> "Taught":
        """Of the last moment of ``rows``; the unlabelled of bad groups weigh nothing."""
        roll, then = Roll.of(rows), rows.moments[-1]
        seat = roll.numbers(then.keys)
        groups = groups_of(roll, then.links, seat)
        fraud = roll.fraud[seat]
        weight = np.where(groups.shadow[seat], 0.0, 1.0)
        weight[fraud] = ring_weights(roll.fraud, groups.group)[seat][fraud]
        return cls(then, fraud, weight)


def parts_of_score(scores: AccountScores) -> dict[str, Floats]:
    """What network and forests say by themselves, [N] each; nothing where there is no network."""
    if scores.heard is None:
        return {}
    return {IN_SCORE: scores.heard, WITHOUT: scores.forests}


def network_alone(taught: Taught, last: AccountMoment, seed: int) -> Floats:
    """Log odds of every account of ``last``, [N]."""
    then = taught.then
    scale = Scale.of(then.rows)
    lesson = Lesson(scale(then.rows), then.links, taught.fraud, taught.weight)
    alone = fit_encoder([replace(lesson, weight=np.zeros(len(then.keys)))], CONFIG, seed)
    net = fit_encoder([lesson], CONFIG, seed + 1, alone)
    return margins(net, scale(last.rows), last.links, parts_of(last.keys))
