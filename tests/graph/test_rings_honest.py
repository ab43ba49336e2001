"""Honest crowds: each shares what its kind shares, and none is ever flagged for action."""

import numpy as np
import pytest

from graph.rings import RingConfig, find
from graph.rings.inputs import DAY_US, HOUR_US
from tests.graph.ring_worlds import MINUTE_US, START, World, office

END = START + 60 * DAY_US
ALL = RingConfig(kept_size=3, kept_score=0.0)
KIT = "public-kit"


@pytest.fixture
def world() -> World:
    """Three hundred unrelated people who work office hours, and a kit that many use."""
    made = World()
    for name in made.people(300, days=20):
        made.works(name, 22, 30, 0.4, (8, 20))
    made.clusters = {f"{KIT}{k}": (2.5, "a kit that many unrelated accounts use") for k in range(4)}
    return made


def asks_the_kit(world: World, name: str, days: range, hour: float, templates: int = 2) -> None:
    for day in days:
        for k in range(templates):
            at = START + day * DAY_US + int((hour + world.rng.uniform(0, 1)) * HOUR_US)
            world.asks(name, at, f"{KIT}{k}")


def never_flagged(world: World) -> None:
    rings = find(world.inputs(END), config=ALL)
    assert not rings.flagged, [
        (r.size, r.score, [x.sentence for x in r.reasons]) for r in rings.flagged
    ]


def test_an_office_behind_one_address_is_not_flagged(world):
    office(world, 25)

    never_flagged(world)


def test_a_class_that_does_one_exercise_in_one_hour_is_not_flagged(world):
    campus = world.place("campus", "campus")
    for i in range(40):
        name = world.account(
            f"student{i}",
            START + 7 * DAY_US + i * MINUTE_US,
            place=campus,
            pathway="education",
            email_domain="uni.example",
            email_class="private",
        )
        for week in range(1, 7):
            at = START + 7 * week * DAY_US + 10 * HOUR_US
            for _ in range(3):
                world.asks(name, at + int(world.rng.uniform(0, 50) * MINUTE_US), "exercise")
    world.clusters["exercise"] = (3.0, "rare and new")

    never_flagged(world)


def test_a_hackathon_weekend_is_not_flagged(world):
    hall = world.place("hall", "home")
    for i in range(40):
        start = START + 30 * DAY_US + int(world.rng.uniform(0, 3) * HOUR_US)
        name = world.account(f"hacker{i}", start, place=hall)
        for _ in range(30):
            world.asks(name, start + int(world.rng.uniform(0, 36) * HOUR_US), f"team{i // 4}")
        world.visits(name, start + DAY_US, hall)
    for team in range(10):
        world.clusters[f"team{team}"] = (3.0, "rare and new")

    never_flagged(world)


def test_an_agency_that_pays_for_its_people_with_one_card_is_not_flagged(world):
    for i in range(12):
        home = world.place(f"freelancer{i}")
        name = world.account(f"agent{i}", START + i * DAY_US, place=home)
        world.pays(name, START + 20 * DAY_US, "agency-card")
        world.visits(name, START + 21 * DAY_US, world.place("agency", "office"))
        world.works(name, 20, 35, 1.5, (8, 19))

    never_flagged(world)


def test_households_on_one_address_card_and_device_are_not_flagged(world):
    for home in range(20):
        place = world.place(f"home{home}")
        for i in range(4):
            at = START + (home + i) * DAY_US
            name = world.account(f"family{home}-{i}", at, place=place, device=f"tablet{home}")
            world.pays(name, at + HOUR_US, f"family-card{home}")
            world.works(name, 25, 30, 0.5, (16, 23))

    never_flagged(world)


def test_customers_of_one_vpn_exit_are_not_flagged(world):
    for i in range(120):
        exit_ = world.place(f"exit{i % 3}", "vpn", "NL")
        name = world.account(
            f"tunnel{i}", START + int(world.rng.uniform(0, 40) * DAY_US), place=exit_
        )
        world.works(name, 41, 18, 0.5, (6, 24))

    never_flagged(world)


def test_a_product_with_many_users_behind_its_keys_is_not_flagged(world):
    rack = world.place("rack", "hosting")
    for i in range(6):
        name = world.account(
            f"product{i}",
            START + i * DAY_US,
            place=rack,
            organisation="Product",
            email_domain="product.example",
            email_class="private",
            pathway="startup",
        )
        world.pays(name, START + 7 * DAY_US, "product-card")
        for day in range(8, 60):
            for _ in range(20):
                at = START + day * DAY_US + int(world.rng.uniform(0, 24) * HOUR_US)
                world.asks(name, at, "product-prompt")
    world.clusters["product-prompt"] = (4.0, "rare")

    never_flagged(world)


def test_a_companys_evaluation_team_with_a_public_kit_and_batches_at_night_is_not_flagged(world):
    office = world.place("lab", "office")
    for i in range(8):
        name = world.account(
            f"judge{i}",
            START + i * DAY_US,
            place=office,
            organisation="Lab",
            email_domain="lab.example",
            email_class="private",
        )
        world.pays(name, START + 9 * DAY_US, "lab-card", "invoice")
        world.works(name, 10, 45, 1.0, (9, 18))
        for day in range(10, 55, 2):
            for _ in range(8):
                at = START + day * DAY_US + int((26 + world.rng.uniform(0, 0.3)) * HOUR_US)
                world.asks(name, at, f"{KIT}{world.rng.integers(3)}")

    never_flagged(world)


def test_unrelated_users_of_one_prompt_library_are_not_flagged(world):
    for i in range(60):
        name = world.account(
            f"reader{i}",
            START + int(world.rng.uniform(0, 20) * DAY_US),
            email_shape=str(world.rng.choice(["a", "a.a", "a9"])),
        )
        asks_the_kit(world, name, range(21 + i % 7, 58, 3), float(world.rng.uniform(0, 23)))

    never_flagged(world)


def test_a_course_that_went_viral_and_is_worked_through_hard_is_not_flagged(world):
    for i in range(33):
        # Strangers who came within days, use their plans to the full, go on with published talks.
        name = world.account(f"pupil{i}", START + int(world.rng.uniform(20, 23) * DAY_US))
        start = START + (24 * DAY_US) + int(world.rng.uniform(0, 24) * HOUR_US)
        for day in range(30):
            for k in range(8):
                at = start + day * DAY_US + int(world.rng.uniform(0, 4) * HOUR_US) + k
                world.asks(name, at, f"{KIT}{k % 3}", prompt_tokens=3_000, completion_tokens=6_000)
            talk = f"talk{i // 3}-{day}"
            world.asks(name, start + day * DAY_US, f"{KIT}0", conversation=talk, turn=1 + i % 3)

    never_flagged(world)


def test_readers_who_go_on_with_published_talks_are_not_flagged(world):
    # A published talk is in many hands, and who goes on with it has his own copy.
    for i in range(33):
        name = world.account(f"reader{i}", START + int(world.rng.uniform(20, 23) * DAY_US))
        start = START + (24 * DAY_US) + int(world.rng.uniform(0, 24) * HOUR_US)
        for day in range(30):
            at = start + day * DAY_US
            world.asks(name, at, f"{KIT}{day % 3}")
            for turn in (3, 4):
                published = (0, 1 + int(world.rng.integers(12)))
                world.asks(name, at + turn * MINUTE_US, f"{KIT}0", turn=turn, marks=published)

    never_flagged(world)


@pytest.mark.parametrize("through_all", [True, False])
@pytest.mark.parametrize("weight", [3.0, 0.0], ids=["in one hand", "a library's"])
def test_talks_that_run_through_all_users_of_a_kit_in_one_hand_tell_a_ring_and_no_others_do(
    world, weight, through_all
):
    world.clusters |= {f"own{k}": (weight, "as the clusterer saw it") for k in range(3)}
    names = [
        world.account(f"one{i}", START + int(world.rng.uniform(5, 30) * DAY_US)) for i in range(30)
    ]
    for day in range(31, 58):
        order = world.rng.permutation(30) if through_all else np.arange(30)
        for n, name in enumerate(names):
            world.asks(name, START + day * DAY_US + _any_hour(world), f"own{n % 3}")
        for one, other in zip(order[::2], order[1::2], strict=True):
            at, talk = START + day * DAY_US + _any_hour(world), f"talk{day}-{one}"
            world.asks(names[one], at, f"own{day % 3}", conversation=talk, turn=1)
            later = at + 20 * MINUTE_US
            world.asks(names[other], later, f"own{day % 3}", conversation=talk, turn=2)

    flagged = find(world.inputs(END)).flagged

    ring = [True] if through_all and weight else []
    assert [len(found.account_ids) >= 27 for found in flagged] == ring


def _any_hour(world: World) -> int:
    return int(world.rng.uniform(0, 23) * HOUR_US)


def test_forty_unrelated_batch_jobs_on_one_public_template_are_not_flagged(world):
    for i in range(40):
        rack = world.place(f"server{i}", "hosting")
        name = world.account(
            f"batch{i}",
            START + int(world.rng.uniform(0, 20) * DAY_US),
            place=rack,
            user_agent="python-requests",
        )
        hour = int(world.rng.integers(24))
        for day in range(22, 58):
            for k in range(6):  # every job starts on the hour, each at its own
                world.asks(name, START + day * DAY_US + hour * HOUR_US + k * MINUTE_US, f"{KIT}0")

    never_flagged(world)


@pytest.mark.parametrize("jitter_minutes", [2, 10, 75])
def test_the_same_jobs_started_by_one_scheduler_are_flagged(world, jitter_minutes):
    ticks = START + (22 + np.arange(0, 34, 0.5)) * DAY_US + world.rng.uniform(0, 12, 68) * HOUR_US
    for i in range(30):
        name = world.account(
            f"puppet{i}",
            START + int(world.rng.uniform(0, 20) * DAY_US),
            place=world.place(f"server{i}", "hosting"),
        )
        for tick in ticks[world.rng.random(len(ticks)) < 0.6]:
            for k in range(2):
                at = int(tick + world.rng.uniform(0, jitter_minutes) * MINUTE_US)
                world.asks(name, at, f"{KIT}{k}")

    (ring,) = find(world.inputs(END)).flagged
    assert len(ring.account_ids) >= 27
    assert all(name.startswith("puppet") for name in ring.account_ids)
    assert {"timing.lockstep", "prompts.kit"} <= {reason.code for reason in ring.reasons}
