"""Programs of honest owners: batch jobs, products with many users, teams that grade models."""

from collections.abc import Iterator
from dataclasses import replace

from graph.simulate import identities
from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US
from graph.simulate.kits import CAMPAIGN_INTENTS, PRODUCT_INTENTS, written_kit
from graph.simulate.purses import COUNTRIES, billing
from graph.simulate.registry import crowd
from graph.simulate.town import Town


@crowd("batch", 0.035)
def batch(town: Town, dice: Dice) -> Iterator[Account]:
    """A job on a clock, night and day, on a public toolkit's own templates."""
    account = town.person(dice, "batch")
    kit = dice.choice(town.public)
    if dice.chance(0.25):
        kit = written_kit(
            dice, f"job/{dice.word(5)}", dice.choice(CAMPAIGN_INTENTS), dice.randint(1, 4)
        )
    streams = town.repertoire.kit(kit, dice.pick({0: 4, 1: 2, 2: 3, 3: 0.6}))
    account.sends(streams[: dice.randint(1, len(streams))], dice.choice((0.5, 0.9, 0.97, 1.0)))
    if dice.chance(0.5):
        hour = dice.randrange(24) * HOUR_US
        days = range(int((town.end - town.start) / DAY_US))
        ticks = tuple(town.start + d * DAY_US + hour for d in days)
        account.alter(ticks=ticks, jitter_us=dice.choice((2, 10, 30)) * MINUTE_US)
    yield account


@crowd("product", 0.03)
def product(town: Town, dice: Dice) -> Iterator[Account]:
    """A product with many users behind one key: its own template, all hours, from its servers."""
    account = town.person(dice, "product")
    kit = written_kit(
        dice, f"product/{dice.word(5)}", dice.choice(PRODUCT_INTENTS), dice.randint(1, 4)
    )
    streams = list(town.repertoire.kit(kit))
    if dice.chance(0.2):
        streams += town.repertoire.kit(dice.choice(town.public))
    account.sends(streams, dice.choice((0.7, 0.9, 1.0)))
    server = town.networks.server(dice, account.country, dice.randint(1, 4))
    if dice.chance(0.7):
        account.alter(places=(server,))
    account.pathway = dice.pick({"self_serve": 5, "startup": 2, "enterprise": 3})
    yield account


@crowd("evaluation", 0.03)
def evaluation(town: Town, dice: Dice) -> Iterator[Account]:
    """A team that grades its own product: seats, one card, one domain, a judging kit, nights."""
    country = dice.pick(COUNTRIES)
    name, domain = identities.company(dice)
    desk = town.networks.shared_block(dice, "office", country, 2)
    server = town.networks.server(dice, country, 2)
    card = town.bank.card(dice, country)
    judges = [kit for kit in town.public if kit.templates[0].intent in ("rubric", "grade", "cot")]
    kit = (
        dice.choice(judges)
        if dice.chance(0.7)
        else written_kit(dice, f"judge/{domain}", "rubric", 3)
    )
    streams = town.repertoire.kit(kit, dice.pick({0: 3, 2: 2}))
    begun, hour = town.arrival(dice), dice.randrange(24) * HOUR_US
    nights = tuple(
        town.start + d * DAY_US + hour for d in range(int((town.end - town.start) / DAY_US))
    )
    for _ in range(dice.randint(3, 9)):
        at = min(begun + int(dice.random() * 4 * DAY_US), town.end - DAY_US)
        account = town.person(dice, dice.pick({"batch": 3, "developer": 1}), country, at)
        account.alter(places=(replace(server, weight=1.5), replace(desk, weight=1.0)))
        account.sends(streams, dice.choice((0.5, 0.8, 0.95)))
        if dice.chance(0.6):
            account.alter(
                ticks=nights, jitter_us=15 * MINUTE_US, handover=dice.choice((0.0, 0.05, 0.1))
            )
        account.email = identities.email(dice, country, "first.last", domain)
        account.organisation = name if dice.chance(0.6) else None
        account.team = domain
        account.billing = billing(dice, (card,), "api") if dice.chance(0.85) else account.billing
        yield account
