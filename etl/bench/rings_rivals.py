"""Other ways to group accounts, for comparison on the same links: what ``bench rings`` puts beside.

Connected components are what most shops run; the constant Potts model and peeling by 1/log degree
(Fraudar: Hooi et al. 2016) are what the literature offers. Each gives a group a account, and the
same evidence and the same judge speak about it afterwards.
"""

import heapq
from collections.abc import Callable, Mapping

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from graph.rings import communities
from graph.rings.find import RingConfig, Scene, grouped
from graph.rings.inputs import Bools, Ints
from graph.rings.model import Family

MOST_BLOCKS = 40
SMALLEST_DENSITY = 0.2
"""Of the first block's density: what is thinner ends the peeling."""

Grouping = Callable[[Scene], tuple[Ints, Bools]]


def product(scene: Scene) -> tuple[Ints, Bools]:
    """Average linkage among suspects, communities of everybody else."""
    return grouped(scene, RingConfig())


def components(scene: Scene) -> tuple[Ints, Bools]:
    """Connected components over what accounts hold."""
    held = scene.links.without(Family.PROMPTS).without(Family.TIMING).total
    return _parts(held)


def components_of_all(scene: Scene) -> tuple[Ints, Bools]:
    """Connected components over everything, without pairs tied by less than the odds against it."""
    strong = scene.links.sum.tocsr(copy=True)
    strong.data[strong.data < scene.links.chance] = 0.0
    strong.eliminate_zeros()
    return _parts(strong)


def potts(scene: Scene) -> tuple[Ints, Bools]:
    """Leiden on the constant Potts model over all links of everybody."""
    label = communities.communities(scene.links.total, 1, resolution=scene.links.chance / 2)
    return communities.renumbered(label, 3), _all(scene)


def peeling(scene: Scene) -> tuple[Ints, Bools]:
    """Dense blocks of accounts and what they share, one after the other."""
    size = scene.inputs.size
    holds = _bipartite(scene)
    label = np.full(size, -1, np.int64)
    first = 0.0
    for block in range(MOST_BLOCKS):
        rows, density = densest(holds, size)
        first = first or density
        if len(rows) < 3 or density < SMALLEST_DENSITY * first:
            break
        label[rows] = block
        keep = np.ones(holds.shape[0], np.bool_)
        keep[rows] = False
        holds = sparse.csr_array(sparse.diags_array(keep.astype(np.float64)) @ holds)
        holds.eliminate_zeros()
    return communities.renumbered(label, 3), _all(scene)


METHODS: Mapping[str, Grouping] = {
    "average linkage among suspects": product,
    "components over identifiers": components,
    "components over everything": components_of_all,
    "Leiden, constant Potts": potts,
    "peeling, 1/log weights": peeling,
}


def densest(holds: sparse.csr_array, accounts: int) -> tuple[Ints, float]:
    """The accounts of the block with the most weight a node, and that density.

    Args:
        holds: weights of accounts (rows) on entities (columns).
        accounts: the number of rows.
    """
    columns = holds.tocsc()
    weight = np.concatenate(
        [np.asarray(holds.sum(axis=1)).ravel(), np.asarray(holds.sum(axis=0)).ravel()]
    )
    alive = weight > 0
    queue = [(w, node) for node, w in enumerate(weight.tolist()) if w > 0]
    heapq.heapify(queue)
    total, count = float(weight[:accounts].sum()), int(alive.sum())
    best, best_at, order = total / max(count, 1), 0, []
    while queue:
        w, node = heapq.heappop(queue)
        if not alive[node] or w > weight[node] + 1e-9:
            continue
        alive[node] = False
        total, count = total - weight[node], count - 1
        order.append(node)
        for other, value in _around(holds, columns, accounts, node):
            if alive[other]:
                weight[other] -= value
                heapq.heappush(queue, (float(weight[other]), other))
        if count and total / count > best:
            best, best_at = total / count, len(order)
    kept = np.array([node for node in order[best_at:] if node < accounts], np.int64)
    return np.sort(kept), best


def _around(
    holds: sparse.csr_array, columns: sparse.csc_array, accounts: int, node: int
) -> list[tuple[int, float]]:
    matrix, row, offset = (
        (holds, node, accounts) if node < accounts else (columns, node - accounts, 0)
    )
    span = slice(matrix.indptr[row], matrix.indptr[row + 1])
    ends = (matrix.indices[span] + offset).tolist()
    return list(zip(ends, matrix.data[span].tolist(), strict=True))


def _bipartite(scene: Scene) -> sparse.csr_array:
    """Every edge of account and entity at 1 / log(degree + 5), without what one account holds."""
    rows, columns, values, offset = [], [], [], 0
    for incidence in scene.incidences:
        useful = (incidence.degree >= 2)[incidence.entity]
        rows.append(incidence.account[useful])
        columns.append(incidence.entity[useful] + offset)
        values.append(1.0 / np.log(incidence.degree[incidence.entity[useful]] + 5.0))
        offset += len(incidence.degree)
    ends = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(values), ends), shape=(scene.inputs.size, offset))


def _parts(weights: sparse.csr_array) -> tuple[Ints, Bools]:
    _, label = connected_components(weights, directed=False)
    return communities.renumbered(label.astype(np.int64), 3), np.ones(len(label), np.bool_)


def _all(scene: Scene) -> Bools:
    return np.ones(scene.inputs.size, np.bool_)
