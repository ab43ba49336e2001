"""The pieces a world is made of, by name: crowds of honest people and tactics of campaigns.

A piece registers itself where it is defined; a world names the pieces it wants.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graph.errors import UnknownName
from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.town import Town

if TYPE_CHECKING:
    from graph.simulate.plan import Plan

Draw = Callable[[Town, Dice], Iterator[Account]]
Change = Callable[["Plan", Dice, float], None]


@dataclass(frozen=True, slots=True)
class Crowd:
    """A kind of honest account: ``draw`` gives one group of them; ``share`` of a common world."""

    name: str
    share: float
    draw: Draw

    @property
    def law(self) -> str:
        """What distinguishes the kind, in one line."""
        return (self.draw.__doc__ or "").splitlines()[0]


@dataclass(frozen=True, slots=True)
class Tactic:
    """One habit of campaigns: changes a plan; ``strength`` 0..1 (``default`` when not given)."""

    name: str
    default: float
    change: Change

    @property
    def law(self) -> str:
        """What it does, in one line."""
        return (self.change.__doc__ or "").splitlines()[0]


CROWDS: dict[str, Crowd] = {}
TACTICS: dict[str, Tactic] = {}


def crowd(name: str, share: float) -> Callable[[Draw], Draw]:
    """Registers a kind of honest account; ``share`` is its weight in a common world."""

    def register(draw: Draw) -> Draw:
        CROWDS[name] = Crowd(name, share, draw)
        return draw

    return register


def tactic(name: str, default: float = 1.0) -> Callable[[Change], Change]:
    """Registers a tactic and its usual strength (0..1)."""

    def register(change: Change) -> Change:
        TACTICS[name] = Tactic(name, default, change)
        return change

    return register


def tactic_named(name: str) -> Tactic:
    """The tactic of that name.

    Raises:
        UnknownName: if there is none.
    """
    if name not in TACTICS:
        raise UnknownName.among("tactic", name, TACTICS)
    return TACTICS[name]


def crowd_named(name: str) -> Crowd:
    """The crowd of that name.

    Raises:
        UnknownName: if there is none.
    """
    if name not in CROWDS:
        raise UnknownName.among("crowd", name, CROWDS)
    return CROWDS[name]
