"""Silent members: who does nothing more keeps the place it had; who acts is judged again."""

import pytest

from graph.rings import RingInputs, Rings, Status, find
from graph.rings.inputs import DAY_US
from tests.graph.ring_worlds import MINUTE_US, START, World
from tests.graph.test_rings import card_ring

SEEN = START + 25 * DAY_US
LATER = SEEN + 500 * DAY_US
"""By then templates and addresses in common have aged away."""


@pytest.fixture
def world() -> World:
    made = World()
    made.people(150, days=20)
    card_ring(made)
    return made


def refreshed(world: World, at: int, window_days: int, previous: Rings | None = None) -> Rings:
    """A refresh that sees requests of the last days only, as a deployment's does."""
    inputs = world.inputs(at)
    assert inputs.requests is not None
    recent = [moment > at - window_days * DAY_US for moment in inputs.requests["at"].to_pylist()]
    seen = RingInputs(
        inputs.snapshot,
        at,
        requests=inputs.requests.filter(recent),
        payments=inputs.payments,
        signups=inputs.signups,
        enforcements=inputs.enforcements,
    )
    return find(seen, previous)


def test_a_ring_that_fell_silent_stays_as_it_was_judged(world):
    first = refreshed(world, SEEN, 30)
    (ring,) = first.flagged

    later = refreshed(world, LATER, 7, first)

    (kept,) = later.flagged
    assert kept.ring_id == ring.ring_id
    assert kept.account_ids == ring.account_ids
    assert kept.status is Status.DORMANT


def test_members_that_act_again_as_anybody_would_are_judged_again(world):
    first = refreshed(world, SEEN, 30)
    (ring,) = first.flagged
    for account_id in sorted(ring.account_ids):
        world.visits(account_id, LATER - DAY_US, world.place(f"new-{account_id}"))

    later = refreshed(world, LATER, 7, first)

    assert not later.flagged


def test_silence_makes_nobody_a_member_of_a_ring_that_is_not_flagged(world):
    before = refreshed(world, SEEN, 30)
    calm = Rings(before.as_of, tuple(ring for ring in before.rings if not ring.flagged))

    later = refreshed(world, LATER, 7, calm)

    assert not later.flagged


def test_what_still_acts_of_a_ring_goes_on_under_its_id_with_those_who_fell_silent():
    world = World()
    world.people(150, days=20)
    card_ring(world, 40)
    first = refreshed(world, SEEN, 30)
    (ring,) = first.flagged
    awake = sorted(ring.account_ids)[:8]
    world.clusters |= {f"new-kit{k}": (5.0, "rare and new") for k in range(3)}
    for day in range(1, 6):
        for name in awake:
            at = LATER - day * DAY_US + int(world.rng.uniform(0, 5) * MINUTE_US)
            world.asks(name, at, f"new-kit{day % 3}")
            world.pays(name, at, "new-card", "virtual", issuer="bin-virtual")

    later = refreshed(world, LATER, 7, first)

    (kept,) = later.flagged
    assert kept.ring_id == ring.ring_id
    assert kept.account_ids == ring.account_ids
    assert kept.last_seen > ring.last_seen
