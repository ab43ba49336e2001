"""One row through a forest, with the exact share of every column, in microseconds.

XGBoost takes a millisecond and more to explain one row (TreeSHAP), and a quarter of one to predict
it, most of it overhead. Here a forest of shallow trees is laid out in parts: a few nodes of a tree
with those above them, and for each set of turns that a row may take at them the sum of the Shapley
values of every column at all leaves of the part. What is left to do for a row is to see which way
it turns at each node and to add up one row of a table a part; the margin falls out of the same
walk. Path-dependent Shapley values after Lundberg et al. (2020), "From local explanations to global
understanding with explainable AI for trees"; equal to XGBoost's own (a test compares). It knows
nothing of what columns mean.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.prompts.jit import brief, compiled

Row = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Tree = Mapping[str, Any]
Turns = tuple[tuple[int, bool], ...]  # nodes from the root on, and whether the way goes left there
# Beyond so many numbers the tables of deep trees leave the processor's cache, then memory.
CELLS_MAX = 4_000_000
# Of a tree of depth 4 the root and one half. A row reads one line of a part's table, so the fewer
# parts the less memory is touched; but a table doubles with each node.
NODES_MOST = 8


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a part.

    For each column on its path: a row comes by where of the turns ``care`` (a bit a node) it takes
    ``want`` to the left, as the ``share`` (0..1) of the training did; each [columns of the path].
    """

    value: float
    columns: tuple[int, ...]
    care: Ints
    want: Ints
    share: Floats


@dataclass(frozen=True, slots=True)
class Part:
    """Some ``nodes`` of ``tree``, and all ``leaves`` below the last of those that lead to it."""

    tree: Tree
    nodes: tuple[int, ...]
    leaves: tuple[Leaf, ...]
    columns: tuple[int, ...]

    @classmethod
    def of(cls, tree: Tree, node: int, above: Turns) -> "Part":
        """The part below ``node``, to which ``above`` leads."""
        nodes = (*(one for one, _ in above), *_inner(tree, node))
        leaves = tuple(_leaf(tree, nodes, end, turns) for end, turns in _ends(tree, node, above))
        columns = tuple(dict.fromkeys(column for leaf in leaves for column in leaf.columns))
        return cls(tree, nodes, leaves, columns)

    @property
    def cells(self) -> int:
        """How many numbers :meth:`table` has."""
        return (len(self.columns) + 1) << len(self.nodes)

    def table(self) -> Floats:
        """Shares of the columns, and what the margin gains, [2^nodes, columns + 1].

        The row's number says at which nodes the way goes left, a bit each.
        """
        place = {column: n for n, column in enumerate(self.columns)}
        found = np.zeros((1 << len(self.nodes), len(place) + 1))
        for leaf in self.leaves:
            at = np.array([place[column] for column in leaf.columns], np.int64)
            shares = _shares(leaf.value, leaf.share)
            _add(found, leaf.value, leaf.care, leaf.want, at, shares)
        return found


@dataclass(frozen=True, slots=True)
class Leaves:
    """A forest by its parts, P of them with N nodes and C columns in all.

    The nodes of part ``i`` are ``first[i]`` to ``first[i + 1]``: a row turns left where ``column``
    int32 [N] is below ``split`` float32 [N], or is unknown and ``left`` bool [N] says so. From
    ``table[i]`` on ``sums`` float64 holds a row for each set of left turns, as a bit mask: what
    each of the columns ``speaks`` int32 [C] from ``begin[i]`` to ``begin[i + 1]`` adds to the
    margin, then what the leaf does, if it is reached.
    """

    base: float
    width: int
    first: Ints
    column: npt.NDArray[np.int32]
    split: Row
    left: npt.NDArray[np.bool_]
    begin: Ints
    speaks: npt.NDArray[np.int32]
    table: Ints
    sums: Floats

    @classmethod
    def of(cls, model: Mapping[str, Any]) -> "Leaves | None":
        """The leaves of XGBoost's JSON form; None where its trees are too deep for tables."""
        learner = model["learner"]
        trees = learner["gradient_booster"]["model"]["trees"]
        if not _plain(learner, trees):
            return None
        parts = [part for tree in trees for part in _parts(tree)]
        cells = [part.cells for part in parts]
        if sum(cells) > CELLS_MAX:
            return None
        nodes = [(part.tree, node) for part in parts for node in part.nodes]
        return cls(
            base=_base(learner["learner_model_param"]["base_score"]),
            width=int(learner["learner_model_param"]["num_feature"]),
            first=_starts([len(part.nodes) for part in parts]),
            column=np.array([tree["split_indices"][n] for tree, n in nodes], np.int32),
            split=np.array([tree["split_conditions"][n] for tree, n in nodes], np.float32),
            left=np.array([tree["default_left"][n] for tree, n in nodes], np.bool_),
            begin=_starts([len(part.columns) for part in parts]),
            speaks=np.array([column for part in parts for column in part.columns], np.int32),
            table=_starts(cells)[:-1],
            sums=np.concatenate([part.table().ravel() for part in parts]),
        )

    @classmethod
    def parsed(cls, content: bytes) -> "Leaves | None":
        """The leaves of a forest in XGBoost's JSON bytes."""
        return cls.of(json.loads(content))

    def explained(self, row: Row) -> tuple[float, Floats]:
        """Log odds of one row [F], and what each column adds to them [F]; the bias is left out."""
        given = np.ascontiguousarray(row, np.float32)
        total, shares = _walk(
            given, self.first, self.column, self.split, self.left, self.begin, self.speaks,
            self.table, self.sums,
        )  # fmt: skip
        return float(np.float32(self.base) + total), shares


@brief
def _walk(  # noqa: PLR0913, PLR0917 - arrays of one layout; a compiled loop takes no dataclass
    row: Row,
    first: Ints,
    column: npt.NDArray[np.int32],
    split: Row,
    left: npt.NDArray[np.bool_],
    begin: Ints,
    speaks: npt.NDArray[np.int32],
    table: Ints,
    sums: Floats,
) -> tuple[np.float32, Floats]:
    found = np.zeros(len(row), np.float64)
    total = np.float32(0.0)
    for part in range(len(table)):
        turns = 0
        for node in range(first[part], first[part + 1]):
            x = row[column[node]]
            # Without branches: where a row turns is nobody's guess, a processor's neither.
            goes_left = (x < split[node]) | (left[node] & np.isnan(x))
            turns |= np.int64(goes_left) << (node - first[part])
        size = begin[part + 1] - begin[part]
        start = table[part] + turns * (size + 1)
        for place in range(size):
            found[speaks[begin[part] + place]] += sums[start + place]
        # Of all leaves of a tree one is reached; the other parts add nothing.
        total += np.float32(sums[start + size])
    return total, found


def _plain(learner: Mapping[str, Any], trees: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the forest is one of numeric splits with one output, which is all we grow."""
    one = learner["gradient_booster"]["name"] == "gbtree"
    return one and not any(any(tree.get("split_type", ())) for tree in trees)


def _base(written: str) -> float:
    """The margin of XGBoost's ``base_score``, a probability written as text or a list of one."""
    probability = float(written.strip("[]"))
    return math.log(probability / (1.0 - probability))


def _starts(lengths: Sequence[int]) -> Ints:
    """Where each of some pieces begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _parts(tree: Tree) -> Iterator[Part]:
    """The parts of a tree, from left to right."""
    waiting: list[tuple[int, Turns]] = [(0, ())]
    while waiting:
        node, above = waiting.pop()
        if _is_leaf(tree, node) or len(above) + len(_inner(tree, node)) <= NODES_MOST:
            yield Part.of(tree, node, above)
        else:
            waiting += _below(tree, node, above)


def _ends(tree: Tree, node: int, above: Turns) -> Iterator[tuple[int, Turns]]:
    """The leaves below ``node`` from left to right, each with the way to it from the root."""
    waiting = [(node, above)]
    while waiting:
        at, turns = waiting.pop()
        if _is_leaf(tree, at):
            yield at, turns
        else:
            waiting += _below(tree, at, turns)


def _inner(tree: Tree, node: int) -> list[int]:
    """The nodes from ``node`` on that are no leaves."""
    found, waiting = [], [node]
    while waiting:
        at = waiting.pop()
        if not _is_leaf(tree, at):
            found.append(at)
            waiting += (tree["right_children"][at], tree["left_children"][at])
    return found


def _below(tree: Tree, node: int, above: Turns) -> tuple[tuple[int, Turns], tuple[int, Turns]]:
    """The right child and the left one, each with the way to it."""
    right, left = tree["right_children"][node], tree["left_children"][node]
    return (right, (*above, (node, False))), (left, (*above, (node, True)))


def _is_leaf(tree: Tree, node: int) -> bool:
    return bool(tree["left_children"][node] < 0)


def _leaf(tree: Tree, nodes: Sequence[int], end: int, turns: Turns) -> Leaf:
    bit = {node: 1 << n for n, node in enumerate(nodes)}
    cover, children = tree["sum_hessian"], [node for node, _ in (*turns, (end, True))][1:]
    held: dict[int, tuple[int, int, float]] = {}
    for (node, to_left), child in zip(turns, children, strict=True):
        column = tree["split_indices"][node]
        care, want, share = held.get(column, (0, 0, 1.0))
        want |= bit[node] if to_left else 0
        held[column] = (care | bit[node], want, share * (cover[child] / cover[node]))
    return Leaf(
        value=tree["split_conditions"][end],
        columns=tuple(held),
        care=np.array([care for care, _, _ in held.values()], np.int64),
        want=np.array([want for _, want, _ in held.values()], np.int64),
        share=np.array([share for _, _, share in held.values()], np.float64),
    )


@compiled
def _add(table: Floats, value: float, care: Ints, want: Ints, at: Ints, shares: Floats) -> None:
    """Add a leaf to the ``table`` [2^nodes, columns + 1] of its part."""
    size = len(at)
    for turns in range(len(table)):
        met = 0
        for i in range(size):
            met |= int((turns & care[i]) == want[i]) << i
        for i in range(size):
            table[turns, at[i]] += shares[met * size + i]
        if met == (1 << size) - 1:
            table[turns, -1] = value


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
