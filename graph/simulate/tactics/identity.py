"""Who campaigns say they are."""

from graph.simulate import identities
from graph.simulate.chance import Dice
from graph.simulate.plan import Plan
from graph.simulate.registry import tactic


@tactic("email_pattern")
def email_pattern(plan: Plan, dice: Dice, strength: float) -> None:
    """Addresses made by a script: one shape, at one provider."""
    plan.email_shape = dice.choice(("first99", "firstlast99", "word99", "random", "first_last99"))
    plan.email_domain = dice.choice(("gmail.com", "outlook.com", "proton.me"))


@tactic("natural_emails")
def natural_emails(plan: Plan, dice: Dice, strength: float) -> None:
    """Addresses as people have them."""
    plan.email_shape = plan.email_domain = None


@tactic("disposable_emails")
def disposable_emails(plan: Plan, dice: Dice, strength: float) -> None:
    """Throw-away mail."""
    plan.email_domain = dice.choice(identities.DISPOSABLE)


@tactic("device_farm", 0.3)
def device_farm(plan: Plan, dice: Dice, strength: float) -> None:
    """Racks of phones: 2 accounts a device at 0.1, 13 at 1."""
    plan.accounts_per_device = 1.0 + 12.0 * strength


@tactic("education_abuse")
def education_abuse(plan: Plan, dice: Dice, strength: float) -> None:
    """Sign-ups through the education pathway."""
    plan.pathways = {"education": strength, "self_serve": 1.0 - strength + 0.1}
    plan.covers = {"student": 4, "casual": 1}


@tactic("research_abuse")
def research_abuse(plan: Plan, dice: Dice, strength: float) -> None:
    """Sign-ups through the research pathway."""
    plan.pathways = {"research": strength, "self_serve": 1.0 - strength + 0.1}
    plan.covers = {"developer": 3, "batch": 2, "student": 1}


@tactic("startup_abuse")
def startup_abuse(plan: Plan, dice: Dice, strength: float) -> None:
    """Sign-ups through the start-up pathway."""
    plan.pathways = {"startup": strength, "self_serve": 1.0 - strength + 0.1}
    plan.covers = {"developer": 4, "product": 1}
