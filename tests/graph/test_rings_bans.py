"""Bans by people speak about the other members of a group, and never alone."""

import numpy as np
import pytest

from graph.facts import Enforcement
from graph.rings import RingConfig, find
from graph.rings.evidence_bans import CAP, bans
from graph.rings.groups import Groups
from graph.rings.inputs import DAY_US, HOUR_US
from tests.graph.ring_worlds import START, World, office

END = START + 60 * DAY_US
OUT_AT = START + 40 * DAY_US


@pytest.fixture
def world() -> World:
    """Three hundred people, four of whom were banned."""
    made = World()
    names = made.people(300, days=20)
    for name in names:
        made.works(name, 22, 30, 0.4, (8, 20))
    for name in names[:4]:
        made.banned(name, OUT_AT)
    return made


def weights(world: World, *groups: list[str]) -> list[float]:
    """What bans weigh against each group."""
    inputs = world.inputs(END)
    label = np.full(inputs.size, -1, np.int64)
    rows = {name: row for row, name in enumerate(inputs.account_ids.to_pylist())}
    for number, names in enumerate(groups):
        label[[rows[name] for name in names]] = number
    (evidence,) = bans(inputs, Groups(label))
    return [round(float(weight), 4) for weight in evidence.weight]


def people(first: int, count: int) -> list[str]:
    return [f"person{i}" for i in range(first, first + count)]


def test_one_or_two_banned_members_say_nothing_and_many_say_more_up_to_a_cap(world):
    for name in people(100, 3) + people(200, 20):
        world.banned(name, OUT_AT)

    one, two, three, many = weights(
        world, people(3, 10), people(2, 1) + people(1, 1) + people(50, 8), people(100, 10),
        people(200, 30),
    )  # fmt: skip

    assert one == two == 0.0
    assert 0.0 < three < many <= CAP


def test_a_ban_that_was_taken_back_says_nothing(world):
    for i, name in enumerate(people(100, 6)):
        world.banned(name, OUT_AT)
        world.events.append(Enforcement(f"back{i}", name, OUT_AT + DAY_US, "reinstate"))

    assert weights(world, people(100, 10)) == [0.0]


def test_an_office_some_of_whose_people_were_banned_by_mistake_is_not_flagged(world):
    for name in office(world, 20)[:8]:
        world.banned(name, OUT_AT)

    rings = find(world.inputs(END), config=RingConfig(kept_size=3, kept_score=0.0))

    (ring,) = (ring for ring in rings if "clerk0" in ring.account_ids)
    assert "people.banned" in {reason.code for reason in ring.reasons}
    assert not ring.flagged


def test_a_group_tied_by_templates_alone_is_not_flagged_however_many_were_banned(world):
    world.clusters = {"kit": (4.0, "rare and new"), **{f"own{i}": (0.0, "") for i in range(30)}}
    for i, name in enumerate(people(20, 200)):
        world.asks(name, START + 50 * DAY_US + i * HOUR_US // 60, f"own{i % 30}")
    for name in people(250, 12):
        for _ in range(9):
            world.asks(name, START + int(world.rng.uniform(25, 55) * DAY_US), "kit")
        world.banned(name, OUT_AT)

    rings = [r for r in find(world.inputs(END)) if r.account_ids & set(people(250, 12))]

    assert any("people.banned" in {reason.code for reason in ring.reasons} for ring in rings)
    assert not any(ring.flagged for ring in rings)
