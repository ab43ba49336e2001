"""Live matching: newcomers are tied to known rings event by event, in any order, once."""

import statistics
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.facts import Request, Signup
from graph.rings import Change, Family, LiveMatcher, Profile, Status, find, genomes, profiles
from graph.rings.inputs import DAY_US, HOUR_US
from tests.graph.ring_worlds import MINUTE_US, START, World
from tests.graph.test_rings import card_ring

NOW = START + 25 * DAY_US


@pytest.fixture
def world() -> World:
    made = World()
    for name in made.people(300, days=20):
        made.works(name, 20, 10, 0.5, (8, 20))
    card_ring(made, 24)
    return made


@pytest.fixture
def matcher(world: World) -> LiveMatcher:
    inputs = world.inputs(NOW)
    flagged = find(inputs).flagged
    members = {m.account_id: ring.ring_id for ring in flagged for m in ring.members}
    return LiveMatcher(profiles(inputs, flagged), members)


@pytest.fixture
def matcher_of(world: World):
    """Makes matchers of the same knowledge."""
    inputs = world.inputs(NOW)
    flagged = find(inputs).flagged
    members = {m.account_id: ring.ring_id for ring in flagged for m in ring.members}
    known = profiles(inputs, flagged)
    return lambda: LiveMatcher(known, members)


def newcomer(name: str, **shape: object) -> list:
    """A sign-up and six requests from the ring's kit."""
    made = World()
    made.account(
        name, NOW + HOUR_US, **{"user_agent": "python-requests", "email_shape": "a9", **shape}
    )
    for k in range(6):
        made.asks(name, NOW + (2 + k) * HOUR_US, f"mule-kit{k % 3}")
    return made.events


def test_a_newcomer_of_a_known_ring_is_flagged_within_three_requests(matcher):
    events = newcomer("late-mule")

    asked = [isinstance(event, Request) for event in events]
    found = [matcher.see(event) for event in events]

    place = next(i for i, match in enumerate(found) if match is not None)
    assert sum(asked[: place + 1]) <= 3
    assert found[place].families[Family.PROMPTS] > 2
    assert found[place].families[Family.SIGNUP] > 2
    assert all(match is None for match in found[place + 1 :])


def test_an_honest_user_of_the_same_template_is_not_flagged(matcher):
    events = newcomer("curious", user_agent="safari/mac", email_shape="a.a9")

    assert [matcher.see(event) for event in events] == [None] * len(events)
    assert matcher.odds("curious", NOW).families.get(Family.SIGNUP, 0) <= 0


def test_an_account_with_a_history_is_left_to_the_refresh_that_reads_it(world, matcher_of):
    known, asked = matcher_of(), []
    matcher = LiveMatcher(known.profiles, established=lambda name: asked.append(name) or True)

    assert any(known.see(event) for event in newcomer("late-mule"))
    assert [matcher.see(event) for event in newcomer("late-mule")] == [None] * 7

    assert asked == ["late-mule"]
    assert matcher.odds("late-mule", NOW).flagged
    assert matcher.flags == {}


def test_odds_are_the_same_in_any_order_and_however_often_an_event_comes(world, matcher):
    events = newcomer("shuffled")
    for event in events:
        matcher.see(event)
    once = matcher.odds("shuffled", NOW)

    for seed in range(5):
        inputs = world.inputs(NOW)
        flagged = find(inputs).flagged
        again = LiveMatcher(profiles(inputs, flagged))
        order = np.random.default_rng(seed).permutation(len(events) * 2) % len(events)
        for i in order:
            again.see(events[i])
        assert again.odds("shuffled", NOW) == once


def test_who_was_near_before_the_refresh_calls_for_no_other_one(world):
    inputs = world.inputs(NOW)
    flagged = find(inputs).flagged
    members = {m.account_id: ring.ring_id for ring in flagged for m in ring.members}
    matcher = LiveMatcher(profiles(inputs, flagged), members, since=NOW + 5 * HOUR_US)

    for i in range(3):
        for event in newcomer(f"wave{i}"):
            matcher.see(event)

    assert matcher.crowded() == []


@given(st.randoms(use_true_random=False))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_and_repetition_of_any_events_gives_the_same_odds(matcher_of, chance):
    named = {f"{chance.random()}": newcomer(f"n{i}") for i in range(4)}
    events = [event for group in named.values() for event in group]
    ahead = World()
    ahead.asks("mule0", NOW + 2 * HOUR_US, "mule-kit0", conversation="talk-1", turn=1)
    ahead.asks("n1", NOW + 3 * HOUR_US, "mule-kit1", conversation="talk-1", turn=2)
    events += ahead.events
    shuffled = [*events, *chance.sample(events, len(events) // 2)]
    chance.shuffle(shuffled)
    one, other = matcher_of(), matcher_of()

    for event in events:
        one.see(event)
    for event in shuffled:
        other.see(event)

    for account in ("n0", "n1", "n2", "n3"):
        assert other.odds(account, NOW) == one.odds(account, NOW)


def test_weighing_what_comes_next_remembers_nothing_and_says_what_seeing_it_will(matcher):
    signup, first, *others = newcomer("next")
    for event in (first, *others):
        matcher.see(event)
    before = matcher.odds("next", NOW)

    weighed = matcher.weigh([signup])

    assert matcher.odds("next", NOW) == before
    matcher.see(signup)
    assert matcher.odds("next", signup.at) == weighed
    assert weighed.flagged


def test_a_talk_begun_by_a_member_ties_who_goes_on_with_it_whoever_was_seen_first(matcher):
    ahead, behind = World(), World()
    ahead.asks("mule0", NOW + HOUR_US, "mule-kit0", conversation="talk-1", turn=1)
    behind.asks("heir", NOW + 2 * HOUR_US, "mule-kit1", conversation="talk-1", turn=2)

    matcher.see(behind.events[0])
    matcher.see(ahead.events[0])

    assert matcher.odds("heir", NOW).families[Family.TIMING] >= 4


def on_schedule(matcher) -> LiveMatcher:
    """The matcher on a day on which the ring works at three, at nine and at half past four."""
    made = World()
    for i in range(12):
        for minutes in (180, 540, 990):
            made.asks(f"mule{i}", NOW + (minutes + i % 10) * MINUTE_US, f"mule-kit{i % 3}")
    for i in range(60):
        for k in range(6):
            made.asks(f"person{i}", NOW + (i * 23 + k * 211) % 1440 * MINUTE_US)
    for event in made.events:
        matcher.see(event)
    return matcher


def natural(name: str, *minutes: int) -> list:
    """Whose sign-up says nothing and who asks from the ring's kit, so many minutes into the day."""
    made = World()
    shape = {"user_agent": "python-requests", "email_shape": "a.a9"}
    made.account(name, NOW + HOUR_US, **shape)
    for minute in minutes:
        made.asks(name, NOW + minute * MINUTE_US, "mule-kit0")
    return made.events


def test_who_works_a_rings_kit_at_its_ticks_is_flagged_within_three_requests(matcher):
    on_schedule(matcher)

    at_ticks = [matcher.see(event) for event in natural("late", 183, 545, 995)]
    between = [matcher.see(event) for event in natural("reader", 300, 640, 800)]

    flag = next(match for match in at_ticks if match is not None)
    assert flag.families[Family.TIMING] > 2
    assert between == [None] * 4


def test_several_young_accounts_moving_towards_a_ring_call_for_an_early_refresh(matcher):
    assert matcher.crowded() == []

    for i in range(3):
        for event in newcomer(f"wave{i}"):
            matcher.see(event)

    assert len(matcher.crowded()) == 1


def test_a_live_event_costs_far_less_than_a_refresh_per_account(world, matcher):
    inputs = world.inputs(NOW)
    start = time.perf_counter()
    find(inputs)
    refresh = time.perf_counter() - start
    times = []
    events = [event for i in range(60) for event in newcomer(f"timed{i}")]
    for event in events:
        before = time.perf_counter()
        matcher.see(event)
        times.append(time.perf_counter() - before)

    assert statistics.median(times) < refresh / 100


def test_a_profile_comes_back_from_its_json_form_with_its_digest(world):
    inputs = world.inputs(NOW)
    (profile,) = profiles(inputs, find(inputs).flagged)

    again = Profile.of(profile.as_json())

    assert again == profile
    assert again.digest == profile.digest


def test_a_banned_ring_leaves_a_genome_and_the_ring_that_grows_from_it_is_recognised(world):
    early = find(world.inputs(NOW))
    for name in early.flagged[0].account_ids:
        world.banned(name, NOW + HOUR_US)
    after = find(world.inputs(NOW + DAY_US), early)
    (genome,) = genomes(after)
    assert after.rings[0].status is Status.BANNED

    for i in range(12):  # new cards, devices, addresses and mailboxes; the kit and the habits stay
        at = NOW + 3 * DAY_US + i * HOUR_US
        name = world.account(f"heir{i}", at, user_agent="python-requests", email_shape="a9")
        for k in range(6):
            moment = NOW + 4 * DAY_US + (k * 5 + 1) * HOUR_US
            world.asks(name, moment + int(world.rng.uniform(0, 9) * MINUTE_US), f"mule-kit{k % 3}")
    later = find(world.inputs(NOW + 6 * DAY_US), after)

    regrown = [event for event in later.lineage if event.change is Change.REGROWN]
    together = [r for r in later.rings if any(a.startswith("heir") for a in r.account_ids)]
    if regrown:
        assert regrown[0].others == (genome.ring_id,)
    else:  # found as one body with its ancestor, which is as good
        assert [ring.ring_id for ring in together] == [genome.ring_id]


def test_honest_newcomers_do_not_match_a_genome(world):
    early = find(world.inputs(NOW))
    for name in early.flagged[0].account_ids:
        world.banned(name, NOW + HOUR_US)
    after = find(world.inputs(NOW + DAY_US), early)
    matcher = LiveMatcher(genomes(after))
    made = World(seed=11)
    for name in made.people(200, prefix="fresh"):
        made.works(name, 5, 5, 1.0, (8, 20))

    assert not [match for match in map(matcher.see, made.events) if match]


def test_a_genome_outlives_the_ring_it_was_taken_from(world):
    early = find(world.inputs(NOW))
    for name in early.flagged[0].account_ids:
        world.banned(name, NOW + HOUR_US)
    history = [early]
    for day in (1, 2):
        history.append(find(world.inputs(NOW + day * DAY_US), history[-1]))
    gone = replace(world.inputs(NOW + 3 * DAY_US), clusters=None)

    history.append(find(gone, history[-1]))

    kept = [genomes(rings) for rings in history[1:]]
    assert all(before == after for before, after in pairwise(kept))


def test_sign_ups_alone_never_flag_anybody(matcher):
    for i in range(20):
        (signup, *_) = newcomer(f"twin{i}")
        assert isinstance(signup, Signup)
        assert matcher.see(signup) is None
