"""Which of the things an account shares carried the graph network's part of its score.

Whoever is judged only listens, so what each entity tells does not depend on him, and leaving one
of them out is exact: the log odds are computed again by :mod:`gnn.last_hop` as if he had never
touched it. It knows nothing of who is guilty, nor of how a network is taught; sentences are made of
it by :mod:`gnn.explained`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gnn.last_hop import LastHop, Rows, Told
from gnn.mates import Links, Ties
from gnn.network import Company, Network

if TYPE_CHECKING:
    from gnn.tensors import Hearing

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
States = Sequence[dict[str, Rows]]


@dataclass(frozen=True, slots=True)
class Carrier:
    """An ``entity`` (its row) of a kind of link; without it log odds fall by ``weight``."""

    link: str
    entity: int
    weight: float


@dataclass(frozen=True)
class Listener:
    """The account at ``place`` as the networks that judge it hear it.

    ``touched`` are links and entities that it shares with somebody who speaks; ``judges`` pairs of
    a network and what those entities told it, in the same order.
    """

    place: int
    row: Rows
    touched: Sequence[tuple[str, int]]
    judges: Sequence[tuple[LastHop, Sequence[Told]]]

    @cached_property
    def margin(self) -> float:
        """What the networks say of it, log odds."""
        return float(self._margins(np.ones((1, len(self.touched)), bool))[0])

    @cached_property
    def carriers(self) -> tuple[Carrier, ...]:
        """What it touches, by how much the log odds fall without it, most first."""
        fall = self.margin - self._margins(~np.eye(len(self.touched), dtype=bool))
        found = [
            Carrier(link, entity, weight)
            for (link, entity), weight in zip(self.touched, fall.tolist(), strict=True)
        ]
        return tuple(sorted(found, key=lambda one: (-one.weight, one.link, one.entity)))

    def fall_without(self, gone: Sequence[tuple[str, int]]) -> float:
        """By how much the log odds fall without all of ``gone`` at once."""
        keep = np.array([[one not in gone for one in self.touched]], bool)
        return self.margin - float(self._margins(keep.reshape(1, -1))[0])

    def _margins(self, keep: npt.NDArray[np.bool_]) -> Floats:
        if not len(keep):
            return np.empty(0)
        said = [hop.margins(self.row, told, keep) for hop, told in self.judges]
        return np.asarray(np.mean(said, axis=0), np.float64)


def listeners(
    network: Network, company: Company, fold: Ints, places: Sequence[int]
) -> Iterator[Listener]:
    """The accounts at ``places``, a part after the other; ``fold`` [N] is -1 for the untrained."""
    from gnn.encoder import encoder_of, told_by  # noqa: PLC0415 - brings torch
    from gnn.tensors import Hearing  # noqa: PLC0415 - brings torch

    x, part = network.scale(company.columns), company.part
    nets = [encoder_of(weights, company.links) for weights in network.weights]
    hops = [LastHop.of(weights) for weights in network.weights]
    for number in np.unique(part[list(places)]).tolist():
        hearing = Hearing.of(company.links, part == number)
        states = [told_by(net, x, hearing) for net in nets]
        for place in (place for place in places if part[place] == number):
            judges = range(len(nets)) if fold[place] < 0 else [int(fold[place])]
            seats = list(_seats(company.links, hearing, place))
            heard = [(hops[n], [_told(states[n], seat) for seat in seats]) for n in judges]
            yield Listener(place, x[place], [(s.link, s.entity) for s in seats], heard)


@dataclass(frozen=True, slots=True)
class _Seat:
    """An entity that an account touches: its row among all, and among those that are heard."""

    link: str
    entity: int
    row: int
    speaking: int
    often: float


def _seats(links: Links, hearing: "Hearing", place: int) -> Iterator[_Seat]:
    """What an account touches where somebody speaks."""
    for ties in links.ties:
        yield from _of_kind(ties, hearing, place)


def _of_kind(ties: Ties, hearing: "Hearing", place: int) -> Iterator[_Seat]:
    name, mine = ties.link.name, ties.edges_of(place)
    kept, speaking = hearing.kept[name], hearing.entities[name]
    entities, often = ties.entities[mine], ties.counts[mine]
    rows = np.searchsorted(kept, entities)
    for entity, row, times in zip(entities.tolist(), rows.tolist(), often.tolist(), strict=True):
        if row == len(kept) or kept[row] != entity:
            continue
        crowd = round(float(speaking[row, 0].expm1()))
        if crowd:
            yield _Seat(name, entity, row, crowd, times)


def _told(states: States, seat: _Seat) -> Told:
    told = np.stack([turn[seat.link][seat.row] for turn in states])
    return Told(seat.link, told, seat.speaking, seat.often)
