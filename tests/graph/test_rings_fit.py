"""What a sign-up leaves out, how a plan is used, and who moves to a new model at once."""

import numpy as np
import pytest

from graph.rings.evidence_fit import left_out, plan_fit
from graph.rings.evidence_release import pivots
from graph.rings.evidence_signup import signup
from graph.rings.evidence_timing import Clock
from graph.rings.find import scene_of
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, HOUR_US, RingInputs
from graph.rings.traits import traits
from tests.graph.ring_worlds import START, World

END = START + 40 * DAY_US


def grouped(inputs: RingInputs, prefix: str) -> Groups:
    ids = inputs.account_ids.to_pylist()
    return Groups(np.array([0 if name.startswith(prefix) else -1 for name in ids], np.int64))


def by_code(pieces: list[Evidence]) -> dict[str, Evidence]:
    found: dict[str, Evidence] = {}
    for piece in pieces:
        if piece.code not in found or piece.weight[0] != 0:
            found[piece.code] = piece
    return found


def signed_up_alike(inputs: RingInputs, prefix: str) -> float:
    pieces = list(signup(inputs, traits(inputs), [], grouped(inputs, prefix)))
    return float(by_code(pieces)["signup.same_left_out"].weight[0])


@pytest.fixture
def town() -> World:
    """People who leave blank what they like, and those of one pathway that asks for nothing."""
    world = World()
    for i in range(240):
        fields = {
            "phone": f"phone{i}" if world.rng.random() < 0.5 else None,
            "organisation": f"org{i}" if world.rng.random() < 0.3 else None,
            "plan": str(world.rng.choice(["pro", "team"])),
            "user_agent": "chrome/windows" if world.rng.random() < 0.8 else None,
        }
        world.account(f"person{i}", START + i * HOUR_US, **fields)
    for i in range(60):
        world.account(f"pupil{i}", START + i * HOUR_US, pathway="education", user_agent=None)
    return world


def test_the_same_blank_fields_tie_sign_ups_beyond_what_their_pathway_explains(town):
    for i in range(10):
        town.account(f"form{i}", START + i * DAY_US, device=None, user_agent=None, plan="pro")
    inputs = town.inputs(END)

    assert signed_up_alike(inputs, "form") > 1.5
    assert signed_up_alike(inputs, "pupil1") < 0.2
    assert signed_up_alike(inputs, "person1") < 0.3


def test_shares_of_blank_fields_are_within_a_pathway(town):
    blank = left_out(town.inputs(END))

    assert blank is not None
    of_pathway = {
        pathway: sum(
            share
            for word, share in zip(blank.values, blank.share, strict=True)
            if word.startswith(f"{pathway}:")
        )
        for pathway in ("education", "self_serve")
    }
    assert of_pathway == pytest.approx({"education": 1.0, "self_serve": 1.0})


def use(world: World, name: str, a_day: int, tokens: int) -> None:
    for day in range(30, 38):
        for k in range(a_day):
            at = START + day * DAY_US + k * HOUR_US
            world.asks(name, at, prompt_tokens=int(tokens * world.rng.uniform(0.8, 1.25)))


def test_plans_used_to_their_limits_account_after_account_are_evidence_and_ordinary_use_acquits(
    town,
):
    for i in range(240):
        use(town, f"person{i}", 1, int(100 * np.exp(town.rng.normal(0, 1))))
    for i in range(8):
        use(town, town.account(f"full{i}", START, plan="pro"), 3, 4_000)
        use(town, town.account(f"usual{i}", START, plan="pro"), 1, 60)
    inputs = town.inputs(END)

    full, usual = (
        by_code(list(plan_fit(inputs, grouped(inputs, prefix)))) for prefix in ("full", "usual")
    )

    assert full["signup.plan_fit"].weight[0] > 0.5
    assert full["signup.plan_fit"].observed[0] > 0.9
    assert full["counter.plan_fits"].weight[0] == 0
    assert usual["signup.plan_fit"].weight[0] == 0
    assert -0.5 <= usual["counter.plan_fits"].weight[0] < -0.1


def test_a_plan_made_for_much_is_held_against_its_own_users(town):
    for i in range(70):
        use(town, town.account(f"large{i}", START, plan="scale"), 2, 5_000)
    for i in range(100):
        use(town, f"person{i}", 1, 100)
    inputs = town.inputs(END)

    found = by_code(list(plan_fit(inputs, grouped(inputs, "large"))))

    assert found["signup.plan_fit"].weight[0] == 0


def moved(world: World, name: str, released: int, after_days: float) -> None:
    for hour in range(0, 24 * 6, 4):
        at = START + 30 * DAY_US + hour * HOUR_US
        world.asks(name, at, model="new" if at >= released + after_days * DAY_US else "old")


@pytest.mark.parametrize(("after_days", "window"), [(0.1, "24 hours"), (1.1, "72 hours")])
def test_a_group_that_moves_to_a_new_model_together_is_told_apart_within_one_day_or_three(
    after_days, window
):
    world = World()
    released = START + 31 * DAY_US
    for name in world.people(120, days=10):
        world.asks(name, START + 11 * DAY_US, model="old")
        moved(world, name, released, float(world.rng.choice([0.0, 2.5, 4.0, 9.0, 9.0, 9.0])))
    for i in range(6):
        moved(world, world.account(f"one{i}", START), released, after_days)
        moved(world, world.account(f"late{i}", START), released, 20.0)
    inputs = world.inputs(END)
    scene = scene_of(inputs)

    def evidence(prefix: str) -> list[Evidence]:
        groups = grouped(inputs, prefix)
        held, none = scene.links.total, np.zeros(1, np.bool_)
        return list(pivots(Clock(inputs, scene.moments, scene.handed, groups, none, held)))

    together = [p for p in evidence("one") if p.weight[0] > 0]
    late = [p for p in evidence("late") if p.weight[0] != 0]

    assert [p.code for p in together] == ["timing.release_pivot"]
    assert window in together[0].sentence
    assert together[0].weight[0] > 1.0
    assert [p.code for p in late] == ["counter.moved_no_sooner"]
    assert -1.0 <= late[0].weight[0] < -0.5
