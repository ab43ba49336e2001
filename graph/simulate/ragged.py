"""Lists of lists as flat arrays, and weighted picks among them for a million rows at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Ragged:
    """``offsets`` [N + 1] into flat items; ``bounds`` [M]: owner + running share of an item."""

    offsets: NDArray[np.int64]
    bounds: NDArray[np.float64]

    @classmethod
    def of(cls, weights: Sequence[Sequence[float]]) -> "Ragged":
        """From the weights of every owner's items (each owner has one item or more)."""
        lengths = np.array([len(w) for w in weights], np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.array([x for w in weights for x in w], np.float64)
        owner = np.repeat(np.arange(len(weights)), lengths)
        running = np.cumsum(flat)
        before = np.concatenate([[0.0], running])[offsets[:-1]]
        total = np.concatenate([[0.0], running])[offsets[1:]] - before
        share = (running - before[owner]) / np.maximum(total[owner], 1e-12)
        share[offsets[1:] - 1] = 1.0
        return cls(offsets, owner + share)

    def pick(self, owners: NDArray[np.int64], draws: NDArray[np.float64]) -> NDArray[np.int64]:
        """The flat item that each draw (0..1) falls on, among its owner's."""
        found = np.searchsorted(self.bounds, owners + draws, side="right")
        return np.clip(found, self.offsets[owners], self.offsets[owners + 1] - 1)
