"""Why a score is what it is, in sentences with figures.

Each column's share of the margin (TreeSHAP) becomes a reason when it speaks against an account and
counter-evidence when it speaks for it. A reason holds what was observed and what is usual. Nothing
here decides anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gnn.booster import Floats
from gnn.bundle import Bundle
from gnn.columns import Column, Family, written
from gnn.features_account import ACCOUNT
from gnn.features_signup import SIGNUP
from gnn.mates import MATES
from gnn.network import NETWORK_SCORE
from gnn.scorer import NETWORK_SHARE, AccountScores, Scorer, probability

NETWORK: tuple[Column[None, None], ...] = (NETWORK_SCORE,)
LEAST_WEIGHT = 0.05  # log odds; below it a column is noise to a reader


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence: ``weight`` is its share of the log odds, > 0 against the account.

    ``observed`` and ``usual`` are written for people; NaN values read ``unknown``. ``entities`` are
    ids of the nodes behind it.
    """

    code: str
    sentence: str
    observed: str
    usual: str
    weight: float
    family: Family
    entities: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The form that is stored and shown, the same as a ring's reasons have."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "observed": self.observed,
            "usual": self.usual,
            "weight": self.weight,
            "family": self.family.value,
            "entities": list(self.entities),
        }


class Described(Protocol):
    """What a reason needs of a column."""

    @property
    def name(self) -> str:
        """The column's name, the reason's code."""

    @property
    def family(self) -> Family:
        """The kind of evidence."""

    @property
    def sentence(self) -> str:
        """What an investigator reads."""


def signup_reasons(
    bundle: Bundle,
    row: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float64],
    most: int = 5,
) -> tuple[list[Reason], list[Reason]]:
    """Reasons and counter-evidence of one sign-up's row, strongest first, ``most`` of each.

    ``weights`` [F] is each column's share of the margin (:meth:`Scorer.signup_explained`).
    """
    columns, weight = SIGNUP.columns, weights.tolist()
    telling = _telling(row, weights)
    against = sorted((-weight[n], columns[n].name, n) for n in telling if weight[n] > 0)[:most]
    counter = sorted((weight[n], columns[n].name, n) for n in telling if weight[n] < 0)[:most]
    # Only those that are told are written out: a row has some forty that count.
    usual = bundle.usual["signup"]
    one, other = (
        [_reason(columns[n], float(row[n]), float(usual[n]), weight[n]) for *_, n in found]
        for found in (against, counter)
    )
    return one, other


@dataclass(frozen=True)
class Shares:
    """What columns add to the margins of the stages of some accounts, each [P, F]."""

    own: Floats
    near: Floats
    far: Floats

    @classmethod
    def of(cls, scorer: Scorer, scores: AccountScores, places: Sequence[int]) -> "Shares":
        """Those of the accounts at ``places``, in their order."""
        stages, rows = scorer.stages, list(places)
        mates = scores.mates[rows]
        own = stages.own.contributions(scores.rows[rows])
        return cls(own, stages.near.contributions(mates), stages.far.contributions(mates))


def account_reasons(
    scorer: Scorer, scores: AccountScores, place: int, most: int = 5
) -> tuple[list[Reason], list[Reason]]:
    """Reasons and counter-evidence of the account at ``place``, strongest first, ``most`` of each.

    The own forest's reasons count a third of what forests say, for its own margin, and as much
    again of what the mates' forests make of the own score; the mates' columns speak for themselves.
    Where there is a graph network it is one more reason, with the weight it has in the margin.
    """
    shares = Shares.of(scorer, scores, [place])
    return strongest_of(all_reasons(scorer, scores, place, shares, 0), most)


def all_reasons(
    scorer: Scorer, scores: AccountScores, place: int, shares: Shares, number: int
) -> list[Reason]:
    """Every reason and counter-evidence of the account whose row of ``shares`` is ``number``."""
    row, mates, usual = scores.rows[place], scores.mates[place], scorer.bundle.usual
    share = 1.0 / 3.0 if scores.heard is None else (1.0 - NETWORK_SHARE) / 3.0
    passed = (shares.near[number] + shares.far[number]) * share
    mine = shares.own[number] * share
    found = _reasons(ACCOUNT.columns, row, usual["own"], mine * _echo(mine, passed[0]))
    found += _reasons(MATES[1:], mates[1:], usual["near"][1:], passed[1:])
    if scores.heard is not None:
        heard = scores.heard[place : place + 1]
        weight = (heard - usual["network"]) * NETWORK_SHARE
        found += _reasons(NETWORK, _percent(heard), _percent(usual["network"]), weight)
    return found


def _percent(margin: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    return probability(np.asarray(margin, np.float64)).astype(np.float32)


def _echo(own: npt.NDArray[np.float64], heard: float) -> float:
    """How much louder the own columns get by being heard again in the mates' forests."""
    total = float(own.sum())
    return 1.0 + heard / total if total * heard > 0 else 1.0


def _reasons(
    columns: Sequence[Described],
    row: npt.NDArray[np.float32],
    usual: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float64],
) -> list[Reason]:
    return [
        _reason(columns[place], float(row[place]), float(usual[place]), float(weights[place]))
        for place in _telling(row, weights)
    ]


def _telling(row: npt.NDArray[np.float32], weights: npt.NDArray[np.float64]) -> list[int]:
    """The columns that are known and count."""
    found: list[int] = np.flatnonzero((np.abs(weights) >= LEAST_WEIGHT) & (row == row)).tolist()  # noqa: PLR0124 - NaN is not itself
    return found


def _reason(column: Described, observed: float, usual: float, weight: float) -> Reason:
    name = column.name
    told = (written(name, observed), _usual(name, usual))
    return Reason(name, column.sentence, *told, weight, column.family)


# What is usual is a bundle's, the same in every reason that it gives.
_usual = lru_cache(maxsize=4_096)(written)


def strongest_of(reasons: Sequence[Reason], most: int) -> tuple[list[Reason], list[Reason]]:
    """Those that speak against and those that speak for, strongest first, ``most`` of each."""
    against = sorted((r for r in reasons if r.weight > 0), key=lambda r: (-r.weight, r.code))
    counter = sorted((r for r in reasons if r.weight < 0), key=lambda r: (r.weight, r.code))
    return against[:most], counter[:most]
