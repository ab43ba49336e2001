"""Events, outcomes, batches and an account's risk, over HTTP on a real small world."""

import json

import pytest
from fastapi.testclient import TestClient

from api.serving.service import Service
from tests.api.small_home import Home, newcomer

EVENTS, SCORE = "/v1/events", "/v1/signups/score"
NDJSON = {"content-type": "application/x-ndjson"}


def visit(account: str, event: str = "e1", **more: object) -> dict[str, object]:
    row = {
        "event_id": event, "account_id": account, "occurred_at": "2026-03-01T10:00:00Z",
        "ip": "93.184.0.7", "device_id": "a laptop", **more,
    }  # fmt: skip
    return {"table": "sessions", "row": row}


def lines(*rows: object) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def test_an_event_is_in_the_graph_soon_after(
    client: TestClient, home: Home, service: Service
) -> None:
    account = home.signups[0]["account_id"]
    before = service.journal.counts()["sessions"]

    answer = client.post(EVENTS, json=visit(account))

    assert answer.json() == {"accepted": 1, "refused": []}
    assert service.settled()
    assert service.journal.counts()["sessions"] == before + 1
    piece = service.store.neighbourhood([f"account:{account}"])
    device = service.door.pseudonyms.of("device", "a laptop")
    assert f"device:{device}" in piece.near.entities


def test_a_batch_takes_what_fits_and_says_what_does_not(
    client: TestClient, service: Service
) -> None:
    body = lines(
        visit("a1"),
        {"table": "shoes", "row": {}},
        visit("a1", "e2", ip="secret-address"),
        "no object",
        visit("a2", "e3"),
    )

    told = client.post(EVENTS, content=body + b"\n{broken", headers=NDJSON).json()

    assert told["accepted"] == 2
    assert [(r["row"], r["reason"]) for r in told["refused"]] == [
        (2, "unknown_table"), (3, "contract"), (4, "unreadable_row"), (6, "unreadable_row"),
    ]  # fmt: skip
    assert told["refused"][1]["column"] == "ip"
    assert "secret" not in json.dumps(told)


def test_the_same_events_again_change_nothing(client: TestClient, service: Service) -> None:
    body = lines(*(visit("a1", f"e{n}") for n in range(20)))

    for _ in range(3):
        assert client.post(EVENTS, content=body, headers=NDJSON).json()["accepted"] == 20

    assert service.settled()
    rows = service.journal.read("sessions", columns=["event_id"])["event_id"].to_pylist()
    assert len([row for row in rows if row.startswith("e") and row[1:].isdigit()]) == 20


def test_every_table_of_the_contract_is_taken(client: TestClient, service: Service) -> None:
    moment = "2026-03-01T10:00:00Z"
    rows = [
        {"table": "payments", "row": {
            "event_id": "p1", "account_id": "a1", "occurred_at": moment, "amount_usd": 20,
            "payment_method_id": "pm1", "kind": "card", "outcome": "succeeded"}},
        {"table": "requests", "row": {
            "request_id": "r1", "account_id": "a1", "occurred_at": moment, "model": "m",
            "prompt": "Solve the riddle of the sphinx step by step", "prompt_tokens": 9,
            "completion_tokens": 90}},
        {"table": "enforcements", "row": {
            "event_id": "b1", "account_id": "a1", "occurred_at": moment, "action": "ban"}},
        {"table": "labels", "row": {
            "account_id": "a1", "decided_at": moment, "verdict": "fraud", "source": "audit"}},
        {"table": "model_releases", "row": {"model": "m", "released_at": moment}},
    ]  # fmt: skip
    before = service.journal.counts()

    told = client.post(EVENTS, content=lines(*rows), headers=NDJSON).json()

    assert told == {"accepted": 5, "refused": []}
    assert service.settled()
    after = service.journal.counts()
    for row in rows:
        assert after[row["table"]] == before[row["table"]] + 1, row["table"]


def test_the_same_key_and_body_get_the_same_bytes(client: TestClient, home: Home) -> None:
    key = {"Idempotency-Key": "order-17"}
    first = client.post(SCORE, json=newcomer(home), headers=key)

    again = client.post(SCORE, json=newcomer(home), headers=key)
    other = client.post(SCORE, json=newcomer(home, plan="other"), headers=key)

    assert again.content == first.content
    assert other.status_code == 422
    assert other.json()["type"] == "urn:ringsight:error:KeyReused"


def test_a_batch_answers_in_order_and_names_what_it_cannot_read(
    client: TestClient, home: Home
) -> None:
    good, bad = newcomer(home), newcomer(home, account_id="n2", ip="nowhere")

    told = client.post(f"{SCORE}/batch", json={"signups": [good, bad, good]}).json()["items"]

    assert [item["error"] is None for item in told] == [True, False, True]
    assert told[0]["assessment"]["score"] == told[2]["assessment"]["score"]
    assert "signups.ip" in told[1]["error"]


@pytest.mark.parametrize("opened", [True, False])
def test_a_denied_applicant_enters_the_graph_only_when_the_account_was_opened(
    client: TestClient, home: Home, service: Service, opened: bool
) -> None:
    body = newcomer(home)
    entry = {"list": "block", "entity_id": "account:newcomer-1", "reason": "a test of denial"}
    assert client.post("/v1/lists", json=entry).status_code == 200
    before = service.store.counts()["account"]
    answer = client.post(SCORE, json=body).json()

    outcome = "opened" if opened else "not_opened"
    report = {"request_id": answer["request_id"], "outcome": outcome, "at": "2026-03-01T10:00:00Z"}
    told = client.post("/v1/outcomes", json=report).json()
    again = client.post("/v1/outcomes", json=report).json()

    assert answer["decision"] == "deny"
    assert told == {"new": True, "released": int(opened)}
    assert again == {"new": False, "released": 0}
    assert service.settled()
    assert service.store.counts()["account"] == before + int(opened)


def test_an_outcome_of_fraud_becomes_a_label_of_training(
    client: TestClient, home: Home, service: Service
) -> None:
    answer = client.post(SCORE, json=newcomer(home)).json()
    report = {
        "request_id": answer["request_id"], "outcome": "fraud", "at": "2026-03-01T10:00:00Z",
    }  # fmt: skip

    assert client.post("/v1/outcomes", json=report).status_code == 200

    service.office.settle()
    labels = service.journal.read("labels").to_pylist()
    assert [(row["account_id"], row["verdict"]) for row in labels] == [("newcomer-1", "fraud")]


def test_an_outcome_of_nothing_is_not_found(client: TestClient) -> None:
    report = {"request_id": "0" * 32, "outcome": "opened", "at": "2026-03-01T10:00:00Z"}

    assert client.post("/v1/outcomes", json=report).status_code == 404


def test_an_accounts_risk_names_its_ring_and_its_latest_answer(
    client: TestClient, home: Home, service: Service
) -> None:
    ring = home.rings.flagged[0]
    member = ring.members[0].account_id
    answer = client.post(SCORE, json=newcomer(home)).json()
    assert service.settled()

    known = client.get(f"/v1/accounts/{member}/risk").json()
    fresh = client.get("/v1/accounts/newcomer-1/risk").json()

    assert known["score"] == 0.9
    assert known["ring"]["id"] == ring.ring_id
    assert fresh["known"] is True
    assert fresh["score"] is None
    assert fresh["signup"]["request_id"] == answer["request_id"]
    assert client.get("/v1/accounts/nobody-known/risk").status_code == 404
