"""What a promotion is expected to cost, ring by ring: the question that few rings leave open.

One week holds a handful of rings, and accounts of one ring stand or fall together; a ring is one
draw of what attackers do. So the unit is the ring: the share of its exchanges that either model
prevents, one difference a ring, over every exam. The mean difference of the next rings follows
Student's t with the spread between rings unknown (Gelman et al., Bayesian Data Analysis, 3rd ed.,
section 3.2); the spread begins at what was measured between two models a week apart, or a single
ring would promise everything. From it comes the expected loss of promoting, the mean of the loss
over what is still possible, 0 where it is a gain (Stucchio, Bayesian A/B Testing at VWO, 2015): one
figure that a small loss surely, a large loss perhaps, and too little evidence all raise. It knows
boards, no gate: the limit is :mod:`etl.weekly.limits`' and the sentence :mod:`etl.weekly.gate`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from etl.backtest.outcome import Board
from gnn.evaluate import Floats

LEAST_EXCHANGES = 5


@dataclass(frozen=True, slots=True)
class RingChange:
    """One ring in one exam: its fraudulent exchanges, and the share (0..1) either prevented."""

    exam: str
    ring: str
    exchanges: int
    challenger: float
    champion: float

    @property
    def change(self) -> float:
        """How much more the challenger prevents, -1..1."""
        return self.challenger - self.champion


@dataclass(frozen=True, slots=True)
class Expected:
    """What promoting is expected to do to the next ring's share of prevented exchanges.

    ``change`` with the bounds of 90 %; ``loss`` is the mean of the loss, 0..1; ``rings`` of
    evidence.
    """

    rings: int
    change: float
    low: float
    high: float
    loss: float


def ring_changes(exam: str, challenger: Board, champion: Board) -> list[RingChange]:
    """Every ring that made enough exchanges to ask about; both boards hold the same accounts."""
    ours, theirs = challenger.prevented(), champion.prevented()
    names = np.array([ring or "" for ring in challenger.campaign], dtype=object).astype(str)
    found = []
    for name in np.unique(names[challenger.fraud]):
        rows = challenger.fraud & (names == name)
        made = int(ours.fraudulent[rows].sum())
        if made >= LEAST_EXCHANGES:
            shares = (float(p.prevented[rows].sum()) / made for p in (ours, theirs))
            found.append(RingChange(exam, str(name), made, *shares))
    return found


def expected(changes: Sequence[float], spread: float, worth: float) -> Expected | None:
    """What a promotion is expected to change, from the change (-1..1) of each ring.

    Args:
        changes: one difference a ring.
        spread: standard deviation between rings that is believed before anything is seen, 0..1.
        worth: of how many rings that belief is worth; at least 2, or no mean loss exists.

    Returns:
        None without any ring.
    """
    from scipy.stats import t  # noqa: PLC0415

    seen: Floats = np.asarray(changes, np.float64)
    count = len(seen)
    if not count:
        return None
    middle = float(seen.mean())
    freedom = worth + count - 1
    variance = (worth * spread**2 + float(((seen - middle) ** 2).sum())) / freedom
    scale = float(np.sqrt(variance / count))
    z = middle / scale
    # The mean of max(0, T - z) for Student's T, by parts.
    beyond = t.pdf(z, freedom) * (freedom + z * z) / (freedom - 1) - z * t.sf(z, freedom)
    reach = float(t.ppf(0.95, freedom)) * scale
    return Expected(count, middle, middle - reach, middle + reach, float(scale * beyond))
