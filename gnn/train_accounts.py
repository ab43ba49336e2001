"""Fitting the voices of an account score, so that no row meets a model that saw its ring.

Own behaviour first: a forest per fold gives every account an out-of-fold score at every moment.
Those scores are passed along the links of that moment, and the second and third forest learn what
mates' scores are worth. What is unlabelled in a bad group is left out at first; where its own
behaviour, judged out of fold, is that of known fraud it joins them. The forests of all folds are
kept: a forest fitted on everything would call its own examples louder than mates' worth was learnt
at, and convict whoever is near them. Where there is enough to learn from, a graph network is taught
beside them (:mod:`gnn.train_network`). See ``gnn.train`` for what is done with the result.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster, Floats, TreeConfig
from gnn.features import ACCOUNT_COLUMNS
from gnn.folds import Groups, ring_weights
from gnn.mates import MATES_COLUMNS, MONOTONE, mates_matrix
from gnn.network import Company, Network
from gnn.scorer import Stage, Stages, probability, together
from gnn.train_network import Lessons, Pupils, fit_network, out_of_fold, worth_it
from gnn.training_rows import AccountMoment, Ints, Mask, Roll, Rows

OWN_TREES = TreeConfig(trees=120, depth=4, rate=0.08, child_weight=4.0, column_share=0.4)
MATES_TREES = TreeConfig(trees=120, depth=3, rate=0.08, child_weight=8.0, column_share=0.8)
NETWORK = Lessons()
FORESTS_AT_ONCE = 2
"""Each on one thread (:mod:`gnn.booster`), so that a forest is the same however many there are."""
PROMOTE_QUANTILE = 0.99  # of ordinary accounts' own scores; above it a shadow joins the known


@dataclass(frozen=True)
class Setting:
    """What all stages share: moments, their accounts' numbers, verdicts, folds, chosen rows.

    ``network_from`` is the number of accounts from which a graph network is taught.
    """

    moments: Sequence[AccountMoment]
    seats: Sequence[Ints]
    picks: Sequence[Mask]
    roll: Roll
    groups: Groups
    fold: Ints
    folds: int
    seed: int
    network_from: int = 0


@dataclass(frozen=True)
class AccountFit:
    """The forests, and what they would have said out of fold.

    ``margins`` holds for each moment the whole margin of its accounts [N]; ``own_margins`` that of
    their own behaviour alone. ``fraud`` [A] are the known and the promoted, ``doubtful`` [A] the
    unlabelled of bad groups that were not promoted. ``heard`` are the rows of the second forest at
    the last moment; ``network`` is None where there was too little to learn from, and
    ``network_margins`` what it says of the accounts of the last moment [N].
    """

    stages: Stages
    margins: Sequence[Floats]
    own_margins: Sequence[Floats]
    fraud: Mask
    doubtful: Mask
    heard: Rows
    network: Network | None = None
    network_margins: Floats | None = None


@dataclass(frozen=True)
class Targets:
    """Which accounts count as fraud, and how much each account's rows weigh, both [A]."""

    fraud: Mask
    weight: Floats


def fit_accounts(setting: Setting) -> AccountFit:
    """Fit the three forests and the network; see the module's opening."""
    own_rows = [moment.rows for moment in setting.moments]
    first, _ = _out_of_fold(setting, own_rows, _targets(setting, setting.roll.fraud), "own")
    # by own behaviour alone: whom mates speak against is not yet known to be one of them
    fraud = setting.roll.fraud | out_of_ordinary(setting, highest_of(setting, first))
    targets = _targets(setting, fraud)
    own, own_stage = _out_of_fold(setting, own_rows, targets, "own")
    near_rows = _heard(setting, own, own)
    near, near_stage = _out_of_fold(setting, near_rows, targets, "near")
    far, far_stage = _out_of_fold(setting, _heard(setting, own, near), targets, "far")
    network, said = _network(setting, own, targets)
    means = [
        together((a + b + c) / 3.0, heard)
        for a, b, c, heard in zip(own, near, far, said, strict=True)
    ]
    stages = Stages(own_stage, near_stage, far_stage)
    doubtful = setting.groups.shadow & ~fraud
    return AccountFit(stages, means, own, fraud, doubtful, near_rows[-1], network, said[-1])


def _network(
    setting: Setting, own: Sequence[Floats], targets: Targets
) -> tuple[Network | None, Sequence[Floats | None]]:
    """A graph network and its margins out of fold at every moment; None where it is not worth it.

    It is taught by the last moment: who was known by then, as he was then, in the company of then.
    """
    last, seat = setting.moments[-1], setting.seats[-1]
    known, least = setting.roll.fraud, setting.network_from
    if not worth_it(setting.groups, known, setting.folds, len(seat), least):
        return None, [None] * len(own)
    company = Company(last.keys, last.rows, own[-1], last.links)
    pupils = Pupils(company, targets.fraud[seat], targets.weight[seat], setting.fold[seat])
    network = fit_network(pupils, setting.folds, NETWORK, setting.seed)
    fold = [setting.fold[seat] for seat in setting.seats]
    return network, out_of_fold(network, setting.moments, own, fold)


def _targets(setting: Setting, fraud: Mask) -> Targets:
    """Known fraud weighs by ring, the unlabelled of bad groups nothing, everybody else one.

    Those of whom a verdict was overturned weigh more.
    """
    weight = setting.roll.weight.copy()
    weight[setting.groups.shadow] = 0.0
    weight[fraud] = ring_weights(fraud, setting.groups.group)[fraud]
    return Targets(fraud, weight)


def out_of_ordinary(setting: Setting, highest: Floats) -> Mask:
    """Unlabelled accounts of bad groups whose ``highest`` value is out of the ordinary, [A].

    A bystander of a bad group behaves like anybody: he passes with probability
    ``1 - PROMOTE_QUANTILE``, so those who pass are pure.
    """
    seen = np.isfinite(highest)
    anybody = highest[seen & ~setting.roll.fraud & ~setting.groups.shadow]
    known = highest[seen & setting.roll.fraud]
    if not len(anybody) or not len(known):
        return np.zeros(len(highest), bool)
    bar = max(float(np.quantile(anybody, PROMOTE_QUANTILE)), float(np.quantile(known, 0.1)))
    return np.asarray(setting.groups.shadow & (highest > bar), bool)


def highest_of(setting: Setting, values: Sequence[Floats]) -> Floats:
    """Each account's highest value over the moments before it was known, -inf for none, [A]."""
    highest = np.full(len(setting.roll.number), -np.inf)
    for moment, seat, value in zip(setting.moments, setting.seats, values, strict=True):
        open_yet = setting.roll.known_at[seat] > moment.as_of
        np.maximum.at(highest, seat[open_yet], value[open_yet])
    return highest


def _heard(
    setting: Setting, own: Sequence[Floats], passed: Sequence[Floats]
) -> list[npt.NDArray[np.float32]]:
    return [
        mates_matrix(margin, moment.links, probability(told))
        for moment, margin, told in zip(setting.moments, own, passed, strict=True)
    ]


def _out_of_fold(
    setting: Setting, rows: Sequence[Rows], targets: Targets, stage: str
) -> tuple[list[Floats], Stage]:
    """The margin of every account at every moment, by a forest that saw nobody of its fold."""

    def without(number: int) -> Booster:
        away = replace(targets, weight=np.where(setting.fold == number, 0.0, targets.weight))
        return _fitted(setting, rows, away, stage)

    with ThreadPoolExecutor(FORESTS_AT_ONCE) as pool:
        forests = tuple(pool.map(without, range(setting.folds)))
    margins = [np.zeros(len(seat)) for seat in setting.seats]
    for number, forest in enumerate(forests):
        for margin, row, seat in zip(margins, rows, setting.seats, strict=True):
            here = setting.fold[seat] == number
            if here.any():
                margin[here] = forest.margin(row[here])
    return margins, Stage(forests)


def _fitted(setting: Setting, rows: Sequence[Rows], targets: Targets, stage: str) -> Booster:
    picked = [(row[pick], seat[pick]) for row, seat, pick in _zipped(setting, rows)]
    accounts = np.concatenate([seat for _, seat in picked])
    # an account that comes in many times must not count many times
    times = np.bincount(accounts, minlength=len(targets.weight))[accounts]
    return Booster.fit(
        np.concatenate([row for row, _ in picked]),
        targets.fraud[accounts],
        targets.weight[accounts] / times,
        columns=ACCOUNT_COLUMNS if stage == "own" else MATES_COLUMNS,
        config=OWN_TREES if stage == "own" else MATES_TREES,
        seed=setting.seed,
        monotone=None if stage == "own" else MONOTONE,
    )


def _zipped(setting: Setting, rows: Sequence[Rows]) -> list[tuple[Rows, Ints, Mask]]:
    return list(zip(rows, setting.seats, setting.picks, strict=True))
