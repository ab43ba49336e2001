"""The graph network for one newcomer: only the last hop, from cached states of what it touches.

A refresh runs :mod:`gnn.encoder` over everybody and keeps what each entity would tell. Whoever
signs up later listens to those states and is judged as in the batch, where whoever is judged only
listens too. Plain arrays: a service needs no torch for it, and it takes tens of microseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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

    def margin(self, row: Rows, told: Sequence[Told]) -> float:
        """Log odds of a newcomer with scaled columns ``row`` [2 F], given what it touches."""
        return float(self.margins(row, told, np.ones((1, len(told)), bool))[0])

    def margins(
        self, row: Rows, told: Sequence[Told], keep: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float32]:
        """The same had it touched only some of that: ``keep`` [S, len(told)] gives [S]."""
        state = np.repeat(self._enter(row)[np.newaxis], len(keep), axis=0)
        shares = [(kind, mine, _shares(kind, mine, keep)) for kind, mine in _by_kind(told)]
        for turn in range(self.rounds):
            total = self._linear(f"rounds.{turn}.stay", state)
            for kind, mine, share in shares:
                states = np.stack([one.states[turn] for _, one in mine])
                total = total + share @ states @ self.weights[self.onto[turn, kind]].T
            state = state + self._fresh(turn, total)
        return np.asarray(self._linear("label", state)[:, 0], np.float32)

    def _enter(self, row: Rows) -> Rows:
        first = np.maximum(self._linear("enter.0", row), 0.0)
        return self._linear("enter.3", first)

    def _fresh(self, turn: int, total: Rows) -> Rows:
        norm = f"rounds.{turn}.norm"
        centred = total - total.mean(axis=1, keepdims=True)
        even = centred / np.sqrt(np.mean(centred * centred, axis=1, keepdims=True) + _TINY)
        scaled = even * self.weights[f"{norm}.weight"] + self.weights[f"{norm}.bias"]
        return np.asarray(np.maximum(scaled, 0.0), np.float32)

    @cached_property
    def onto(self) -> Mapping[tuple[int, str], str]:
        """The name of the weights with which a kind of entity speaks in a round."""
        found = {}
        for name in self.weights:
            start, _, kind = name.partition(".onto.convs.<")
            if kind:
                found[int(start.split(".")[1]), kind.partition("___")[0]] = name
        return found

    def _linear(self, name: str, value: Rows) -> Rows:
        found: Rows = value @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return found


def _by_kind(told: Sequence[Told]) -> list[tuple[str, list[tuple[int, Told]]]]:
    """What is told by each kind of entity where anybody speaks, with its place."""
    found: dict[str, list[tuple[int, Told]]] = {}
    for place, one in enumerate(told):
        if one.speaking:
            found.setdefault(one.kind, []).append((place, one))
    return list(found.items())


def _shares(kind: str, mine: Sequence[tuple[int, Told]], keep: npt.NDArray[np.bool_]) -> Rows:
    """How much each of ``mine`` counts in each row of ``keep``, float32 [S, len(mine)]."""
    often = np.array([one.often if kind == COUNTED else 1.0 for _, one in mine])
    crowd = np.array([one.speaking for _, one in mine], np.float64)
    kept = keep[:, [place for place, _ in mine]] * often
    total = kept.sum(axis=1, keepdims=True)
    share = kept / np.where(total > 0, total, 1.0) * weight_of(crowd)
    return np.asarray(share, np.float32)
