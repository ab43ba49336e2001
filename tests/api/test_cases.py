"""The case loop over HTTP: decisions, their dry run and undo, notes, views, appeals, the sample."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.serving.service import Service
from graph.ledger import handover
from graph.ledger.port import Role
from graph.rings.model import Rings
from graph.store import Generation
from tests.api.small_home import Home, bearer, newcomer


@pytest.fixture
def ring(home: Home) -> str:
    return home.rings.rings[0].ring_id


@pytest.fixture
def members(home: Home) -> list[str]:
    return [member.account_id for member in home.rings.rings[0].members]


@pytest.fixture
def other(service: Service) -> TestClient:
    """Another investigator."""
    headers = bearer(service, name="other", role=Role.INVESTIGATOR)
    return TestClient(create_app(service), raise_server_exceptions=False, headers=headers)


def decided(client: TestClient, ring: str, action: str = "ban", **more: Any) -> dict[str, Any]:
    body = {"action": action, "reason": "one card pays for all", **more}
    answer = client.post(f"/v1/rings/{ring}/decisions", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def labels_of(service: Service, account: str) -> list[tuple[str, str]]:
    rows = service.journal.read("labels").to_pylist()
    return [(row["verdict"], row["source"]) for row in rows if row["account_id"] == account]


def actions_on(service: Service, account: str) -> list[str]:
    rows = service.journal.read("enforcements").to_pylist()
    return [row["action"] for row in rows if row["account_id"] == account]


def test_a_dry_run_says_whom_it_would_touch_and_changes_nothing(
    client: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    said = decided(client, ring, dry_run=True, block_identifiers=True)

    assert said["id"] is None
    assert said["affected"] == len(members)
    assert said["identifiers"]
    assert set(said["blocked_identifiers"]) <= {one["id"] for one in said["identifiers"]}
    assert client.get(f"/v1/rings/{ring}").json()["status"] == "open"
    assert not actions_on(service, members[0])


def test_collateral_names_those_who_belong_weakly_and_how_many_others_use_a_thing(
    client: TestClient, home: Home, service: Service, ring: str
) -> None:
    said = decided(client, ring, dry_run=True)

    own = home.rings.rings[0]
    weak = {f"account:{m.account_id}" for m in own.members if m.strength < 0.5}
    assert weak <= {one["id"] for one in said["honest_looking"]}
    for one in said["identifiers"][:5]:
        users = service.store.degrees([one["id"]])[one["id"]]["account"]
        inside = {m.account_id for m in own.members}
        page = service.store.neighbours(one["id"], kind="account", limit=200, cursor=None)
        keys = set(page.piece.nodes["account"]["key"].to_pylist())  # type: ignore[index]
        assert one["others"] == len(keys - inside) == users - len(keys & inside)


def test_a_ban_is_a_label_an_enforcement_a_case_and_a_link_of_the_chain(
    client: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    made = decided(client, ring)

    assert made["state"] == "done"
    assert labels_of(service, members[0]) == [("fraud", "investigator")]
    assert actions_on(service, members[0]) == ["ban"]
    assert client.get(f"/v1/rings/{ring}").json()["status"] == "acted"
    page = client.get("/v1/audit", params={"subject": f"ring:{ring}"}).json()
    assert page["items"][0]["action"] == "ring.decide"
    assert page["items"][0]["detail"]["decision_id"] == made["id"]
    status = service.store.neighbourhood([f"account:{members[0]}"]).nodes["account"]  # type: ignore[index]
    assert "banned" in status["status"].to_pylist()


def test_dismissing_says_legitimate_and_confirming_says_fraud_without_enforcement(
    client: TestClient, service: Service, home: Home
) -> None:
    first, second = home.rings.rings[0], home.rings.rings[1]

    decided(client, first.ring_id, "dismiss")
    decided(client, second.ring_id, "confirm")

    account = first.members[0].account_id
    assert labels_of(service, account) == [("legitimate", "investigator")]
    account = second.members[0].account_id
    assert labels_of(service, account) == [("fraud", "investigator")]
    assert actions_on(service, account) == []


def test_a_ban_of_some_leaves_the_others_alone(
    client: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    made = decided(client, ring, account_ids=[f"account:{members[0]}", members[1]])

    assert made["affected"] == 2
    assert actions_on(service, members[2]) == []


def test_who_is_not_in_the_ring_cannot_be_banned_with_it(client: TestClient, ring: str) -> None:
    body = {"action": "ban", "reason": "x", "account_ids": ["stranger"]}

    answer = client.post(f"/v1/rings/{ring}/decisions", json=body)

    assert answer.status_code == 422
    assert "stranger" in answer.json()["detail"]


def test_protected_accounts_are_left_alone_and_named(
    client: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    entry = {"list": "protected", "entity_id": f"account:{members[0]}", "reason": "staff test"}
    assert client.post("/v1/lists", json=entry).status_code == 200

    made = decided(client, ring)

    assert made["protected"] == [{"id": f"account:{members[0]}", "why": "staff test"}]
    assert actions_on(service, members[0]) == []
    assert labels_of(service, members[0]) == []


def test_banning_twice_finds_them_banned_already(
    client: TestClient, ring: str, members: list[str]
) -> None:
    decided(client, ring)

    again = decided(client, ring)

    assert (again["affected"], again["already"]) == (0, len(members))


def test_a_ring_that_changed_meanwhile_is_a_conflict_that_says_who_came_and_went(
    client: TestClient, service: Service, home: Home
) -> None:
    old = home.rings.rings[0]
    left, stranger = old.members[-1], home.rings.rings[1].members[0]
    changed = old.__class__(
        **{**{name: getattr(old, name) for name in old.__slots__},
           "version": old.version + 1, "members": (*old.members[:-1], stranger)}
    )  # fmt: skip
    at = home.world.town.end + 2
    table, rows = Rings(at, (changed, *home.rings.rings[1:])).tables()
    service.store.publish(Generation(2, at, {}, table, rows))

    body = {"action": "ban", "reason": "x", "expected_version": old.version}
    answer = client.post(f"/v1/rings/{old.ring_id}/decisions", json=body)

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["current_version"] == old.version + 1
    assert problem["added"] == [stranger.account_id]
    assert problem["removed"] == [left.account_id]


def test_one_idempotency_key_decides_once(
    client: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    headers = {"Idempotency-Key": "k1"}
    body = {"action": "ban", "reason": "one card"}

    answers = [
        client.post(f"/v1/rings/{ring}/decisions", json=body, headers=headers) for _ in range(2)
    ]
    another = client.post(
        f"/v1/rings/{ring}/decisions", json={**body, "action": "limit"}, headers=headers
    )

    assert answers[0].json() == answers[1].json()
    assert actions_on(service, members[0]) == ["ban"]
    assert another.status_code == 409


def test_an_undo_takes_everything_back(
    client: TestClient, service: Service, home: Home, ring: str, members: list[str]
) -> None:
    made = decided(client, ring, block_identifiers=True)
    assert made["blocked_identifiers"]

    undone = client.post(f"/v1/decisions/{made['id']}/undo", json={"reason": "mistake"}).json()

    assert undone["restored"] == len(members)
    assert undone["not_restored"] == []
    assert labels_of(service, members[0]) == []
    assert actions_on(service, members[0]) == ["ban", "reinstate"]
    assert client.get("/v1/lists").json()["items"] == []
    assert client.get(f"/v1/rings/{ring}").json()["status"] == "open"
    again = client.post(f"/v1/decisions/{made['id']}/undo", json={"reason": "twice"})
    assert again.status_code == 409


def test_an_undo_leaves_what_somebody_decided_since(
    client: TestClient, home: Home, ring: str, members: list[str]
) -> None:
    first = decided(client, ring, "limit")
    decided(client, ring, "ban", account_ids=[members[0]])

    undone = client.post(f"/v1/decisions/{first['id']}/undo", json={"reason": "mistake"}).json()

    kept = {one["id"]: one["why"] for one in undone["not_restored"]}
    assert members[0] in {identity.removeprefix("account:") for identity in kept}
    assert undone["restored"] == len(members) - 1


def test_after_fifteen_minutes_there_is_no_undo(
    client: TestClient, service: Service, ring: str
) -> None:
    made = decided(client, ring)
    now = service.clock()
    service.office.clock = lambda: now + 16 * 60_000_000

    answer = client.post(f"/v1/decisions/{made['id']}/undo", json={"reason": "late"})

    assert answer.status_code == 409


def test_with_four_eyes_nothing_happens_before_the_second_person(
    client: TestClient, other: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    service.office.second_from = 2
    made = decided(client, ring)
    assert made["state"] == "waiting"
    assert actions_on(service, members[0]) == []
    word = {"approve": True, "reason": "seen"}

    alone = client.post(f"/v1/decisions/{made['id']}/approval", json=word)
    waiting = other.get("/v1/decisions/waiting").json()["items"]
    both = other.post(f"/v1/decisions/{made['id']}/approval", json=word)

    assert alone.status_code == 403
    assert [one["id"] for one in waiting] == [made["id"]]
    assert both.json()["state"] == "done"
    assert actions_on(service, members[0]) == ["ban"]


def test_a_decision_owed_to_the_journal_is_handed_over_when_it_is_back(
    client: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    def gone(_: object) -> None:
        raise sqlite3.OperationalError("gone")

    told, service.office._tell = service.office._tell, None
    decided(client, ring)
    assert labels_of(service, members[0]) == []
    with service.office.ledger.reading() as book:
        assert handover.waiting(book) > 0

    service.office.tell(told)  # type: ignore[arg-type]
    service.office.hand_over()

    assert labels_of(service, members[0]) == [("fraud", "investigator")]
    with service.office.ledger.reading() as book:
        assert handover.waiting(book) == 0


def test_a_case_is_assigned_and_snoozed_by_who_saw_its_latest_state(
    client: TestClient, ring: str
) -> None:
    seen = client.get(f"/v1/rings/{ring}").json()["case_version"]
    url, stale = f"/v1/rings/{ring}", {"If-Match": f'"{seen}"'}
    until = "2999-01-01T00:00:00Z"

    first = client.patch(url, json={"assignee": "jo"}, headers=stale)
    second = client.patch(url, json={"assignee": "mo"}, headers=stale)
    fresh = {"If-Match": first.headers["etag"]}
    third = client.patch(url, json={"status": "snoozed", "snooze_until": until}, headers=fresh)

    assert first.json()["assignee"] == "jo"
    assert second.status_code == 412
    assert second.json()["current_version"] == seen + 1
    assert third.json()["status"] == "snoozed"
    assert third.json()["assignee"] == "jo"


def test_notes_keep_every_reading_and_no_address(
    client: TestClient, other: TestClient, ring: str
) -> None:
    text = "Wrote to ada@example.org from 203.0.113.7, card 4111 1111 1111 1111"
    note = client.post(f"/v1/rings/{ring}/notes", json={"text": text}).json()

    client.patch(f"/v1/notes/{note['id']}", json={"text": "Second thoughts"})
    foreign = other.patch(f"/v1/notes/{note['id']}", json={"text": "Mine now"})

    assert foreign.status_code == 403
    said = client.get(f"/v1/rings/{ring}/notes").json()["items"]
    assert [(one["text"], one["revisions"]) for one in said] == [("Second thoughts", 2)]
    readings = client.get(f"/v1/notes/{note['id']}/revisions").json()["items"]
    assert readings[0]["text"] == "Wrote to [removed] from [removed], card [removed]"


def test_views_are_ones_own_unless_shared(client: TestClient, other: TestClient) -> None:
    mine = client.post("/v1/views", json={"name": "a", "state": {"seed": "ring:r1"}}).json()
    ours = client.post("/v1/views", json={"name": "b", "state": {}, "shared": True}).json()

    seen = [view["id"] for view in other.get("/v1/views").json()["items"]]
    opened = other.get(f"/v1/views/{mine['id']}").json()
    dropped = other.delete(f"/v1/views/{ours['id']}")

    assert seen == [ours["id"]]
    assert opened["state"] == {"seed": "ring:r1"}
    assert dropped.status_code == 404


def test_an_appeal_that_is_overturned_reinstates_by_another_person(
    client: TestClient, other: TestClient, service: Service, ring: str, members: list[str]
) -> None:
    decided(client, ring)
    asked = {"account_id": members[0], "statement": "I am one person; call +49 30 1234567"}
    appeal = client.post("/v1/appeals", json=asked).json()
    word = {"outcome": "overturn", "reason": "a shared flat"}

    again = client.post("/v1/appeals", json=asked)
    own = client.post(f"/v1/appeals/{appeal['id']}/decision", json=word)
    done = other.post(f"/v1/appeals/{appeal['id']}/decision", json=word)

    assert "1234567" not in appeal["statement"]
    assert again.status_code == 409
    assert own.status_code == 403
    assert done.json()["outcome"] == "overturn"
    assert labels_of(service, members[0])[-1] == ("legitimate", "appeal")
    assert actions_on(service, members[0]) == ["ban", "reinstate"]
    assert client.get("/v1/appeals").json()["items"] == []


def test_the_sample_draws_unflagged_accounts_and_their_verdicts_are_labels(
    client: TestClient, service: Service, home: Home
) -> None:
    drawn = client.post("/v1/audit-sample", json={"size": 5}).json()["items"]
    account = drawn[0]["account_id"]

    waiting = client.get("/v1/audit-sample").json()["items"]
    url = f"/v1/audit-sample/{account}/decision"
    judged = client.post(url, json={"verdict": "legitimate", "reason": "a family"})
    again = client.post(url, json={"verdict": "fraud", "reason": "no"})

    flagged = {m.account_id for r in home.rings if r.flagged for m in r.members}
    assert len(drawn) == 5 == len(waiting)
    assert not flagged & {one["account_id"] for one in drawn}
    assert 0 < drawn[0]["chance"] < 1
    assert judged.json()["verdict"] == "legitimate"
    assert labels_of(service, account) == [("legitimate", "audit")]
    assert again.status_code == 409


def test_a_chargeback_is_a_label_of_its_moment(
    client: TestClient, service: Service, home: Home
) -> None:
    account = str(home.signups[0]["account_id"])
    body = {"account_id": account, "verdict": "fraud", "source": "chargeback"}

    past = client.post("/v1/labels", json={**body, "decided_at": "2020-01-01T00:00:00Z"})
    future = client.post("/v1/labels", json={**body, "decided_at": "2999-01-01T00:00:00Z"})

    assert past.json()["decided_at"] == "2020-01-01T00:00:00Z"
    assert labels_of(service, account) == [("fraud", "chargeback")]
    assert future.status_code == 422


def test_a_block_changes_the_next_signup_and_is_named(
    client: TestClient, service: Service, home: Home
) -> None:
    url, body = "/v1/signups/score", newcomer(home, dry_run=True, email="eve@private.example")
    before = client.post(url, json=body).json()
    entry = {"list": "block", "kind": "mailbox", "value": "eve@private.example", "reason": "ring"}

    made = client.post("/v1/lists", json=entry).json()
    blocked = client.post(url, json=body).json()
    client.delete(f"/v1/lists/{made['id']}")
    after = client.post(url, json=body).json()

    assert "eve" not in made["entity_id"]
    assert before["decision"] != "deny"
    assert (blocked["score"], blocked["decision"], blocked["band"]) == (1.0, "deny", "critical")
    assert blocked["reasons"][0]["code"] == "block_list"
    assert after["score"] == before["score"]


def test_an_entry_that_has_expired_holds_no_more(
    client: TestClient, service: Service, home: Home
) -> None:
    now = service.clock()
    moment = datetime.fromtimestamp((now + 60_000_000) / 1e6, UTC).isoformat()
    body = newcomer(home, dry_run=True)
    entity = {"kind": "account", "value": "newcomer-1"}
    entry = {"list": "block", **entity, "reason": "for a minute", "expires_at": moment}
    client.post("/v1/lists", json=entry)

    held = client.post("/v1/signups/score", json=body).json()
    service.clock = service.office.clock = service.scoring._clock = lambda: now + 61_000_000
    later = client.post("/v1/signups/score", json=body).json()

    assert held["decision"] == "deny"
    assert later["decision"] != "deny"
    assert client.get("/v1/lists").json()["items"] == []


def test_only_a_lead_lets_pass_or_protects(client: TestClient, other: TestClient) -> None:
    entry = {"entity_id": "account:a-1", "reason": "known to us"}

    answers = {
        name: other.post("/v1/lists", json={**entry, "list": name}).status_code
        for name in ("block", "allow", "protected")
    }

    assert answers == {"block": 200, "allow": 403, "protected": 403}


def test_who_pulls_misses_nothing_and_gets_nothing_twice(client: TestClient, home: Home) -> None:
    start = client.get("/v1/decisions").json()["next_cursor"]
    first = decided(client, home.rings.rings[0].ring_id)
    client.post(f"/v1/decisions/{first['id']}/undo", json={"reason": "mistake"})
    decided(client, home.rings.rings[1].ring_id, "confirm")

    seen, cursor = [], start
    while page := client.get("/v1/decisions", params={"cursor": cursor, "limit": 1}).json():
        if not page["items"]:
            break
        seen += page["items"]
        cursor = page["next_cursor"]

    assert [one["type"] for one in seen] == ["decision.made", "decision.undone", "decision.made"]
    assert seen[0]["data"]["decision_id"] == first["id"]


def test_the_audit_as_csv_is_safe_in_a_sheet_and_is_logged(client: TestClient, ring: str) -> None:
    decided(client, ring, "watch")

    sheet = client.get("/v1/audit.csv")

    assert sheet.headers["content-type"].startswith("text/csv")
    lines = sheet.text.splitlines()
    assert lines[0] == "seq,at,actor,action,subject,detail,digest"
    assert not [line for line in lines if line.split(",")[2][:1] in "=+-@"]
    assert client.get("/v1/audit").json()["items"][0]["action"] == "audit.export"
