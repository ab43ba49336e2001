"""A run that goes on from the last one gives what a run over everything gives."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from graph.rings import RingConfig, RingInputs, cells, find, laid, standing
from graph.rings.find import grouped, judged, scene_of
from graph.rings.part import held_by, part_of
from graph.rings.standing import Standing, go_on, stand
from tests.graph.ring_worlds import DAY_US, HOUR_US, MINUTE_US, START, World

DAY = 40
ALL = RingConfig(kept_score=0.0, kept_size=3)


def town(homes: int = 90) -> World:
    """Homes that sleep, a few of them tied by a device, and a ring and readers that act."""
    world = World()
    for home in range(homes):
        place = world.place(f"home{home}")
        for i in range(3):
            sent = f"h{home:02}-0" if i == 1 and home % 9 == 0 else None
            at = START + (home % 30) * DAY_US
            name = world.account(f"h{home:02}-{i}", at, place=place, referrer_account_id=sent)
            world.pays(name, START + 31 * DAY_US, f"card{home}", issuer=f"bin{home % 9}")
            if i == 0:
                world.visits(name, START + 32 * DAY_US, place, f"tv{home // 3}")
    for i in range(8):
        name = world.account(f"puppet{i}", START + 20 * DAY_US + i * HOUR_US)
        world.pays(name, START + 21 * DAY_US, f"stolen{i // 3}")
    for name in [*(f"puppet{i}" for i in range(8)), *world.people(12, days=30, prefix="reader")]:
        for day in range(31, DAY):
            world.asks(name, START + day * DAY_US + 9 * HOUR_US, f"kit{day % 3}")
    return world


def more(world: World, rng: np.random.Generator, day: int) -> None:
    """Random events of one day: newcomers of old homes, old people with new things, bans, talk."""
    at = START + day * DAY_US + MINUTE_US
    for i in range(rng.integers(1, 6)):
        home = int(rng.integers(90))
        place = world.place(f"home{home}" if rng.random() < 0.7 else f"new{day}-{i}")
        sent = f"h{home:02}-0" if rng.random() < 0.3 else None
        name = f"n{day}-{i}-{rng.integers(9)}"
        world.account(name, at + i * HOUR_US, place=place, referrer_account_id=sent)
        card = home if rng.random() < 0.8 else int(rng.integers(90))
        world.pays(name, at + i * HOUR_US, f"card{card}", issuer="bin3")
    for _ in range(rng.integers(0, 2)):
        who = f"h{rng.integers(90):02}-{rng.integers(3)}"
        world.visits(who, at, world.place(f"home{rng.integers(90)}"), f"tv{rng.integers(30)}")
    if rng.random() < 0.5:
        world.banned(f"puppet{rng.integers(8)}", at)
    for i in range(8):
        world.asks(f"puppet{i}", at + 10 * HOUR_US, f"kit{rng.integers(3)}")
    if rng.random() < 0.3:
        world.asks(f"h{rng.integers(90):02}-1", at + 11 * HOUR_US, "kit1")


def everything(last: Standing, inputs: RingInputs, config: RingConfig) -> Standing:
    """A run over everything that holds the same for usual."""
    usual = last.inputs.usual.anew()
    return stand(replace(inputs, usual=usual), last.rings, config)


def same(one: Standing, other: Standing) -> None:
    assert one.rings == other.rings
    for name in ("component", "home", "cell"):
        assert np.array_equal(getattr(one.cells, name), getattr(other.cells, name))
    groups = (
        sorted(zip(s.known.first.tolist(), s.known.score, s.known.size, strict=True))
        for s in (one, other)
    )
    assert next(groups) == next(groups)


@pytest.mark.parametrize("largest", [3_000, 12])
@pytest.mark.parametrize("seed", range(4))
def test_after_random_events_a_run_that_goes_on_gives_what_a_whole_run_gives(
    seed, largest, monkeypatch
):
    monkeypatch.setattr(cells, "LARGEST", largest)
    monkeypatch.setattr(laid, "BLOCK", 32)  # columns of a few hundred rows are told apart in pieces
    world, rng = town(), np.random.default_rng(seed)
    last = stand(world.inputs(START + DAY * DAY_US), config=ALL)
    gone_on = 0

    for day in range(DAY, DAY + 4):
        more(world, rng, day)
        inputs = world.inputs(START + (day + 1) * DAY_US)
        wanted = everything(last, inputs, ALL)
        last = go_on(last, inputs, config=ALL)
        same(last, wanted)
        gone_on += last.looked < 1.0

    assert gone_on >= 3
    assert last.looked < 0.5


def test_what_is_kept_is_the_best_of_old_and_new_groups(monkeypatch):
    few = RingConfig(kept_score=0.0, kept_size=3, kept_most=10)
    world = town()
    last = stand(world.inputs(START + DAY * DAY_US), config=few)
    # ... the largest home of all takes in two, another breaks into the ten best without a change
    for i in range(2):
        world.account(f"guest{i}", START + DAY * DAY_US + 1, place=world.place("home7"))
    inputs = world.inputs(START + (DAY + 1) * DAY_US)

    found = go_on(last, inputs, config=few)

    assert found.looked < 0.5
    same(found, everything(last, inputs, few))


def test_a_thing_worth_less_is_looked_at_only_where_two_who_hold_it_may_be_compared(monkeypatch):
    monkeypatch.setattr(cells, "LARGEST", 12)
    world = town()
    for home in range(0, 90, 2):  # a terminal ties every other home to all others, faintly
        world.visits(f"h{home:02}-1", START + 33 * DAY_US, world.place(f"home{home}"), "terminal")
    last = stand(world.inputs(START + DAY * DAY_US), config=ALL)
    at = START + DAY * DAY_US + HOUR_US
    world.visits("h00-0", at, world.place("home0"), "terminal")
    inputs = world.inputs(START + (DAY + 1) * DAY_US)

    found = go_on(last, inputs, config=ALL)

    same(found, everything(last, inputs, ALL))
    again = found.looked * inputs.size
    acting = inputs.active.sum()
    assert acting < again < acting + 30  # of 45 holders in as many homes


def touched(homes: int, guests: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What a run looks at when guests move into as many of the homes, by what is counted."""
    world = town(homes)
    last = stand(world.inputs(START + DAY * DAY_US), config=ALL)
    for i in range(guests):
        place = world.place(f"home{3 * i + 1}")
        guest = world.account(f"guest{i}", START + DAY * DAY_US + HOUR_US, place=place)
        world.pays(guest, START + DAY * DAY_US + 2 * HOUR_US, f"card{3 * i + 1}")
    inputs = world.inputs(START + (DAY + 1) * DAY_US)
    rows = []

    def told(*args: object, **kwargs: object) -> object:
        part = part_of(*args, **kwargs)  # type: ignore[arg-type]
        rows.append(part.inputs.size + sum(len(t) for t in part.inputs.snapshot.edges.values()))
        return part

    with monkeypatch.context() as patch:
        patch.setattr(standing, "part_of", told)
        found = go_on(last, inputs, config=ALL)
    before = {id(ring) for ring in last.made.values()}
    return {
        "accounts looked at": round(found.looked * inputs.size),
        "rows of what they hold": sum(rows),
        "rings made": sum(id(ring) not in before for ring in found.made.values()),
    }


@pytest.mark.parametrize("homes", [180, 540])
def test_what_a_run_touches_is_the_same_in_a_town_twice_and_six_times_as_large(homes, monkeypatch):
    assert touched(homes, 4, monkeypatch) == touched(90, 4, monkeypatch)


def test_what_a_run_touches_grows_with_what_changed(monkeypatch):
    nothing, four, sixteen = (touched(270, guests, monkeypatch) for guests in (0, 4, 16))

    for counted, acting in nothing.items():
        assert four[counted] > acting
        assert sixteen[counted] - acting == pytest.approx(4 * (four[counted] - acting), rel=0.02)
    assert sixteen["accounts looked at"] < 200  # of 846


def links_of(inputs: RingInputs) -> dict[frozenset[str], float]:
    tied = scene_of(inputs).links.total.tocoo()
    ids = inputs.account_ids.to_pylist()
    pairs = zip(tied.row.tolist(), tied.col.tolist(), tied.data.tolist(), strict=True)
    return {frozenset((ids[i], ids[j])): nats for i, j, nats in pairs}


def test_links_in_a_part_are_those_of_the_whole():
    world = town()
    inputs = world.inputs(START + DAY * DAY_US)
    whole = links_of(inputs)
    scene = scene_of(inputs)
    judged(scene, *grouped(scene, ALL))  # everything usual is learnt
    chosen = np.isin(scene.cells.cell, scene.cells.cell[inputs.active])
    chosen |= np.arange(inputs.size) % 2 == 0
    chosen = np.isin(scene.cells.cell, scene.cells.cell[chosen])

    part = part_of(inputs, chosen, held_by(inputs.snapshot))
    found = links_of(replace(part.inputs, usual=inputs.usual.frozen()))

    inside = set(inputs.account_ids.take(np.flatnonzero(chosen)).to_pylist())
    assert found == {pair: nats for pair, nats in whole.items() if pair <= inside}
    assert len(found) > 50


def undone(world: World) -> None:
    world.events = [e for e in world.events if e.account_id != "h05-0"]


def told_late(world: World) -> None:
    world.pays("h03-0", START + 31 * DAY_US, "card9")


def a_week(world: World) -> None:
    world.account("later", START + (DAY + 8) * DAY_US)


@pytest.mark.parametrize("happens", [undone, told_late, a_week])
def test_everything_is_looked_at_when_the_past_changed_or_a_week_went_by(
    happens: Callable[[World], None],
):
    world = town()
    last = stand(world.inputs(START + DAY * DAY_US), config=ALL)
    happens(world)
    inputs = world.inputs(max(e.at for e in world.events) + DAY_US)

    found = go_on(last, inputs, config=ALL)

    assert found.looked == 1.0
    assert found.rings == find(replace(inputs), last.rings, ALL)


def test_a_ring_that_nobody_touched_falls_asleep_all_the_same(monkeypatch):
    monkeypatch.setattr(standing, "LEARNT_FOR_US", 60 * DAY_US)
    world = town()
    last = stand(world.inputs(START + 33 * DAY_US), config=ALL)
    inputs = world.inputs(START + 50 * DAY_US)

    found = go_on(last, inputs, config=ALL)

    assert found.rings == everything(last, inputs, ALL).rings
    assert {r.status.value for r in found.rings if "h00-0" in r.account_ids} == {"dormant"}
