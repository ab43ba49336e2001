"""People who learn and study: classes, researchers."""

from collections.abc import Iterator
from dataclasses import replace

from graph.simulate import identities
from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US, UTC_OFFSET_HOURS
from graph.simulate.kits import written_kit
from graph.simulate.purses import COUNTRIES
from graph.simulate.registry import crowd
from graph.simulate.town import Town


@crowd("class", 0.075)
def school_class(town: Town, dice: Dice) -> Iterator[Account]:
    """A class: signs up within the hour, works one exercise at one hour behind one NAT."""
    country = dice.pick(COUNTRIES)
    name, domain = identities.school(dice, country)
    nat = town.networks.shared_block(dice, "campus", country, dice.randint(1, 4))
    span = town.end - town.start
    day = (town.start + int(dice.random() * span * 0.95)) // DAY_US * DAY_US
    hour = int(((dice.choice((9, 11, 14, 16)) - UTC_OFFSET_HOURS[country]) % 24) * HOUR_US)
    lessons = tuple(day + hour + 7 * week * DAY_US for week in range(10))
    given = dice.pick({"tutor": 3, "cot": 2, "rubric": 1, "review": 1})
    kit = written_kit(dice, f"class/{domain}/{dice.word(4)}", given, dice.randint(1, 4))
    taught = dice.choice(town.public) if dice.chance(0.25) else kit
    streams = town.repertoire.kit(taught, dice.pick({0: 4, 2: 4, 3: 1}))
    groups, size = dice.choice((0.0, 0.0, 0.04, 0.12)), dice.choice((5, 5, 100))
    for number in range(dice.randint(14, 45)):
        at = day + hour + int(dice.gauss(0, 12) * MINUTE_US)
        account = town.person(dice, "student", country, max(at, town.start))
        places = (replace(nat, weight=4.0), *account.phases[0].places[:2])
        account.alter(places=places, rate=town.volume * dice.around(5, 0.6), active_share=0.35)
        account.alter(
            starts_at=max(at + MINUTE_US, town.start), ends_at=min(town.end, at + 45 * DAY_US)
        )
        account.sends(streams, dice.choice((0.3, 0.6, 0.9)))
        if dice.chance(0.8):
            account.alter(ticks=lessons, jitter_us=int(dice.choice((10, 25)) * MINUTE_US))
        account.team = f"{kit.name}/{number // size}"
        account.alter(handover=groups)
        account.signup_address = dice.choice(nat.addresses)
        account.email = identities.email(dice, country, None, domain if dice.chance(0.75) else None)
        account.organisation = name if dice.chance(0.3) else None
        account.pathway = dice.pick({"education": 7, "self_serve": 3})
        yield account


@crowd("researcher", 0.03)
def researcher(town: Town, dice: Dice) -> Iterator[Account]:
    """A laboratory: few people, campus or cluster, public benchmarks and toolkits, nights."""
    country = dice.pick(COUNTRIES)
    name, domain = identities.school(dice, country)
    campus = town.networks.shared_block(dice, "campus", country, dice.randint(1, 3))
    kits = [
        town.repertoire.kit(dice.choice(town.public), dice.pick({0: 3, 2: 2})) for _ in range(2)
    ]
    grant = town.bank.card(dice, country)
    for _ in range(dice.randint(1, 6)):
        account = town.person(dice, dice.pick({"developer": 2, "batch": 3}), country)
        account.alter(places=(replace(campus, weight=2.0), *account.phases[0].places))
        account.sends(dice.choice(kits), dice.choice((0.2, 0.6, 0.9, 0.98)))
        account.email = identities.email(dice, country, None, domain if dice.chance(0.7) else None)
        account.organisation = name if dice.chance(0.6) else None
        account.pathway = dice.pick({"research": 6, "education": 2, "self_serve": 3})
        if account.billing and dice.chance(0.4):
            account.billing = replace(account.billing, cards=(grant,))
        yield account
