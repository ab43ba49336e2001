"""Seeded chance: named streams, so that a change in one piece leaves the draws of others alone.

Small choices (one account, one card) are made with :class:`Dice`, large arrays with the generators
of :func:`stream`. It knows nothing of what is drawn; read :mod:`graph.simulate.town` next.
"""

import math
import random
import zlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def _words(seed: int, names: Sequence[str | int]) -> list[int]:
    return [seed, *(zlib.crc32(str(name).encode()) for name in names)]


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator of arrays for a named piece of the world with this seed."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(_words(seed, names))))


def uniforms(keys: NDArray[np.int64], salt: int) -> NDArray[np.float64]:
    """One number in [0, 1) a key, always the same for the same key and salt (splitmix64)."""
    with np.errstate(over="ignore"):
        word = keys.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        word ^= word >> np.uint64(31)
    return (word >> np.uint64(11)).astype(np.float64) / float(2**53)


class Dice(random.Random):
    """Scalar draws that read like sentences."""

    @classmethod
    def of(cls, seed: int, *names: str | int) -> "Dice":
        """The dice of a named piece of the world with this seed."""
        return cls("/".join(map(str, _words(seed, names))))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def pick(self, weights: Mapping[T, float]) -> T:
        """One key, by weight."""
        return self.choices(list(weights), list(weights.values()))[0]

    def around(self, median: float, sigma: float) -> float:
        """A log-normal draw: half of them below ``median``, two thirds within e**sigma of it."""
        return median * math.exp(self.gauss(0.0, sigma))

    def word(self, digits: int) -> str:
        """A random hexadecimal word of so many digits."""
        return f"{self.getrandbits(4 * digits):0{digits}x}"
