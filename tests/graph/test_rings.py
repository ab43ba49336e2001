"""The ring finder as a whole, on small worlds told as events."""

from graph.rings import Family, RingConfig, Rings, find
from graph.rings.inputs import DAY_US, HOUR_US
from tests.graph.ring_worlds import START, World

END = START + 45 * DAY_US


def card_ring(world: World, size: int = 12, prefix: str = "mule") -> list[str]:
    """Accounts on a few virtual cards that ask from one rare template."""
    names = []
    for i in range(size):
        at = START + 20 * DAY_US + i * HOUR_US
        name = world.account(f"{prefix}{i}", at, user_agent="python-requests", email_shape="a9")
        world.pays(name, at + HOUR_US, f"{prefix}-card{i // 4}", "virtual", issuer="bin-virtual")
        for k in range(6):
            cluster = f"{prefix}-kit{(i + k) % 3}"
            world.asks(name, at + (2 + k) * HOUR_US, cluster)
        names.append(name)
    for k in range(3):
        world.clusters[f"{prefix}-kit{k}"] = (5.0, "rare and new")
    return names


def test_accounts_that_share_cards_and_rare_templates_are_one_flagged_ring():
    world = World()
    world.people(300)
    mules = card_ring(world)

    rings = find(world.inputs(END))

    (ring,) = rings.flagged
    assert ring.account_ids == set(mules)
    assert ring.families[Family.PAYMENT] > 2
    assert ring.families[Family.PROMPTS] > 2
    assert {"payment.shared_method", "prompts.kit"} <= {r.code for r in ring.reasons}
    named = next(r for r in ring.reasons if r.code == "payment.shared_method").entities
    assert "payment_method:mule-card0" in named


def test_shared_cards_alone_are_told_as_a_group_but_never_flagged():
    world = World()
    people = world.people(300)
    for i, name in enumerate(people[:24]):
        world.pays(name, START + 41 * DAY_US, f"joint-card{i // 12}", "virtual")

    rings = find(world.inputs(END), config=RingConfig(kept_size=3))

    assert not rings.flagged
    assert [ring.size for ring in rings] == [12, 12]
    assert all(ring.families[Family.PAYMENT] > 2 for ring in rings)


def test_a_crowd_behind_one_campus_address_makes_no_ring():
    world = World()
    world.people(200)
    campus = world.place("campus", "campus")
    for i in range(80):
        world.account(f"student{i}", START + i * HOUR_US, place=campus, pathway="education")

    rings = find(world.inputs(END))

    assert not len(rings)


def test_equal_events_in_another_order_give_equal_rings():
    world = World()
    world.people(100)
    card_ring(world)
    card_ring(world, 8, "second")

    there, again = find(world.inputs(END)), find(world.inputs(END, order=range(5)))

    assert there == again


def test_a_ring_keeps_its_id_while_it_grows_and_an_id_is_given_by_its_founders():
    world = World()
    world.people(100)
    mules = card_ring(world)
    early = find(world.inputs(START + 20 * DAY_US + 9 * HOUR_US))

    late = find(world.inputs(START + 24 * DAY_US), early)

    assert late.rings[0].ring_id == early.rings[0].ring_id
    assert late.rings[0].version > early.rings[0].version
    assert late.rings[0].account_ids == set(mules)
    assert [event.change.value for event in late.lineage] == ["grew"]


def test_rings_come_back_from_their_tables_as_they_were():
    world = World()
    world.people(50)
    card_ring(world)
    rings = find(world.inputs(END))

    again = Rings.of_tables(rings.as_of, *rings.tables())

    assert again.rings == rings.rings


def test_nothing_later_than_the_moment_is_looked_at():
    world = World()
    world.people(100)
    card_ring(world)
    moment = START + 20 * DAY_US + 9 * HOUR_US
    before = find(world.inputs(moment))

    world.clusters |= {"mule-kit0": (5.0, "rare and new")}
    for i in range(30):
        world.account(f"future{i}", moment + 1 + i, device="device-mule0")
        world.asks("mule0", moment + 1 + i, "mule-kit0", model="next")

    assert find(world.inputs(moment)).rings == before.rings
