"""Rings whose accounts share nothing but templates: they stand in the queue, and wait there."""

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from graph.rings import Ring, Verdict, find
from graph.rings.inputs import DAY_US, HOUR_US, Columns
from graph.rings.links import Links
from graph.rings.model import Family
from graph.rings.suspects import Ties, tell_apart
from graph.rings.timing import Moments
from graph.rings.traits import TraitModel
from tests.graph.ring_worlds import MINUTE_US, START, World

END = START + 60 * DAY_US
DAYS = range(26, 56)
OWN = 4.0, "rare and new: its accounts go together"
PUBLIC = 0.0, "public template: most of its accounts came as they pleased"


def plain_world() -> World:
    """Three hundred unrelated people who work office hours, some of it from what is published."""
    made = World()
    for i, name in enumerate(made.people(300, days=20)):
        made.works(name, 22, 30, 0.4, (8, 20))
        for day in range(24, 56, 4):
            at = START + day * DAY_US + int(made.rng.uniform(8, 20) * HOUR_US)
            made.asks(name, at, f"published{i % 30}")
    made.clusters = {f"published{k}": PUBLIC for k in range(30)}
    return made


@pytest.fixture
def world() -> World:
    """The unrelated people."""
    return plain_world()


def strangers(world: World, size: int) -> list[str]:
    """Accounts with an address, a device and habits of their own, that signed up over weeks."""
    rng = world.rng
    return [
        world.account(
            f"mule{i}",
            START + int(rng.uniform(0, 25) * DAY_US),
            user_agent=str(rng.choice(["chrome/windows", "safari/mac"])),
            email_shape=str(rng.choice(["a", "a.a", "a9"])),
        )
        for i in range(size)
    ]


def asks_evenly(world: World, names: list[str], templates: int, until: int = 56) -> None:
    """Eight prompts a day at any hour, up to a day, most of them from some of the templates."""
    for name in names:
        mine = np.flatnonzero(world.rng.random(templates) < 0.6)
        mine = mine if len(mine) else world.rng.integers(templates, size=1)
        for day in range(26, until):
            for _ in range(8):
                at = START + day * DAY_US + int(world.rng.uniform(7, 23) * HOUR_US)
                own = world.rng.random() < 0.7
                world.asks(name, at, f"kit{world.rng.choice(mine)}" if own else None)


def mules(world: World) -> list[Ring]:
    """The rings as of the end that hold any of the accounts."""
    rings = find(world.inputs(END))
    return [ring for ring in rings if any(a.startswith("mule") for a in ring.account_ids)]


@pytest.mark.parametrize("size", [8, 12, 30])
def test_a_ring_of_rare_templates_alone_stands_whole_in_the_queue_and_is_not_flagged(world, size):
    world.clusters |= {f"kit{k}": OWN for k in range(3)}
    asks_evenly(world, strangers(world, size), 3)

    (ring,) = (ring for ring in mules(world) if ring.verdict is not Verdict.HONEST)

    assert len(ring.account_ids) >= 0.9 * size
    assert all(account.startswith("mule") for account in ring.account_ids)
    assert not ring.flagged
    assert "prompts.one_hand" in {reason.code for reason in ring.reasons}


def test_such_a_ring_is_flagged_as_soon_as_its_moments_speak_too(world):
    world.clusters |= {f"kit{k}": OWN for k in range(3)}
    ticks = START + (26 + np.arange(0, 30, 0.5)) * DAY_US + world.rng.uniform(0, 12, 60) * HOUR_US
    for name in strangers(world, 12):
        for tick in ticks:
            for k in range(3):
                world.asks(name, int(tick + world.rng.uniform(0, 10) * MINUTE_US), f"kit{k}")

    (ring,) = mules(world)

    assert ring.flagged
    assert len(ring.account_ids) == 12


def test_users_of_public_templates_alone_do_not_stand_in_the_queue(world):
    world.clusters |= {f"kit{k}": PUBLIC for k in range(3)}
    asks_evenly(world, strangers(world, 12), 3)

    rings = mules(world)

    assert all(ring.verdict is Verdict.HONEST for ring in rings)
    assert not any(reason.code == "prompts.one_hand" for ring in rings for reason in ring.reasons)
    for ring in rings:
        assert "counter.public_kit" in {reason.code for reason in ring.counter_evidence}


def test_a_ring_that_also_sends_from_a_public_template_takes_no_honest_user_of_it_in(world):
    world.clusters |= {**{f"kit{k}": OWN for k in range(3)}, "library": PUBLIC}
    names = strangers(world, 12)
    asks_evenly(world, names, 3)
    readers = [world.account(f"reader{i}", START + 20 * DAY_US + i * HOUR_US) for i in range(25)]
    for name in (*names, *readers):
        for day in DAYS:
            at = START + day * DAY_US + int(world.rng.uniform(7, 23) * HOUR_US)
            world.asks(name, at, "library")

    rings = [ring for ring in mules(world) if ring.verdict is not Verdict.HONEST]

    assert rings
    for ring in rings:
        assert not any(account.startswith("reader") for account in ring.account_ids)
    assert max(ring.size for ring in rings) >= 11


def test_who_acts_in_step_takes_no_other_user_of_the_same_templates_in():
    size, chance, hours = 12, 3.0, np.arange(0, 40)
    rng = np.random.default_rng(1)
    together = [(name, hour * HOUR_US + name) for name in range(6) for hour in hours]
    alone = [
        (name, int(rng.integers(40 * 6)) * HOUR_US // 6) for name in range(6, 12) for _ in hours
    ]
    account, at = (np.array(column) for column in zip(*together, *alone, strict=True))
    order = np.lexsort((account, at))
    moments = Moments.of(Columns(account[order], at[order], pa.table({})), size)
    same = sparse.csr_array(np.ones((size, size)) - np.eye(size))
    links = Links({}, size, chance, kit=same * 0.85 * chance, one_hand=same * 0.5 * chance)
    ties = Ties(links, TraitModel((), ()), (moments,))

    label = tell_apart(np.ones(size, np.bool_), links.kit, ties, seed=1)

    assert len(set(label[:6])) == 1
    assert len(set(label[6:])) == 1
    assert label[0] != label[6]
    assert label.min() >= 0


def test_a_card_that_two_of_six_have_in_common_hides_none_of_a_ring_of_templates():
    size, chance = 12, 3.0
    rng = np.random.default_rng(1)
    at = np.sort(rng.integers(0, 40 * 6, size * 10) * HOUR_US // 6)
    moments = Moments.of(Columns(np.arange(len(at)) % size, at, pa.table({})), size)
    near = np.full((size, size), 0.85 * chance)
    near[:6, :6] = 1.2 * chance
    np.fill_diagonal(near, 0.0)
    card = sparse.csr_array(([2.5, 2.5], ([0, 1], [1, 0])), (size, size))
    one_hand = sparse.csr_array(0.5 * chance * (near > 0))
    links = Links({Family.PAYMENT: card}, size, chance, sparse.csr_array(near), one_hand)
    ties = Ties(links, TraitModel((), ()), (moments,))

    label = tell_apart(np.ones(size, np.bool_), links.kit, ties, seed=1)

    assert label[0] == label[6]
    assert len(set(label[:10])) == 1
