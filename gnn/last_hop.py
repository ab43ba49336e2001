"""The graph network for one newcomer: only the last hop, from cached states of what it touches.

A refresh runs :mod:`gnn.encoder` over everybody and keeps what each entity would tell. Whoever
signs up later listens to those states and is judged as in the batch, where whoever is judged only
listens too. Plain arrays: a service needs no torch for it, and it takes tens of microseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.mates import SHRINK

Rows = npt.NDArray[np.float32]
Arrays = Mapping[str, Rows]
COUNTED = "prompt_cluster"  # how often an address was used says little; a template, much
_TINY = 1e-5  # what LayerNorm adds to a variance


def weight_of(speaking: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How much an entity counts by the number of accounts that speak there; same shape."""
    return np.asarray(speaking / (speaking + SHRINK), np.float64)


def rounds_of(weights: Arrays) -> int:
    """How many rounds an encoder with these weights has."""
    return 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("rounds."))


@dataclass(frozen=True, slots=True)
class Told:
    """What one touched entity tells: ``states`` [rounds, width], and how many accounts speak.

    ``often`` is how many times a template was asked; of other kinds it does not count.
    """

    kind: str
    states: npt.NDArray[np.float32]
    speaking: int
    often: float = 1.0


@dataclass(frozen=True)
class LastHop:
    """The weights of an encoder as arrays under the names that torch gives them."""

    weights: Arrays
    rounds: int

    @classmethod
    def of(cls, weights: Arrays) -> "LastHop":
        """Of the arrays of an encoder's ``state_dict``."""
        return cls(weights, rounds_of(weights))

    def margin(self, row: Rows, told: list[Told]) -> float:
        """Log odds of a newcomer with scaled columns ``row`` [2 F], given what it touches."""
        state = self._enter(row)
        for turn in range(self.rounds):
            state = state + self._fresh(turn, state, told)
        return float((self._linear("label", state))[0])

    def _enter(self, row: Rows) -> Rows:
        first = np.maximum(self._linear("enter.0", row), 0.0)
        return self._linear("enter.3", first)

    def _fresh(self, turn: int, state: Rows, told: list[Told]) -> Rows:
        total = self._linear(f"rounds.{turn}.stay", state)
        for kind in dict.fromkeys(one.kind for one in told):
            mine = [one for one in told if one.kind == kind and one.speaking]
            if not mine:
                continue
            often = np.array([one.often if kind == COUNTED else 1.0 for one in mine])
            crowd = np.array([one.speaking for one in mine], np.float64)
            weight = weight_of(crowd) * often / often.sum()
            heard = weight.astype(np.float32) @ np.stack([one.states[turn] for one in mine])
            total = total + self.weights[self._onto(turn, kind)] @ heard
        norm = f"rounds.{turn}.norm"
        centred = total - total.mean()
        even = centred / np.sqrt(np.mean(centred * centred) + _TINY)
        scaled = even * self.weights[f"{norm}.weight"] + self.weights[f"{norm}.bias"]
        return np.asarray(np.maximum(scaled, 0.0), np.float32)

    def _onto(self, turn: int, kind: str) -> str:
        start = f"rounds.{turn}.onto.convs.<{kind}___rev_"
        return next(name for name in self.weights if name.startswith(start))

    def _linear(self, name: str, value: Rows) -> Rows:
        found: Rows = self.weights[f"{name}.weight"] @ value + self.weights[f"{name}.bias"]
        return found
