"""The common ground of a world: one stock of networks, banks, talk and toolkits for everybody.

Honest crowds and campaigns draw people from the same :meth:`Town.person`; what distinguishes them
is what their pieces change afterwards. Odd habits (foreign cards, nights, hosting addresses, old
models, throw-away mail) are spread over everybody, independently of each other, because people are
like that and because a world in which only fraud is odd proves nothing.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from graph.simulate import identities
from graph.simulate.cast import Account, Billing, Fields, ModelHabit, Phase, Place
from graph.simulate.chance import Dice
from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US, START_US, UTC_OFFSET_HOURS
from graph.simulate.kits import Kit, public_kits
from graph.simulate.networks import Networks
from graph.simulate.purses import COUNTRIES, Bank, billing
from graph.simulate.repertoire import Repertoire

RELEASE_DAYS: Final[dict[str, float]] = {
    "lumen-1": -520.0, "lumen-1-mini": -500.0, "lumen-2": -240.0, "lumen-2-mini": -215.0,
    "lumen-2.5": -75.0, "lumen-2.5-mini": -60.0, "lumen-3": 0.37, "lumen-3-mini": 0.55,
    "lumen-3.5": 0.73,
}  # fmt: skip
"""Models by release: days before the window's start, or (0..1) the share of the window."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one sort of person uses the service: rates are requests on an active day."""

    rate: float
    active: tuple[float, float]
    rhythms: dict[str, float]
    talk: dict[str, float]
    pace: str = "sitting"
    burst: float = 1.2
    turns: float = 2.4
    program: float = 0.1
    plans: tuple[tuple[str, float], ...] = (("free", 0.45), ("pro", 0.45), ("api", 0.1))


STYLES: Final[dict[str, Style]] = {
    "casual": Style(3.2, (0.05, 0.35),
                    {"evening": 4, "allday": 4, "night": 1, "weekend": 1, "flat": 0.3},
                    {"chat": 6, "work": 2, "paste": 1}),
    "worker": Style(3.5, (0.12, 0.55), {"office": 7, "allday": 2, "flat": 0.3},
                    {"work": 5, "chat": 2, "paste": 3, "code": 1},
                    plans=(("free", 0.2), ("pro", 0.6), ("team", 0.2))),
    "student": Style(3.5, (0.08, 0.4), {"student": 7, "night": 2, "allday": 1},
                     {"chat": 3, "work": 4, "code": 2, "paste": 2},
                     plans=(("free", 0.7), ("pro", 0.3))),
    "developer": Style(5, (0.12, 0.6), {"allday": 4, "office": 3, "night": 1.5, "flat": 1.5},
                       {"code": 6, "work": 2, "chat": 1}, program=0.55, burst=0.8, turns=3.0,
                       plans=(("free", 0.15), ("pro", 0.3), ("api", 0.55))),
    "batch": Style(20, (0.06, 0.4), {"cron": 3, "flat": 3, "night": 2, "office": 2},
                   {"work": 1, "code": 1}, pace="run", program=0.92, burst=0.8, turns=1.0,
                   plans=(("api", 0.85), ("pro", 0.15))),
    "product": Style(7, (0.4, 1.0), {"flat": 4, "allday": 5, "office": 2},
                     {"chat": 1, "work": 1}, pace="steady", program=0.95, burst=3.0, turns=1.3,
                     plans=(("api", 0.9), ("team", 0.1))),
}  # fmt: skip


class Town:
    """One world's common stock and its window of time (us)."""

    def __init__(
        self, seed: int, days: float, families: Path | None = None, volume: float = 1.0
    ) -> None:
        self.start, self.end = START_US, START_US + int(days * DAY_US)
        self.volume = volume
        self.seed = seed
        self.networks = Networks.load()
        self.bank = Bank(Dice.of(seed, "bank"))
        self.repertoire = Repertoire(Dice.of(seed, "repertoire"))
        self.public: list[Kit] = public_kits(Dice.of(seed, "public kits"), families)
        self.releases = {
            model: self.start + int(when * (days if when > 0 else 1) * DAY_US)
            for model, when in RELEASE_DAYS.items()
        }

    def arrival(self, dice: Dice) -> int:
        """When an honest account signed up: half of them before the window, half inside it."""
        if dice.chance(0.5):
            return self.start - int(dice.random() ** 1.6 * 500 * DAY_US) - HOUR_US
        return self.start + int(dice.random() * 0.99 * (self.end - self.start))

    def within(self, dice: Dice, rhythm_hour: float, utc_offset_hours: int, day_us: int) -> int:
        """A moment on the day of ``day_us``, around a local hour."""
        midnight = day_us // DAY_US * DAY_US
        hour = (dice.gauss(rhythm_hour, 2.5) - utc_offset_hours) % 24
        return midnight + int(hour * HOUR_US)

    def person(
        self, dice: Dice, style: str, country: str | None = None, created_at: int | None = None
    ) -> Account:
        """Somebody of a style (see ``STYLES``), with the oddities people have."""
        home = country or dice.pick(COUNTRIES)
        created = self.arrival(dice) if created_at is None else created_at
        manner = STYLES[style]
        offset = UTC_OFFSET_HOURS[home]
        places = self.places(dice, home)
        program = dice.chance(manner.program)
        agents = self.agents(dice, program)
        plan = dice.choices([p for p, _ in manner.plans], [w for _, w in manner.plans])[0]
        account = Account(
            kind=style, created_at=created, country=home, models=self.models(dice), phases=[],
            signup_address=dice.choice(dice.choice(places).addresses), plan=plan, agent=agents[0],
        )  # fmt: skip
        account.phases = [self.phase(dice, manner, created, places, agents)]
        account.phases[0] = replace(account.phases[0], utc_offset_hours=offset)
        account.phases[0] = replace(
            account.phases[0],
            diet=self.talk(dice, manner, home),
            turns=dice.around(manner.turns, 0.4),
        )
        self._identify(dice, account, program)
        account.billing = self.purse(dice, home, plan)
        account.vocabulary = dice.randrange(1_000_000)
        return account

    def _identify(self, dice: Dice, account: Account, program: bool) -> None:
        """Mail, phone, devices and which columns its events carry."""
        if dice.chance(0.025):
            account.email = identities.email(
                dice, account.country, None, dice.choice(identities.DISPOSABLE)
            )
        elif not dice.chance(0.02):
            account.email = identities.email(dice, account.country)
        if dice.chance(0.55):
            account.phone = identities.phone(dice, account.country)
        known = not dice.chance(0.75 if program else 0.12)
        ids = tuple(identities.device(dice) for _ in range(dice.pick({1: 6, 2: 3, 3: 1})))
        account.device_ids = ids if known else (None,)
        account.fields = Fields(
            request_ip=not dice.chance(0.12), request_agent=not dice.chance(0.15),
            conversation=not dice.chance(0.6 if program else 0.12), system=not dice.chance(0.2),
            sessions=0.25 if program else 1.0,
        )  # fmt: skip

    def places(self, dice: Dice, country: str) -> tuple[Place, ...]:
        """Where somebody is on line: at home, then phones, offices, VPNs, servers, abroad."""
        nets = self.networks
        found = [nets.home(dice, country)]
        if dice.chance(0.35):
            found.append(nets.carrier(dice, country))
        if dice.chance(0.15):
            found.append(replace(nets.shared_block(dice, "office", country, 2), weight=0.7))
        if dice.chance(0.09):
            found.append(replace(nets.exits(dice), weight=dice.choice((0.2, 1.0, 4.0))))
        if dice.chance(0.09):
            found.append(replace(nets.server(dice, country), weight=dice.choice((0.3, 1.0, 5.0))))
        if dice.chance(0.08):
            abroad = dice.pick(COUNTRIES)
            found.append(replace(nets.home(dice, abroad), weight=dice.choice((0.15, 0.4, 1.5))))
        return tuple(found)

    def agents(self, dice: Dice, program: bool) -> tuple[str | None, ...]:
        """Browsers or programs; some of both; some unknown."""
        main = identities.client(dice) if program else identities.browser(dice)
        second = identities.browser(dice) if dice.chance(0.8) else identities.client(dice)
        found: tuple[str | None, ...] = (main, second) if dice.chance(0.35) else (main,)
        return (None,) if dice.chance(0.04) else found

    def models(self, dice: Dice) -> ModelHabit:
        """How fast somebody takes up new models: some at once, some never."""
        lag = dice.pick({0.1: 10, 1.0: 12, 5.0: 26, 15.0: 22, 40.0: 18, 400.0: 12})
        pivot = dice.choice((0.3, 0.5, 0.8)) if dice.chance(0.1) else 0.0
        return ModelHabit(
            dice.around(lag, 0.5), dice.choice((0.0, 0.0, 0.1, 0.3, 0.6)), pivot, dice.randint(0, 2)
        )

    def talk(self, dice: Dice, manner: Style, country: str) -> tuple[tuple[int, float], ...]:
        """A diet of free talk, partly in the mother tongue."""
        return tuple(
            (self.repertoire.talk(name, country, dice.chance(0.3)), weight * dice.random())
            for name, weight in manner.talk.items()
        )

    def purse(self, dice: Dice, country: str, plan: str) -> Billing | None:
        """One card, sometimes two; nobody pays for the free plan."""
        if plan == "free":
            return None
        cards = tuple(
            self.bank.card(dice, country) for _ in range(dice.pick({1: 8, 2: 1.6, 3: 0.4}))
        )
        return billing(dice, cards, plan)

    def phase(
        self, dice: Dice, manner: Style, created: int, places: tuple[Place, ...],
        agents: tuple[str | None, ...],
    ) -> Phase:  # fmt: skip
        """The one long phase of an ordinary account."""
        wait = dice.pick({6 * MINUTE_US: 50, 4 * HOUR_US: 25, 3 * DAY_US: 18, 12 * DAY_US: 7})
        begins = max(created + int(dice.random() * wait) + MINUTE_US, self.start)
        stays = dice.around(24.0 if created > self.start else 36.0, 1.0)
        low, high = manner.active
        return Phase(
            starts_at=begins, ends_at=min(self.end, begins + int(stays * DAY_US)),
            rate=self.volume * dice.around(manner.rate, 0.85),
            active_share=low + (high - low) * dice.random(), diet=(), places=places,
            agents=agents, rhythm=dice.pick(manner.rhythms), pace=manner.pace,
            burst=manner.burst * dice.choice((0.5, 1.0, 2.0)),
        )  # fmt: skip
