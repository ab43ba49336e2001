"""Campaigns: a plan carried out, account by account.

Every account begins as :meth:`graph.simulate.town.Town.person`, like an honest one, and is bent
only where the plan says so. Read :mod:`graph.simulate.plan` for the knobs.
"""

import dataclasses
from dataclasses import dataclass, field, replace

from graph.simulate import identities
from graph.simulate.cast import Account, Billing, Card, Diet, Phase, Place, mixed
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US
from graph.simulate.kits import CAMPAIGN_INTENTS, Kit, written_kit
from graph.simulate.plan import Plan
from graph.simulate.purses import COUNTRIES, Issuer, billing
from graph.simulate.town import STYLES, Town

CARRIED = 6
"""Customers whose traffic an account of a reseller carries."""


@dataclass(slots=True)
class Operator:
    """One hand behind accounts: its toolkit, its schedule and the identifiers it owns."""

    name: str
    streams: tuple[int, ...]
    ticks: tuple[int, ...]
    issuer: Issuer
    countries: tuple[str, ...]
    servers: Place
    customers: tuple[Diet, ...] = ()
    cards: list[Card] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    pools: list[Place] = field(default_factory=list)


def enrol(town: Town, plan: Plan, dice: Dice) -> list[Account]:
    """Every account of the campaign, replacements and regrowth included."""
    operators = _operators(town, plan, dice)
    waves = [(plan.starts_at, plan.ends_at, plan.accounts)]
    if plan.regrows:
        cut = plan.starts_at + int((plan.ends_at - plan.starts_at) * 0.5)
        pause = int(dice.uniform(0.5, 2.5) * DAY_US)
        first = plan.accounts // 2
        waves = [(plan.starts_at, cut, first), (cut + pause, plan.ends_at, plan.accounts - first)]
    enrolled: list[Account] = []
    for number, (begins, ends, count) in enumerate(waves):
        whole = plan.regrows and number == 0
        for _ in range(count):
            joins = begins + int(
                dice.random() * min(plan.join_days * DAY_US, 0.7 * (ends - begins))
            )
            operator = dice.choice(operators)
            enrolled.extend(_line(town, plan, operator, (joins, ends, whole), dice))
    return enrolled


def _operators(town: Town, plan: Plan, dice: Dice) -> list[Operator]:
    shared = _kit(town, plan, dice)
    made = []
    for number in range(plan.operators):
        kit = shared if plan.shared_kit or number == 0 else _kit(town, plan, dice)
        streams = town.repertoire.kit(kit, plan.level)
        kind = plan.card_kind or dice.pick({"card": 5, "virtual": 3, "prepaid": 1})
        countries = tuple(dice.pick(COUNTRIES) for _ in range(dice.randint(3, 8)))
        made.append(
            Operator(
                f"{plan.name}-{number}",
                streams,
                _ticks(plan, dice),
                town.bank.issuer(dice, kind, countries[0]),
                countries,
                town.networks.server(dice, countries[0], 4),
                _customers(town, plan, dice),
            )
        )
    return made


def _customers(town: Town, plan: Plan, dice: Dice) -> tuple[Diet, ...]:
    """What each customer of a reseller asks for: strangers of any country and trade."""
    return tuple(
        town.talk(dice, STYLES[dice.pick(plan.covers)], dice.pick(COUNTRIES))
        for _ in range(plan.customers)
    )


def _kit(town: Town, plan: Plan, dice: Dice) -> Kit:
    if plan.kit is not None:
        return plan.kit
    if plan.public_kit:
        rich = [kit for kit in town.public if len(kit.templates) > 1]
        kit = dice.choice(rich)
        return Kit(kit.name, kit.templates[: plan.siblings])
    return written_kit(dice, plan.name, dice.choice(CAMPAIGN_INTENTS), plan.siblings)


def _ticks(plan: Plan, dice: Dice) -> tuple[int, ...]:
    if plan.ticks_per_day <= 0:
        return ()
    days = (plan.ends_at - plan.starts_at) / DAY_US
    count = max(2, round(plan.ticks_per_day * days))
    return tuple(sorted(dice.randrange(plan.starts_at, plan.ends_at) for _ in range(count)))


def _line(
    town: Town, plan: Plan, operator: Operator, span: tuple[int, int, bool], dice: Dice
) -> list[Account]:
    """One account and, where the plan replaces the banned, its successors."""
    joins, ends, whole = span
    line: list[Account] = []
    while joins < ends - DAY_US // 2 and len(line) < 6:
        account = _account(town, plan, operator, (joins, ends), dice)
        line.append(account)
        begun = account.active_from or account.created_at
        if whole and dice.chance(0.9):
            account.banned_at = ends + int(dice.random() * 10 * HOUR_US)
        elif dice.chance(plan.banned):
            account.banned_at = begun + int(dice.around(6.0, 0.7) * DAY_US)
        if account.banned_at is None or account.banned_at > ends:
            break
        account.stop_at(account.banned_at)
        if not plan.replaces:
            break
        joins = account.banned_at + int(dice.uniform(0.05, 1.5) * DAY_US)
    return line


def _account(
    town: Town, plan: Plan, operator: Operator, span: tuple[int, int], dice: Dice
) -> Account:
    """One account of the campaign from its sign-up or purchase to its end."""
    joins, ends = span
    if plan.apart < 1.0 and _among(dice, plan.apart):
        operator = _with_nothing_shared(town, operator, dice)
    style = dice.pick(plan.covers)
    bought = dice.chance(plan.bought)
    created = joins
    if bought:
        created = joins - int(dice.around(60.0, 0.9) * DAY_US)
    country = dice.choice(operator.countries) if dice.chance(0.6) else None
    account = town.person(dice, style, country, created)
    account.kind, account.campaign, account.operator = "campaign", plan.name, operator.name
    account.team, account.active_from = operator.name, joins
    _pay(town, plan, operator, account, dice)
    _identify(plan, operator, account, dice)
    work = _work(town, plan, operator, account, (joins, ends), dice)
    history = [p for p in account.phases if bought and p.starts_at < joins]
    account.phases = [replace(p, ends_at=min(p.ends_at, joins)) for p in history]
    if not bought:
        account.signup_address = dice.choice(dice.choice(work[0].places).addresses)
    account.phases.extend(work)
    account.models = replace(account.models, pivot=max(account.models.pivot, plan.pivot))
    return account


def _among(dice: Dice, share: float) -> bool:
    """Whether an account is one of this share; where that is certain no chance is spent."""
    return share >= 1.0 or (share > 0.0 and dice.chance(share))


def _with_nothing_shared(town: Town, operator: Operator, dice: Dice) -> Operator:
    """The operator as an account meets it that neither takes from its pools nor adds to them."""
    servers = town.networks.server(dice, operator.countries[0], 4)
    return replace(operator, servers=servers, cards=[], devices=[], pools=[])


def _pay(town: Town, plan: Plan, operator: Operator, account: Account, dice: Dice) -> None:
    free = account.plan == "free" if plan.free_share is None else dice.chance(plan.free_share)
    if free:
        account.plan, account.billing = "free", None
        return
    if account.plan == "free":
        account.plan = dice.pick({"pro": 3, "api": 3})
    cards = account.billing.cards if account.billing else (town.bank.card(dice, account.country),)
    if plan.one_issuer:
        cards = (town.bank.of_issuer(dice, operator.issuer),)
    elif plan.card_kind:
        cards = (town.bank.card(dice, account.country, plan.card_kind),)
    again = dice.chance(1.0 - 1.0 / plan.accounts_per_card) or dice.chance(plan.reuse)
    if again and operator.cards:
        cards = (dice.choice(operator.cards[-6:]),)
    else:
        operator.cards.append(cards[0])
    made: Billing = billing(dice, cards, account.plan or "pro")
    account.billing = dataclasses.replace(made, disputed_share=plan.disputes)


def _identify(plan: Plan, operator: Operator, account: Account, dice: Dice) -> None:
    if plan.email_shape or plan.email_domain:
        account.email = identities.email(dice, account.country, plan.email_shape, plan.email_domain)
    if plan.pathways:
        account.pathway = dice.pick(plan.pathways)
        if account.pathway == "education" and dice.chance(0.5):
            _, domain = identities.school(dice, account.country)
            account.email = identities.email(dice, account.country, None, domain)
    again = dice.chance(1.0 - 1.0 / plan.accounts_per_device) or dice.chance(plan.reuse)
    if again and operator.devices:
        account.device_ids = (dice.choice(operator.devices[-6:]),)
    elif account.device_ids[0]:
        operator.devices.append(account.device_ids[0])


def _places(
    town: Town, plan: Plan, operator: Operator, own: tuple[Place, ...], dice: Dice
) -> tuple[Place, ...]:
    places = list(own)
    if plan.residential:
        pool = town.networks.residential_proxies(dice, operator.countries, plan.addresses)
        places.append(replace(pool, weight=plan.residential))
    if plan.hosting:
        server = operator.servers if plan.shared_addresses else town.networks.server(dice, "US")
        places.append(replace(server, weight=plan.hosting))
    if plan.vpn:
        places.append(replace(town.networks.exits(dice, 4), weight=plan.vpn))
    if operator.pools and dice.chance(plan.reuse):
        places = [dice.choice(operator.pools)]
    operator.pools.append(places[-1])
    return tuple(places)


def _work(
    town: Town, plan: Plan, operator: Operator, account: Account, span: tuple[int, int], dice: Dice
) -> list[Phase]:
    """The phases in which the account works for the campaign."""
    joins, ends = span
    base = account.phases[0]
    wait = dice.pick({10 * MINUTE_US: 45, 6 * HOUR_US: 30, 3 * DAY_US: 25})
    begins = joins + int(dice.random() * wait) + MINUTE_US
    until = min(ends, begins + int(dice.around(plan.lifetime_days, 0.5) * DAY_US))
    alone = _among(dice, plan.sharded)
    streams = (dice.choice(operator.streams),) if alone else operator.streams
    diet = _resold(operator, dice) or base.diet
    low, high = plan.active
    work = replace(
        base, starts_at=begins, ends_at=max(until, begins + HOUR_US), campaign=True,
        rate=town.volume * dice.around(plan.rate, plan.rate_sigma),
        active_share=low + (high - low) * dice.random(),
        diet=mixed(diet, streams, 1.0 - plan.dilution),
        places=_places(town, plan, operator, base.places, dice), ticks=operator.ticks,
        jitter_us=int(plan.jitter_minutes * MINUTE_US), handover=plan.handover,
    )  # fmt: skip
    if not plan.warm_up_days:
        return [work]
    warm = min(begins + int(dice.random() * 2 * plan.warm_up_days * DAY_US), work.ends_at)
    quiet = replace(base, starts_at=begins, ends_at=warm, campaign=True, places=work.places)
    return [quiet, replace(work, starts_at=warm)]


def _resold(operator: Operator, dice: Dice) -> Diet:
    """The traffic of a few of the operator's customers, evenly; nothing where it has none."""
    if not operator.customers:
        return ()
    carried = [dice.choice(operator.customers) for _ in range(CARRIED)]
    whole = [sum(weight for _, weight in diet) for diet in carried]
    return tuple(
        (stream, weight / total)
        for diet, total in zip(carried, whole, strict=True)
        for stream, weight in diet
    )
