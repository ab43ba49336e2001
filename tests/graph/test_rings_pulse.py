"""A ring's schedule speaks at once; everybody's hours, and a ring without one, do not."""

import math

import numpy as np
import pytest

from graph.rings.inputs import DAY_US, HOUR_US
from graph.rings.pulse import Pulse, pulse_of_members
from graph.rings.timing import BIN_US, Moments

MINUTE_US = HOUR_US // 60
START = 20_000 * DAY_US
TICKS = (3.2, 11.5, 20.1)
"""Hours of the day at which the ring's scheduler wakes it."""
Asked = list[tuple[str, int]]


def crowd(rng: np.random.Generator) -> Asked:
    """Three hundred people's requests of a day, from eight to eight."""
    hours = rng.uniform(8, 20, (300, 6))
    return [(f"p{i}", START + int(h * HOUR_US)) for i, row in enumerate(hours) for h in row]


def on_ticks(rng: np.random.Generator, names: list[str]) -> Asked:
    return [
        (name, START + int(tick * HOUR_US + rng.uniform(0, 12) * MINUTE_US))
        for name in names
        for tick in TICKS
    ]


def pulse_of(people: Asked, members: Asked) -> Pulse:
    made = Pulse(1)
    own: dict[str, set[int]] = {}
    for name, at in people:
        made.asked(own.setdefault(name, set()), at)
    for name, at in members:
        made.worked(0, name, at)
    return made


def nats_of(pulse: Pulse, *at: int) -> float:
    """What moments say that nobody else is told of."""
    own: set[int] = set()
    for moment in at:
        pulse.asked(own, moment)
    return pulse.nats(0, own)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def members() -> list[str]:
    return [f"m{i}" for i in range(20)]


def test_one_request_at_a_rings_tick_speaks_and_one_between_ticks_speaks_against(rng, members):
    pulse = pulse_of(crowd(rng), on_ticks(rng, members))

    at_tick = nats_of(pulse, START + int(11.55 * HOUR_US))
    between = nats_of(pulse, START + 14 * HOUR_US)

    assert at_tick > 2
    assert between < 0


def test_more_requests_in_the_same_ten_minutes_say_no_more(rng, members):
    pulse = pulse_of(crowd(rng), on_ticks(rng, members))
    at = START + int(11.55 * HOUR_US)

    once = nats_of(pulse, at)

    assert nats_of(pulse, at, at + MINUTE_US, at + 2 * MINUTE_US) == pytest.approx(once, abs=0.2)


def test_a_ring_without_a_schedule_says_of_nobody_that_it_belongs(rng, members):
    at_random = [
        (name, START + int(h * HOUR_US)) for name in members for h in rng.uniform(8, 20, 3)
    ]
    pulse = pulse_of(crowd(rng), at_random)

    said = [nats_of(pulse, START + int(h * HOUR_US)) for h in rng.uniform(8, 20, 60)]

    assert max(said) < 2
    assert np.mean(said) < 0.2


def test_a_rush_that_everybody_is_in_says_nothing(rng, members):
    rush = [(f"p{i}", START + 9 * HOUR_US + i * 1_000_000) for i in range(300)]
    together = [(name, START + 9 * HOUR_US + MINUTE_US) for name in members]

    pulse = pulse_of(rush, together)

    assert nats_of(pulse, START + 9 * HOUR_US + 2 * MINUTE_US) < 0.5


def test_two_moments_of_a_ring_are_too_few_to_speak(rng):
    at = START + 10 * HOUR_US
    pulse = pulse_of(crowd(rng), [("m0", at), ("m1", at)])

    assert nats_of(pulse, at) < 2


def test_neither_order_nor_repetition_matters(rng, members):
    people, works = crowd(rng), on_ticks(rng, members)
    straight = pulse_of(people, works)
    events = [*people, *people[:50]], [*works, *works]
    again = pulse_of(*([many[i] for i in rng.permutation(len(many))] for many in events))
    own = {(START + int(h * HOUR_US)) // (10 * MINUTE_US) for h in (3.25, 9.0, 11.6, 20.15)}

    assert again.nats(0, own) == straight.nats(0, own)
    assert math.isfinite(again.nats(0, own))


def test_a_day_on_which_the_ring_does_not_work_says_nothing(rng, members):
    pulse = pulse_of(crowd(rng), on_ticks(rng, members))

    assert nats_of(pulse, START + DAY_US + 11 * HOUR_US) == 0


def test_a_refresh_hears_of_every_member_what_the_match_would_hear_of_it(rng):
    asked = {(int(cell) // 500, int(cell) % 500) for cell in rng.integers(0, 60 * 500, 900)}
    asked |= {(account, tick) for account in range(8) for tick in (5, 77, 150, 300, 301)}
    account, moment = (np.array(side) for side in zip(*sorted(asked), strict=True))
    member = np.arange(60) < 12
    one_by_one = Pulse(1)
    own: dict[int, set[int]] = {a: set() for a in range(60)}
    for who, when in sorted(asked):
        one_by_one.asked(own[who], when * BIN_US)
    for who in range(12):
        one_by_one.follows(0, f"m{who}", own[who])

    together = pulse_of_members(Moments(account, moment, 60, BIN_US), member)

    alone = [one_by_one.nats(0, own[who], f"m{who}") for who in range(12)]
    assert together[:12] == pytest.approx(alone)
    assert not together[12:].any()
    assert together[:8].mean() > together[8:12].mean()
