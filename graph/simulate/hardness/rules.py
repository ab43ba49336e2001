"""Every rule of one column and of two, and what the best of them prevents without a mistake.

A rule is a threshold on a column, or on two at once, in either direction. It flags an account at
the first moment it is met. Only rules that flag no honest account at any moment count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph.simulate.hardness.columns import Rows

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule and the share (0..1) of campaigns' exchanges it prevents, no honest one flagged."""

    prevented: float
    rule: str


@dataclass(frozen=True, slots=True)
class _Sides:
    """Columns in both directions ([rows, 2 * columns]), so that every rule reads "larger than"."""

    names: tuple[str, ...]
    honest: Floats32
    guilty: Floats32
    left: Floats32
    starts: NDArray[np.int64]
    total: float

    @classmethod
    def of(cls, rows: Rows) -> "_Sides":
        both = np.concatenate([rows.values, -rows.values], axis=1)
        names = tuple(f"{n} >" for n in rows.names) + tuple(f"{n} <" for n in rows.names)
        guilty = ~rows.honest & (rows.left > 0)
        starts = np.flatnonzero(np.diff(rows.account[guilty], prepend=-1))
        return cls(
            names, both[rows.honest], both[guilty], rows.left[guilty].astype(np.float32),
            starts, float(max(rows.total, 1)),
        )  # fmt: skip

    def prevented(self, flagged: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Share prevented by each of the rules that flag these rows; flagged [rows, rules]."""
        saved = np.where(flagged, self.left[:, None], np.float32(0))
        best = np.maximum.reduceat(saved, self.starts, axis=0)
        return np.asarray(best.sum(axis=0, dtype=np.float64) / self.total)


def _text(name: str, value: float) -> str:
    return f"{name} {-value if name.endswith('<') else value:.4g}"


def best_singles(rows: Rows, keep: int = 10) -> list[Finding]:
    """The best rules of one column, best first."""
    sides = _Sides.of(rows)
    limit = sides.honest.max(axis=0)
    shares = sides.prevented(sides.guilty > limit)
    order = np.argsort(-shares)[:keep]
    return [Finding(float(shares[i]), _text(sides.names[i], limit[i])) for i in order]


def best_pairs(rows: Rows, quantiles: int = 24, keep: int = 10) -> list[Finding]:
    """The best rules of two columns, best first (one a first column).

    The first threshold runs over quantiles of honest and of campaign rows; the second is then as
    low as it can be without flagging an honest account, so nothing on its side is missed.
    """
    sides = _Sides.of(rows)
    tried = (_with_first(sides, i, quantiles) for i in range(len(sides.names)))
    found = [max(rules, key=lambda finding: finding.prevented) for rules in tried]
    return sorted(found, key=lambda finding: -finding.prevented)[:keep]


def _with_first(sides: _Sides, first: int, quantiles: int) -> Iterator[Finding]:
    yield Finding(0.0, "none")
    honest, guilty = sides.honest[:, first], sides.guilty[:, first]
    steps = np.linspace(0, 1, quantiles, endpoint=False)
    tail = np.quantile(honest, 1 - 0.5 * steps**2)
    levels = np.unique(np.concatenate([np.quantile(guilty, steps), tail])).astype(np.float32)
    levels = levels[levels < guilty.max()]
    if len(levels) == 0:
        return
    above = np.searchsorted(levels, honest, side="left")
    ceilings = _ceilings(sides.honest, above, len(levels))
    shares = _saved(sides.guilty, guilty, levels, ceilings, (sides.left, sides.starts))
    level, best = np.unravel_index(int(np.argmax(shares)), shares.shape)
    one, other = _text(sides.names[first], float(levels[level])), sides.names[int(best)]
    rule = f"{one} and {_text(other, float(ceilings[level, best]))}"
    yield Finding(float(shares[level, best] / sides.total), rule)


@njit(cache=True)
def _ceilings(honest: Floats32, above: NDArray[np.int64], levels: int) -> Floats32:
    """For each level, every column's largest honest value among rows above the level.

    ``above`` [rows]: how many levels a row's first column lies above. Returns [levels, columns].
    """
    rows, columns = honest.shape
    highest = np.full((levels, columns), -np.inf, np.float32)
    for row in range(rows):
        if above[row] == 0:
            continue
        for column in range(columns):
            value = honest[row, column]
            highest[above[row] - 1, column] = max(highest[above[row] - 1, column], value)
    for level in range(levels - 2, -1, -1):
        for column in range(columns):
            highest[level, column] = max(highest[level, column], highest[level + 1, column])
    return highest


@njit(cache=True)
def _saved(
    guilty: Floats32,
    first: Floats32,
    levels: Floats32,
    ceilings: Floats32,
    accounts: tuple[Floats32, NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Exchanges saved by each pair of thresholds: what is left at an account's first match."""
    left, starts = accounts
    rows, columns = guilty.shape
    saved = np.zeros((len(levels), columns))
    best = np.zeros(columns)
    for number in range(len(starts)):
        end = starts[number + 1] if number + 1 < len(starts) else rows
        for level in range(len(levels)):
            best[:] = 0.0
            for row in range(starts[number], end):
                if first[row] > levels[level]:
                    for column in range(columns):
                        if best[column] == 0.0 and guilty[row, column] > ceilings[level, column]:
                            best[column] = left[row]
            saved[level] += best
    return saved
