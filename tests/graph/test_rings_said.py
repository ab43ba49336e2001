"""What is said of a group is what weighs against it: the figure is beyond the usual beside it."""

from collections.abc import Sequence

import numpy as np

from graph.rings import find, relations
from graph.rings.evidence_signup import signup
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, HOUR_US, RingInputs
from graph.rings.traits import traits
from tests.graph.ring_worlds import START, World
from tests.graph.test_rings import card_ring

END = START + 45 * DAY_US


def said_of(inputs: RingInputs, members: Sequence[str]) -> dict[str, Evidence]:
    label = np.full(inputs.size, -1, np.int64)
    label[inputs.rows_of(members)] = 0
    incidences = list(relations.incidences(inputs))
    found = signup(inputs, traits(inputs), incidences, Groups(label))
    return {evidence.code: evidence for evidence in found}


def test_of_two_mail_providers_the_one_that_hardly_anybody_uses_is_told() -> None:
    world = World()
    world.people(300)
    names = [
        world.account(
            f"m{i}",
            START + i * DAY_US,
            email_domain="rare.example" if i < 5 else "mail.example",
        )
        for i in range(12)
    ]

    said = said_of(world.inputs(END), names)["signup.same_email_domain"]

    assert said.weight[0] > 0.3
    assert said.observed[0] == 5 / 12
    assert said.usual[0] < 0.05


def test_of_two_days_the_one_that_nobody_else_came_on_is_told() -> None:
    world = World()
    for i in range(400):
        world.account(f"crowd{i}", START + 3 * DAY_US + i * HOUR_US // 20)
    days = [3] * 6 + [20] * 5
    names = [world.account(f"m{i}", START + day * DAY_US + i) for i, day in enumerate(days)]

    said = said_of(world.inputs(END), names)["signup.burst"]

    assert said.weight[0] > 1
    assert said.observed[0] == 5
    assert said.usual[0] < 1


def test_every_reason_about_likeness_is_beyond_what_it_calls_usual() -> None:
    world = World()
    world.people(300)
    card_ring(world)

    (ring,) = find(world.inputs(END)).flagged

    told = [r for r in ring.reasons if r.code.startswith(("signup.same_", "prompts.kit"))]
    assert "prompts.kit" in {reason.code for reason in told}
    assert all(reason.observed > reason.usual for reason in told)


def test_templates_that_few_share_are_told_beside_what_two_strangers_share() -> None:
    world = World()
    people = world.people(300)
    mules = card_ring(world)
    world.clusters["found"] = (5.0, "rare and new")
    for i, name in enumerate(people[:3]):
        world.asks(name, START + (21 + i) * DAY_US, "found")
    inputs = world.inputs(END)

    (ring,) = find(inputs).flagged
    kit = next(r for r in ring.reasons if r.code == "prompts.kit")

    pairs = 3 * len(mules) * (len(mules) - 1) + 3 * 2
    assert kit.usual == round(pairs / (inputs.size * (inputs.size - 1)), 6)
    assert kit.observed == 3
