"""Columns as a network takes them: normal quantiles beside a mark of what is known.

Counts have long tails, and unknown is not zero. It is fitted on the accounts of one moment and kept
with the network that was taught on them. It knows nothing of what the columns mean.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Rows = npt.NDArray[np.float32]
QUANTILES = 48


@dataclass(frozen=True)
class Scale:
    """Columns mapped to normal quantiles: counts have long tails. ``steps`` is [F, QUANTILES]."""

    steps: npt.NDArray[np.float64]

    @classmethod
    def of(cls, rows: Rows) -> "Scale":
        """The quantiles of each column over the rows that know it; NaN where none does."""
        steps = np.full((rows.shape[1], QUANTILES), np.nan)
        for place, column in enumerate(rows.T):
            known = column[~np.isnan(column)]
            if len(known):
                steps[place] = np.quantile(known, np.linspace(0.0, 1.0, QUANTILES))
        return cls(steps)

    def __call__(self, rows: Rows) -> Rows:
        """Scaled values (0 = unknown) beside 1 where they are known, float32 [N, 2 F]."""
        goal = ndtri(np.linspace(0.01, 0.99, QUANTILES))
        scaled = np.zeros((len(rows), 2 * rows.shape[1]), np.float32)
        for place, steps in enumerate(self.steps):
            known = ~np.isnan(rows[:, place])
            if np.isnan(steps[0]) or not known.any():
                continue
            value = rows[known, place].astype(np.float64)
            # A value that many have stands in the middle of them.
            low, high = np.interp(value, steps, goal), -np.interp(-value, -steps[::-1], -goal[::-1])
            scaled[known, place] = (low + high) / 2.0
            scaled[known, rows.shape[1] + place] = 1.0
        return scaled
