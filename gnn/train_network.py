"""Teaching the graph network of a score, so that nobody is judged by one that saw his ring.

It is given what accounts do, what their own forest says of that out of fold, and what they share.
One start, which has seen no label, is taught by masked columns; from it a network for each fold is
taught by the labels of the others. Where few rings are known there is nothing that a network could
learn and a forest could not, and it costs minutes: there the score does without. See
:mod:`gnn.network` for how it is asked, :mod:`gnn.train_accounts` for who is believed to be fraud.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.folds import Groups
from gnn.mates import Links, Ties
from gnn.network import Company, Network
from gnn.scale import Scale
from gnn.training_rows import AccountMoment, Ints, Mask

Floats = npt.NDArray[np.float64]
MOST_ACCOUNTS = 60_000  # more are sampled, whole groups of known fraud always among them


@dataclass(frozen=True, slots=True)
class Lessons:
    """How long it is taught: by masked columns alone, then by labels; steps over everybody."""

    alone: int = 30
    labelled: int = 90
    learning_rate: float = 1e-2


@dataclass(frozen=True)
class Pupils:
    """Who is taught about: accounts of the last moment with targets, weights and folds, [N]."""

    company: Company
    fraud: Mask
    weight: Floats
    fold: Ints

    def only(self, keep: Mask) -> "Pupils":
        """Those in ``keep`` [N] and what they share with each other."""
        company, kept = self.company, np.flatnonzero(keep)
        keys = [company.keys[place] for place in kept.tolist()]
        links = _among(company.links, keep)
        fewer = Company(keys, company.rows[keep], company.own[keep], links)
        return Pupils(fewer, self.fraud[keep], self.weight[keep], self.fold[keep])


def worth_it(groups: Groups, fraud: Mask, folds: int, accounts: int, least: int) -> bool:
    """Whether there are ``least`` accounts, and a ring of known ones or more for each fold."""
    _, sizes = np.unique(groups.group[fraud], return_counts=True)
    return accounts >= least and int((sizes > 1).sum()) >= folds


def fit_network(pupils: Pupils, folds: int, lessons: Lessons, seed: int) -> Network:
    """A network for each fold, none of which saw a label of its own fold."""
    from gnn.encoder import EncoderConfig, Lesson, arrays_of, fit_encoder  # noqa: PLC0415 - torch

    rng = np.random.default_rng(seed)
    pupils = pupils.only(_sampled(pupils, rng))
    scale = Scale.of(pupils.company.columns)
    x, nothing = scale(pupils.company.columns), np.zeros(len(pupils.weight))
    lesson = Lesson(x, pupils.company.links, pupils.fraud, nothing)
    config = EncoderConfig(
        alone_epochs=lessons.alone, epochs=lessons.labelled, learning_rate=lessons.learning_rate
    )
    start = fit_encoder([lesson], config, seed)
    nets = []
    for number in range(folds):
        weight = np.where(pupils.fold == number, 0.0, pupils.weight)
        nets.append(fit_encoder([replace(lesson, weight=weight)], config, seed + 1 + number, start))
    return Network(tuple(arrays_of(net) for net in nets), scale)


def out_of_fold(
    network: Network, moments: Sequence[AccountMoment], own: Sequence[Floats], fold: Sequence[Ints]
) -> list[Floats]:
    """Log odds of every account at every moment, by the network that never saw its label."""
    return [
        network.margin(Company(moment.keys, moment.rows, margin, moment.links), seats)
        for moment, margin, seats in zip(moments, own, fold, strict=True)
    ]


def _sampled(pupils: Pupils, rng: np.random.Generator) -> Mask:
    """All known fraud and who stands apart, and of the others so many that not too many remain."""
    size = len(pupils.weight)
    if size <= MOST_ACCOUNTS:
        return np.ones(size, bool)
    telling = pupils.fraud | (pupils.weight != 1.0)
    chance = (MOST_ACCOUNTS - telling.sum()) / max((~telling).sum(), 1)
    return np.asarray(telling | (rng.random(size) < chance), bool)


def _among(links: Links, keep: Mask) -> Links:
    place = np.cumsum(keep) - 1
    ties = tuple(_kept(tie, keep[tie.accounts], place) for tie in links.ties)
    return Links(int(keep.sum()), ties)


def _kept(tie: Ties, both: Mask, place: Ints) -> Ties:
    return replace(
        tie,
        accounts=place[tie.accounts[both]],
        entities=tie.entities[both],
        counts=tie.counts[both],
    )
