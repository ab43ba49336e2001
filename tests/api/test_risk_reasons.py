"""Why an account that calls for action has its score, over HTTP, by the refresh that is shown."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.serving.service import Service
from graph.rings.record import ACCOUNTS, FOLDER
from tests.api.small_home import Home

REASON = {
    "code": "company_share", "sentence": "The company it keeps", "observed": "97 %",
    "usual": "1 %", "weight": 3.5, "family": "mates", "entities": ["device:d1", "ip:i1"],
}  # fmt: skip


@pytest.fixture
def kept(home: Home) -> Path:
    folder = home.settings.refresh_path.with_name(FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / ACCOUNTS


def told_of(client: TestClient, home: Home) -> list[dict[str, object]]:
    member = home.rings.flagged[0].members[0].account_id
    answer = client.get(f"/v1/accounts/{member}/risk")
    assert answer.status_code == 200
    found: list[dict[str, object]] = answer.json()["reasons"]
    return [reason for reason in found if reason["code"] == REASON["code"]]


def leave(path: Path, home: Home, as_of: int) -> None:
    member = home.rings.flagged[0].members[0].account_id
    told = {member: {"reasons": [REASON], "counter_evidence": []}}
    path.write_text(json.dumps({"as_of": as_of, "accounts": told}), encoding="utf-8")


def test_the_entities_that_carried_the_networks_part_are_named(
    client: TestClient, home: Home, service: Service, kept: Path
) -> None:
    before = told_of(client, home)

    leave(kept, home, service.store.generation()[1])

    (told,) = told_of(client, home)
    assert before == []
    assert told["entity_ids"] == ["device:d1", "ip:i1"]
    assert told["weight"] == 3.5


def test_reasons_of_another_refresh_are_not_shown(
    client: TestClient, home: Home, service: Service, kept: Path
) -> None:
    leave(kept, home, service.store.generation()[1] - 1)

    assert told_of(client, home) == []


def test_a_file_that_cannot_be_read_takes_no_answer_away(
    client: TestClient, home: Home, service: Service, kept: Path
) -> None:
    kept.write_text("{half a file", encoding="utf-8")

    assert told_of(client, home) == []
