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

from graph.rings.inputs import Floats, Ints, distinct
from graph.rings.model import Family
from graph.rings.relations import Incidence

FAMILY_CAP = 8.0
"""Most nats one family may add to a pair: odds of 3,000 to 1."""
RING_SIZE = 30.0
"""A usual ring: sets how unlikely it is that two accounts drawn at random are of one ring."""
MIN_LINK = 1.0
"""A pair tied by less is left out."""


@dataclass(frozen=True)
class Links:
    """Pair weights in nats, symmetric [N, N] CSR, an entry a pair and direction.

    ``families`` holds the capped matrix of each family, ``total`` their sum. ``chance`` is the
    log-odds against two random active accounts being tied. Templates in common are worth no more:
    siblings come together in one toolkit and toolkits are shared, so that alone decides nothing.
    ``kit`` ties by the rarity of templates alone: it makes candidates, ``families`` evidence.
    """

    families: Mapping[Family, sparse.csr_array]
    size: int
    chance: float
    kit: sparse.csr_array

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


def weigh(incidences: Iterable[Incidence], size: int) -> Links:
    """Links of ``size`` accounts from everything they share."""
    by_family: dict[Family, list[Incidence]] = {}
    for incidence in incidences:
        by_family.setdefault(incidence.relation.family, []).append(incidence)
    asked = [i.account for i in by_family.get(Family.PROMPTS, ())]
    active = len(distinct(np.concatenate(asked))) if asked else size
    chance = float(np.log(max(active / RING_SIZE, np.e)))
    kit = _pairs([replace(i, weight=i.rarity) for i in by_family.get(Family.PROMPTS, ())], size)
    links = Links({}, size, chance, _capped(kit, chance))
    for family, parts in by_family.items():
        links = links.with_family(family, _pairs(parts, size))
    return links


def _pairs(parts: list[Incidence], size: int) -> sparse.csr_array:
    accounts: list[Ints] = []
    entities: list[Ints] = []
    values: list[Floats] = []
    offset = 0
    if not parts:
        return sparse.csr_array((size, size), dtype=np.float64)
    for part in parts:
        useful = (part.weight > 0) & (part.degree <= part.relation.max_degree)
        keep = np.flatnonzero(useful[part.entity])
        accounts.append(part.account[keep])
        entities.append(part.entity[keep] + offset)
        values.append(np.sqrt(part.weight[part.entity[keep]] * part.strength[keep]))
        offset += len(part.weight)
    return product(np.concatenate(accounts), np.concatenate(entities), np.concatenate(values), size)


def product(account: Ints, entity: Ints, value: Floats, size: int) -> sparse.csr_array:
    """Sum over shared entities of the product of both ends' ``value``; symmetric, no self pairs.

    Shapes: account, entity, value [E] -> [size, size].
    """
    held, column = np.unique(entity, return_inverse=True)
    shape = (size, len(held))
    holds = sparse.csr_array((value, (account, column)), shape=shape)
    pairs = (holds @ holds.T).tocoo()
    apart = pairs.row != pairs.col
    return sparse.csr_array(
        (pairs.data[apart], (pairs.row[apart], pairs.col[apart])), shape=(size, size)
    )


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
