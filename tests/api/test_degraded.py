"""A part of the service is broken, for real: the answer comes in time and nothing is lost."""

import resource
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.serving.service import Service
from graph.errors import SettingsError
from graph.ledger import hot
from tests.api.small_home import KEY, Home, bearer, newcomer

SCORE = "/v1/signups/score"
BUDGET_MS = 300
# What a busy test machine may add between the end of the budget and the caller.
SLACK_MS = 2_000


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another connection holds the file's write lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full_disk(nothing_beyond: int) -> Iterator[None]:
    """No file of this process can grow past so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nothing_beyond, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def timed(client: TestClient, body: dict[str, object]) -> dict[str, Any]:
    """The reply to a sign-up with a budget, which it must keep."""
    began = time.perf_counter()
    answer = client.post(SCORE, json={**body, "budget_ms": BUDGET_MS})
    assert (time.perf_counter() - began) * 1_000 < BUDGET_MS + SLACK_MS
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def recorded(service: Service, accounts: int) -> bool:
    """Whether the ledger comes to hold so many answers."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with service.office.ledger.reading() as book:
            if hot.count(book) == accounts:
                return True
        time.sleep(0.05)
    return False


def known(service: Service, account: str) -> bool:
    return account in service.store.neighbourhood([f"account:{account}"]).near.accounts


def test_with_the_store_locked_sign_ups_are_answered_and_arrive_later(
    client: TestClient, home: Home, service: Service
) -> None:
    service.warm()
    with locked(home.settings.graph_path):
        reply = timed(client, newcomer(home))
        while_locked = known(service, "newcomer-1")

    assert reply["degraded"] is False
    assert while_locked is False
    assert service.applier.settled(30)
    assert known(service, "newcomer-1")


def test_with_the_ledger_locked_the_answer_says_that_it_is_not_written_and_it_is_later(
    client: TestClient, home: Home, service: Service
) -> None:
    service.warm()
    with locked(home.settings.home / "ledger.db"):
        reply = timed(client, newcomer(home))

    assert reply["degraded"] is True
    assert reply["score"] is not None
    assert recorded(service, 1)
    assert service.applier.settled(30)
    assert known(service, "newcomer-1")


def test_on_a_full_disk_sign_ups_are_answered_and_kept_until_there_is_room(
    client: TestClient, home: Home, service: Service
) -> None:
    service.warm()
    with full_disk(1_024):
        replies = [timed(client, newcomer(home, account_id=f"n{number}")) for number in range(3)]
        ready = client.get("/readyz")

    assert all(reply["degraded"] for reply in replies)
    assert all(reply["score"] is not None for reply in replies)
    assert ready.status_code == 503
    assert recorded(service, 3)
    assert service.applier.settled(30)
    assert known(service, "n2")


def test_over_a_damaged_store_the_policy_answers(home: Home) -> None:
    with Service.of(home.settings, KEY) as service:
        service.warm()
        with TestClient(create_app(service), headers=bearer(service)) as client:
            service.store.close()
            for file in home.settings.home.glob("graph.db*"):
                file.write_bytes(b"no database at all" * 500)

            reply = timed(client, newcomer(home, dry_run=True))
            ready = client.get("/readyz")

            assert reply["degraded"] is True
            assert reply["decision"] == "allow"
            assert ready.status_code == 503


def test_what_is_decided_without_a_score_depends_on_the_pathway(home: Home) -> None:
    settings = home.settings.model_copy(update={"degraded": "review, enterprise=allow"})
    with Service.of(settings, KEY) as service:
        shelf = settings.bundles_path
        for file in shelf.rglob("*.ubj"):
            file.write_bytes(b"no forest")
        client = TestClient(create_app(service), headers=bearer(service))

        told = {
            pathway: client.post(SCORE, json=newcomer(home, pathway=pathway, dry_run=True)).json()
            for pathway in ("self_serve", "enterprise")
        }

    assert {p: reply["decision"] for p, reply in told.items()} == {
        "self_serve": "review", "enterprise": "allow",
    }  # fmt: skip
    assert all(reply["degraded"] for reply in told.values())


@pytest.mark.parametrize("said", ["maybe", "shoes=allow", "allow,reseller=perhaps"])
def test_a_policy_that_cannot_be_right_is_refused_at_the_start(home: Home, said: str) -> None:
    with pytest.raises(SettingsError, match="RINGSIGHT_DEGRADED"):
        Service.of(home.settings.model_copy(update={"degraded": said}), KEY)


def test_a_clock_that_goes_backwards_breaks_no_chain_and_loses_nothing(home: Home) -> None:
    now = [home.world.town.end + 1]

    def clock() -> int:
        now[0] -= 3_600_000_000
        return now[0]

    with Service.of(home.settings, KEY, clock=clock) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        replies = [
            client.post(SCORE, json=newcomer(home, account_id=f"n{number}")) for number in range(5)
        ]

        assert [answer.status_code for answer in replies] == [200] * 5
        assert service.settled()
        assert all(known(service, f"n{number}") for number in range(5))
        with service.office.ledger.reading() as book:
            assert hot.verify(book) == hot.Walked(5)


def test_what_was_recorded_before_an_end_is_applied_after_the_next_start(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Service.of(home.settings, KEY) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        with monkeypatch.context() as patch, locked(home.settings.journal_path):
            patch.setattr("graph.journal.link._LOCK_TIMEOUT_S", 0.1)
            assert client.post(SCORE, json=newcomer(home)).json()["degraded"] is False
            service.applier.close()  # as a kill would: nothing was applied
            lost = known(service, "newcomer-1")

    with Service.of(home.settings, KEY) as service:
        assert service.applier.settled(timeout_s=60)
        assert lost is False
        assert known(service, "newcomer-1")
