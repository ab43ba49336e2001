"""Rings and entities over HTTP: pages, facets, hubs, versions, and a refresh seen at once."""

from collections.abc import Sequence
from urllib.parse import quote

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from api.serving.service import Service
from graph.facts import Edge, Facts, Node
from graph.schema import NodeType
from graph.snapshot import Snapshot
from graph.store import Generation
from graph.stores.sqlite import SqliteStore
from tests.api.small_home import Home, rings_of


def test_rings_come_highest_score_first_in_pages(client: TestClient, home: Home) -> None:
    seen, cursor = [], None
    for _ in range(5):
        page = client.get(
            "/v1/rings", params={"limit": 1, **({"cursor": cursor} if cursor else {})}
        )
        seen += [item["id"] for item in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            break

    assert seen == [ring.ring_id for ring in home.rings]
    assert page.json()["total"] == len(home.rings.rings)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("flagged=true", 2), ("flagged=false", 1), ("min_score=0.8", 2), ("status=banned", 0)],
)
def test_rings_are_filtered(client: TestClient, query: str, expected: int) -> None:
    assert client.get(f"/v1/rings?{query}").json()["total"] == expected


def test_a_ring_shows_evidence_and_counter_evidence(client: TestClient, home: Home) -> None:
    ring = home.rings.rings[0]

    answer = client.get(f"/v1/rings/{ring.ring_id}")

    shown = answer.json()
    assert answer.headers["etag"] == f'"1.{ring.version}.0"'
    assert shown["reasons"][0]["text"] == "They pay with one card"
    assert shown["reasons"][0]["baseline"] == 1
    assert shown["counter_evidence"][0]["weight"] < 0
    assert shown["families"] == {"payment": 4.2, "timing": 1.5}


def test_a_rings_accounts_come_firmest_first(client: TestClient, home: Home) -> None:
    ring = home.rings.rings[0]
    url = f"/v1/rings/{ring.ring_id}/accounts"

    first = client.get(url, params={"limit": 4}).json()
    rest = client.get(url, params={"limit": 200, "cursor": first["next_cursor"]}).json()

    together = [item["account_id"] for item in first["items"] + rest["items"]]
    assert together == [member.account_id for member in ring.members]
    assert first["total"] == ring.size


def test_an_account_of_a_ring_says_how_much_it_has_in_common(
    client: TestClient, home: Home
) -> None:
    url = f"/v1/rings/{home.rings.rings[0].ring_id}"

    accounts = client.get(f"{url}/accounts", params={"limit": 200}).json()["items"]

    table = client.get(f"{url}/shared", params={"limit": 200}).json()
    assert not table["truncated"]
    assert {row["account"]["id"]: len(row["has"]) for row in table["rows"]} == {
        item["id"]: item["shared"] for item in accounts
    }
    assert any(item["shared"] for item in accounts)


def test_a_page_of_accounts_says_the_same_and_reads_around_its_own_alone(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/v1/rings/{home.rings.rings[0].ring_id}/accounts"
    whole = client.get(url, params={"limit": 200}).json()["items"]
    around: list[int] = []
    read = SqliteStore.neighbourhood

    def counted(store: SqliteStore, ids: Sequence[str], **more: int) -> Snapshot:
        around.append(len(ids))
        return read(store, ids, **more)

    monkeypatch.setattr(SqliteStore, "neighbourhood", counted)

    pages, cursor = [], None
    while not pages or cursor:
        asked = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = client.get(url, params=asked).json()
        pages += answer["items"]
        cursor = answer["next_cursor"]

    assert pages == whole
    assert len(whole) > 4
    assert max(around) == 2


def test_an_account_knows_its_ring_and_what_it_is_tied_to(client: TestClient, home: Home) -> None:
    ring = home.rings.rings[0]

    entity = client.get(f"/v1/entities/account:{ring.members[0].account_id}").json()

    assert entity["rings"] == [ring.ring_id]
    assert entity["counts"]["ip"]["n"] >= 1
    assert (
        entity["hidden"]
        == entity["degree"]
        == sum(tally["n"] for tally in entity["counts"].values())
    )
    assert entity["properties"]["created_at"].startswith("20")


def test_neighbours_in_pages_are_all_neighbours_once(client: TestClient, home: Home) -> None:
    url = f"/v1/entities/account:{home.rings.rings[0].members[0].account_id}/neighbours"
    whole = client.get(url, params={"limit": 200}).json()
    seen, cursor = [], None

    while True:
        page = client.get(url, params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [node["id"] for node in page["nodes"][1:]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [node["id"] for node in whole["nodes"][1:]]
    assert whole["truncated"] is False
    assert whole["total"] == len(seen) == sum(whole["facets"]["kind"].values())


def test_neighbours_of_one_kind(client: TestClient, home: Home) -> None:
    url = f"/v1/entities/account:{home.rings.rings[0].members[0].account_id}/neighbours"

    page = client.get(url, params={"kind": "ip"}).json()

    assert {node["kind"] for node in page["nodes"][1:]} == {"ip"}
    assert {edge["kind"] for edge in page["edges"]} == {"SEEN_AT"}


def test_a_hub_says_how_much_it_does_not_show(client: TestClient, service: Service) -> None:
    accounts = tuple(Node(NodeType.ACCOUNT, f"h{n:04d}", n) for n in range(1, 1_501))
    hub = Node(NodeType.SUBNET, "203.0.113.0/24", 1)
    edges = tuple(Edge(a.id, "SEEN_IN", hub.id, n, n) for n, a in enumerate(accounts, 1))
    service.store.write(Facts((hub, *accounts), edges))

    page = client.get(f"/v1/entities/{quote(hub.id)}/neighbours", params={"limit": 20}).json()

    assert page["total"] == 1_500
    assert page["truncated"] is True
    assert page["nodes"][0]["hidden"] == 1_480
    assert [node["id"] for node in page["nodes"][1:3]] == ["account:h1500", "account:h1499"]


@pytest.mark.parametrize("escaped", [True, False])
def test_a_prefix_with_its_slash_is_an_id_like_any_other(
    client: TestClient, service: Service, escaped: bool
) -> None:
    key = next(k for k in service.store.snapshot().keys(NodeType.SUBNET).to_pylist() if "/" in k)
    identity = f"subnet:{key}"

    entity = client.get(f"/v1/entities/{quote(identity, safe='') if escaped else identity}").json()

    assert entity["id"] == identity


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/rings/none", 404),
        ("/v1/rings/none/accounts", 404),
        ("/v1/entities/account:none", 404),
        ("/v1/entities/account:none/neighbours", 404),
        ("/v1/entities/spoon:x", 422),
        ("/v1/entities/x", 422),
        ("/v1/rings?cursor=%00", 422),
        ("/v1/rings?min_score=2", 422),
        ("/v1/entities/account:x/neighbours?limit=201", 422),
        ("/v1/entities/account:x/neighbours?kind=spoon", 422),
    ],
)
def test_what_is_not_there_or_not_a_name_is_a_problem(
    client: TestClient, path: str, status: int
) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bad_neighbours_cursor_is_the_callers_fault(client: TestClient, home: Home) -> None:
    url = f"/v1/entities/account:{home.rings.rings[0].members[0].account_id}/neighbours"

    assert client.get(url, params={"cursor": "!!!"}).status_code == 422


def test_a_new_generation_is_seen_at_once(client: TestClient, service: Service, home: Home) -> None:
    assert client.get("/v1/rings").json()["total"] == 3
    later = home.world.town.end + 1
    rings = rings_of(home.world, later)
    table, members = rings.tables()
    nothing = pa.table({"key": pa.array([], pa.string())})

    service.store.publish(Generation(2, later, {"account": nothing}, table.slice(0, 1), members))

    assert client.get("/v1/rings").json()["total"] == 1
    assert len(client.get("/").text.split("campaign-02")) == 1


def test_the_service_is_ready_and_alive(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    ready = client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert set(ready["checks"].values()) == {"ok"}
