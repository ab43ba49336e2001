"""Columns of a sign-up that say how fast the flow runs: by place, device, mail domain, issuer.

Three counters that fade (:mod:`graph.velocity`) and how far the last hour stands above a usual
one, for each kind of entity and for the whole flow. An address seen for the first time has come at
a rate of zero; one that was not given is unknown. Read :mod:`gnn.features_signup` for the others.
"""

import math
from collections.abc import Callable

from gnn.columns import Column, Family, first_sentence
from gnn.features_signup import SIGNUP, Moment
from graph.velocity import FLOW, KINDS, Rate

ENTITY = {
    FLOW: "service as a whole",
    "ip": "address",
    "subnet": "network prefix",
    "device": "device",
    "email_domain": "e-mail domain",
    "asn": "network operator",
    "issuer": "card issuer",
}
HOURS_A_DAY = 24.0
PER_KIND: dict[str, list[tuple[int, Callable[[Rate], float]]]] = {kind: [] for kind in KINDS}
"""The columns of each kind of entity: their places in the row, and what is said of a rate."""


def per_kind(function: Callable[[Rate], float]) -> Callable[[Rate], float]:
    """Decorator: a column for each kind of entity, named ``{kind}_{function}``."""
    for kind in KINDS:
        PER_KIND[kind].append((len(SIGNUP.columns), function))
        told = first_sentence(function.__doc__).replace("ENTITY", ENTITY[kind])
        sentence = told.replace("Sign-ups", "Payments") if kind == "issuer" else told
        SIGNUP.add(
            Column(f"{kind}_{function.__name__}", Family.TIMING, sentence, _of(kind, function))
        )
    return function


def _of(kind: str, function: Callable[[Rate], float]) -> Callable[[Moment], float]:
    def compute(moment: Moment) -> float:
        rate = moment.rates.get(kind)
        return math.nan if rate is None else function(rate)

    return compute


@per_kind
def pace_now(rate: Rate) -> float:
    """Sign-ups on the same ENTITY of the last ten minutes, older ones fading."""
    return rate[0]


@per_kind
def pace_hour(rate: Rate) -> float:
    """Sign-ups on the same ENTITY of the last hour, older ones fading."""
    return rate[1]


@per_kind
def pace_day(rate: Rate) -> float:
    """Sign-ups on the same ENTITY of the last day, older ones fading."""
    return rate[2]


@per_kind
def pace_surge(rate: Rate) -> float:
    """How far the last hour on the same ENTITY stands above a usual hour of its day."""
    usual = rate[2] / HOURS_A_DAY
    return (rate[1] - usual) / math.sqrt(usual + 1.0)
