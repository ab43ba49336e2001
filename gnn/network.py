"""The graph network's voice in an account's score: what it does, heard in its company.

A network for each fold of the training, kept as plain arrays: an account that was trained on is
judged by the one that never saw its label, any other by the mean of all, as with the forests. Every
account is asked while it only listens (:mod:`gnn.tensors`); in which part of the accounts it does
so follows from its id, so that a refresh says the same again. Nothing here imports torch until a
whole company is judged, which only a refresh and a training do. How it is taught:
:mod:`gnn.train_network`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gnn.columns import Column, Family
from gnn.features import ACCOUNT_COLUMNS
from gnn.last_hop import LastHop
from gnn.mates import Links
from gnn.scale import Rows, Scale

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Weights = Mapping[str, npt.NDArray[np.float32]]

NETWORK_SCORE: Column[None, None] = Column(
    "company_share",
    Family.MATES,
    "What it does in the company it keeps, as a graph network judges it",
    lambda _: None,
)
NETWORK_COLUMNS = (*ACCOUNT_COLUMNS, "own_score")
PARTS = 3
_SCALE = "scale"


def parts_of(keys: Sequence[str]) -> Ints:
    """In which part of the accounts each one listens, 0 .. PARTS - 1, by its id, [len(keys)]."""
    digests = (hashlib.blake2b(key.encode(), digest_size=4).digest() for key in keys)
    return (np.frombuffer(b"".join(digests), "<u4") % PARTS).astype(np.int64)


@dataclass(frozen=True)
class Company:
    """Accounts of one moment, by ``keys``: columns [N, F], own margins [N] and what they share."""

    keys: Sequence[str]
    rows: Rows
    own: Floats
    links: Links

    @property
    def columns(self) -> Rows:
        """What the network is given of each account, [N, len(NETWORK_COLUMNS)]."""
        return np.column_stack([self.rows, self.own]).astype(np.float32)

    @property
    def part(self) -> Ints:
        """In which part each one listens, [N]."""
        return parts_of(self.keys)


@dataclass(frozen=True)
class Network:
    """``weights`` of the network of each fold, under torch's names, and the scale of columns."""

    weights: tuple[Weights, ...]
    scale: Scale

    def margin(self, company: Company, fold: Ints) -> Floats:
        """Log odds of each account [N]; ``fold`` [N] is -1 for who was not trained on."""
        from gnn.encoder import encoder_of, heard  # noqa: PLC0415 - brings torch

        nets = [encoder_of(weights, company.links) for weights in self.weights]
        share = np.where(fold < 0, 1.0 / len(nets), 0.0)[:, None] + np.eye(len(nets) + 1)[fold, :-1]
        x, total = self.scale(company.columns), np.zeros(len(fold))
        for listening, said in heard(nets, x, company.links, company.part):
            total[listening] = (share[listening] * said).sum(axis=1)
        return total

    @cached_property
    def hops(self) -> tuple[LastHop, ...]:
        """The last hop of each network, for newcomers."""
        return tuple(LastHop.of(weights) for weights in self.weights)

    @cached_property
    def stranger(self) -> Rows:
        """The scaled columns of somebody of whom nothing is known, [2 F]."""
        unknown = np.full((1, len(NETWORK_COLUMNS)), np.nan, np.float32)
        return np.asarray(self.scale(unknown)[0], np.float32)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything."""
        told = hashlib.sha256()
        for name, array in self.arrays().items():
            told.update(name.encode())
            told.update(np.ascontiguousarray(array).tobytes())
        return told.hexdigest()

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Everything as arrays under names, the way a bundle keeps them."""
        named = {f"{n}/{name}": a for n, net in enumerate(self.weights) for name, a in net.items()}
        return {_SCALE: self.scale.steps, **dict(sorted(named.items()))}

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> "Network":
        """What :meth:`arrays` gave."""
        nets: dict[int, dict[str, npt.NDArray[np.float32]]] = {}
        for name in sorted(arrays.keys() - {_SCALE}):
            number, _, weight = name.partition("/")
            nets.setdefault(int(number), {})[weight] = arrays[name].astype(np.float32)
        return cls(tuple(nets[n] for n in sorted(nets)), Scale(arrays[_SCALE].astype(np.float64)))
