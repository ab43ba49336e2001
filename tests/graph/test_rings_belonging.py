"""Who is tied to a ring by more than one family, and who only stands in the picture."""

import numpy as np
import pytest

from graph.rings import find
from graph.rings.belonging import belonging, bystanders
from graph.rings.inputs import DAY_US, HOUR_US
from graph.rings.model import Family, Member, Ring, Status, Verdict
from tests.graph.ring_worlds import MINUTE_US, START, World

END = START + 60 * DAY_US
GANG = tuple(f"m{i}" for i in range(20))


@pytest.fixture
def world() -> World:
    """Three hundred people at work, twenty accounts on one scheduler and kit, and three others.

    A batch job asks from the same kit at hours of its own; a hand of the ring that keeps to itself
    pays with a wallet of it; and a member has asked for nothing yet.
    """
    made = World()
    for name in made.people(300, days=20):
        made.works(name, 22, 30, 0.4, (8, 20))
    made.clusters = {f"kit{k}": (3.0, "in one hand") for k in range(3)}
    ticks = [START + day * DAY_US + int(h * HOUR_US) for day in range(25, 58) for h in (3.2, 17.7)]
    for i, name in enumerate(GANG):
        made.account(name, START + int(made.rng.uniform(5, 20) * DAY_US), user_agent="curl")
        made.pays(name, START + 21 * DAY_US, f"wallet{i // 5}", issuer="bin-x")
        for tick in ticks:
            at = tick + int(made.rng.uniform(0, 5) * MINUTE_US)
            made.asks(name, at, f"kit{made.rng.integers(3)}")
    for name in ("batch", "hand", "silent"):
        made.account(name, START + 10 * DAY_US, user_agent="safari/mac")
    for day in range(25, 58):
        made.asks("batch", START + day * DAY_US + 11 * HOUR_US, f"kit{day % 3}")
        made.asks("hand", START + day * DAY_US + int(made.rng.uniform(8, 20) * HOUR_US), "kit0")
    made.pays("hand", START + 21 * DAY_US, "wallet0", issuer="bin-x")
    return made


def ring_of(*members: str) -> Ring:
    held = tuple(Member(name, 0.8, START) for name in members)
    return Ring(
        "ring-1", 1, 0.99, True, Status.ACTIVE, Verdict.DISTILLATION, held, {}, (), (), START, END
    )


def test_a_job_that_only_shares_a_rings_templates_is_a_bystander_and_its_members_are_not(world):
    ring = ring_of(*GANG, "batch", "hand", "silent")

    assert bystanders(world.inputs(END), [ring]) == {("ring-1", "batch"), ("ring-1", "silent")}


def test_what_ties_a_member_is_told_by_family_and_a_members_own_things_say_nothing_of_it(world):
    told = belonging(world.inputs(END), ring_of(*GANG, "batch", "hand"))

    assert min(told["m0"][f] for f in (Family.TIMING, Family.PROMPTS)) > 2
    assert told["batch"][Family.PROMPTS] > 2 > told["batch"][Family.TIMING]
    assert told["hand"][Family.PAYMENT] > 2
    assert told["batch"][Family.PAYMENT] == told["batch"][Family.IDENTIFIERS] == 0.0


def test_going_on_with_another_members_talk_ties_and_with_a_strangers_does_not(world):
    for day in (40, 41):
        at = START + day * DAY_US + 11 * HOUR_US
        world.asks("m3", at, "kit0", conversation=f"ours{day}", turn=1)
        world.asks("batch", at + MINUTE_US, "kit0", conversation=f"ours{day}", turn=2)
        world.asks("person1", at, None, conversation=f"theirs{day}", turn=1)
        world.asks("hand", at + MINUTE_US, None, conversation=f"theirs{day}", turn=2)

    told = belonging(world.inputs(END), ring_of(*GANG, "batch", "hand"))

    assert told["batch"][Family.TIMING] >= 4.0
    assert told["hand"][Family.TIMING] < 2.0


def test_members_of_the_ring_that_is_found_are_tied_to_it_whatever_order_the_rows_come_in(world):
    forth, back = world.inputs(END), world.inputs(END, order=range(5))
    rings = find(forth).flagged

    assert [set(GANG) <= ring.account_ids for ring in rings] == [True]
    assert bystanders(forth, rings) == bystanders(back, rings)
    assert not {account for _, account in bystanders(forth, rings)} & set(GANG)


def test_a_ring_whose_members_are_gone_has_no_bystanders(world):
    assert bystanders(world.inputs(END), [ring_of("nobody", "nowhere")]) == frozenset()
    assert bystanders(world.inputs(END), []) == frozenset()
    assert np.isfinite(
        [n for f in belonging(world.inputs(END), ring_of("m0")).values() for n in f.values()]
    ).all()
