"""What campaigns say."""

from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("paraphrase", 0.67)
def paraphrase(plan: Plan, dice: Dice, strength: float) -> None:
    """Templates are disguised: L0 at 0, L3 at 1."""
    plan.level = round(3 * strength)


@tactic("sibling_templates", 0.5)
def sibling_templates(plan: Plan, dice: Dice, strength: float) -> None:
    """Several templates of one toolkit: 2 at 0, 8 at 1."""
    plan.siblings = 2 + round(6 * strength)


@tactic("public_kit")
def public_kit(plan: Plan, dice: Dice, strength: float) -> None:
    """A toolkit everybody can download, and honest people use."""
    plan.public_kit = True


@tactic("many_operators", 0.3)
def many_operators(plan: Plan, dice: Dice, strength: float) -> None:
    """Several operators share one toolkit: 2 at 0, 6 at 1."""
    plan.operators = 2 + round(4 * strength)
