"""A ban by people freezes a ring's likeness, whatever was thought of the ring before."""

from dataclasses import replace

import pytest

from graph.rings import Change, Family, LiveMatcher, Member, Profile, Rings, Status, find, genomes
from graph.rings.genome import recognise
from graph.rings.inputs import DAY_US, HOUR_US
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
