"""A world: its cast, everything they do, and what the company sees of it.

:func:`world` makes it from a specification and a seed; the tables come from
:mod:`graph.simulate.tables`, the files from :mod:`graph.simulate.writing`. Nothing here reads a
clock or the environment.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from graph.simulate import crowds, tactics  # noqa: F401  (registers the pieces)
from graph.simulate.activity import Activity, activity
from graph.simulate.campaigns import enrol
from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US
from graph.simulate.plan import Plan
from graph.simulate.presets import CampaignSpec, WorldSpec, preset_named
from graph.simulate.registry import CROWDS, crowd_named, tactic_named
from graph.simulate.till import Payment, payments
from graph.simulate.town import Town
from graph.simulate.verdicts import Enforcement, Label, enforcements, labels, wrongly_banned


@dataclass(frozen=True, slots=True)
class World:
    """Everything but the text of the prompts, which is written when a table is asked for."""

    spec: WorldSpec
    seed: int
    town: Town
    cast: tuple[Account, ...]
    activity: Activity
    payments: tuple[Payment, ...]
    enforcements: tuple[Enforcement, ...]
    labels: tuple[Label, ...]

    @property
    def train_until(self) -> int:
        """The suggested end of training (us): two thirds of the window."""
        return self.town.start + int(self.spec.train_share * (self.town.end - self.town.start))

    def kinds(self) -> Counter[str]:
        """How many accounts of each kind."""
        return Counter(account.kind for account in self.cast)


def world(preset: str | WorldSpec, seed: int) -> World:
    """The world of a specification (or a preset's name) and a seed."""
    spec = preset_named(preset) if isinstance(preset, str) else preset
    town = Town(seed, spec.days, spec.families_path, spec.volume)
    cast = [*_honest(town, spec), *_campaigns(town, spec)]
    wrongly_banned(town, cast, spec.mistaken_bans, Dice.of(seed, "mistakes"))
    cast = _named(cast, seed)
    known = [_name(i) for i, campaign in enumerate(spec.campaigns) if campaign.known]
    return World(
        spec, seed, town, tuple(cast), activity(town, cast),
        tuple(payments(town, cast, Dice.of(seed, "till"))),
        tuple(enforcements(town, cast, Dice.of(seed, "enforcements"))),
        tuple(labels(town, cast, known, spec.label_share, Dice.of(seed, "labels"))),
    )  # fmt: skip


def _honest(town: Town, spec: WorldSpec) -> list[Account]:
    """The honest accounts, each crowd by its share."""
    chosen = [crowd_named(name) for name in spec.crowds] or list(CROWDS.values())
    whole = sum(crowd.share for crowd in chosen)
    found: list[Account] = []
    for crowd in chosen:
        wanted, dice = (
            round(spec.honest * crowd.share / whole),
            Dice.of(town.seed, "crowd", crowd.name),
        )
        members: list[Account] = []
        while len(members) < wanted:
            members.extend(crowd.draw(town, dice))
        for account in members[:wanted]:
            account.kind = crowd.name
        found.extend(members[:wanted])
    return found


def _name(number: int) -> str:
    return f"campaign-{number + 1:02d}"


def _campaigns(town: Town, spec: WorldSpec) -> list[Account]:
    return [
        account
        for number, campaign in enumerate(spec.campaigns)
        for account in enrol(
            town, planned(town, campaign, _name(number)), Dice.of(town.seed, _name(number), "enrol")
        )
    ]


def planned(town: Town, campaign: CampaignSpec, name: str) -> Plan:
    """The plan of a campaign after its tactics had their say."""
    span = town.end - town.start
    starts = town.start + int(campaign.begins * span)
    ends = min(town.end, starts + int(campaign.lasts * span))
    plan = Plan(name, starts, ends, campaign.accounts, campaign.rate)
    plan.lifetime_days = campaign.lifetime_days
    dice = Dice.of(town.seed, name, "plan")
    for tactic_name, strength in campaign.tactics:
        tactic = tactic_named(tactic_name)
        tactic.change(plan, dice, tactic.default if strength is None else strength)
    plan.join_days = min(plan.join_days, 0.7 * (ends - starts) / DAY_US)
    return plan


def _named(cast: Sequence[Account], seed: int) -> list[Account]:
    """The accounts in order of sign-up, with ids that say nothing."""
    dice = Dice.of(seed, "ids")
    ordered = sorted(cast, key=lambda account: account.created_at)
    for account in ordered:
        account.account_id = f"acct_{dice.word(16)}"
    return ordered
