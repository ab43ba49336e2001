"""The people of a world as plain records: accounts, and the phases of what they do.

Every crowd and campaign produces these, and everything that writes events reads nothing else, so
an honest account and a campaign's are made of the same parts. Read :mod:`graph.simulate.town` for
where the parts come from and :mod:`graph.simulate.activity` for what becomes of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is on line: addresses (IPv4 as int), used in turn or at random.

    ``period_days`` > 0: the address moves on after so many days; 0: any of them, each sitting.
    """

    addresses: tuple[int, ...]
    weight: float = 1.0
    period_days: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """One means of payment as the processor shows it."""

    method: str
    kind: str
    issuer: str | None
    country: str | None


@dataclass(frozen=True, slots=True)
class Billing:
    """How an account pays: by which cards, how much a month, how often it is declined."""

    cards: tuple[Card, ...]
    amount_usd: float
    prepaid_credits: bool = False
    decline_share: float = 0.0
    first_after_us: int = 0
    disputed_share: float = 0.003


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of an account's life in which it does the same thing.

    ``rate``: requests on an active day; ``active_share``: chance (0..1) of a day to be active;
    ``burst``: gamma shape of the daily count (small = uneven); ``pace``: ``sitting`` (a person),
    ``run`` (a job that starts and ends) or ``steady`` (through the day). ``diet``: (stream,
    weight) pairs. ``ticks``: moments (us) to which requests are pulled, within ``jitter_us``.
    ``campaign``: this phase's traffic is a campaign's.
    """

    starts_at: int
    ends_at: int
    rate: float
    active_share: float
    diet: tuple[tuple[int, float], ...]
    places: tuple[Place, ...]
    agents: tuple[str | None, ...]
    rhythm: str = "allday"
    utc_offset_hours: int = 0
    burst: float = 1.5
    pace: str = "sitting"
    turns: float = 2.0
    ticks: tuple[int, ...] = ()
    jitter_us: int = 0
    campaign: bool = False
    handover: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelHabit:
    """Which model an account asks for: days it waits after a release, and how much it keeps old.

    ``pivot``: share of traffic that moves within a day of a release, whatever ``lag_days`` says.
    """

    lag_days: float
    keeps_old: float = 0.0
    pivot: float = 0.0
    family: int = 0


@dataclass(frozen=True, slots=True)
class Fields:
    """Which optional columns this account's events carry, as sources differ in what they log."""

    request_ip: bool = True
    request_agent: bool = True
    conversation: bool = True
    system: bool = True
    sessions: float = 1.0


@dataclass(slots=True)
class Account:
    """One account: what it said at sign-up, how it pays, and the phases of its life."""

    kind: str
    created_at: int
    country: str
    signup_address: int
    phases: list[Phase]
    models: ModelHabit
    billing: Billing | None = None
    email: str | None = None
    phone: str | None = None
    device_ids: tuple[str | None, ...] = (None,)
    agent: str | None = None
    pathway: str = "self_serve"
    plan: str | None = None
    organisation: str | None = None
    referrer: "Account | None" = None
    fields: Fields = field(default_factory=Fields)
    vocabulary: int = 0
    team: str | None = None
    campaign: str | None = None
    operator: str | None = None
    active_from: int | None = None
    banned_at: int | None = None
    reinstated_at: int | None = None
    account_id: str = ""

    def alter(self, **changes: Any) -> None:
        """Changes these fields of every phase."""
        self.phases = [replace(phase, **changes) for phase in self.phases]

    def sends(self, streams: Sequence[int], share: float) -> None:
        """Gives ``share`` (0..1) of every phase's traffic to these streams, evenly."""
        for i, phase in enumerate(self.phases):
            self.phases[i] = replace(phase, diet=mixed(phase.diet, streams, share))

    def stop_at(self, moment: int) -> None:
        """Ends every phase at ``moment`` (us) at the latest."""
        self.phases = [
            replace(phase, ends_at=min(phase.ends_at, moment))
            for phase in self.phases
            if phase.starts_at < moment
        ]


Diet = tuple[tuple[int, float], ...]


def mixed(diet: Diet, streams: Sequence[int], share: float) -> Diet:
    """The diet with ``share`` (0..1) of it given to the streams, evenly."""
    total = sum(weight for _, weight in diet) or 1.0
    kept = tuple((stream, weight / total * (1.0 - share)) for stream, weight in diet)
    return kept + tuple((stream, share / len(streams)) for stream in streams)
