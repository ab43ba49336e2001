"""A ban by people freezes a ring's likeness, whatever was thought of the ring before."""

from dataclasses import replace

import numpy as np
import pytest

from graph.facts import Event, Request
from graph.rings import (
    Change,
    Family,
    LiveMatcher,
    Member,
    Profile,
    Rings,
    Status,
    find,
    genomes,
    profiles,
)
from graph.rings.genome import recognise
from graph.rings.inputs import DAY_US, HOUR_US
from graph.rings.judge import SPEAKS
from graph.rings.lineage import carry_on
from tests.graph.ring_worlds import START, World
from tests.graph.test_rings_lineage import ring
from tests.graph.test_rings_templates import OWN, asks_evenly, plain_world, strangers

BANNED_AT = START + 50 * DAY_US
KIT = tuple(f"kit{k}" for k in range(3))


@pytest.fixture
def world() -> World:
    """A ring of twelve that shares templates alone, which is no ground to flag it."""
    made = plain_world()
    made.clusters |= dict.fromkeys(KIT, OWN)
    asks_evenly(made, strangers(made, 12), 3, until=50)
    return made


def ban(world: World, count: int) -> set[str]:
    """People ban so many of the ring."""
    names = {f"mule{i}" for i in range(count)}
    for name in names:
        world.banned(name, BANNED_AT)
    return names


def after_the_ban(world: World, before: Rings) -> Rings:
    return find(world.inputs(BANNED_AT + DAY_US), before)


def test_a_ring_that_was_never_flagged_leaves_a_genome_when_people_ban_it(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    assert not before.flagged
    names = ban(world, 12)

    after = after_the_ban(world, before)

    (genome,) = genomes(after)
    ring = next(ring for ring in after if ring.ring_id == genome.ring_id)
    assert ring.account_ids <= names
    assert ring.status is Status.BANNED
    assert {f"prompt_cluster:{name}" for name in KIT} <= genome.entities.keys()
    assert all(genome.entities[f"prompt_cluster:{name}"][0] is Family.PROMPTS for name in KIT)


def test_of_a_ring_that_was_not_flagged_only_the_banned_are_the_likeness(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    names = ban(world, 8)

    after = after_the_ban(world, before)

    (genome,) = genomes(after)
    ring = next(ring for ring in after if ring.ring_id == genome.ring_id)
    assert genome.size == len(ring.account_ids & names) < ring.size


@pytest.mark.parametrize("banned", [0, 2, 4])
def test_a_few_bans_within_a_group_leave_no_genome(world, banned):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    ban(world, banned)

    assert not genomes(after_the_ban(world, before))


def test_a_ring_that_is_not_found_again_after_its_ban_stands_as_banned_with_its_genome(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    (ring,) = (ring for ring in before if "mule0" in ring.account_ids)
    ban(world, 12)
    world.clusters = dict.fromkeys(world.clusters, (0.0, ""))
    silent = world.inputs(BANNED_AT + DAY_US)
    silent.snapshot.edges.pop("ASKED", None)

    after = find(silent, before)

    (genome,) = genomes(after)
    kept = next(one for one in after if one.ring_id == ring.ring_id)
    assert genome.ring_id == ring.ring_id
    assert kept.status is Status.BANNED
    assert not kept.flagged


def test_newcomers_with_the_kit_of_a_banned_ring_are_drawn_to_it_and_honest_ones_are_not(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    ban(world, 12)
    matcher = LiveMatcher(genomes(after_the_ban(world, before)))
    fresh = World(seed=3)
    heir = fresh.account("heir", BANNED_AT + 2 * DAY_US)
    reader = fresh.account("reader", BANNED_AT + 2 * DAY_US)
    for k in range(3):
        at = BANNED_AT + 2 * DAY_US + (1 + k) * HOUR_US
        fresh.asks(heir, at, KIT[k])
        fresh.asks(reader, at, f"published{k}")

    for event in fresh.events:
        matcher.see(event)

    match = matcher.odds(heir, BANNED_AT + 3 * DAY_US)
    assert match is not None
    assert match.families[Family.PROMPTS] >= 4.0
    other = matcher.odds(reader, BANNED_AT + 3 * DAY_US)
    assert other is None or other.families.get(Family.PROMPTS, 0.0) < 1.0


def heirs_at(hours: list[list[float]]) -> list[Event]:
    """Requests from the banned ring's kit, an account a row, two days after the ban."""
    fresh = World(seed=3)
    for i, row in enumerate(hours):
        fresh.account(f"heir{i}", BANNED_AT + 2 * DAY_US)
        for k, hour in enumerate(row):
            at = BANNED_AT + 2 * DAY_US + int(hour * HOUR_US)
            fresh.asks(f"heir{i}", at, KIT[k % len(KIT)])
    return fresh.events


def timing_of(world: World, known: list[Profile], events: list[Event]) -> list[float]:
    """Nats of timing of every heir after everybody of the day has been seen."""
    matcher = LiveMatcher(known)
    rng = np.random.default_rng(11)
    others = World(seed=4)
    for name in others.people(60, days=1, prefix="passer"):
        for hour in rng.uniform(1, 23, 5):
            others.asks(name, BANNED_AT + 2 * DAY_US + int(hour * HOUR_US))
    for event in (*others.events, *events):
        matcher.see(event)
    names = sorted({event.account_id for event in events if isinstance(event, Request)})
    found = [matcher.odds(name, BANNED_AT + 3 * DAY_US) for name in names]
    return [m.families.get(Family.TIMING, 0.0) if m else 0.0 for m in found]


TICKS = [2.0, 5.5, 9.0, 12.5, 16.0, 19.5]


def test_heirs_of_a_banned_ring_are_held_to_it_by_being_in_step_with_one_another(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    ban(world, 12)
    known = genomes(after_the_ban(world, before))
    rng = np.random.default_rng(5)

    together = timing_of(world, known, heirs_at([TICKS] * 5))
    alone = timing_of(world, known, heirs_at([TICKS]))
    apart = timing_of(world, known, heirs_at(rng.uniform(1, 23, (5, 6)).tolist()))

    assert min(together) >= SPEAKS
    assert alone == [0.0]
    assert max(apart) < SPEAKS


def test_heirs_in_step_are_told_the_same_in_any_order_and_however_often(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    ban(world, 12)
    known = genomes(after_the_ban(world, before))
    events = heirs_at([TICKS] * 4)
    mixed = np.random.default_rng(2).permutation(len(events) * 2) % len(events)

    straight = timing_of(world, known, events)
    again = timing_of(world, known, [events[i] for i in mixed])

    assert straight == again
    assert min(straight) > 0


def test_a_template_is_worth_the_odds_that_its_senders_are_members_however_common_kits_are(world):
    reader = world.people(80, prefix="kit-reader")
    for name in reader:
        for k in range(3):
            world.asks(name, BANNED_AT - 2 * DAY_US + k * HOUR_US, "everybodys-kit")
    for i in range(6):
        world.asks(f"mule{i}", BANNED_AT - 2 * DAY_US, "everybodys-kit")
    inputs = world.inputs(BANNED_AT - HOUR_US)
    (ring,) = (ring for ring in find(inputs) if "mule0" in ring.account_ids)

    (likeness,) = profiles(inputs, [ring])

    held = {key.split(":")[1]: nats for key, (_, nats) in likeness.entities.items()}
    assert all(held[name] >= SPEAKS for name in KIT)
    assert held.get("everybodys-kit", 0.0) < SPEAKS


def test_a_ring_that_gains_accounts_after_its_ban_is_told_as_regrown(world):
    before = find(world.inputs(BANNED_AT - HOUR_US))
    ban(world, 12)
    history = [before, after_the_ban(world, before)]
    (genome,) = genomes(history[-1])
    for i in range(8):
        name = world.account(f"heir{i}", BANNED_AT + 2 * DAY_US + i * HOUR_US)
        for k in range(60):
            at = BANNED_AT + 3 * DAY_US + int(world.rng.uniform(0, 5 * DAY_US))
            world.asks(name, at, KIT[k % 3])

    later = find(world.inputs(BANNED_AT + 9 * DAY_US), history[-1])

    regrown = [event for event in later.lineage if event.change is Change.REGROWN]
    assert [event.others for event in regrown] == [(genome.ring_id,)]
    heirs = next(ring for ring in later if ring.ring_id == regrown[0].ring_id)
    assert sum(account.startswith("heir") for account in heirs.account_ids) >= 6


def test_a_ring_that_takes_another_in_as_it_grows_again_is_told_as_merged_and_as_regrown():
    likeness = Profile("ring-old", 3, -4.0, frozen_at=50).as_json()
    old = replace(ring("a", "b", "c"), ring_id="ring-old", genome=likeness)
    before = Rings(60, (old, replace(ring("p", "q"), ring_id="ring-new")), ())
    late = tuple(Member(name, 0.9, since=70) for name in "xyz")
    grown = ring(*"abcpq")
    found = carry_on([replace(grown, members=(*grown.members, *late))], before, 80)

    told = recognise(World().inputs(80), found, before).lineage

    assert {(e.change, e.others) for e in told} == {
        (Change.MERGED, ("ring-new",)),
        (Change.REGROWN, ("ring-old",)),
    }
