"""People at work: offices, agencies, start-ups, customers of resellers."""

from collections.abc import Iterator
from dataclasses import replace

from graph.simulate import identities
from graph.simulate.cast import Account, Billing
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, MINUTE_US
from graph.simulate.kits import PRODUCT_INTENTS, written_kit
from graph.simulate.purses import COUNTRIES, billing
from graph.simulate.registry import crowd
from graph.simulate.town import Town


@crowd("office", 0.085)
def office(town: Town, dice: Dice) -> Iterator[Account]:
    """A company: one address block, one mail domain, often one card, working hours.

    Some are service desks whose seats take over each other's conversations.
    """
    country = dice.pick(COUNTRIES)
    name, domain = identities.company(dice)
    desk = town.networks.shared_block(dice, "office", country, dice.randint(1, 3))
    card = town.bank.card(dice, country, dice.pick({"card": 6, "virtual": 2, "invoice": 2}))
    central = dice.chance(0.5)
    rollout = town.arrival(dice) if dice.chance(0.4) else None
    kit = written_kit(dice, f"office/{domain}", dice.choice(PRODUCT_INTENTS), dice.randint(1, 4))
    house = town.repertoire.kit(kit, dice.pick({0: 5, 2: 3, 3: 1}))
    desk_share = dice.choice((0.02, 0.05, 0.1, 0.25)) if dice.chance(0.4) else 0.0
    seats = dice.randint(35, 90) if dice.chance(0.12) else dice.randint(5, 30)
    for _ in range(seats):
        at = None if rollout is None else rollout + int(dice.random() * 3 * DAY_US)
        account = town.person(dice, dice.pick({"worker": 7, "developer": 2}), country, at)
        account.alter(places=(replace(desk, weight=3.0), *account.phases[0].places[:1]))
        account.signup_address = dice.choice(desk.addresses)
        account.email = identities.email(
            dice, country, dice.choice(("first.last", "flast")), domain
        )
        account.organisation = name if dice.chance(0.7) else None
        account.pathway = "enterprise" if dice.chance(0.5) else "self_serve"
        account.plan = "team" if central else account.plan
        if central:
            account.billing = billing(dice, (card,), "team")
        account.team = domain
        account.alter(handover=desk_share)
        if dice.chance(0.5):
            account.sends(house, dice.choice((0.1, 0.3, 0.6, 0.9)))
        yield account


@crowd("agency", 0.03)
def agency(town: Town, dice: Dice) -> Iterator[Account]:
    """An agency that keeps an account a client: few people, one card, one device, many accounts."""
    country = dice.pick(COUNTRIES)
    name, domain = identities.company(dice)
    base = town.person(dice, "worker", country)
    desk = base.phases[0].places[:2]
    card = town.bank.card(dice, country, dice.pick({"card": 4, "virtual": 5, "prepaid": 1}))
    tools = town.repertoire.kit(written_kit(dice, f"agency/{domain}", "copy", dice.randint(1, 3)))
    at = town.arrival(dice)
    for number in range(dice.randint(4, 14)):
        account = town.person(dice, "worker", country, min(at, town.end - DAY_US))
        at += (
            int(dice.around(2.0, 1.6) * DAY_US)
            if at > town.start
            else int(dice.random() * 20 * DAY_US)
        )
        account.alter(places=desk, utc_offset_hours=base.phases[0].utc_offset_hours)
        account.signup_address = desk[0].addresses[0]
        account.device_ids = base.device_ids
        account.email = f"client{number}@{domain}" if dice.chance(0.5) else account.email
        account.organisation = name if dice.chance(0.4) else None
        if account.billing or dice.chance(0.5):
            account.billing = billing(dice, (card,), "pro")
        account.sends(tools, dice.choice((0.2, 0.5, 0.8)))
        account.team = domain
        account.alter(handover=dice.choice((0.0, 0.03, 0.1)))
        yield account


@crowd("startup", 0.045)
def startup(town: Town, dice: Dice) -> Iterator[Account]:
    """A young company on the start-up pathway: few developers, day and night, a hosted service."""
    country = dice.pick(COUNTRIES)
    name, domain = identities.company(dice)
    server = town.networks.server(dice, country, dice.randint(1, 3))
    kit = town.repertoire.kit(
        written_kit(dice, f"startup/{domain}", dice.choice(PRODUCT_INTENTS), 2)
    )
    public = town.repertoire.kit(dice.choice(town.public), dice.pick({0: 2, 2: 1}))
    founded = town.arrival(dice)
    for _ in range(dice.randint(1, 6)):
        at = min(founded + int(dice.around(4.0, 1.0) * DAY_US), town.end - DAY_US)
        account = town.person(dice, "developer", country, at)
        account.alter(places=(*account.phases[0].places, replace(server, weight=0.8)))
        account.email = identities.email(dice, country, "first", domain)
        account.organisation = name if dice.chance(0.8) else None
        account.pathway = dice.pick({"startup": 8, "self_serve": 2})
        account.team = domain
        account.alter(handover=dice.choice((0.0, 0.0, 0.05)))
        account.sends(kit, dice.choice((0.0, 0.3, 0.7)))
        if dice.chance(0.25):
            account.sends(public, dice.choice((0.2, 0.6, 0.95)))
        yield account


@crowd("reseller_customer", 0.03)
def reseller_customer(town: Town, dice: Dice) -> Iterator[Account]:
    """Customers of one reseller: its card, its servers and its mail domain, unrelated people."""
    country = dice.pick(COUNTRIES)
    _, domain = identities.company(dice)
    gate = town.networks.server(dice, country, dice.randint(2, 5))
    card = town.bank.card(dice, country, dice.pick({"virtual": 4, "invoice": 3, "card": 3}))
    paid: Billing = billing(dice, (card,), "api")
    for number in range(dice.randint(8, 35)):
        account = town.person(dice, dice.pick({"casual": 3, "worker": 4, "developer": 4}))
        if dice.chance(0.7):
            account.alter(places=(replace(gate, weight=2.0), account.phases[0].places[0]))
            account.signup_address = dice.choice(gate.addresses)
        account.pathway = dice.pick({"reseller": 8, "self_serve": 2})
        account.email = f"c{number:03d}@{domain}" if dice.chance(0.4) else account.email
        account.billing = paid if dice.chance(0.6) else account.billing
        account.phases[0] = replace(account.phases[0], jitter_us=MINUTE_US)
        yield account
