"""Entities over HTTP: facts, neighbours of hubs, what is shared, paths, views, and their cost."""

from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from api.schemas.answers import moment
from tests.api.looked_at import HUB, HUB_ACCOUNTS, Seen

RING = "rcampaign-01"
HUB_URL = f"/v1/entities/{quote(HUB)}"


def card_of(seen: Seen) -> str:
    """A payment method that accounts of the ring share."""
    shared = seen.get(f"/v1/rings/{RING}/shared")["identifiers"]
    return next(node["id"] for node in shared if node["kind"] == "payment_method")


def walked(seen: Seen, url: str, **query: Any) -> list[str]:
    """Every neighbour of all pages in order."""
    found: list[str] = []
    cursor = None
    while True:
        page = seen.get(url, **query, **({"cursor": cursor} if cursor else {}))
        found += [node["id"] for node in page["nodes"][1:]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


# -- one entity ------------------------------------------------------------------------------------


def test_an_entity_counts_its_neighbours_and_how_many_of_them_are_flagged(seen: Seen) -> None:
    hub = seen.get(HUB_URL)

    assert hub["counts"] == {"account": {"n": HUB_ACCOUNTS + 6, "flagged": 6}}
    assert hub["supernode"] is True
    assert hub["hidden"] == hub["degree"] == HUB_ACCOUNTS + 6


def test_an_entity_knows_the_rings_whose_evidence_names_it(seen: Seen) -> None:
    assert seen.get(f"/v1/entities/{card_of(seen)}")["rings"] == [RING]


def test_an_account_comes_with_its_latest_events(seen: Seen) -> None:
    account = seen.get(f"/v1/entities/account:{seen.ring.members[0].account_id}")

    assert account["rings"][0] == RING
    assert "signup" in {event["kind"] for event in account["history"]} or (
        len(account["history"]) == 20
    )


def test_events_of_a_thing_are_those_of_its_accounts(seen: Seen) -> None:
    card = card_of(seen)
    holders = set(walked(seen, f"/v1/entities/{card}/neighbours", kind="account"))

    events = seen.get(f"/v1/entities/{card}/events", limit=200)["items"]

    assert events
    assert {event["account"] for event in events} <= holders


def test_what_a_cards_accounts_share_beside_it(seen: Seen) -> None:
    shared = seen.get(f"/v1/entities/{card_of(seen)}/shared")

    assert card_of(seen) not in [item["id"] for item in shared["items"]]
    assert all(item["here"] >= 2 for item in shared["items"])
    assert shared["items"][-1]["id"] == HUB, "what says nothing stands last"


def test_badges_of_many_nodes_take_one_read(seen: Seen, reads: Counter[str]) -> None:
    ids = [f"account:{member.account_id}" for member in seen.ring.members] + [HUB, "ip:none"]

    counts = seen.post("/v1/entities/counts", {"ids": ids})["counts"]

    assert counts[HUB] == {"account": HUB_ACCOUNTS + 6}
    assert "ip:none" not in counts
    assert len(counts) == len(ids) - 1
    assert reads["degrees"] == 1
    assert reads.total() <= 2


# -- neighbours ------------------------------------------------------------------------------------


def test_a_hubs_neighbours_come_in_pages_without_gap_or_repeat(seen: Seen) -> None:
    found = walked(seen, f"{HUB_URL}/neighbours", limit=200)

    assert len(found) == len(set(found)) == HUB_ACCOUNTS + 6


def test_a_page_of_a_hub_says_what_it_does_not_show(seen: Seen) -> None:
    page = seen.get(f"{HUB_URL}/neighbours", limit=50)

    assert (page["total"], page["truncated"]) == (HUB_ACCOUNTS + 6, True)
    assert page["nodes"][0]["hidden"] == HUB_ACCOUNTS + 6 - 50
    (rest,) = page["bundles"]
    assert (rest["of"], rest["count"]) == (HUB, HUB_ACCOUNTS + 6 - 50)
    assert page["facets"]["kind"] == {"account": HUB_ACCOUNTS + 6}
    assert page["facets"]["flagged"] == {"yes": 6, "no": HUB_ACCOUNTS}
    assert page["facets"]["complete"] is False


def test_of_a_hub_only_what_shares_something_else_with_a_ring_is_found(seen: Seen) -> None:
    page = seen.get(f"{HUB_URL}/neighbours", shares_with=f"ring:{RING}", co_shared=2)

    members = {f"account:{member.account_id}" for member in seen.ring.members}
    found = {node["id"] for node in page["nodes"][1:]}
    assert found
    assert found <= members
    assert page["total"] == len(found)
    assert page["facets"]["complete"] is True


def test_flagged_neighbours_of_a_hub_are_all_found(seen: Seen) -> None:
    page = seen.get(f"{HUB_URL}/neighbours", flagged=True, order="score")

    expected = {f"account:{member.account_id}" for member in seen.ring.members[:6]}
    assert {node["id"] for node in page["nodes"][1:]} == expected
    assert (page["total"], page["next_cursor"]) == (6, None)


@pytest.mark.parametrize("order", ["score", "degree", "recent"])
def test_every_order_of_a_small_node_pages_through_all_of_it(seen: Seen, order: str) -> None:
    url = f"/v1/entities/{card_of(seen)}/neighbours"

    found = walked(seen, url, order=order, limit=2)

    assert sorted(found) == sorted(walked(seen, url, limit=200))


def test_a_hub_by_degree_says_that_only_part_of_it_was_looked_at(seen: Seen) -> None:
    page = seen.get(f"{HUB_URL}/neighbours", order="degree", limit=10)

    assert page["total"] is None
    assert page["truncated"] is True
    assert page["facets"]["complete"] is False
    degrees = [node["degree"] for node in page["nodes"][1:]]
    assert degrees == sorted(degrees, reverse=True)


def test_neighbours_of_a_span_are_those_tied_in_it(seen: Seen) -> None:
    start, end = moment(100).isoformat(), moment(199).isoformat()

    found = walked(seen, f"{HUB_URL}/neighbours", limit=30, **{"from": start, "to": end})

    assert sorted(found) == [f"account:h{n:04d}" for n in range(100, 200)]


@pytest.mark.parametrize("limit", [1, 50, 200])
def test_a_page_of_neighbours_costs_the_same_reads_whatever_its_length(
    seen: Seen, reads: Counter[str], limit: int
) -> None:
    seen.get(f"{HUB_URL}/neighbours", limit=limit)

    assert reads["neighbours"] == 1
    assert reads.total() <= 3


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"shares_with": "ring:none"}, 404),
        ({"shares_with": "spoon"}, 422),
        ({"cursor": "x", "order": "score"}, 422),
        ({"limit": 201}, 422),
        ({"from": "yesterday"}, 422),
    ],
)
def test_neighbours_that_cannot_be_asked_for(
    seen: Seen, query: dict[str, object], status: int
) -> None:
    assert seen.client.get(f"{HUB_URL}/neighbours", params=query).status_code == status


# -- paths and views -------------------------------------------------------------------------------


def pair(seen: Seen) -> tuple[str, str]:
    """Two accounts that hold one card."""
    first, second = walked(seen, f"/v1/entities/{card_of(seen)}/neighbours", kind="account")[:2]
    return first, second


def test_two_accounts_are_tied_by_the_card_they_share(seen: Seen) -> None:
    first, second = pair(seen)

    found = seen.post("/v1/graph/path", {"from": first, "to": second})

    assert [first, card_of(seen), second] in found["paths"]
    assert all(len(path) == 3 for path in found["paths"])
    assert {node["id"] for node in found["nodes"]} == {i for p in found["paths"] for i in p}
    assert len(found["edges"]) >= 2


def test_a_hub_is_stepped_over_unless_asked(seen: Seen) -> None:
    member = f"account:{seen.ring.members[0].account_id}"
    asked = {"from": member, "to": "account:h1500"}

    avoided = seen.post("/v1/graph/path", asked)
    crossed = seen.post("/v1/graph/path", {**asked, "avoid_supernodes": False})

    assert avoided["paths"] == []
    assert [member, HUB, "account:h1500"] in crossed["paths"]


def test_a_hub_may_be_the_end_of_a_path(seen: Seen) -> None:
    member = f"account:{seen.ring.members[0].account_id}"

    assert seen.post("/v1/graph/path", {"from": member, "to": HUB})["paths"] == [[member, HUB]]


def test_a_path_to_itself_is_the_node(seen: Seen) -> None:
    assert seen.post("/v1/graph/path", {"from": HUB, "to": HUB})["paths"] == [[HUB]]


def test_no_path_is_longer_than_asked(seen: Seen) -> None:
    first, second = pair(seen)

    assert seen.post("/v1/graph/path", {"from": first, "to": second, "max_hops": 1})["paths"] == []


def test_a_path_from_nowhere_is_not_found(seen: Seen) -> None:
    asked = {"from": "account:none", "to": HUB}

    assert seen.client.post("/v1/graph/path", json=asked).status_code == 404


def test_a_view_is_built_again_in_one_read(seen: Seen, reads: Counter[str]) -> None:
    first, second = pair(seen)
    ids = [second, HUB, card_of(seen), first, "ip:none"]
    reads.clear()

    view = seen.post("/v1/graph/subgraph", {"ids": ids})

    assert [node["id"] for node in view["nodes"]] == ids[:-1]
    ends = {(edge["source"], edge["target"]) for edge in view["edges"]}
    assert {(first, ids[2]), (second, ids[2])} <= ends
    assert (view["total"], view["truncated"]) == (5, True)
    assert reads["between"] == 1


def test_a_view_as_of_then_holds_what_had_been_seen(seen: Seen) -> None:
    first, _ = pair(seen)
    early = moment(seen.home.world.town.start - 1).isoformat()

    view = seen.post("/v1/graph/subgraph", {"ids": [first, HUB], "as_of": early})

    assert [node["id"] for node in view["nodes"]] == [HUB]
    assert view["exact"] is False


def test_a_view_has_at_most_600_nodes(seen: Seen) -> None:
    ids = [f"account:h{n:04d}" for n in range(1, 602)]

    assert seen.client.post("/v1/graph/subgraph", json={"ids": ids}).status_code == 422
    assert len(seen.post("/v1/graph/subgraph", {"ids": ids[:600]})["nodes"]) == 600
