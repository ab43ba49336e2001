"""Columns of a sign-up: what is known at its own moment, from the event and its vicinity alone.

Scalar on purpose: batch replay and the service call the very same functions on one row. The first
part looks at the event, the second at each kind of link (one column for each link and function),
the third at everybody the sign-up is tied to. Nothing here knows of stores or models.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from gnn.columns import Column, Family, Register, first_sentence
from gnn.vicinity import LINKS, Link, Tie, Vicinity
from graph.facts import Payment, Signup
from graph.velocity import Rates

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
SHRINK = 3.0  # a mean of n mates counts n / (n + 3): one mate alone is weak evidence


@dataclass(frozen=True)
class Moment:
    """A sign-up, what it is tied to, its first payment if it came along, and the time (us).

    ``rates`` says how fast sign-ups came to what it names, empty where nobody counts; ``company``
    what a graph network makes of its company, 0..1 (:mod:`gnn.voices`), NaN where it does not know.
    """

    event: Signup
    vicinity: Vicinity
    now: int
    payment: Payment | None = None
    rates: Rates = field(default_factory=dict)
    company: float = math.nan

    @cached_property
    def near(self) -> dict[int, int]:
        """As :meth:`Vicinity.near` tells, counted once for all columns that ask."""
        return self.vicinity.near()

    @cached_property
    def mates(self) -> dict[str, float]:
        """The mean score of the accounts on each entity, few of them counting less, by link."""
        score = self.vicinity.numbers["score"]
        ties = self.vicinity.ties.items()
        return {name: _shrunk(map(score.__getitem__, tie.rows)) for name, tie in ties}

    @cached_property
    def alike(self) -> list[bool]:
        """Whether each mate has the user agent, e-mail pattern and pathway of this sign-up."""
        event, texts = self.event, self.vicinity.texts
        own = (event.user_agent, event.email_shape, event.pathway)
        theirs = zip(texts["user_agent"], texts["email_shape"], texts["pathway"], strict=True)
        return [one == own for one in theirs]


SIGNUP: Register[Moment, float] = Register()
column = SIGNUP.column


# --- the event itself -------------------------------------------------------------------------


@column(Family.SIGNUP)
def has_email(moment: Moment) -> float:
    """An e-mail address was given."""
    return float(moment.event.email_class != "none")


@column(Family.SIGNUP)
def is_disposable_email(moment: Moment) -> float:
    """The e-mail address is of a disposable kind."""
    return float(moment.event.email_class == "disposable")


@column(Family.SIGNUP)
def is_private_email(moment: Moment) -> float:
    """The e-mail address is on a domain of its own."""
    return float(moment.event.email_class == "private")


@column(Family.SIGNUP)
def email_digits_share(moment: Moment) -> float:
    """Share of the e-mail name that is digits."""
    shape = moment.event.email_shape
    return shape.count("9") / len(shape) if shape else math.nan


@column(Family.SIGNUP)
def email_name_length(moment: Moment) -> float:
    """Length of the e-mail name's pattern."""
    return float(len(moment.event.email_shape)) if moment.event.email_shape else math.nan


@column(Family.SIGNUP)
def email_separators(moment: Moment) -> float:
    """Dots, dashes and underscores in the e-mail name."""
    shape = moment.event.email_shape
    return float(sum(shape.count(mark) for mark in "._-")) if shape else math.nan


@column(Family.SIGNUP)
def has_phone(moment: Moment) -> float:
    """A phone number was given."""
    return float(moment.event.phone is not None)


@column(Family.SIGNUP)
def has_device(moment: Moment) -> float:
    """A device was recognised."""
    return float(moment.event.device is not None)


@column(Family.SIGNUP)
def has_organisation(moment: Moment) -> float:
    """An organisation was named."""
    return float(moment.event.organisation is not None)


@column(Family.SIGNUP)
def has_referrer(moment: Moment) -> float:
    """Another account referred this one."""
    return float(moment.event.referrer_account_id is not None)


@column(Family.SIGNUP)
def is_self_serve(moment: Moment) -> float:
    """The account was opened by self-service."""
    return float(moment.event.pathway == "self_serve")


@column(Family.SIGNUP)
def is_granted_access(moment: Moment) -> float:
    """The account came through an education, research or start-up programme."""
    return float(moment.event.pathway in ("education", "research", "startup"))


@column(Family.SIGNUP)
def is_scripted_agent(moment: Moment) -> float:
    """The sign-up came from a script or library rather than a browser."""
    agent = moment.event.user_agent
    return math.nan if agent is None else float("/" not in agent)


@column(Family.SIGNUP)
def has_no_agent(moment: Moment) -> float:
    """The sign-up named no user agent."""
    return float(moment.event.user_agent is None)


@column(Family.NETWORK)
def is_hosting_network(moment: Moment) -> float:
    """The sign-up came from a hosting network."""
    return float(moment.event.place.ip_class == "hosting")


@column(Family.NETWORK)
def is_vpn_network(moment: Moment) -> float:
    """The sign-up came through a VPN exit."""
    return float(moment.event.place.ip_class == "vpn")


@column(Family.NETWORK)
def is_home_network(moment: Moment) -> float:
    """The sign-up came from a home or mobile network."""
    return float(moment.event.place.ip_class in ("home", "mobile"))


@column(Family.NETWORK)
def is_work_network(moment: Moment) -> float:
    """The sign-up came from a campus or an office."""
    return float(moment.event.place.ip_class in ("campus", "office"))


@column(Family.NETWORK)
def is_foreign_address(moment: Moment) -> float:
    """The address is in another country than the applicant says."""
    said, seen = moment.event.country, moment.event.place.country
    return math.nan if said is None or seen is None else float(said != seen)


@column(Family.NETWORK)
def is_foreign_phone(moment: Moment) -> float:
    """The phone number is of another country than the address."""
    phone, seen = moment.event.phone_country, moment.event.place.country
    return math.nan if phone is None or seen is None else float(phone != seen)


@column(Family.TIMING)
def signup_hour(moment: Moment) -> float:
    """Hour of the day, UTC."""
    return float(_when(moment.event.at).hour)


@column(Family.TIMING)
def signup_weekday(moment: Moment) -> float:
    """Day of the week, Monday is 0."""
    return float(_when(moment.event.at).weekday())


@column(Family.PAYMENT)
def is_prepaid_or_virtual(moment: Moment) -> float:
    """The first payment method is a prepaid or virtual card."""
    paid = moment.payment
    return math.nan if paid is None else float(paid.kind in ("prepaid", "virtual"))


@column(Family.PAYMENT)
def is_foreign_card(moment: Moment) -> float:
    """The card was issued in another country than the address."""
    paid, seen = moment.payment, moment.event.place.country
    if paid is None or paid.issuer_country is None or seen is None:
        return math.nan
    return float(paid.issuer_country != seen)


# --- one column for each kind of link ---------------------------------------------------------

PerLink = Callable[[Moment, Tie], float]
PER_LINK: dict[str, list[tuple[int, PerLink]]] = {link.name: [] for link in LINKS}
"""The columns of each kind of link: their places in the row, and what is said of a tie."""


def _per_link(family: Family) -> Callable[[PerLink], PerLink]:
    """Decorator: a column for each kind of link, named ``{link}_{function}``."""

    def expand(function: PerLink) -> PerLink:
        for link in LINKS:
            PER_LINK[link.name].append((len(SIGNUP.columns), function))
            SIGNUP.add(_link_column(link, family, function))
        return function

    return expand


def _link_column(link: Link, family: Family, function: PerLink) -> Column[Moment, float]:
    def compute(moment: Moment) -> float:
        tie = moment.vicinity.ties.get(link.name)
        return math.nan if tie is None else function(moment, tie)

    sentence = first_sentence(function.__doc__).replace("ENTITY", link.entity)
    return Column(f"{link.name}_{function.__name__}", family, sentence, compute)


@_per_link(Family.IDENTIFIERS)
def accounts(moment: Moment, tie: Tie) -> float:
    """Accounts already tied to the same ENTITY."""
    return float(tie.accounts)


@_per_link(Family.TIMING)
def accounts_last_hour(moment: Moment, tie: Tie) -> float:
    """Accounts that came to the same ENTITY within the last hour."""
    return float(_within(moment, tie, HOUR_US))


@_per_link(Family.TIMING)
def accounts_last_day(moment: Moment, tie: Tie) -> float:
    """Accounts that came to the same ENTITY within the last day."""
    return float(_within(moment, tie, DAY_US))


@_per_link(Family.TIMING)
def accounts_last_week(moment: Moment, tie: Tie) -> float:
    """Accounts that came to the same ENTITY within the last seven days."""
    return float(_within(moment, tie, 7 * DAY_US))


@_per_link(Family.TIMING)
def since_last_hours(moment: Moment, tie: Tie) -> float:
    """Time since the last account came to the same ENTITY."""
    return (moment.now - tie.seen_at[-1]) / HOUR_US if tie.seen_at else math.nan


@_per_link(Family.HISTORY)
def known_for_days(moment: Moment, tie: Tie) -> float:
    """Time since the same ENTITY was first seen."""
    return max(moment.now - tie.first_seen, 0) / DAY_US


@_per_link(Family.MATES)
def mates_score(moment: Moment, tie: Tie) -> float:
    """Score of the accounts on the same ENTITY, few of them counting less."""
    return moment.mates[tie.link.name]


@_per_link(Family.MATES)
def banned_share(moment: Moment, tie: Tie) -> float:
    """Share of the accounts on the same ENTITY that are banned, few of them counting less."""
    status = moment.vicinity.texts["status"]
    return _share([status[row] for row in tie.rows].count("banned"), tie)


@_per_link(Family.SIGNUP)
def alike_share(moment: Moment, tie: Tie) -> float:
    """Share of the accounts on the same ENTITY with this user agent, e-mail pattern and pathway."""
    alike = moment.alike
    return _share([alike[row] for row in tie.rows].count(True), tie)


# --- everybody the sign-up is tied to ---------------------------------------------------------


@column(Family.IDENTIFIERS)
def tied_accounts(moment: Moment) -> float:
    """Accounts that share a narrow identifier with this one."""
    return float(len(moment.near))


@column(Family.IDENTIFIERS)
def twice_tied_accounts(moment: Moment) -> float:
    """Accounts that share two or more kinds of identifier with this one."""
    return float(sum(kinds >= 2 for kinds in moment.near.values()))


@column(Family.TIMING)
def twice_tied_last_day(moment: Moment) -> float:
    """Accounts of the last day that share two or more kinds of identifier with this one."""
    opened = moment.vicinity.numbers["created_at"]
    recent = moment.now - DAY_US
    return float(sum(k >= 2 and opened[row] >= recent for row, k in moment.near.items()))


@column(Family.MATES)
def best_mates_score(moment: Moment) -> float:
    """Highest score of the accounts on one shared identifier, few of them counting less."""
    known = [score for score in moment.mates.values() if not math.isnan(score)]
    return max(known, default=math.nan)


@column(Family.MATES)
def flagged_ring_mates(moment: Moment) -> float:
    """Accounts of rings flagged for action that share an identifier with this one."""
    flagged = moment.vicinity.numbers["ring_flagged"]
    return float(sum(flagged[row] > 0 for row in moment.near))


@column(Family.MATES)
def company_share(moment: Moment) -> float:
    """The company it would keep by what it names, as a graph network judges it."""
    return moment.company


@column(Family.MATES)
def referrer_score(moment: Moment) -> float:
    """Score of the account that referred this one."""
    row = moment.vicinity.referrer
    return math.nan if row is None else moment.vicinity.numbers["score"][row]


# --- shared by the columns above --------------------------------------------------------------


def _when(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1_000_000, UTC)


def _within(moment: Moment, tie: Tie, span_us: int) -> int:
    return len(tie.seen_at) - bisect_left(tie.seen_at, moment.now - span_us)


def _shrunk(values: Iterable[float]) -> float:
    """Mean of the known values times n / (n + 3); NaN when none is known."""
    known = [value for value in values if value == value]  # noqa: PLR0124 - NaN is not itself
    return sum(known) / (len(known) + SHRINK) if known else math.nan


def _share(count: int, tie: Tie) -> float:
    """``count`` of a tie's accounts as a share, few of them counting less; NaN without any."""
    return count / (len(tie.rows) + SHRINK) if tie.rows else math.nan
