"""Average linkage over a sparse graph, all at once: every two nearest groups join in each round.

Two groups are as near as the mean pair between them weighs; a missing pair weighs nothing. In a
round each two groups that are nearest to each other join, until no two are tied by ``join``. As the
mean to a union is never above the larger of the means to its parts, this gives what joining the two
nearest of all, one pair after the other, gives (Benzecri 1982; Sumengen et al. 2021), whatever the
order; and what happens in one component is no matter to another. Sums are exact where weights are
multiples of a small power of two (:data:`graph.rings.links.GRAIN`). It knows nothing of accounts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graph.rings.inputs import Bools, Floats, Ints

Luck = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _State:
    """Groups that may yet join.

    ``first`` [K] is each one's lowest node, ascending; ``size`` [K] its nodes; ``sums`` [K, K] CSR
    the summed weight between two; ``luck`` [K] settles between equals.
    """

    first: Ints
    size: Ints
    sums: sparse.csr_array
    luck: Luck

    def only(self, keep: Bools) -> "_State":
        """The state without the groups that ``keep`` [K] leaves out, and their ties."""
        rows = np.flatnonzero(keep)
        sums = self.sums if keep.all() else self.sums[rows][:, rows]
        return _State(self.first[rows], self.size[rows], sums.tocsr(), self.luck[rows])


def average_linkage(weights: sparse.csr_array, join: float, luck: Ints) -> Ints:
    """The group of every node, as the number of its lowest node, [N].

    Args:
        weights: symmetric, no self pairs, [N, N].
        join: least mean weight at which two groups join, above 0.
        luck: a number of its own for every node, [N]: settles which of equally near groups join.
            What keeps its number keeps its group, however the nodes are numbered.
    """
    size = weights.shape[0]
    parent = np.arange(size)
    nodes = np.ones(size, np.int64)
    state = _State(np.arange(size), nodes, weights, _mixed(luck.astype(np.uint64)))
    while state.sums.nnz:
        means, row = _means(state)
        live = np.zeros(len(state.first), np.bool_)
        live[row[means >= join]] = True
        if not live.all():  # tied too little to all others: it never joins, nor matters to them
            state = state.only(live)
            continue
        nearest = _nearest(state, means, row)
        here = np.arange(len(nearest))
        gone = np.flatnonzero((nearest[nearest] == here) & (nearest < here))
        parent[state.first[gone]] = state.first[nearest[gone]]
        state = _joined(state, nearest, gone)
    return _roots(parent)


def _means(state: _State) -> tuple[Floats, Ints]:
    """The mean of every stored pair, and its row; both [E]."""
    row = np.repeat(np.arange(len(state.first)), np.diff(state.sums.indptr))
    return state.sums.data / (state.size[row] * state.size[state.sums.indices]), row


def _nearest(state: _State, means: Floats, row: Ints) -> Ints:
    """The nearest other of every group, [K]; of equally near ones the luckiest pair's."""
    starts = state.sums.indptr[:-1]
    best = np.flatnonzero(means == np.maximum.reduceat(means, starts)[row])
    row, other = row[best], state.sums.indices[best].astype(np.int64)
    luck = _mixed(state.luck[row] ^ state.luck[other])
    starts = np.flatnonzero(np.r_[True, np.diff(row) != 0])
    lucky = luck == np.maximum.reduceat(luck, starts)[row]
    row, other = row[lucky], other[lucky]
    return np.asarray(other[np.flatnonzero(np.r_[True, np.diff(row) != 0])], np.int64)


def _joined(state: _State, nearest: Ints, gone: Ints) -> _State:
    """The state after each of ``gone`` has become part of its nearest."""
    into = np.arange(len(nearest))
    into[gone] = nearest[gone]
    stays = np.ones(len(into), np.bool_)
    stays[gone] = False
    place = (np.cumsum(stays) - 1)[into]
    size = state.size.copy()
    size[nearest[gone]] += state.size[gone]
    kept = int(stays.sum())
    coo = state.sums.tocoo()
    row, column = place[coo.row], place[coo.col]
    apart = row != column
    sums = sparse.csr_array((coo.data[apart], (row[apart], column[apart])), shape=(kept, kept))
    luck = state.luck.copy()
    luck[nearest[gone]] = np.minimum(luck[nearest[gone]], luck[gone])
    return _State(state.first[stays], size[stays], sums, luck[stays])


def _roots(parent: Ints) -> Ints:
    """Where each chain of parents ends, [N]."""
    while True:
        above = parent[parent]
        if np.array_equal(above, parent):
            return parent
        parent = above


def _mixed(values: Luck) -> Luck:
    """Every number as another that looks random (the finaliser of splitmix64)."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
