"""What a campaign intends: one record that tactics change before anybody is enrolled.

The defaults are a campaign without any tactic: unrelated-looking accounts of ordinary people that
send one kit's templates. Tactics (:mod:`graph.simulate.tactics`) narrow or bend single fields;
:mod:`graph.simulate.campaigns` carries the plan out.
"""

from dataclasses import dataclass, field

from graph.simulate.kits import Kit


@dataclass(slots=True)
class Plan:
    """A campaign's intentions.

    Times in us; shares 0..1; ``rate``: requests on an active day (median over accounts);
    ``dilution``: share of traffic that is unrelated, of the cover's own or, where there are any, of
    ``customers`` who buy the accounts' use; ``sharded``: share of accounts that send one template
    only; ``apart``: share of accounts that touch nothing another one of their operator uses;
    ``reuse``: share of identifiers that a replacement takes over from the banned; ``banned``:
    share of accounts banned in time.
    """

    name: str
    starts_at: int
    ends_at: int
    accounts: int
    rate: float
    operators: int = 1
    join_days: float = 11.0
    lifetime_days: float = 14.0
    active: tuple[float, float] = (0.4, 0.9)
    rate_sigma: float = 0.5
    covers: dict[str, float] = field(
        default_factory=lambda: {"casual": 2, "worker": 2, "developer": 4, "student": 1, "batch": 2}
    )
    pathways: dict[str, float] = field(default_factory=dict)
    # money
    accounts_per_card: float = 1.0
    card_kind: str | None = None
    one_issuer: bool = False
    free_share: float | None = None
    disputes: float = 0.0
    # identity
    email_shape: str | None = None
    email_domain: str | None = None
    accounts_per_device: float = 1.0
    apart: float = 0.0
    # network: weight of each sort of place beside the cover's own
    residential: float = 0.0
    hosting: float = 0.0
    vpn: float = 0.0
    addresses: int = 6
    shared_addresses: bool = False
    # timing
    ticks_per_day: float = 0.0
    jitter_minutes: float = 15.0
    handover: float = 0.0
    pivot: float = 0.0
    # traffic
    dilution: float = 0.1
    customers: int = 0
    warm_up_days: float = 0.0
    kit: Kit | None = None
    public_kit: bool = False
    siblings: int = 3
    level: int = 1
    shared_kit: bool = True
    sharded: float = 0.0
    # life
    bought: float = 0.0
    banned: float = 0.2
    replaces: bool = False
    regrows: bool = False
    reuse: float = 0.0
