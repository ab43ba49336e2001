"""Groups of accounts in the weighted account graph, found deterministically.

:func:`communities` is Leiden on the constant Potts model (Traag, Van Dooren, Nesterov 2011; Traag,
Waltman, Van Eck 2019) over pair weights in nats: a group holds together while its mean pair weight
exceeds the resolution, which is the evidence that a missing link is against it. Modularity is not
used: it merges rings into giants on large graphs. Components come first, so only what is connected
and large enough pays for the search. It knows nothing of accounts or evidence.
"""

import graspologic_native
import numpy as np
from scipy import sparse

from graph.rings.inputs import Bools, Floats, Ints

RESOLUTION = float(np.log(2.0))
"""Nats against a pair without a link: tied accounts lack one with chance 1/2 (relations)."""


def communities(
    weights: sparse.csr_array, seed: int, resolution: float = RESOLUTION, smallest: int = 3
) -> Ints:
    """The group number of every node [N]; -1 for nodes in components under ``smallest``.

    Equal weights and seed give equal groups, numbered by their lowest node.
    """
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - slow to import

    size = weights.shape[0]
    groups = np.full(size, -1, np.int64)
    if not weights.nnz:
        return groups
    _, component = connected_components(weights, directed=False)
    sizes = np.bincount(component)
    whole, split = _complete(weights, component, sizes, smallest)
    groups[whole] = component[whole]
    nodes = np.flatnonzero(split)
    if len(nodes):
        groups[nodes] = _leiden(weights[nodes][:, nodes], seed, resolution) + len(sizes)
    return renumbered(groups, smallest)


def _complete(
    weights: sparse.csr_array, component: Ints, sizes: Ints, smallest: int
) -> tuple[Bools, Bools]:
    """Nodes of components in which every pair is linked (one group each), and of the others."""
    links = np.bincount(component, weights=np.diff(weights.indptr), minlength=len(sizes))
    full = links >= sizes * (sizes - 1)
    large = sizes >= smallest
    return (full & large)[component], (~full & large)[component]


def _leiden(weights: sparse.csr_array, seed: int, resolution: float) -> Ints:
    _, found = graspologic_native.leiden_csr(
        weights.indptr.astype(np.int64),
        weights.indices.astype(np.int32),
        weights.data.astype(np.float64),
        weights.shape[0],
        resolution=resolution,
        iterations=1,
        use_modularity=False,
        seed=seed,
    )
    return np.fromiter((found[i] for i in range(weights.shape[0])), np.int64, weights.shape[0])


def renumbered(groups: Ints, smallest: int) -> Ints:
    """Groups numbered from 0 by their lowest node; those under ``smallest`` become -1."""
    inside = np.flatnonzero(groups >= 0)
    if not len(inside):
        return groups
    _, first, inverse, counts = np.unique(
        groups[inside], return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(first, kind="stable")
    number = np.full(len(counts), -1, np.int64)
    kept = order[counts[order] >= smallest]
    number[kept] = np.arange(len(kept))
    fresh = np.full(len(groups), -1, np.int64)
    fresh[inside] = number[inverse]
    return fresh


def tie_strength(weights: sparse.csr_array, groups: Ints, resolution: float = RESOLUTION) -> Floats:
    """How firmly each node belongs to its group, 0..1, [N].

    ``w / (w + resolution)`` with ``w`` its mean link weight to the group's other members: one half
    where the links are worth just what holds a group together.
    """
    coo = weights.tocoo()
    inside = (groups[coo.row] == groups[coo.col]) & (groups[coo.row] >= 0)
    weight = np.bincount(coo.row[inside], weights=coo.data[inside], minlength=len(groups))
    sizes = np.bincount(groups[groups >= 0], minlength=1)
    others = np.where(groups >= 0, sizes[groups] - 1, 1)
    mean = weight / np.maximum(others, 1)
    return mean / (mean + resolution)
