"""When campaigns act."""

from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("lockstep")
def lockstep(plan: Plan, dice: Dice, strength: float) -> None:
    """A scheduler wakes all accounts together, within 15 minutes; more often when stronger."""
    plan.ticks_per_day = 1.0 + 3.0 * strength


@tactic("jitter", 0.5)
def jitter(plan: Plan, dice: Dice, strength: float) -> None:
    """The scheduler's moments are blurred: 15 minutes at 0, 6 hours at 1."""
    plan.jitter_minutes = 15.0 + 345.0 * strength


@tactic("handover", 0.2)
def handover(plan: Plan, dice: Dice, strength: float) -> None:
    """Conversations begun on one account go on on another, for this share of the requests."""
    plan.handover = strength


@tactic("release_pivot", 0.5)
def release_pivot(plan: Plan, dice: Dice, strength: float) -> None:
    """This share of the traffic moves to a new model within 24 hours of its release."""
    plan.pivot = strength


@tactic("burst_join")
def burst_join(plan: Plan, dice: Dice, strength: float) -> None:
    """All accounts sign up within a day."""
    plan.join_days = max(0.3, 11.0 * (1.0 - strength))
