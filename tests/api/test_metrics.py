"""What an operator sees: figures, readiness that means it, and logs without personal data."""

import json
import logging

import pytest
from fastapi.testclient import TestClient

from api.logs import JsonLines
from api.serving.service import Bounds, Service
from tests.api.small_home import Home, newcomer

SCORE = "/v1/signups/score"


def figures(client: TestClient) -> dict[str, float]:
    found = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def test_every_answer_is_counted_by_decision_and_timed_by_stage(
    client: TestClient, home: Home, service: Service
) -> None:
    for number in range(3):
        client.post(SCORE, json=newcomer(home, account_id=f"n{number}"))
    client.post("/v1/events", content=b"no event")
    assert service.settled()

    told = figures(client)

    decided = {n: v for n, v in told.items() if n.startswith("ringsight_signup_decisions_total")}
    assert sum(decided.values()) == 3
    for stage in ("clean", "queue", "score", "record", "total"):
        assert told[f'ringsight_signup_seconds_count{{stage="{stage}"}}'] == 3
    assert told['ringsight_events_total{result="refused"}'] == 1
    assert told["ringsight_outbox_depth"] == told["ringsight_outbox_lag_seconds"] == 0


def test_figures_name_no_account(client: TestClient, home: Home) -> None:
    client.post(SCORE, json=newcomer(home, email="ada.lovelace@example.org"))

    text = client.get("/metrics").text

    assert "newcomer" not in text
    assert "lovelace" not in text


def test_past_the_stated_depth_callers_are_told_to_come_again(
    client: TestClient, home: Home, service: Service
) -> None:
    service.bounds = Bounds(outbox_most=0)

    answer = client.post(SCORE, json=newcomer(home))
    dry = client.post(SCORE, json=newcomer(home, dry_run=True))
    ready = client.get("/readyz")

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["type"] == "urn:ringsight:error:Overloaded"
    assert dry.status_code == 200
    assert ready.status_code == 503
    assert "outbox" in ready.json()["checks"]


def test_a_log_line_is_json_and_tells_of_an_error_its_class_and_place_only() -> None:
    try:
        raise KeyError("ada@example.org")
    except KeyError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("ringsight", logging.ERROR, "f", 1, "%s failed", ("it",), info)

    line = JsonLines().format(record)

    told = json.loads(line)
    assert (told["level"], told["message"], told["error"]) == ("error", "it failed", "KeyError")
    assert "test_metrics.py" in told["place"]
    assert "ada" not in line


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_need_no_key(client: TestClient, path: str) -> None:
    assert client.get(path, headers={"authorization": ""}).status_code == 200


def test_figures_need_a_key(client: TestClient) -> None:
    assert client.get("/metrics", headers={"authorization": ""}).status_code == 401
