"""Cases made by hand over HTTP: in the queue, read as a ring, decided on, gone with an erasure."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.serving.service import Service
from graph.ledger.erase import erase
from graph.ledger.port import Role
from graph.store import Generation
from tests.api.small_home import Home, bearer

REASON = "They joined from one link and write alike"


@pytest.fixture
def chosen(home: Home) -> list[str]:
    """Accounts of two rings: no refresh found just these."""
    first, second = home.rings.rings[:2]
    return [m.account_id for ring in (first, second) for m in ring.members[:3]]


def gathered(client: TestClient, accounts: list[str], **more: Any) -> dict[str, Any]:
    answer = client.post("/v1/cases", json={"account_ids": accounts, "reason": REASON, **more})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_case_made_by_hand_stands_in_the_queue_with_its_reason_and_no_weight(
    client: TestClient, chosen: list[str]
) -> None:
    made = gathered(client, [f"account:{chosen[0]}", *chosen[1:], chosen[1]])

    queue = client.get("/v1/rings", params={"flagged": True}).json()["items"]
    (mine,) = [ring for ring in queue if ring["id"] == made["id"]]
    assert mine["accounts"] == len(chosen)
    assert mine["verdict"] == "by hand"
    assert [reason["weight"] for reason in made["reasons"]] == [0.0]
    assert REASON in made["reasons"][0]["text"]
    held = [
        client.get(f"/v1/entities/account:{account}").json()["score"] or 0.0 for account in chosen
    ]
    assert mine["score"] == pytest.approx(sum(held) / len(held), abs=1e-5)


@pytest.mark.parametrize(
    "part", ["", "/graph", "/graph?detail=all", "/shared", "/timeline", "/accounts", "/events"]
)
def test_each_part_of_a_rings_page_answers_for_a_case_made_by_hand(
    client: TestClient, chosen: list[str], part: str
) -> None:
    made = gathered(client, chosen)

    answer = client.get(f"/v1/rings/{made['id']}{part}")

    assert answer.status_code == 200, answer.text
    if part == "/accounts":
        assert {row["account_id"] for row in answer.json()["items"]} == set(chosen)


def test_it_can_be_imagined_without_an_account(client: TestClient, chosen: list[str]) -> None:
    made = gathered(client, chosen)

    answer = client.post(
        f"/v1/rings/{made['id']}/whatif", json={"without": [f"account:{chosen[0]}"]}
    )

    assert answer.status_code == 200, answer.text


def test_a_ban_of_a_case_made_by_hand_bans_its_accounts_and_can_be_undone(
    client: TestClient, service: Service, chosen: list[str]
) -> None:
    made = gathered(client, chosen)

    body = {"action": "ban", "reason": "one hand", "expected_version": made["version"]}
    said = client.post(f"/v1/rings/{made['id']}/decisions", json=body).json()

    assert said["affected"] == len(chosen)
    rows = service.journal.read("enforcements").to_pylist()
    assert set(chosen) <= {row["account_id"] for row in rows if row["action"] == "ban"}
    assert client.get(f"/v1/rings/{made['id']}").json()["status"] == "acted"
    undone = client.post(f"/v1/decisions/{said['id']}/undo", json={"reason": "wrong"}).json()
    assert undone["restored"] == len(chosen)


def test_it_outlives_a_refresh_and_its_making_is_a_link_of_the_chain(
    client: TestClient, service: Service, chosen: list[str]
) -> None:
    made = gathered(client, chosen)
    number, as_of = service.store.generation()

    service.store.publish(Generation(number + 1, as_of + 1))

    assert client.get(f"/v1/rings/{made['id']}").json()["accounts"] == len(chosen)
    links = client.get("/v1/audit", params={"subject": f"ring:{made['id']}"}).json()["items"]
    assert [link["action"] for link in links] == ["case.gather"]
    assert links[0]["detail"]["reason"] == REASON


def test_an_erased_account_leaves_the_case_and_the_others_stay(
    client: TestClient, service: Service, chosen: list[str]
) -> None:
    made = gathered(client, chosen)
    client.get("/v1/rings")

    with service.office.ledger.writing() as book:
        erase(book, chosen[0])

    rows = client.get(f"/v1/rings/{made['id']}/accounts").json()["items"]
    assert {row["account_id"] for row in rows} == set(chosen[1:])
    (mine,) = [r for r in client.get("/v1/rings").json()["items"] if r["id"] == made["id"]]
    assert mine["accounts"] == len(chosen) - 1


@pytest.mark.parametrize("accounts", [[], ["one"], ["nobody-1", "nobody-2"], ["x"] * 501], ids=len)
def test_what_is_no_case_is_refused(client: TestClient, accounts: list[str]) -> None:
    answer = client.post("/v1/cases", json={"account_ids": accounts, "reason": REASON})

    assert answer.status_code == 422


def test_one_account_twice_is_no_case(client: TestClient, chosen: list[str]) -> None:
    body = {"account_ids": [chosen[0], f"account:{chosen[0]}"], "reason": REASON}

    assert client.post("/v1/cases", json=body).status_code == 422


def test_a_viewer_makes_no_case(client: TestClient, service: Service, chosen: list[str]) -> None:
    headers = bearer(service, name="looks", role=Role.VIEWER)

    answer = client.post(
        "/v1/cases", json={"account_ids": chosen, "reason": REASON}, headers=headers
    )

    assert answer.status_code == 403


def test_an_id_that_looks_like_a_case_and_is_none_is_not_there(client: TestClient) -> None:
    assert client.get("/v1/rings/case-none").status_code == 404
    body = {"action": "ban", "reason": "why"}
    assert client.post("/v1/rings/case-none/decisions", json=body).status_code == 404
