"""Counters that fade: by hand, in any order, however often an event comes, singly or at once."""

import math
import random
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.cleaned import SCHEMAS, row_of
from graph.facts import Event, Payment, Place, Signup
from graph.velocity import HORIZON_US, KINDS, MINUTE_US, SPANS_US, Velocity

DAY_US = 1_440 * MINUTE_US


def signup(account: str, at: int, **given: object) -> Signup:
    place = Place("ip-1", "net-1", "AS1", "operator", "DE", "home")
    facts = {"place": place, "pathway": "self_serve", "device": "phone-1"}
    return Signup(account, at, **(facts | given))


def paid(event_id: str, at: int, issuer: str | None = "411111") -> Payment:
    return Payment(event_id, "a", at, "card-1", "card", 5.0, "failed", issuer)


def told(*events: Event) -> Velocity:
    velocity = Velocity()
    for event in events:
        velocity.see(event)
    return velocity


def test_an_event_counts_by_its_age_over_ten_minutes_an_hour_and_a_day():
    velocity = told(signup("a", 0), signup("b", 30 * MINUTE_US))

    rates = velocity.rates(signup("new", 60 * MINUTE_US), 60 * MINUTE_US)

    assert rates["device"] == pytest.approx(
        [sum(math.exp(-age * MINUTE_US / span) for age in (60, 30)) for span in SPANS_US]
    )
    assert rates["flow"] == rates["asn"] == rates["subnet"] == rates["ip"] == rates["device"]


def test_what_was_not_named_has_no_rate_and_what_is_new_has_come_at_none():
    velocity = told(signup("a", 0))

    rates = velocity.rates(signup("new", 1, device="phone-2"), 1)

    assert rates["device"] == (0.0, 0.0, 0.0)
    assert "email_domain" not in rates
    assert "issuer" not in rates
    assert set(rates) < set(KINDS)


def test_a_card_issuer_is_paced_by_attempts_to_pay():
    velocity = told(paid("p1", 0), paid("p2", 0), paid("p3", 0, "999999"))

    rates = velocity.rates(signup("new", MINUTE_US), MINUTE_US, paid("p4", MINUTE_US))

    assert rates["issuer"][2] == pytest.approx(2 * math.exp(-MINUTE_US / SPANS_US[2]))


def test_a_sign_up_counted_before_it_is_scored_does_not_count_itself():
    before = told(signup("a", 0)).rates(signup("new", MINUTE_US), MINUTE_US)

    after = told(signup("a", 0), signup("new", MINUTE_US)).rates(
        signup("new", MINUTE_US), MINUTE_US
    )

    assert before.keys() == after.keys()
    for kind, rate in before.items():
        assert after[kind] == pytest.approx(rate)


EVENTS = st.lists(
    st.builds(
        lambda n, at, device, kind: (
            paid(f"p{n}", at, device)
            if kind
            else signup(f"a{n}", at, device=device, email_domain=None if n % 3 else "mail.example")
        ),
        st.integers(0, 400),
        st.integers(0, 3 * DAY_US),
        st.sampled_from(["d1", "d2", "d3"]),
        st.booleans(),
    ),
    max_size=40,
    unique_by=lambda e: e.event_id if isinstance(e, Payment) else e.account_id,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.randoms(use_true_random=False))
def test_any_order_any_repetition_and_all_at_once_count_the_same(
    events: list[Event], chance: random.Random
):
    shuffled = [*events, *events]
    chance.shuffle(shuffled)
    now = 4 * DAY_US
    asked = [signup("new", now, device=d, email_domain="mail.example") for d in ("d1", "d2", "d9")]

    ways = (told(*sorted(events, key=lambda e: e.at)), told(*shuffled), at_once(events))

    for one in asked:
        first, *others = [way.rates(one, now, paid("mine", now, one.device)) for way in ways]
        for other in others:
            assert other.keys() == first.keys()
            for kind in first:
                assert other[kind] == pytest.approx(first[kind], abs=1e-9)


def at_once(events: list[Event]) -> Velocity:
    tables = []
    for name, kind in (("signups", Signup), ("payments", Payment)):
        rows = [row_of(event) for event in events if isinstance(event, kind)]
        tables.append(pa.Table.from_pylist(rows, schema=SCHEMAS[name]))
    return Velocity.of(*tables)


def test_what_has_faded_is_forgotten_and_the_state_stays_small():
    velocity, place = Velocity(), Place("ip", "net")
    for number in range(4_000):
        at = number * HORIZON_US // 1_000
        velocity.see(replace(signup(f"a{number}", at), device=f"d{number}", place=place))
    now = 4 * HORIZON_US

    assert len(velocity) < 2_100
    before = velocity.rates(signup("new", now), now)
    for late in (signup("late", HORIZON_US, place=place), signup("a3500", now, place=place)):
        velocity.see(late)
    assert velocity.rates(signup("new", now), now) == before
    assert before["flow"][2] == pytest.approx(DAY_US / (HORIZON_US / 1_000), rel=0.02)
