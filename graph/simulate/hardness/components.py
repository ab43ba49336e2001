"""The classical rule: accounts that share identifiers are one component; large young ones are bad.

The best of many variants is reported: which identifiers link, how many accounts may share one
before it is taken for public, how large a component must be, how young.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.simulate.clock import DAY_US
from graph.simulate.hardness.links import touches
from graph.simulate.hardness.observed import Observed, observe
from graph.simulate.world import World

Ints = NDArray[np.int64]
_LINKS: Final = (
    ("card",), ("device",), ("card", "device"), ("card", "device", "ip"),
    ("card", "device", "ip", "phone"), ("ip",), ("block",), ("card", "block"), ("conversation",),
    ("card", "device", "conversation"),
)  # fmt: skip
_NEVER: Final = np.iinfo(np.int64).max
_PUBLIC: Final = (5, 15, 50, 200)
_SIZES: Final = (2, 3, 4, 6, 10, 15, 25, 40)
_YOUNG_DAYS: Final = (3.0, 10.0, 30.0, 10_000.0)


@dataclass(frozen=True, slots=True)
class ComponentRule:
    """The best variant: what it prevents and how many honest accounts it flags (shares 0..1)."""

    prevented: float
    honest_flagged: float
    rule: str


def best_component_rule(
    world: World, honest_limit: float = 0.001, seen: Observed | None = None
) -> ComponentRule:
    """The variant that prevents most while it flags at most this share of honest accounts."""
    seen = seen or observe(world)
    guilty = np.array([a.campaign is not None for a in world.cast])
    judged = _judged(world, seen)
    chains = {n: _chained(*touches(seen, n)) for names in _LINKS for n in names}
    best = ComponentRule(0.0, 0.0, "none")
    for names, public, young in product(_LINKS, _PUBLIC, _YOUNG_DAYS):
        own, component = _components(seen, [chains[n].of(public) for n in names], young)
        for size in _SIZES:
            flagged_at = _flagged(own, component, size)
            wrong = float((flagged_at[~guilty] < _NEVER).mean())
            prevented = _prevented(judged, flagged_at)
            if wrong <= honest_limit and prevented > best.prevented:
                sort = f"{'+'.join(names)} of {public} users at most"
                best = ComponentRule(prevented, wrong, f"{sort}, {size} accounts, {young:g} days")
    return best


@dataclass(frozen=True, slots=True)
class _Chain:
    """Accounts that follow each other on one thing: earlier, later, when, users of the thing."""

    left: Ints
    right: Ints
    at: Ints
    users: Ints

    def of(self, public: int) -> "_Chain":
        """Without the things that more than ``public`` accounts use."""
        kept = self.users <= public
        return _Chain(self.left[kept], self.right[kept], self.at[kept], self.users[kept])


def _chained(owner: Ints, at: Ints, thing: Ints) -> _Chain:
    known = thing >= 0
    owner, at, thing = owner[known], at[known], thing[known]
    order = np.lexsort((at, owner, thing))
    owner, at, thing = owner[order], at[order], thing[order]
    first = (np.diff(thing, prepend=-2) != 0) | (np.diff(owner, prepend=-2) != 0)
    owner, at, thing = owner[first], at[first], thing[first]
    order = np.lexsort((at, thing))
    owner, at, thing = owner[order], at[order], thing[order]
    begin = np.searchsorted(thing, thing, side="left")
    users = np.searchsorted(thing, thing, side="right") - begin
    same = thing[1:] == thing[:-1]
    return _Chain(owner[:-1][same], owner[1:][same], at[1:][same], users[1:][same])


def _components(seen: Observed, chains: Sequence[_Chain], young: float) -> tuple[Ints, Ints]:
    """When each account was first tied (``_NEVER`` if it is not), and its component."""
    left, right, at = (
        np.concatenate([getattr(chain, side) for chain in chains])
        for side in ("left", "right", "at")
    )
    created = np.array(seen.signups["created_us"], np.int64)
    recent = np.abs(created[left] - created[right]) <= young * DAY_US
    left, right, at = left[recent], right[recent], at[recent]
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), (seen.accounts, seen.accounts))
    _, component = connected_components(graph, directed=False)
    own = np.full(seen.accounts, _NEVER, np.int64)
    np.minimum.at(own, left, at)
    np.minimum.at(own, right, at)
    return own, component.astype(np.int64)


def _flagged(own: Ints, component: Ints, size: int) -> Ints:
    """When each account's component had ``size`` tied accounts, itself among them."""
    ready = _nth_moment(component, own, size)
    large = np.bincount(component)[component] >= size
    return np.where(large & (own < _NEVER), np.maximum(own, ready[component]), _NEVER)


def _nth_moment(component: Ints, own: Ints, size: int) -> Ints:
    """For each component, when its ``size``-th account was tied to it."""
    order = np.lexsort((own, component))
    ordered = component[order]
    first = np.searchsorted(ordered, np.arange(component.max() + 1))
    position = np.minimum(first + size - 1, len(order) - 1)
    return np.asarray(own[order][position], np.int64)


def _judged(world: World, seen: Observed) -> tuple[Ints, Ints]:
    """Account and moment of every exchange of a campaign after the end of training."""
    owner, at = seen.requests["account"], seen.requests["at"]
    begun = [
        max(world.train_until, a.active_from or 0) if a.campaign else _NEVER for a in world.cast
    ]
    judged = at >= np.array(begun, np.int64)[owner]
    return owner[judged], at[judged]


def _prevented(judged: tuple[Ints, Ints], flagged_at: Ints) -> float:
    owner, at = judged
    return float((at > flagged_at[owner]).sum() / max(len(at), 1))
