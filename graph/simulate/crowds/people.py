"""People on their own and at home: individuals, travellers, VPN users, households."""

from collections.abc import Iterator
from dataclasses import replace

from graph.simulate.cast import Account
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US
from graph.simulate.purses import COUNTRIES
from graph.simulate.registry import crowd
from graph.simulate.town import Town


@crowd("individual", 0.345)
def individual(town: Town, dice: Dice) -> Iterator[Account]:
    """One person, tied to nobody; a few try a public toolkit, a few go on with shared links."""
    style = dice.pick({"casual": 5, "worker": 3, "developer": 2.6, "student": 1.5})
    account = town.person(dice, style)
    if dice.chance(0.1):
        kit = dice.choice(town.public)
        streams = town.repertoire.kit(kit, dice.pick({0: 3, 1: 2, 2: 1}))
        account.sends(streams[: dice.randint(1, len(streams))], dice.choice((0.1, 0.3, 0.8, 0.95)))
    if dice.chance(0.07):
        account.team = "shared links"
        account.alter(handover=dice.choice((0.03, 0.1, 0.25)))
    yield account


@crowd("traveller", 0.04)
def traveller(town: Town, dice: Dice) -> Iterator[Account]:
    """One person who moves from country to country while the account lives."""
    account = town.person(dice, dice.pick({"casual": 4, "worker": 3, "developer": 3}))
    first = account.phases[0]
    account.phases, at = [], first.starts_at
    while at < first.ends_at:
        until = min(first.ends_at, at + int(dice.around(9.0, 0.7) * DAY_US))
        abroad = dice.pick(COUNTRIES)
        places = (town.networks.home(dice, abroad), town.networks.carrier(dice, abroad))
        here = first.places if dice.chance(0.3) else places
        account.phases.append(replace(first, starts_at=at, ends_at=until, places=here))
        at = until
    account.phases = account.phases or [first]
    yield account


@crowd("vpn", 0.04)
def vpn(town: Town, dice: Dice) -> Iterator[Account]:
    """One person behind a commercial VPN, whose exits thousands share."""
    account = town.person(dice, dice.pick({"casual": 4, "worker": 2, "developer": 4}))
    exits = replace(town.networks.exits(dice, dice.randint(2, 8)), weight=1.0)
    keeps = account.phases[0].places[:1] if dice.chance(0.4) else ()
    account.alter(places=(exits, *(replace(place, weight=0.2) for place in keeps)))
    account.signup_address = dice.choice(exits.addresses)
    yield account


@crowd("household", 0.05)
def household(town: Town, dice: Dice) -> Iterator[Account]:
    """A family: one line, one or two cards, a tablet everybody uses."""
    country = dice.pick(COUNTRIES)
    line, tablet = town.networks.home(dice, country), f"dev_{dice.word(16)}"
    first: Account | None = None
    for _ in range(dice.randint(2, 5)):
        account = town.person(dice, dice.pick({"casual": 5, "student": 3, "worker": 2}), country)
        account.alter(places=(replace(line, weight=2.0), *account.phases[0].places[1:]))
        account.signup_address = line.addresses[0]
        if dice.chance(0.5):
            account.device_ids = (*account.device_ids, tablet)
        if first and first.billing and account.billing and dice.chance(0.7):
            account.billing = replace(account.billing, cards=first.billing.cards)
        if first and dice.chance(0.2):
            account.referrer = first
        account.team = tablet
        account.alter(handover=dice.choice((0.0, 0.0, 0.0, 0.05)))
        first = first or account
        yield account
