"""How campaigns come, go and come back."""

from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("bought_accounts", 0.8)
def bought_accounts(plan: Plan, dice: Dice, strength: float) -> None:
    """Aged accounts are bought: honest history first, then the campaign."""
    plan.bought = strength


@tactic("replacement", 0.5)
def replacement(plan: Plan, dice: Dice, strength: float) -> None:
    """This share is banned in time, and each banned account is replaced within two days."""
    plan.banned, plan.replaces = strength, True


@tactic("regrowth", 0.3)
def regrowth(plan: Plan, dice: Dice, strength: float) -> None:
    """Banned as a whole half-way, the campaign grows again, re-using this share of identifiers."""
    plan.regrows, plan.reuse = True, strength
