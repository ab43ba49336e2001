"""The serving side of the pipeline: rollback under load, the shadow, and what the console reads."""

import json
import threading
import time

import numpy as np
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.serving.champion import Champion
from api.serving.service import Service
from api.serving.shadow import Shadow
from api.weekly.told import gauges
from api.workshop import shelf_of
from gnn.assess import Assessment
from gnn.features import SIGNUP_COLUMNS
from gnn.shelf import Shelf
from graph.errors import BundleUnsigned
from tests.api.small_home import KEY, Home, bearer, newcomer, tiny_bundle

URL = "/v1/signups/score"
BUDGET_MS = 10_000


@pytest.fixture
def shelf(home: Home) -> Shelf:
    return shelf_of(home.settings, sign=True)


def _eventually(met, patience_s: float = 30.0) -> bool:
    deadline = time.monotonic() + patience_s
    while not met() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(met())


def test_promotions_and_rollbacks_under_load_fail_no_request(
    client: TestClient, home: Home, shelf: Shelf
) -> None:
    old, new = shelf.current(), tiny_bundle(seed=5)
    replies: list[tuple[int, bool, str | None]] = []
    # Time enough on any machine: what is asked is whether a turn leaves anybody without a model.
    body = newcomer(home, dry_run=True, budget_ms=BUDGET_MS)
    going = threading.Event()
    going.set()

    def ask() -> None:
        while going.is_set():
            answer = client.post(URL, json=body)
            told = answer.json()
            replies.append((answer.status_code, told.get("degraded"), told.get("model_version")))

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        assert _eventually(lambda: len(replies) > 20)
        shelf.put(new)
        assert _eventually(lambda: replies[-1][2] == new.version)
        shelf.rollback()
        before = len(replies)
        assert _eventually(lambda: replies[-1][2] == old and len(replies) > before + 20)
    finally:
        going.clear()
        for caller in callers:
            caller.join()

    assert {status for status, _, _ in replies} == {200}
    assert not any(degraded for _, degraded, _ in replies)
    assert {version for _, _, version in replies} == {old, new.version}


def test_a_bundle_that_nobody_signed_is_not_taken_up(
    client: TestClient, home: Home, shelf: Shelf
) -> None:
    good = client.post(URL, json=newcomer(home, dry_run=True)).json()["model_version"]

    Shelf(shelf.folder).put(tiny_bundle(seed=6))  # no signer
    client.app.state.service.champion.settled()  # type: ignore[attr-defined]

    reply = client.post(URL, json=newcomer(home, dry_run=True)).json()
    assert reply["model_version"] == good
    trouble = client.get("/v1/pipeline").json()["trouble"]
    assert trouble.startswith(BundleUnsigned.__name__)


def _found(score: float) -> Assessment:
    row = np.zeros(len(SIGNUP_COLUMNS), np.float32)
    told = Assessment.__new__(Assessment)
    object.__setattr__(told, "row", row)
    object.__setattr__(told, "score", score)
    return told


def test_the_shadow_counts_what_it_would_have_decided(home: Home, shelf: Shelf, tmp_path) -> None:
    challenger = tiny_bundle(seed=7)
    shelf.add(challenger)
    shelf.stand_in(challenger.version)

    with Shadow(shelf, Champion(shelf), tmp_path / "shadow") as shadow:
        for number in range(50):
            shadow.saw(_found(number / 50))

    (told,) = (tmp_path / "shadow" / challenger.version).glob("*.json")
    counts = json.loads(told.read_text())
    assert counts["scored"] == 50
    assert counts["failed"] == counts["dropped"] == 0
    assert sum(counts["decisions"].values()) == 50
    assert counts["changed"] > 0
    figures = gauges(tmp_path, shelf)
    assert figures["shadow_scored"] == 50
    assert figures["shadow_mean_difference"] > 0


def test_nobody_in_the_shadow_costs_nothing_and_writes_nothing(
    home: Home, shelf: Shelf, tmp_path
) -> None:
    with Shadow(shelf, Champion(shelf), tmp_path / "shadow") as shadow:
        shadow.saw(_found(0.5))

    assert not (tmp_path / "shadow").exists()


def test_live_sign_ups_reach_the_shadow_and_the_console_reads_its_counts(
    home: Home, shelf: Shelf
) -> None:
    challenger = tiny_bundle(seed=8)
    shelf.add(challenger)
    shelf.stand_in(challenger.version)
    with Service.of(home.settings, KEY, clock=lambda: home.world.town.end + 1) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        for number in range(5):
            body = newcomer(home, account_id=f"newcomer-{number}")
            assert client.post(URL, json=body).status_code == 200

        def counted() -> int:
            return int((client.get("/v1/pipeline").json()["shadow"] or {}).get("scored", 0))

        assert _eventually(lambda: counted() == 5)
        told = client.get("/v1/pipeline").json()
    assert told["shadow"]["version"] == challenger.version
    assert told["serving"] == told["champion"] != challenger.version


def test_before_the_first_run_the_pipeline_is_an_empty_answer(client: TestClient) -> None:
    told = client.get("/v1/pipeline").json()

    assert told["runs"] == told["history"] == []
    assert told["monitor"] is None


def test_a_torn_status_is_an_empty_answer(client: TestClient, home: Home) -> None:
    home.settings.pipeline_path.mkdir(parents=True, exist_ok=True)
    (home.settings.pipeline_path / "status.json").write_text("{")

    assert client.get("/v1/pipeline").json()["runs"] == []


def test_what_the_pipeline_measured_is_in_the_metrics(client: TestClient, home: Home) -> None:
    told = {"monitor": {"metrics": {"drift_psi_highest": 0.37, "label_delay_days_median_audit": 4}}}
    home.settings.pipeline_path.mkdir(parents=True, exist_ok=True)
    (home.settings.pipeline_path / "status.json").write_text(json.dumps(told))

    text = client.get("/metrics").text

    assert "ringsight_pipeline_drift_psi_highest 0.37" in text
    assert "ringsight_pipeline_label_delay_days_median_audit 4.0" in text
