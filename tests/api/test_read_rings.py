"""The queue and the ring's pages over HTTP, as of now, as of then, and after a merger."""

import json
from collections import Counter
from datetime import timedelta

import pytest

from api.schemas.answers import moment
from tests.api.looked_at import DAY, HUB, HUB_ACCOUNTS, Seen

GROWN, FIRM, GONE = "rcampaign-01", "rcampaign-02", "rcampaign-03"


def iso(at: int) -> str:
    """A moment as a query says it."""
    return moment(at).isoformat()


# -- the queue -----------------------------------------------------------------------------------


def test_the_queue_says_what_a_ring_shares_and_where_its_case_stands(seen: Seen) -> None:
    items = seen.get("/v1/rings")["items"]

    assert [item["id"] for item in items] == [GROWN, FIRM]
    first = items[0]
    assert (first["status"], first["life"], first["assignee"]) == ("open", "active", None)
    assert first["identifiers"]["payment_method"] >= 1
    assert "subnet" not in first["identifiers"], "a hub is no identifier"
    assert first["accounts"] == seen.ring.size


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"min_score": 0.9}, [GROWN]),
        ({"status": "open"}, [GROWN, FIRM]),
        ({"status": "dismissed"}, []),
        ({"status": ["dismissed", "open"]}, [GROWN, FIRM]),
        ({"kind": "payment_method"}, [GROWN]),
        ({"kind": "organisation"}, []),
        ({"assignee": "nobody"}, [GROWN, FIRM]),
        ({"assignee": "jo"}, []),
        ({"q": "CAMPAIGN-02"}, [FIRM]),
        ({"age": "day"}, []),
        ({"age": "month"}, [FIRM]),
        ({"age": "older"}, [GROWN]),
        ({"life": "banned"}, []),
        ({"verdict": "distillation"}, [GROWN, FIRM]),
        ({"sort": "first_seen"}, [FIRM, GROWN]),
    ],
)
def test_the_queue_is_filtered_and_sorted(
    seen: Seen, query: dict[str, object], expected: list[str]
) -> None:
    found = seen.get("/v1/rings", **query)

    assert [item["id"] for item in found["items"]] == expected
    assert found["total"] == len(expected)


@pytest.mark.parametrize("sort", ["score", "accounts", "growth", "first_seen", "last_seen"])
def test_pages_of_the_queue_put_together_are_the_queue(seen: Seen, sort: str) -> None:
    whole = seen.get("/v1/rings", sort=sort)["items"]
    first = seen.get("/v1/rings", sort=sort, limit=1)

    rest = seen.get("/v1/rings", sort=sort, cursor=first["next_cursor"])

    assert first["items"] + rest["items"] == whole
    assert rest["next_cursor"] is None


def test_a_cursor_of_another_order_is_refused(seen: Seen) -> None:
    cursor = seen.get("/v1/rings", limit=1)["next_cursor"]

    assert (
        seen.client.get("/v1/rings", params={"cursor": cursor, "sort": "growth"}).status_code == 422
    )


def test_the_queue_costs_the_same_reads_whatever_it_holds(seen: Seen, reads: Counter[str]) -> None:
    seen.get("/v1/rings")

    assert reads == {"generation": 1}


# -- one ring --------------------------------------------------------------------------------------


def test_a_ring_tells_its_life_and_the_campaign_clock(seen: Seen) -> None:
    ring = seen.get(f"/v1/rings/{GROWN}")

    assert [turn["change"] for turn in ring["lineage"]] == ["born", "grew"]
    clock = ring["campaign_clock"]
    second, third = (rings.as_of for rings in seen.refreshes[1:])
    assert clock["ring_flag"] == clock["first_flag"] == iso(second).replace("+00:00", "Z")
    assert clock["first_signup"] < clock["first_flag"]
    before = clock["exchanges_before_each"]
    assert before["first_signup"] == 0
    assert 0 < before["ring_flag"] <= before["now"]
    assert list(ring["versions"]) == ["3", "4", "5"]
    assert ring["versions"]["5"] == iso(third).replace("+00:00", "Z")


def test_what_sorts_a_ring_stands_apart_from_what_accuses_it(seen: Seen) -> None:
    ring = seen.get(f"/v1/rings/{GROWN}")

    assert [reason["code"] for reason in ring["triage"]] == ["triage.own_kit"]
    assert "triage.own_kit" not in [reason["code"] for reason in ring["reasons"]]
    assert all(reason["entity_ids"] for reason in ring["reasons"] if "shared" in reason["code"])


def test_a_rings_etag_is_its_version_and_its_cases(seen: Seen) -> None:
    answer = seen.client.get(f"/v1/rings/{GROWN}")

    ring, tag = answer.json(), answer.headers["etag"]
    again = seen.client.get(f"/v1/rings/{GROWN}", headers={"If-None-Match": tag})
    other = seen.client.get(f"/v1/rings/{GROWN}", headers={"If-None-Match": '"0.0.0"'})
    assert tag == f'"3.{ring["version"]}.{ring["case_version"]}"'
    assert (again.status_code, again.content) == (304, b"")
    assert other.json() == ring


def test_a_ring_as_of_then_is_the_version_of_then(seen: Seen) -> None:
    then = seen.refreshes[1].as_of + DAY // 2

    past = seen.get(f"/v1/rings/{GROWN}", as_of=iso(then))
    accounts = seen.get(f"/v1/rings/{GROWN}/accounts", as_of=iso(then), limit=200)

    assert (past["version"], past["accounts"]) == (4, seen.ring.size - 1)
    assert past["as_of"] == iso(then).replace("+00:00", "Z")
    assert accounts["total"] == seen.ring.size - 1


def test_a_moment_that_is_not_kept_is_said_to_be_not_kept(seen: Seen) -> None:
    answer = seen.client.get(f"/v1/rings/{GROWN}", params={"as_of": "2020-01-01T00:00:00Z"})

    assert answer.status_code == 404
    assert "is kept from 20" in answer.json()["detail"]


def test_a_ring_that_was_taken_over_names_its_heir(seen: Seen) -> None:
    ring = seen.get(f"/v1/rings/{GONE}")

    assert ring["merged_into"] == FIRM
    assert ring["accounts"] == seen.refreshes[1].rings[2].size


@pytest.mark.parametrize("path", ["", "/graph", "/shared", "/timeline", "/accounts", "/events"])
def test_a_ring_that_never_was_is_not_found(seen: Seen, path: str) -> None:
    answer = seen.client.get(f"/v1/rings/none{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "most"),
    [("", 4), ("/graph", 3), ("/shared", 3), ("/timeline", 2), ("/accounts", 3), ("/events", 2)],
)
def test_a_ring_page_asks_the_store_a_few_times_whatever_its_size(
    seen: Seen, reads: Counter[str], path: str, most: int
) -> None:
    seen.get(f"/v1/rings/{GROWN}{path}")

    assert 0 < reads.total() <= most


# -- its picture -----------------------------------------------------------------------------------


def test_the_picture_groups_alike_accounts_and_says_what_a_hub_hides(seen: Seen) -> None:
    drawn = seen.get(f"/v1/rings/{GROWN}/graph")

    accounts = [node for node in drawn["nodes"] if node["kind"] == "account"]
    grouped = sum(group["member_count"] for group in drawn["groups"])
    assert len(accounts) + grouped == seen.ring.size
    assert all(group["member_count"] >= 3 for group in drawn["groups"])
    hub = next(node for node in drawn["nodes"] if node["id"] == HUB)
    assert hub["supernode"] is True
    assert hub["degree"] == HUB_ACCOUNTS + 6
    bundle = next(bundle for bundle in drawn["bundles"] if bundle["of"] == HUB)
    assert (bundle["count"], bundle["flagged"]) == (HUB_ACCOUNTS, 0)
    assert all(edge["weak"] for edge in drawn["edges"] if edge["target"] == HUB)
    assert drawn["truncated"] is False


def test_every_account_is_drawn_when_asked_and_each_node_has_its_own_place(seen: Seen) -> None:
    drawn = seen.get(f"/v1/rings/{GROWN}/graph", detail="all")

    accounts = [node for node in drawn["nodes"] if node["kind"] == "account"]
    places = [(node["x"], node["y"]) for node in drawn["nodes"]]
    assert drawn["groups"] == []
    assert len(accounts) == seen.ring.size
    assert all(node["member"] for node in accounts)
    assert len(set(places)) == len(places)
    assert {x for x, _ in places} == {0.0, 420.0}


def test_the_same_link_shows_the_same_picture(seen: Seen) -> None:
    url = f"/v1/rings/{GROWN}/graph"

    assert json.dumps(seen.get(url)) == json.dumps(seen.get(url))


def test_a_picture_cut_short_says_so(seen: Seen) -> None:
    drawn = seen.get(f"/v1/rings/{GROWN}/graph", detail="all", max_nodes=10)

    assert len(drawn["nodes"]) == 10
    assert drawn["truncated"] is True
    assert drawn["total"] > 10


def test_accounts_without_a_tie_in_the_span_leave_the_picture(seen: Seen) -> None:
    nobody = seen.get(f"/v1/rings/{GROWN}/graph", to="2020-01-01T00:00:00Z")
    last = max(member.since for member in seen.ring.members)

    some = seen.get(f"/v1/rings/{GROWN}/graph", **{"from": iso(last), "detail": "all"})

    accounts = [node for node in some["nodes"] if node["kind"] == "account"]
    assert nobody["nodes"] == nobody["groups"] == nobody["edges"] == []
    assert 0 < len(accounts) < seen.ring.size


@pytest.mark.parametrize("part", ["graph", "timeline", "events"])
def test_a_moment_without_an_offset_is_one_in_utc(seen: Seen, part: str) -> None:
    url, at = f"/v1/rings/{GROWN}/{part}", "2026-03-10T00:00:00"

    assert seen.get(url, **{"from": at}) == seen.get(url, **{"from": f"{at}Z"})


# -- its table, timeline and events ----------------------------------------------------------------


def test_the_table_says_who_has_what_and_puts_hubs_last(seen: Seen) -> None:
    shared = seen.get(f"/v1/rings/{GROWN}/shared")

    ids = [node["id"] for node in shared["identifiers"]]
    assert ids[-1] == HUB
    assert shared["total"] == len(shared["rows"]) == seen.ring.size
    holders = Counter(identity for row in shared["rows"] for identity in row["has"])
    assert all(holders[identity] >= 2 for identity in ids)
    assert holders[HUB] == 6
    sizes = [len(row["has"]) for row in shared["rows"]]
    assert sizes == sorted(sizes, reverse=True)


def test_pages_of_the_table_hold_every_account_once(seen: Seen) -> None:
    url = f"/v1/rings/{GROWN}/shared"
    whole = [row["account"]["id"] for row in seen.get(url)["rows"]]
    found, cursor = [], None

    while True:
        page = seen.get(url, limit=4, **({"cursor": cursor} if cursor else {}))
        found += [row["account"]["id"] for row in page["rows"]]
        cursor = page["next_cursor"]
        assert page["truncated"] is (cursor is not None)
        if cursor is None:
            break

    assert found == whole


def test_the_timeline_counts_every_event_once(seen: Seen) -> None:
    told = seen.get(f"/v1/rings/{GROWN}/timeline", buckets=24)
    events, cursor = [], None
    while True:
        page = seen.get(
            f"/v1/rings/{GROWN}/events", limit=200, **({"cursor": cursor} if cursor else {})
        )
        events += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    counted = Counter[str]()
    for bucket in told["buckets"]:
        counted.update(bucket["counts"])
    assert counted == Counter(event["kind"] for event in events)
    assert len(told["buckets"]) <= 24
    times = [event["t"] for event in events]
    assert times == sorted(times, reverse=True)
    assert len({json.dumps(event) for event in events}) > 0.9 * len(events)


def test_the_timeline_of_a_span_counts_what_is_in_it(seen: Seen) -> None:
    whole = seen.get(f"/v1/rings/{GROWN}/timeline", buckets=2)
    start = moment(seen.ring.first_seen) + timedelta(days=2)
    end = start + timedelta(days=3)
    span = {"from": start.isoformat(), "to": end.isoformat()}

    told = seen.get(f"/v1/rings/{GROWN}/timeline", buckets=100, **span)
    events = seen.get(f"/v1/rings/{GROWN}/events", limit=200, **span)["items"]

    assert all(start.isoformat() <= event["t"].replace("Z", "+00:00") for event in events)
    assert told["bucket_s"] < whole["bucket_s"]
    assert moment(0) < start


def test_events_of_one_kind(seen: Seen) -> None:
    events = seen.get(f"/v1/rings/{GROWN}/events", kind="payment", limit=200)["items"]

    assert events
    assert {event["kind"] for event in events} == {"payment"}
    assert all(event["entity"].startswith("payment_method:") for event in events)


def test_an_unknown_kind_of_event_is_answered_with_those_there_are(seen: Seen) -> None:
    answer = seen.client.get(f"/v1/rings/{GROWN}/events", params={"kind": "spoon"})

    assert answer.status_code == 422
    assert "payment" in answer.json()["detail"]


def test_members_come_with_what_is_known_of_them(seen: Seen) -> None:
    page = seen.get(f"/v1/rings/{GROWN}/accounts", limit=3)

    first = page["items"][0]
    assert first["account_id"] == seen.ring.members[0].account_id
    assert first["created_at"] is not None
    assert first["pathway"]
    assert page["total"] == seen.ring.size


# -- what if ---------------------------------------------------------------------------------------


def test_without_what_it_shares_a_ring_loses_the_evidence_of_it(seen: Seen) -> None:
    card = next(
        node["id"]
        for node in seen.get(f"/v1/rings/{GROWN}/shared")["identifiers"]
        if node["kind"] == "payment_method"
    )

    imagined = seen.post(f"/v1/rings/{GROWN}/whatif", {"without": [card]})

    assert imagined["score"] < imagined["score_before"] == 0.97
    assert imagined["families"]["payment"] < imagined["families_before"]["payment"]


def test_without_what_no_reason_names_a_ring_stays_as_it_is(seen: Seen) -> None:
    imagined = seen.post(f"/v1/rings/{GROWN}/whatif", {"without": ["organisation:nobody"]})

    assert imagined["lost"] == []
    assert [family for family, w in imagined["families"].items() if w > 0] == [
        family for family, w in imagined["families_before"].items() if w > 0
    ]


def test_imagining_changes_nothing(seen: Seen) -> None:
    before = seen.get(f"/v1/rings/{GROWN}")

    seen.post(f"/v1/rings/{GROWN}/whatif", {"without": [HUB]})

    assert seen.get(f"/v1/rings/{GROWN}") == before
