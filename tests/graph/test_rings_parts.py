"""What is a part's, a rush's or everybody's is not held against a group."""

import numpy as np
import pytest

from graph.rings import evidence_ties, relations
from graph.rings.evidence_signup import Alike, signup
from graph.rings.evidence_timing import _replaced
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, HOUR_US, RingInputs
from graph.rings.links import weigh
from graph.rings.traits import traits
from tests.graph.ring_worlds import START, World

END = START + 40 * DAY_US


def grouped(inputs: RingInputs, prefix: str) -> Groups:
    """All accounts whose name begins so as one group."""
    names = inputs.account_ids.to_pylist()
    return Groups(np.array([0 if name.startswith(prefix) else -1 for name in names]))


def weights(pieces: list[Evidence]) -> dict[str, float]:
    return {piece.code: float(piece.weight[0]) for piece in pieces}


@pytest.fixture
def world() -> World:
    made = World()
    made.people(300, days=30)
    return made


@pytest.mark.parametrize(("colleagues", "least", "most"), [(2, 0.0, 0.8), (8, 2.0, 9.0)])
def test_a_device_of_two_members_is_the_twos_and_of_all_the_groups(world, colleagues, least, most):
    for i in range(8):
        device = "desk" if i < colleagues else f"own-{i}"
        world.account(f"reader{i}", START + i * DAY_US, device=device)
    inputs = world.inputs(END)
    incidences = list(relations.incidences(inputs))

    pieces = evidence_ties.ties(
        inputs, incidences, weigh(incidences, inputs), grouped(inputs, "read")
    )

    assert least <= weights(list(pieces))["identifiers.shared_device"] <= most


def test_six_teams_with_six_names_are_not_one_organisation(world):
    for i in range(12):
        world.account(f"team{i % 6}-{i}", START + i * DAY_US, organisation=f"lab {i % 6}")
    inputs = world.inputs(END)
    incidences = list(relations.incidences(inputs))
    links = weigh(incidences, inputs)

    several, one = (
        weights(list(evidence_ties.ties(inputs, incidences, links, grouped(inputs, prefix))))
        for prefix in ("team", "team0")
    )

    assert several["identifiers.same_organisation"] > 0
    assert several["identifiers.same_organisation"] < one["identifiers.same_organisation"] / 2


def sent_by(world: World, name: str) -> None:
    for day in range(3):
        world.asks(name, END - day * DAY_US - HOUR_US, "kit-of-labs")


def test_researchers_who_use_a_researchers_toolkit_share_no_pathway_by_design(world):
    for i in range(10):
        sent_by(world, world.account(f"member{i}", START + i * DAY_US, pathway="research"))
    alone = world.inputs(END)
    for i in range(40):
        sent_by(world, world.account(f"user{i}", START + i * DAY_US // 2, pathway="research"))
    among = world.inputs(END)

    said = [
        weights(
            list(
                signup(
                    inputs,
                    traits(inputs),
                    list(relations.incidences(inputs)),
                    grouped(inputs, "member"),
                )
            )
        )["signup.same_pathway"]
        for inputs in (alone, among)
    ]

    assert said[0] > 1.5
    assert said[1] < 0.5


def test_look_alikes_are_everybody_else_on_the_groups_templates_once(world):
    for i in range(6):
        sent_by(world, world.account(f"member{i}", START))
    for i in range(4):
        sent_by(world, world.account(f"user{i}", START))
    inputs = world.inputs(END)

    alike = Alike.of(list(relations.incidences(inputs)), grouped(inputs, "member"))

    names = inputs.account_ids.take(alike.account).to_pylist()
    assert sorted(names) == [f"user{i}" for i in range(4)]


def test_one_ban_in_a_rush_of_sign_ups_replaces_nobody_and_five_bans_replaced_do():
    rush = START + np.arange(20, dtype=np.int64) * 6 * HOUR_US
    bans = START + 10 * DAY_US * np.arange(1, 6, dtype=np.int64)
    heirs = np.concatenate([[START], bans + 12 * HOUR_US])

    in_rush, by_chance = _replaced(rush[10:11], rush)
    replaced, usual = _replaced(bans, heirs)

    assert in_rush <= by_chance + 0.1
    assert replaced == 5.0
    assert usual < 2.5
