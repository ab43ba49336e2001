"""Where campaigns connect from."""

from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("residential_proxies", 0.7)
def residential_proxies(plan: Plan, dice: Dice, strength: float) -> None:
    """Household addresses hired by the request, for this share of the sittings."""
    plan.residential = 8.0 * strength
    plan.addresses = 4 + int(16 * strength)


@tactic("hosting")
def hosting(plan: Plan, dice: Dice, strength: float) -> None:
    """Rented machines."""
    plan.hosting = 4.0 * strength


@tactic("shared_servers")
def shared_servers(plan: Plan, dice: Dice, strength: float) -> None:
    """A few rented machines carry all accounts."""
    plan.hosting, plan.shared_addresses = 4.0 * strength, True


@tactic("vpn_exits")
def vpn_exits(plan: Plan, dice: Dice, strength: float) -> None:
    """Commercial VPN exits, shared with honest people."""
    plan.vpn = 4.0 * strength
