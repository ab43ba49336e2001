"""Pieces of evidence one by one: what they weigh, and what an innocent cause explains."""

import numpy as np
import pytest
from scipy import sparse

from graph.rings import RingInputs, relations, timing, traits
from graph.rings.communities import communities
from graph.rings.inputs import DAY_US, HOUR_US
from graph.rings.links import weigh
from graph.rings.model import Family
from graph.rings.suspects import average_linkage
from graph.rings.timing import Moments
from tests.graph.ring_worlds import MINUTE_US, START, World

END = START + 60 * DAY_US


def moments(inputs: RingInputs) -> Moments:
    return Moments.of(inputs.request_columns, inputs.size)


def rows(inputs: RingInputs, prefix: str) -> np.ndarray:
    ids = inputs.account_ids.to_pylist()
    return np.array([i for i, name in enumerate(ids) if name.startswith(prefix)])


def mean_lockstep(inputs: RingInputs, prefix: str) -> float:
    members = rows(inputs, prefix)
    nats = timing.lockstep_pairs(moments(inputs), members)
    return float(nats.sum() / (len(members) * (len(members) - 1)))


@pytest.fixture
def town() -> World:
    world = World()
    for name in world.people(250, days=10):
        world.works(name, 11, 40, 0.5, (8, 20))
    return world


def test_a_card_of_three_is_worth_more_than_a_home_and_a_campus_nothing(town):
    campus, home = town.place("campus", "campus"), town.place("home", "home")
    for i in range(60):
        town.account(f"student{i}", START + i * HOUR_US, place=campus)
    for i in range(3):
        name = town.account(f"three{i}", START + i * HOUR_US, place=home)
        town.pays(name, START + DAY_US, "card-of-three")
    for i in range(0, 200, 2):
        town.visits(f"person{i}", START + 12 * DAY_US, town.place(f"ip-person{i + 1}"))

    worth = {}
    for incidence in relations.incidences(town.inputs(END)):
        for row, weight in enumerate(incidence.weight):
            worth[incidence.entity_id(row)] = weight

    assert worth["payment_method:card-of-three"] > worth["ip:home"] > 0
    assert worth["ip:campus"] < 0.5
    assert worth["payment_method:card-person1"] == 0


def test_what_was_shared_long_ago_ties_less_but_a_card_ties_for_good(town):
    for i in range(3):
        name = town.account(f"old{i}", START + i * HOUR_US, place=town.place("once", "home"))
        town.pays(name, START + DAY_US, "old-card")
    early, late = town.inputs(START + 11 * DAY_US), town.inputs(START + 130 * DAY_US)

    def tie(inputs: RingInputs, family: Family) -> float:
        links = weigh(list(relations.incidences(inputs)), inputs)
        one, two, *_ = rows(inputs, "old")
        return float(links.families[family][one, two])

    assert tie(late, Family.IDENTIFIERS) < tie(early, Family.IDENTIFIERS) / 2
    assert tie(late, Family.PAYMENT) == pytest.approx(tie(early, Family.PAYMENT), rel=0.1)


def test_random_moments_in_common_are_lockstep(town):
    ticks = START + 11 * DAY_US + town.rng.uniform(0, 35, 60) * DAY_US
    for i in range(10):
        name = town.account(f"puppet{i}", START)
        for tick in ticks[town.rng.random(60) < 0.7]:
            town.asks(name, int(tick + town.rng.uniform(0, 8) * MINUTE_US))

    assert mean_lockstep(town.inputs(END), "puppet") > 5


def test_office_hours_in_common_are_not_lockstep(town):
    for i in range(10):
        name = town.account(f"clerk{i}", START)
        town.works(name, 11, 40, 4.0, (9, 17))

    assert mean_lockstep(town.inputs(END), "clerk") < 0.5


@pytest.mark.parametrize("minute", [0, 17])
def test_jobs_that_run_at_the_same_time_every_night_are_not_lockstep(town, minute):
    for i in range(10):
        name = town.account(f"job{i}", START)
        for day in range(11, 51):
            town.asks(name, START + day * DAY_US + 3 * HOUR_US + minute * MINUTE_US + i)

    assert mean_lockstep(town.inputs(END), "job") < 1.0


def test_a_talk_that_goes_on_elsewhere_within_the_day_is_handed_over(town):
    town.asks("person0", END - 30 * DAY_US, conversation="talk", turn=1)
    town.asks("person1", END - 30 * DAY_US + HOUR_US, conversation="talk", turn=2)
    town.asks("person2", END - 20 * DAY_US, turn=1, marks=(0, 77))
    town.asks("person3", END - 20 * DAY_US + HOUR_US, turn=2, marks=(0, 77))
    inputs = town.inputs(END)

    handed = timing.handovers(inputs)

    who = {inputs.account_ids[int(row)].as_py() for row in handed.account}
    assert who == {"person0", "person1", "person2", "person3"}


def test_readers_of_one_library_who_begin_with_the_same_words_hand_nothing_over(town):
    for i in range(6):
        town.asks(f"person{i}", END - (30 - 3 * i) * DAY_US, turn=1, marks=(0, 99))
        town.asks(f"person{i}", END - (30 - 3 * i) * DAY_US + HOUR_US, turn=2, marks=(0, 99))

    assert not len(timing.handovers(town.inputs(END)))


def test_traits_on_which_tied_pairs_agree_are_learnt_and_rare_values_weigh_more(town):
    for i in range(30):
        town.account(f"made{i}", START, email_shape="word99", user_agent="python-requests")
    inputs = town.inputs(END)
    made = rows(inputs, "made")
    tied = np.zeros((inputs.size, inputs.size))
    tied[np.ix_(made, made)] = 9.0

    model = traits.learn(traits.traits(inputs), sparse.csr_array(tied), 5.0)
    people = rows(inputs, "person")[:30]

    assert "email_shape" in {trait.name for trait in model.traits}
    assert model.pairs(made)[0, 1] > 1.0
    assert model.pairs(np.concatenate([made[:1], people[:1]]))[0, 1] < -0.5


def test_average_linkage_parts_two_rings_that_one_account_touches():
    nats = np.full((9, 9), 0.5)
    nats[:4, :4] = nats[4:8, 4:8] = 7.0
    nats[8, :4] = nats[:4, 8] = 4.5
    np.fill_diagonal(nats, 0.0)

    groups = average_linkage(nats, 4.0)

    assert len(set(groups[:4])) == len(set(groups[4:8])) == 1
    assert groups[0] != groups[4]
    assert groups[8] == groups[0]


def test_communities_are_the_same_for_the_same_seed_and_leave_the_lonely_out():
    rng = np.random.default_rng(3)
    dense = np.triu(rng.random((60, 60)) < 0.05, 1) * 4.0
    dense[:10, :10] = 6.0
    dense = np.triu(dense, 1)
    dense[50:, :] = dense[:, 50:] = 0.0
    weights = sparse.csr_array(dense + dense.T)

    first, second = communities(weights, seed=5), communities(weights, seed=5)

    assert (first == second).all()
    assert len(set(first[:10])) == 1
    assert (first[50:] == -1).all()
