"""Neo4j is killed under the running service: answers in time, nothing lost, and it goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.serving.service import Service
from graph.ledger import hot
from tests.api.small_home import KEY, Home, bearer, build, newcomer
from tests.api.test_degraded import timed
from tests.own_neo4j import Server, own_server

pytestmark = [pytest.mark.slow, pytest.mark.neo4j, pytest.mark.timeout(900)]
SCORE = "/v1/signups/score"


@pytest.fixture
def server(neo4j_script: Path, tmp_path: Path) -> Iterator[Server]:
    with own_server(neo4j_script, tmp_path / "neo4j") as server:
        yield server


@pytest.fixture
def home(server: Server, tmp_path: Path) -> Home:
    built = build(tmp_path / "home")
    url, user, password = server.address
    changes = {"store": url, "store_user": user, "store_password": SecretStr(password)}
    settings = built.settings.model_copy(update=changes)
    return Home(settings, built.world, built.rings, built.signups)


def scored_again(client: TestClient, home: Home) -> bool:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        body = newcomer(home, account_id="again", dry_run=True)
        if not client.post(SCORE, json=body).json()["degraded"]:
            return True
        time.sleep(0.5)
    return False


def test_with_its_server_killed_sign_ups_are_answered_in_time_and_arrive_when_it_is_back(
    server: Server, home: Home
) -> None:
    with Service.of(home.settings, KEY, clock=lambda: home.world.town.end + 1) as service:
        service.warm()
        client = TestClient(create_app(service), headers=bearer(service))
        before = client.post(SCORE, json=newcomer(home, account_id="n0")).json()
        assert service.applier.settled(120)

        server.kill()
        replies = [timed(client, newcomer(home, account_id=f"n{n}")) for n in (1, 2, 3)]
        ready = client.get("/readyz")
        waiting = service.applier.depth
        server.start()

        assert before["degraded"] is False
        assert [reply["degraded"] for reply in replies] == [True] * 3
        assert [reply["decision"] for reply in replies] == ["allow"] * 3
        assert (ready.status_code, waiting) == (503, 3)
        assert ready.json()["checks"]["store"] != "ok"
        assert scored_again(client, home)
        assert service.applier.settled(120)
        near = service.store.neighbourhood([f"account:n{n}" for n in range(4)]).near
        assert {f"n{n}" for n in range(4)} <= set(near.accounts)
        with service.office.ledger.reading() as book:
            assert hot.count(book) == 4
