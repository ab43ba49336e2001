"""The weighted account graph: how surely two accounts are tied, family by family.

Pairs come only from things that both hold (a sparse product an evidence family), so cost follows
the pairs that exist, not all pairs; a thing with more holders than its relation allows makes none,
and by then its weight is next to nothing. A family adds at most :data:`FAMILY_CAP` to a pair:
ten shared addresses are one habit, not ten proofs. Read :mod:`graph.rings.communities` next.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from graph.rings.inputs import Bools, Floats, Ints, RingInputs, distinct
from graph.rings.model import Family
from graph.rings.relations import MOST_NATS, Incidence

FAMILY_CAP = MOST_NATS
"""Most nats one family may add to a pair: odds of 3,000 to 1."""
RING_SIZE = 30.0
"""A usual ring: sets how unlikely it is that two accounts drawn at random are of one ring."""
GRAIN = 2.0**-12
"""Step of what an edge brings to a pair: with steps a power of two, sums are exact."""
MIN_LINK = 1.0
"""A pair tied by less is left out."""


@dataclass(frozen=True)
class Links:
    """Pair weights in nats, symmetric [N, N] CSR, an entry a pair and direction.

    ``families`` holds the capped matrix of each family, ``total`` their sum. ``chance`` is the
    log-odds against two random active accounts being tied. Templates in common are worth no more:
    siblings come together in one toolkit and toolkits are shared, so that alone decides nothing.
    ``kit`` ties by the rarity of templates alone: it makes candidates, ``families`` evidence.
    ``one_hand`` ties by templates whose users were seen to go together, and by no public one.
    """

    families: Mapping[Family, sparse.csr_array]
    size: int
    chance: float
    kit: sparse.csr_array
    one_hand: sparse.csr_array

    @cached_property
    def total(self) -> sparse.csr_array:
        """The sum over families, without pairs below :data:`MIN_LINK`."""
        return _above(self.sum, MIN_LINK)

    @cached_property
    def sum(self) -> sparse.csr_array:
        """The sum over families, faint pairs and all."""
        zero = sparse.csr_array((self.size, self.size), dtype=np.float64)
        return sum(self.families.values(), zero).tocsr()

    def with_family(self, family: Family, matrix: sparse.csr_array) -> "Links":
        """These links with ``matrix`` (uncapped) as those of ``family``."""
        capped = _capped(matrix, self.chance if family is Family.PROMPTS else FAMILY_CAP)
        return replace(self, families={**self.families, family: capped})

    def without(self, family: Family) -> "Links":
        """These links as if ``family`` had never been looked at."""
        if family not in self.families:
            return self  # and its sums, once made, are not made again
        left = {f: m for f, m in self.families.items() if f is not family}
        return replace(self, families=left)


def weigh(incidences: Iterable[Incidence], inputs: RingInputs, cell: Ints | None = None) -> Links:
    """Links of accounts from everything they share.

    Possessions tie accounts of one ``cell`` [N] (:mod:`graph.rings.cells`) and accounts that act;
    without cells, all.
    """
    by_family: dict[Family, list[Incidence]] = {}
    for incidence in incidences:
        by_family.setdefault(incidence.relation.family, []).append(incidence)
    asked, size = by_family.get(Family.PROMPTS, []), inputs.size
    chance = inputs.usual.of("chance", lambda: _chance(asked, size))
    kit, hand = (
        _capped(product(*_edges([replace(i, weight=w) for i, w in valued]), size), chance)
        for valued in ([(i, i.rarity) for i in asked], [(i, i.one_hand) for i in asked])
    )
    links = Links({}, size, chance, kit, hand)
    for family, parts in by_family.items():
        edges = _edges(parts)
        if cell is None or family is Family.PROMPTS:
            pairs = product(*edges, size)
        else:
            pairs = _near(edges, cell, inputs.active)
        links = links.with_family(family, pairs)
    return links


def _chance(asked: list[Incidence], size: int) -> float:
    active = len(distinct(np.concatenate([i.account for i in asked]))) if asked else size
    return float(np.log(max(active / RING_SIZE, np.e)))


def _edges(parts: list[Incidence]) -> tuple[Ints, Ints, Floats]:
    """Account, entity (numbered over all ``parts``) and value of every edge that makes pairs."""
    none = np.empty(0, np.int64)
    accounts, entities, values, offset = [none], [none], [none.astype(np.float64)], 0
    for part in parts:
        useful = (part.weight > 0) & part.ties
        keep = np.flatnonzero(useful[part.entity])
        accounts.append(part.account[keep])
        entities.append(part.entity[keep] + offset)
        values.append(np.sqrt(part.weight[part.entity[keep]] * part.strength[keep]))
        offset += len(part.weight)
    return np.concatenate(accounts), np.concatenate(entities), np.concatenate(values)


def _near(edges: tuple[Ints, Ints, Floats], cell: Ints, active: Bools) -> sparse.csr_array:
    """Pairs within cells, and between accounts that act, [N, N]."""
    account, entity, value = edges
    width = int(entity.max(initial=0)) + 1
    inside = product(account, cell[account] * width + entity, value, len(cell))
    acts = active[account]
    if not acts.any():
        return inside
    among = product(account[acts], entity[acts], value[acts], len(cell))
    pairs = inside.tocoo()
    rest = ~(active[pairs.row] & active[pairs.col])
    ends = (pairs.row[rest], pairs.col[rest])
    return (among + sparse.csr_array((pairs.data[rest], ends), shape=pairs.shape)).tocsr()


def product(account: Ints, entity: Ints, value: Floats, size: int) -> sparse.csr_array:
    """Sum over shared entities of the product of both ends' ``value``; symmetric, no self pairs.

    Shapes: account, entity, value [E] -> [size, size]. Values are rounded to :data:`GRAIN`, so that
    sums of their products are exact and depend on no order.
    """
    held, column, holders = np.unique(entity, return_inverse=True, return_counts=True)
    shared = holders[column] >= 2  # what one account holds ties nobody
    account, column, value = account[shared], column[shared], value[shared]
    value = np.round(value / GRAIN) * GRAIN
    holds = sparse.csr_array((value, (account, column)), shape=(size, len(held)))
    pairs = (holds @ holds.T).tocsr()
    row = np.repeat(np.arange(size), np.diff(pairs.indptr))
    pairs.data[pairs.indices == row] = 0.0
    pairs.eliminate_zeros()
    return pairs


def _capped(matrix: sparse.csr_array, cap: float) -> sparse.csr_array:
    kept = _above(matrix, MIN_LINK / 4)
    kept.data = np.minimum(kept.data, cap)
    return kept


def _above(matrix: sparse.csr_array, floor: float) -> sparse.csr_array:
    matrix = matrix.tocsr(copy=True)
    matrix.data[matrix.data < floor] = 0.0
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix
