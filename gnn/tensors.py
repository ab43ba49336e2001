"""Accounts and what they share as tensors: what the graph network of :mod:`gnn.encoder` takes.

Accounts come with their columns, entities with two numbers anyone can count; nobody comes with an
identity. Operators are sparse and made once. Whoever is to be judged only listens: his own edges
towards entities are left out, so that he never hears himself, and stands as a newcomer stands
before states that were cached without him. It knows nothing of labels.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.last_hop import COUNTED, Rows, weight_of
from gnn.mates import Links, Ties

ACCOUNT = "account"
ENTITY_COLUMNS = 2

Mask = npt.NDArray[np.bool_]
Kind = tuple[str, str, str]


@dataclass(frozen=True)
class Hearing:
    """The graph as ``listening`` [N] accounts hear it, by kind of edge.

    ``into`` holds the mean over the accounts of each entity that speak, ``onto`` the weighted mean
    over each account's entities (crowds count more than pairs, templates by how often they were
    asked); both are sparse CSR. ``entities`` are the logarithms of how many speak and of how often
    each did, [M, 2] a kind; ``kept`` tells which of the entities of ``Links`` they are.
    """

    listening: Mask
    into: Mapping[Kind, Tensor]
    onto: Mapping[Kind, Tensor]
    entities: Mapping[str, Tensor]
    kept: Mapping[str, npt.NDArray[np.int64]]

    @classmethod
    def of(cls, links: Links, listening: Mask, least: int = 2) -> "Hearing":
        """What is heard by ``listening`` accounts, and what all others tell each other.

        Entities of fewer than ``least`` accounts are left out.
        """
        shared = {t.link.name: _Shared(t, links.accounts, listening, least) for t in links.ties}
        return cls(
            listening,
            {(ACCOUNT, s.verb, name): _tensor(s.into()) for name, s in shared.items()},
            {(name, f"rev_{s.verb}", ACCOUNT): _tensor(s.onto()) for name, s in shared.items()},
            {name: torch.from_numpy(s.columns()) for name, s in shared.items()},
            {name: s.kept for name, s in shared.items()},
        )


def hearings(links: Links, parts: int, rng: np.random.Generator) -> list[Hearing]:
    """One hearing for each of ``parts`` random parts of the accounts; each listens in one."""
    part = rng.integers(0, parts, links.accounts)
    return [Hearing.of(links, part == number) for number in range(parts)]


def kinds_of(links: Sequence[Links]) -> list[tuple[str, str]]:
    """Name and verb of each kind of link, in order."""
    return [(ties.link.name, ties.link.verb) for ties in links[0].ties]


class _Shared:
    """The entities of one kind that ``least`` accounts or more touch."""

    def __init__(self, ties: Ties, accounts: int, listening: Mask, least: int) -> None:
        crowd = np.bincount(ties.entities, minlength=ties.size)
        self.verb = ties.link.verb
        self.kept = np.flatnonzero(crowd >= least)
        place = np.full(ties.size, -1, np.int64)
        place[self.kept] = np.arange(len(self.kept))
        shared = place[ties.entities] >= 0
        self.accounts, self.entities = ties.accounts[shared], place[ties.entities[shared]]
        often = ties.counts[shared]
        self.often = often if ties.link.name == COUNTED else np.ones(len(often))
        self.speaks = ~listening[self.accounts]
        self.shape = (len(self.kept), accounts)
        told = self.entities[self.speaks]
        self.speaking = np.bincount(told, minlength=len(self.kept)).astype(np.float64)
        self.told = np.bincount(told, often[self.speaks], minlength=len(self.kept))

    def columns(self) -> Rows:
        each = self.told / np.maximum(self.speaking, 1.0)
        return np.log1p(np.stack([self.speaking, each], axis=1)).astype(np.float32)

    def into(self) -> sp.csr_array:
        entities = self.entities[self.speaks]
        share = 1.0 / self.speaking[entities]
        return sp.coo_array((share, (entities, self.accounts[self.speaks])), self.shape).tocsr()

    def onto(self) -> sp.csr_array:
        heard = self.speaking[self.entities] > 0
        accounts, entities = self.accounts[heard], self.entities[heard]
        total = np.bincount(accounts, self.often[heard], minlength=self.shape[1])
        share = self.often[heard] / total[accounts] * weight_of(self.speaking[entities])
        return sp.coo_array((share, (accounts, entities)), self.shape[::-1]).tocsr()


def _tensor(matrix: sp.csr_array) -> Tensor:
    matrix.sort_indices()
    starts, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            torch.from_numpy(starts),
            torch.from_numpy(columns),
            torch.from_numpy(matrix.data.astype(np.float32)),
            matrix.shape,
            check_invariants=False,
        )
