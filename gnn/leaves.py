"""One row through a forest, with the exact share of every column, in microseconds.

XGBoost takes a millisecond and more to explain one row (TreeSHAP), and a quarter of one to predict
it, most of it overhead. Here a forest of shallow trees is laid out by leaves: to each leaf its
conditions, one for each column on its path, and a table with the Shapley value of every column for
each set of conditions that a row may meet. What is left to do for a row is to see which conditions
hold and to add up table rows; the margin falls out of the same walk. Path-dependent Shapley values
after Lundberg et al. (2020), "From local explanations to global understanding with explainable AI
for trees"; equal to XGBoost's own (a test compares). It knows nothing of what columns mean.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.prompts.jit import compiled

Row = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
# Beyond so many numbers the tables of deep trees leave the processor's cache, then memory.
CELLS_MAX = 4_000_000
Path = dict[int, tuple[float, float, bool, float]]  # column -> lowest, below, takes unknown, share


@dataclass(frozen=True, slots=True)
class Leaves:
    """A forest by its leaves, L of them with C conditions in all.

    ``value`` float32 [L] is what a leaf adds to the margin, in the order of trees. The conditions
    of leaf ``i`` are ``first[i]`` to ``first[i + 1]``: the ``column`` int32 [C] holds
    ``low <= x < high`` (float32 [C]; NaN is no upper bound), or is unknown and ``unknown`` bool [C]
    says that it passes.
    ``shares`` float64 holds, from ``table[i]`` on, a row of Shapley values for each set of met
    conditions, as a bit mask.
    """

    base: float
    width: int
    value: Row
    first: npt.NDArray[np.int64]
    column: npt.NDArray[np.int32]
    low: Row
    high: Row
    unknown: npt.NDArray[np.bool_]
    table: npt.NDArray[np.int64]
    shares: Floats

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> "Leaves | None":
        """The leaves of XGBoost's JSON form; None where its trees are too deep for tables."""
        learner = model["learner"]
        trees = learner["gradient_booster"]["model"]["trees"]
        if not _plain(learner, trees):
            return None
        paths = [found for tree in trees for found in _paths(tree)]
        cells = [len(path) << len(path) for _, path in paths]
        if sum(cells) > CELLS_MAX:
            return None
        conditions = [item for _, path in paths for item in path.items()]
        lengths = [len(path) for _, path in paths]
        return cls(
            base=_base(learner["learner_model_param"]["base_score"]),
            width=int(learner["learner_model_param"]["num_feature"]),
            value=np.array([value for value, _ in paths], np.float32),
            first=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            column=np.array([column for column, _ in conditions], np.int32),
            low=np.array([kept[0] for _, kept in conditions], np.float32),
            high=np.array([_above(kept[1]) for _, kept in conditions], np.float32),
            unknown=np.array([kept[2] for _, kept in conditions], np.bool_),
            table=np.concatenate([[0], np.cumsum(cells)])[:-1].astype(np.int64),
            shares=np.concatenate([_shares(value, _share_of(path)) for value, path in paths]),
        )

    @classmethod
    def parsed(cls, content: bytes) -> "Leaves | None":
        """The leaves of a forest in XGBoost's JSON bytes."""
        return cls.of(json.loads(content))

    def explained(self, row: Row) -> tuple[float, Floats]:
        """Log odds of one row [F], and what each column adds to them [F]; the bias is left out."""
        given = np.ascontiguousarray(row, np.float32)
        total, shares = _walk(
            given, self.value, self.first, self.column, self.low, self.high, self.unknown,
            self.table, self.shares,
        )  # fmt: skip
        return float(np.float32(self.base) + total), shares


@compiled
def _walk(  # noqa: PLR0913, PLR0917 - arrays of one layout; a compiled loop takes no dataclass
    row: Row,
    value: Row,
    first: npt.NDArray[np.int64],
    column: npt.NDArray[np.int32],
    low: Row,
    high: Row,
    unknown: npt.NDArray[np.bool_],
    table: npt.NDArray[np.int64],
    shares: Floats,
) -> tuple[np.float32, Floats]:
    found = np.zeros(len(row), np.float64)
    total = np.float32(0.0)
    for leaf in range(len(value)):
        begin, end = first[leaf], first[leaf + 1]
        met = 0
        for place in range(begin, end):
            x = row[column[place]]
            # Without branches: which conditions hold is nobody's guess, a processor's neither.
            inside = (x >= low[place]) & ~(x >= high[place])
            holds = inside | (unknown[place] & np.isnan(x))
            met |= np.int64(holds) << (place - begin)
        size = end - begin
        start = table[leaf] + met * size
        for place in range(size):
            found[column[begin + place]] += shares[start + place]
        if met == (1 << size) - 1:
            total += value[leaf]
    return total, found


def _plain(learner: Mapping[str, Any], trees: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the forest is one of numeric splits with one output, which is all we grow."""
    one = learner["gradient_booster"]["name"] == "gbtree"
    return one and not any(any(tree.get("split_type", ())) for tree in trees)


def _base(written: str) -> float:
    """The margin of XGBoost's ``base_score``, a probability written as text or a list of one."""
    probability = float(written.strip("[]"))
    return math.log(probability / (1.0 - probability))


def _above(high: float) -> float:
    """A bound that infinity itself stays below, where there is none."""
    return math.nan if high == math.inf else high


def _share_of(path: Path) -> Floats:
    return np.array([kept[3] for kept in path.values()], np.float64)


def _paths(tree: Mapping[str, Any]) -> Iterator[tuple[float, Path]]:
    """Value and path of every leaf of a tree, from left to right."""
    left, right = tree["left_children"], tree["right_children"]
    cover, split = tree["sum_hessian"], tree["split_conditions"]
    stack: list[tuple[int, Path]] = [(0, {})]
    while stack:
        node, path = stack.pop()
        if left[node] < 0:
            yield split[node], path
            continue
        default_left = bool(tree["default_left"][node])
        for child, is_left in ((right[node], False), (left[node], True)):
            low, high = (-math.inf, split[node]) if is_left else (split[node], math.inf)
            share = cover[child] / cover[node]
            unknown = default_left is is_left
            onward = _with(path, tree["split_indices"][node], low, high, unknown, share)
            stack.append((child, onward))


def _with(path: Path, column: int, low: float, high: float, unknown: bool, share: float) -> Path:
    held = path.get(column, (-math.inf, math.inf, True, 1.0))
    both = (max(held[0], low), min(held[1], high), held[2] and unknown, held[3] * share)
    return {**path, column: both}


@compiled
def _shares(value: float, share: Floats) -> Floats:
    """Shapley values [2^d * d] of the game in which a met condition counts 1, else its share.

    Of a set S of conditions the worth is ``value`` times, for each in S, whether it is met, and for
    each other one the ``share`` [d] of the training that met it.
    """
    size = len(share)
    found = np.zeros((1 << size) * size)
    factorial = np.ones(size + 1)
    for k in range(1, size + 1):
        factorial[k] = factorial[k - 1] * k
    for met in range(1 << size):
        for i in range(size):
            total = 0.0
            for chosen in range(1 << size):
                # A set with an unmet condition is worth nothing.
                if not (chosen & ~met or chosen >> i & 1):
                    total += _weight(chosen, i, share, factorial)
            gain = (met >> i & 1) - share[i]
            found[met * size + i] = value * gain * total / factorial[size]
    return found


@compiled
def _weight(chosen: int, i: int, share: Floats, factorial: Floats) -> float:
    """What a set that condition ``i`` joins counts: its chance of being there before ``i``."""
    product, count = 1.0, 0
    for j in range(len(share)):
        if chosen >> j & 1:
            count += 1
        elif j != i:
            product *= share[j]
    return float(factorial[count] * factorial[len(share) - count - 1] * product)
