"""What a ring has lived through, and what the queue shows of it."""

from dataclasses import replace

from graph.rings import Member, Ring, Rings, Status, Verdict
from graph.rings.brief import briefs
from graph.rings.inputs import DAY_US
from graph.rings.model import Change, LineageEvent
from graph.rings.story import TURNS_KEPT, with_stories
from tests.graph.ring_worlds import START, World


def ring(*accounts: str, flagged: bool = False, ring_id: str = "r") -> Ring:
    """A ring of these accounts."""
    members = tuple(Member(account, 1.0, 1) for account in accounts)
    return Ring(
        ring_id, 1, 0.95, flagged, Status.ACTIVE, Verdict.UNCLEAR, members, {}, (), (), 1, 2
    )  # fmt: skip


def refreshed(at: int, found: Ring, change: Change | None = None) -> Rings:
    """The rings of a refresh with one ring and what changed of it."""
    turns = (LineageEvent("r", at, change, ("other",)),) if change else ()
    return Rings(at, (found,), turns)


def test_turns_add_up_from_refresh_to_refresh() -> None:
    first = with_stories(refreshed(10, ring("a"), Change.BORN), None, {})
    quiet = with_stories(refreshed(20, ring("a")), first, {})

    third = with_stories(refreshed(30, ring("a", "b"), Change.GREW), quiet, {})

    story = third.rings[0].story
    assert story is not None
    assert [(turn["at"], turn["change"]) for turn in story["history"]] == [
        (10, "born"),
        (30, "grew"),
    ]
    assert story["history"][0]["others"] == ["other"]
    assert [(turn["joined"], turn["left"]) for turn in story["history"]] == [(1, 0), (1, 0)]


def test_a_turn_counts_who_joined_and_who_left_since_the_refresh_before() -> None:
    first = with_stories(refreshed(10, ring("a", "b", "c")), None, {})

    second = with_stories(refreshed(20, ring("c", "d"), Change.SHRANK), first, {})

    story = second.rings[0].story
    assert story is not None
    (turn,) = story["history"]
    assert (turn["joined"], turn["left"]) == (1, 2)


def test_the_first_flags_stay_when_flags_go() -> None:
    early = with_stories(refreshed(10, ring("a")), None, {"a": 7})
    flagged = with_stories(refreshed(20, ring("a", flagged=True)), early, {"a": 7})

    later = with_stories(refreshed(30, ring("a")), flagged, {})

    story = later.rings[0].story
    assert story is not None
    assert (story["first_flag_at"], story["ring_flag_at"]) == (7, 20)


def test_a_ring_never_flagged_has_no_moment_of_it() -> None:
    story = with_stories(refreshed(10, ring("a")), None, {"stranger": 5}).rings[0].story

    assert story is not None
    assert (story["first_flag_at"], story["ring_flag_at"]) == (None, None)


def test_only_the_latest_turns_are_kept() -> None:
    rings = None
    for at in range(TURNS_KEPT + 5):
        rings = with_stories(refreshed(at, ring("a"), Change.GREW), rings, {})

    assert rings is not None
    story = rings.rings[0].story
    assert story is not None
    assert len(story["history"]) == TURNS_KEPT
    assert story["history"][0]["at"] == 5


def test_a_story_survives_the_tables_it_is_kept_in() -> None:
    told = with_stories(refreshed(10, ring("a"), Change.BORN), None, {"a": 3})

    again = Rings.of_tables(10, *told.tables())

    assert again.rings[0].story == told.rings[0].story


def test_a_brief_counts_what_several_members_share_and_who_is_new() -> None:
    world = World()
    for number, name in enumerate(("a", "b", "c")):
        world.account(name, START + number * DAY_US)
        world.pays(name, START + number * DAY_US, "card" if name != "c" else "other")
    inputs = world.inputs(START + 2 * DAY_US + 10)
    shared = ring("a", "b", "c")
    apart = replace(ring("a", "c", ring_id="apart"))

    found = briefs(Rings(inputs.as_of, (shared, apart)), inputs)

    assert found["r"]["identifiers"] == {"payment_method": 1}
    assert found["r"]["shared"] == ["payment_method:card"]
    assert found["r"]["new_accounts_24h"] == 1
    assert found["apart"]["identifiers"] == {}


def test_a_brief_counts_what_members_asked_in_the_last_day_and_week() -> None:
    world = World()
    at = START + 20 * DAY_US
    for name in ("a", "b", "c"):
        world.account(name, START)
    for name, days in (("a", 0.5), ("a", 6.0), ("b", 0.9), ("b", 8.0), ("c", 0.1)):
        world.asks(name, at - int(days * DAY_US))

    found = briefs(Rings(at, (ring("a", "b"),)), world.inputs(at))

    assert (found["r"]["exchanges_24h"], found["r"]["exchanges_7d"]) == (2, 3)


def test_briefs_of_no_rings_are_none() -> None:
    assert briefs(Rings(1), World().inputs(START)) == {}


def test_a_brief_tells_by_which_pathway_most_came_and_when_all_but_a_few_did() -> None:
    world = World()
    names = [f"a{n:02}" for n in range(20)]
    for n, name in enumerate(names):
        # One aged account and one latecomer stand apart from eighteen of one week.
        day = {0: -300, 19: 60}.get(n, n % 7)
        world.account(name, START + day * DAY_US, pathway="research" if n % 4 else "education")

    found = briefs(Rings(START, (ring(*names),)), world.inputs(START + 90 * DAY_US))["r"]

    assert found["pathway"] == "research"
    assert found["signed_up"] == [START, START + 6 * DAY_US]


def test_a_brief_of_accounts_of_which_nothing_is_known_names_no_pathway_and_no_time() -> None:
    world = World()
    world.account("a", START)

    found = briefs(Rings(START, (ring("gone", "erased"),)), world.inputs(START))["r"]

    assert found["pathway"] is None
    assert found["signed_up"] is None
