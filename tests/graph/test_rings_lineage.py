"""Ids that last: what happened to rings between two refreshes."""

import random
from dataclasses import replace

import pytest

from graph.rings import Change, Member, Ring, Rings, Status, Verdict, find
from graph.rings.inputs import DAY_US, HOUR_US
from graph.rings.lineage import carry_on, founding_id
from tests.graph.ring_worlds import START, World


def ring(*names: str, **changes: object) -> Ring:
    members = tuple(Member(name, 0.9, 1) for name in names)
    made = Ring("", 1, 0.9, True, Status.ACTIVE, Verdict.UNCLEAR, members, {}, (), (), 1, 2)
    return replace(made, **changes)


def told(rings: Rings) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(event.ring_id, event.change.value, event.others) for event in rings.lineage]


def test_a_new_group_is_born_under_the_digest_of_its_founders():
    born = carry_on([ring("a", "b", "c")], None, 10)

    identity = founding_id(["c", "b", "a"])
    assert born.rings[0].ring_id == identity
    assert told(born) == [(identity, "born", ())]


def test_nothing_happens_to_a_ring_that_stays_as_it_is():
    before = carry_on([ring("a", "b", "c")], None, 10)

    after = carry_on([ring("c", "a", "b")], before, 20)

    assert after.rings[0].version == before.rings[0].version
    assert told(after) == []


def test_a_ring_that_nothing_touched_is_carried_on_as_the_value_it_was():
    found = [ring("a", "b", "c"), ring("d", "e", "f")]
    before = carry_on(found, None, 10)

    after = carry_on([found[0], replace(found[1], score=0.5)], before, 20)

    kept, moved = sorted(after, key=lambda ring: sorted(ring.account_ids))
    assert any(kept is old for old in before)
    assert moved.score == 0.5
    assert {r.ring_id for r in after} == {r.ring_id for r in before}
    assert told(after) == []


def test_a_ring_that_gains_members_grew_and_keeps_since_of_the_old_ones():
    before = carry_on([ring("a", "b", "c")], None, 10)
    larger = ring("a", "b", "c", "d")
    larger = replace(larger, members=tuple(replace(m, since=99) for m in larger.members))

    after = carry_on([larger], before, 20)

    assert told(after) == [(before.rings[0].ring_id, "grew", ())]
    assert {m.account_id: m.since for m in after.rings[0].members} == {
        "a": 1, "b": 1, "c": 1, "d": 99,
    }  # fmt: skip


def test_of_two_halves_the_larger_keeps_the_id_and_the_other_was_split_off():
    before = carry_on([ring(*"abcdefgh")], None, 10)
    parent = before.rings[0].ring_id

    after = carry_on([ring(*"abcde"), ring(*"fgh")], before, 20)

    by_size = {r.size: r.ring_id for r in after}
    assert by_size[5] == parent
    assert (by_size[3], "split", (parent,)) in told(after)
    assert (parent, "shrank", ()) in told(after)


def test_a_ring_that_takes_in_another_merged_with_it():
    before = carry_on([ring(*"abcde"), ring(*"xyz")], None, 10)
    small = next(r.ring_id for r in before if r.size == 3)
    large = next(r.ring_id for r in before if r.size == 5)

    after = carry_on([ring(*"abcdexyz")], before, 20)

    assert told(after) == [(large, "merged", (small,))]


def test_a_ring_of_which_nothing_is_left_is_gone():
    before = carry_on([ring(*"abc")], None, 10)

    after = carry_on([ring(*"xyz")], before, 20)

    assert (before.rings[0].ring_id, "gone", ()) in told(after)


def test_a_group_with_the_founders_of_a_living_ring_takes_another_id():
    before = carry_on([ring(*"abc")], None, 10)
    grown = carry_on([ring(*"abcdef")], before, 20)

    parted = carry_on([ring(*"def"), ring(*"abc")], grown, 30)

    assert len({r.ring_id for r in parted}) == 2


def test_ids_are_stable_over_eight_weekly_refreshes_of_a_ring_that_grows_and_loses():
    world = World()
    world.people(120, days=70)
    world.clusters = {f"kit{k}": (4.0, "rare and new") for k in range(3)}
    ticks = [START + day * DAY_US + int(world.rng.uniform(0, 23) * HOUR_US) for day in range(70)]
    for i in range(48):
        joined = START + (i // 6) * 7 * DAY_US + (i % 6) * HOUR_US
        name = world.account(f"mule{i:02d}", joined, user_agent="python-requests")
        world.pays(name, joined + HOUR_US, f"card{i // 4}", "virtual")
        for day in range(21):
            tick = ticks[(joined - START) // DAY_US + 1 + day] if day + i // 6 * 7 < 69 else 0
            for k in range(3 if tick else 0):
                world.asks(name, tick + k * 60_000_000, f"kit{k}")
    history: list[Rings] = []
    for week in range(1, 9):
        now = START + week * 7 * DAY_US
        history.append(find(world.inputs(now), history[-1] if history else None))

    firsts = [rings.rings[0] for rings in history]
    assert len({ring.ring_id for ring in firsts}) == 1
    assert all(ring.flagged for ring in firsts[2:])
    changes = [event.change for rings in history for event in rings.lineage]
    assert changes.count(Change.GREW) >= 5


@pytest.mark.parametrize("seed", range(8))
def test_what_is_kept_untouched_is_matched_as_if_its_members_had_been_looked_up(seed: int):
    chance = random.Random(seed)
    names = [f"a{number:02}" for number in range(40)]
    before = carry_on([ring(*chance.sample(names, 4)) for _ in range(8)], None, 10)
    stayed = [old for old in before if chance.random() < 0.6]
    found = [*stayed, *(ring(*chance.sample(names, 5)) for _ in range(3))]
    # Equal members in another object have to be looked up.
    anew = [replace(r, members=tuple(replace(m) for m in r.members)) for r in found]

    kept, looked_up = carry_on(found, before, 20), carry_on(anew, before, 20)

    assert kept == looked_up
    assert any(one.members is other.members for one in kept for other in before)
