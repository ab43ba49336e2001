"""What a node's neighbours look like: point operators over one kind of link.

Everything here is linear algebra on a sparse adjacency without self loops, so a node never sees
itself in its own aggregate one hop away. The account graph of a snapshot and a bare labelled graph
(:mod:`gnn.panel`) both come down to this. It knows nothing of labels or models.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Adjacency:
    """An undirected graph of ``size`` nodes, without self loops or double edges."""

    matrix: sp.csr_array

    @classmethod
    def of(cls, edges: npt.NDArray[np.int64], size: int) -> "Adjacency":
        """The graph of ``edges`` [E, 2], each undirected pair given once or twice."""
        apart = edges[edges[:, 0] != edges[:, 1]]
        ends = np.concatenate([apart, apart[:, ::-1]])
        weights = np.ones(len(ends))
        matrix = sp.coo_array((weights, (ends[:, 0], ends[:, 1])), shape=(size, size)).tocsr()
        matrix.data[:] = 1.0
        return cls(matrix)

    @property
    def size(self) -> int:
        """The number of nodes."""
        return int(self.matrix.shape[0])

    @cached_property
    def degree(self) -> Matrix:
        """Neighbours of each node, [N]."""
        return np.asarray(self.matrix.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def mean(self) -> sp.csr_array:
        """Row-normalised: ``mean @ x`` is the mean over neighbours (0 where there is none)."""
        return sp.diags_array(1.0 / np.maximum(self.degree, 1.0)) @ self.matrix

    @cached_property
    def symmetric(self) -> sp.csr_array:
        """``D^-1/2 A D^-1/2`` (Kipf and Welling 2017), without the self loop."""
        root = sp.diags_array(1.0 / np.sqrt(np.maximum(self.degree, 1.0)))
        return root @ self.matrix @ root


def two_hop_means(graph: Adjacency, x: Matrix) -> Matrix:
    """Own columns, the neighbours' mean, and the mean of their means: [N, 3 F]."""
    once = graph.mean @ x
    return np.hstack([x, once, graph.mean @ once])


def surroundings(graph: Adjacency, x: Matrix) -> Matrix:
    """Own columns and what surrounds a node to three hops: [N, 8 F + 4].

    Means to three hops, degree-normalised sums to two, the spread among direct neighbours, and the
    logarithm of degree with its means: hubs and their followers differ in more than averages.
    """
    once = graph.mean @ x
    twice = graph.mean @ once
    scaled = graph.symmetric @ x
    spread = np.sqrt(np.maximum(graph.mean @ (x * x) - once * once, 0.0))
    size = np.log1p(graph.degree)[:, None]
    sizes = [size, graph.mean @ size, graph.mean @ (graph.mean @ size), graph.symmetric @ size]
    blocks = [x, once, twice, graph.mean @ twice, scaled, graph.symmetric @ scaled, spread]
    return np.hstack([*blocks, np.abs(x - once), *sizes])


def known_labels_near(
    graph: Adjacency, positive: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]
) -> Matrix:
    """How positive the known neighbours are, [N, 4]; a node's own label is never part of its row.

    Columns: shrunk mean over neighbours (prior 3), the same weighted against hubs by 1/degree,
    shrunk mean over two-step walks that do not return, and the number of known neighbours.
    """
    prior = float(positive[known].mean()) if known.any() else 0.0
    truth, seen = (positive & known).astype(np.float64), known.astype(np.float64)
    near = graph.matrix @ seen
    light = 1.0 / np.maximum(graph.degree, 1.0)
    lightly = graph.matrix @ (light * seen)
    # Two-step walks that end where they began carry the node's own label: they are taken off.
    back = graph.matrix @ light
    walk_truth = graph.matrix @ (light * (graph.matrix @ truth)) - back * truth
    walk_seen = graph.matrix @ (light * (graph.matrix @ seen)) - back * seen
    return np.column_stack(
        [
            (graph.matrix @ truth + 3.0 * prior) / (near + 3.0),
            (graph.matrix @ (light * truth) + 0.05 * prior) / (lightly + 0.05),
            (walk_truth + 3.0 * prior) / (walk_seen + 3.0),
            near,
        ]
    )


def mates_scores(graph: Adjacency, score: Matrix) -> Matrix:
    """Scores passed along the links, [N, 4].

    Columns: the neighbours' mean shrunk by n / (n + 3), their degree-normalised sum, the mean of
    their means, and the shrunk share of neighbours in the top tenth.
    """
    column = score[:, None]
    shrink = (graph.degree / (graph.degree + 3.0))[:, None]
    once = graph.mean @ column
    hot = (column > np.quantile(column, 0.9)).astype(np.float64)
    share = (graph.matrix @ hot) / (graph.degree[:, None] + 3.0)
    return np.hstack([once * shrink, graph.symmetric @ column, graph.mean @ once, share])
