"""How much campaigns send, and what they hide it in."""

from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("mixed_traffic", 0.85)
def mixed_traffic(plan: Plan, dice: Dice, strength: float) -> None:
    """A proxy network that also serves unrelated customers: this share of traffic is theirs."""
    plan.dilution = strength


@tactic("resale", 0.7)
def resale(plan: Plan, dice: Dice, strength: float) -> None:
    """A proxy network sells its accounts' use: this share is customers', each through several."""
    plan.dilution = strength
    plan.customers = max(4, plan.accounts // 5)
    plan.hosting, plan.shared_addresses = 4.0, True
    plan.handover = max(plan.handover, 0.1)


@tactic("slow_drip")
def slow_drip(plan: Plan, dice: Dice, strength: float) -> None:
    """Few requests an account and day: 5 at full strength."""
    plan.rate = plan.rate * (1.0 - strength) + 5.0 * strength
    plan.rate_sigma = 0.35
    plan.lifetime_days *= 1.0 + strength


@tactic("flood")
def flood(plan: Plan, dice: Dice, strength: float) -> None:
    """Many requests an account and day, up to 860 at full strength, for a few days."""
    plan.rate = plan.rate * (1.0 - strength) + 860.0 * strength
    plan.rate_sigma = 0.2
    plan.lifetime_days = min(plan.lifetime_days, 3.0)


@tactic("warm_up", 0.5)
def warm_up(plan: Plan, dice: Dice, strength: float) -> None:
    """New accounts talk innocently for days first: 6 at full strength."""
    plan.warm_up_days = 6.0 * strength


@tactic("sharding")
def sharding(plan: Plan, dice: Dice, strength: float) -> None:
    """This share of the accounts works one template of the kit each, and no other."""
    plan.sharded = strength


@tactic("small_rings")
def small_rings(plan: Plan, dice: Dice, strength: float) -> None:
    """The ring is run as small ones that share nothing, not even the kit: 4 accounts each at 1."""
    most = max(plan.accounts / 4.0, 2.0)
    plan.operators = max(plan.operators, 2, round(1.0 + (most - 1.0) * strength))
    plan.shared_kit = False
