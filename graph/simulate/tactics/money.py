"""How campaigns pay."""

from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("shared_cards", 0.4)
def shared_cards(plan: Plan, dice: Dice, strength: float) -> None:
    """Few cards pay for many accounts: 2 accounts a card at 0.1, 11 at 1."""
    plan.accounts_per_card = 1.0 + 10.0 * strength


@tactic("identifier_splitting", 1.0)
def identifier_splitting(plan: Plan, dice: Dice, strength: float) -> None:
    """Shared cards and devices are split up, down to one account each at 1."""
    plan.accounts_per_card = 1.0 + (plan.accounts_per_card - 1.0) * (1.0 - strength)
    plan.accounts_per_device = 1.0 + (plan.accounts_per_device - 1.0) * (1.0 - strength)
    plan.shared_addresses = plan.shared_addresses and strength < 0.5


@tactic("own_cards")
def own_cards(plan: Plan, dice: Dice, strength: float) -> None:
    """This share of those who would pay with a shared card has one of its own; no more changes."""
    shared = (1.0 - 1.0 / plan.accounts_per_card) * (1.0 - strength)
    plan.accounts_per_card = 1.0 / (1.0 - shared)


@tactic("unique_identifiers")
def unique_identifiers(plan: Plan, dice: Dice, strength: float) -> None:
    """This share of the accounts has its own card, device, address and phone."""
    plan.apart = strength
    if strength >= 1.0:
        identifier_splitting(plan, dice, 1.0)
        plan.reuse = 0.0


@tactic("one_issuer")
def one_issuer(plan: Plan, dice: Dice, strength: float) -> None:
    """All cards come from one range of one bank."""
    plan.one_issuer = True


@tactic("virtual_cards")
def virtual_cards(plan: Plan, dice: Dice, strength: float) -> None:
    """Single-use virtual cards of one range."""
    plan.card_kind, plan.one_issuer = "virtual", True


@tactic("prepaid_cards")
def prepaid_cards(plan: Plan, dice: Dice, strength: float) -> None:
    """Gift and prepaid cards."""
    plan.card_kind = "prepaid"


@tactic("free_tier", 0.9)
def free_tier(plan: Plan, dice: Dice, strength: float) -> None:
    """No payment at all: the free plan, many times over."""
    plan.free_share = strength


@tactic("stolen_cards", 0.3)
def stolen_cards(plan: Plan, dice: Dice, strength: float) -> None:
    """Cards of other people, disputed weeks later."""
    plan.disputes = strength
