"""Pools of one operator, a reseller's accounts and its customer are told apart, and as what."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from graph.rings import RingInputs, Rings, find
from graph.rings.evidence import found_again, pack_of
from graph.rings.inputs import DAY_US, HOUR_US
from graph.rings.kin import kin
from graph.rings.pack import lay_down, verify_pack
from graph.rings.record import Provenance, Record, keep_record, kept_record
from tests.graph.ring_worlds import MINUTE_US, START, World

END = START + 60 * DAY_US


def pool(world: World, prefix: str, size: int, kit: str | None, a_day: int = 3) -> list[str]:
    """Accounts that came within a day, share cards by threes and work one kit at its hour."""
    names = []
    for i in range(size):
        at = START + 25 * DAY_US + i * HOUR_US
        name = world.account(f"{prefix}{i}", at, user_agent=f"agent-{prefix}")
        world.pays(name, at + MINUTE_US, f"card-{prefix}{i // 3}", issuer=f"bin-{prefix}")
        names.append(name)
    for name in names if kit else ():
        for day in range(30, 55):
            for k in range(a_day):
                at = START + day * DAY_US + (len(prefix) + 3 * k) * HOUR_US
                world.asks(name, at + int(world.rng.uniform(0, 9)) * MINUTE_US, f"{kit}{k}")
    return names


def hands_over(world: World, one: str, other: str, day: int, talk: str) -> None:
    at = START + day * DAY_US + int(world.rng.uniform(0, 20)) * HOUR_US
    world.asks(one, at, conversation=talk, turn=1)
    world.asks(other, at + 20 * MINUTE_US, conversation=talk, turn=2)


def network() -> World:
    """Two pools of one operator; a reseller, whose customer also has accounts of its own.

    The pools north and south pay with one wallet here and there and hand talks over; south's
    members carry strangers' talk too. The reseller's accounts carry strangers' prompts, and those
    of its customer.
    """
    world = World()
    for name in world.people(300, days=20):
        world.works(name, 22, 30, 0.4, (8, 20))
    one_operator(world)
    pool(world, "buyer", 9, "c-kit")
    reseller(world, "c-kit")
    return world


def one_operator(world: World) -> None:
    north, south = pool(world, "north", 12, "n-kit"), pool(world, "south", 12, "s-kit")
    for i in range(4):
        for name in (north[i], south[i]):
            world.pays(name, START + 28 * DAY_US, f"wallet{i % 2}", kind="wallet")
    for i in range(6):
        hands_over(world, north[i], south[i], 40, f"talk{i}")
    for name in south:
        world.works(name, 30, 25, 4.0, (0, 24))


def reseller(world: World, kit: str) -> None:
    seller = pool(world, "seller", 12, None)
    for name in seller:
        world.works(name, 30, 25, 6.0, (0, 24))
        world.visits(name, START + 26 * DAY_US, world.place("rack", "hosting"), "emulator")
    for i in range(40):
        hands_over(world, seller[i % 12], seller[(i + 1) % 12], 30 + i // 2, f"customer{i}")
    for name in seller[:3]:
        for day in range(35, 45):
            world.asks(name, START + day * DAY_US + HOUR_US, f"{kit}{day % 3}")


@pytest.fixture(scope="module")
def inputs() -> RingInputs:
    return network().inputs(END)


@pytest.fixture(scope="module")
def rings(inputs) -> Rings:
    return find(inputs)


def ids_of(rings: Rings) -> dict[str, str]:
    """The id of the ring that each pool was found as, apart from all others."""
    found = {}
    for ring in rings:
        pools = {account.rstrip("0123456789") for account in ring.account_ids}
        if pools <= {"north", "south", "buyer", "seller"}:
            assert len(pools) == 1, pools
            found[pools.pop()] = ring.ring_id
    return found


def test_two_pools_with_one_wallet_and_talks_handed_over_are_of_one_operator(inputs, rings):
    ids = ids_of(rings)
    told = kin(rings, inputs)

    north, south = (told[ids[name]]["relatives"] for name in ("north", "south"))
    assert [(r["ring_id"], r["kind"]) for r in north] == [(ids["south"], "same_operator")]
    assert [(r["ring_id"], r["kind"]) for r in south] == [(ids["north"], "same_operator")]
    reasons = {reason["code"]: reason for reason in north[0]["reasons"]}
    assert reasons.keys() == {"kin.payment", "kin.timing"}
    assert reasons["kin.payment"]["entities"] == [
        "payment_method:wallet0",
        "payment_method:wallet1",
    ]
    total = sum(reason["weight"] for reason in reasons.values())
    assert north[0]["weight"] == pytest.approx(total)


def test_a_ring_whose_kit_runs_through_a_resellers_accounts_is_its_customer(inputs, rings):
    ids = ids_of(rings)
    told = kin(rings, inputs)

    of_seller, of_buyer = (told[ids[name]]["relatives"] for name in ("seller", "buyer"))

    assert [(r["ring_id"], r["kind"]) for r in of_seller] == [(ids["buyer"], "customer")]
    assert [(r["ring_id"], r["kind"]) for r in of_buyer] == [(ids["seller"], "provider")]
    assert [r["code"] for r in of_seller[0]["reasons"]] == ["kin.traffic"]
    assert of_seller[0]["reasons"][0]["observed"] == 3.0


def test_accounts_are_told_apart_by_whose_traffic_they_carry(inputs, rings):
    ids = ids_of(rings)
    told = kin(rings, inputs)

    roles = {
        name: {role["role"] for role in told[ring_id]["roles"].values()}
        for name, ring_id in ids.items()
    }
    assert roles == {
        "north": {"operator"},
        "south": {"both"},
        "buyer": {"operator"},
        "seller": {"resold"},
    }
    assert len(told[ids["seller"]]["roles"]) == 12


def test_a_rings_operator_its_customers_and_what_is_sold_to_strangers_are_parts_that_overlap(
    inputs, rings
):
    ids = ids_of(rings)
    told = kin(rings, inputs)

    parts = {
        name: {(pool["part"], pool["ring_id"]): set(pool["accounts"]) for pool in told[i]["pools"]}
        for name, i in ids.items()
    }

    assert parts["north"].keys() == {("operator", None)}
    south = parts["south"]
    assert south["operator", None] == south["resold", None] == {f"south{i}" for i in range(12)}
    seller = parts["seller"]
    assert seller["resold", None] == {f"seller{i}" for i in range(12)}
    assert seller["customer", ids["buyer"]] == {"seller0", "seller1", "seller2"}
    assert seller["customer", ids["buyer"]] < seller["resold", None]
    assert not any(part == "customer" for part, _ in parts["buyer"])


def test_one_kit_alone_is_a_toolkit_that_two_bought():
    world = network()
    for name in pool(world, "other", 10, "n-kit"):
        world.works(name, 30, 20, 1.0, (8, 20))
    inputs = world.inputs(END)
    model = find(inputs).rings[0]
    apart = [
        replace(
            model,
            ring_id=f"ring-{prefix}",
            score=0.9,
            members=tuple(
                replace(model.members[0], account_id=f"{prefix}{i}") for i in range(size)
            ),
        )
        for prefix, size in (("north", 12), ("other", 10))
    ]

    told = kin(Rings(END, tuple(apart)), inputs)

    assert [r["kind"] for r in told["ring-other"]["relatives"]] == ["same_toolkit"]


def test_what_everybody_uses_makes_nobody_kin_and_unlikely_rings_are_not_looked_at(inputs, rings):
    world = network()
    exit_ = world.place("vpn", "vpn")
    for i in range(150):
        world.visits(f"person{i}", START + 40 * DAY_US, exit_)
    for name in ("north1", "north2", "buyer1", "buyer2"):
        world.visits(name, START + 41 * DAY_US, exit_)
    crowded = world.inputs(END)
    doubtful = replace(rings, rings=tuple(replace(ring, score=0.4) for ring in rings))

    told = kin(rings, crowded)

    assert told == kin(rings, inputs)
    assert kin(doubtful, crowded) == {}


@pytest.mark.filterwarnings("error")
def test_a_ring_whose_members_all_stand_in_surer_rings_or_are_gone_changes_no_other(inputs, rings):
    whole = kin(rings, inputs)
    north = next(ring for ring in rings if ring.ring_id == ids_of(rings)["north"])
    echo = replace(north, ring_id="ring-echo", score=north.score / 1.001)
    gone = tuple(
        replace(member, account_id=f"gone-{member.account_id}") for member in north.members
    )
    silent = replace(north, ring_id="ring-silent", members=gone)

    more = kin(replace(rings, rings=(*rings.rings, echo, silent)), inputs)

    assert more == whole
    assert kin(Rings(END, (silent,)), inputs) == {}


@pytest.fixture(scope="module")
def record_folder(inputs, rings, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("record") / "evidence"
    keep_record(Record(inputs, None, rings, Provenance("ringsight 0.1.0")), folder)
    return folder


def test_an_evidence_pack_tells_the_rings_beside_it_and_what_accounts_carry(
    inputs, rings, record_folder, tmp_path
):
    ids = ids_of(rings)

    files = pack_of(record_folder, ids["seller"])
    lay_down(tmp_path, files)

    told = json.loads(files["kin.json"])
    assert told == json.loads(json.dumps(kin(rings, inputs)[ids["seller"]]))
    page = files["report.html"].decode()
    assert ids["buyer"] in page
    assert "a customer, whose traffic this ring carries" in page
    assert "Accounts that are sold to strangers" in page
    assert page.count("strangers&#x27; traffic (") == 12
    assert verify_pack(tmp_path) == []
    assert found_again(files, kept_record(record_folder)) == []


def test_a_pack_that_names_another_customer_or_role_is_found_out(rings, record_folder):
    files = pack_of(record_folder, ids_of(rings)["seller"])
    told = json.loads(files["kin.json"])
    told["relatives"][0]["ring_id"] = "ring-somebody-else"
    told["roles"]["seller0"]["role"] = "operator"

    forged = {**files, "kin.json": json.dumps(told).encode()}

    assert [(b.file, b.problem) for b in found_again(forged, kept_record(record_folder))] == [
        ("kin.json", "relatives come out otherwise"),
        ("kin.json", "roles come out otherwise"),
    ]
