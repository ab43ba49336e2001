"""A key that feels its way is seen; ordinary traffic is not."""

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.schemas.signup import SignupIn
from api.serving.probing import LIMIT, WINDOW_S, Probing
from api.serving.service import Service
from graph.ledger import audit
from tests.api.small_home import Home

BASE = {
    "account_id": "a", "created_at": "2026-01-01T00:00:00Z", "ip": "198.51.100.1",
    "pathway": "self_serve", "email": "a@example.org", "phone": "+49301234567", "device_id": "d",
}  # fmt: skip


def signup(n: int = 0, **changes: Any) -> SignupIn:
    return SignupIn.model_validate({**BASE, "account_id": f"a-{n}", **changes})


@pytest.mark.parametrize("field", ["ip", "email", "phone", "device_id"])
def test_one_thing_changed_again_and_again_is_probing(field: str) -> None:
    told: list[str] = []
    probing = Probing(told.append)

    seen = [probing.looks("key:1", signup(n, **{field: f"{BASE[field]}{n}"})) for n in range(40)]

    assert seen.index(True) == LIMIT - 1
    assert all(seen[LIMIT:])
    assert told == ["key:1"]


def test_people_are_not_probing() -> None:
    probing = Probing()
    everything_differs = [
        signup(n, ip=f"198.51.100.{n}", email=f"{n}@example.org", phone=None, device_id=f"d{n}")
        for n in range(200)
    ]
    one_address_and_nothing_else = [
        signup(n, email=f"{n}@example.org", phone=None, device_id=None) for n in range(200)
    ]
    the_same_again = [signup() for _ in range(200)]

    for one in everything_differs + one_address_and_nothing_else + the_same_again:
        assert not probing.looks("key:1", one)


def test_it_ends_with_its_window_and_is_another_callers_no_fault() -> None:
    now = 0.0
    probing = Probing(clock_s=lambda: now)
    for n in range(LIMIT):
        probing.looks("key:1", signup(n, email=f"{n}@example.org"))

    assert probing.looks("key:1", signup())
    assert not probing.looks("key:2", signup())
    now = 2 * WINDOW_S + 1
    assert not probing.looks("key:1", signup())


def test_a_probing_key_is_told_no_more_reasons_and_the_chain_says_so(
    client: TestClient, service: Service, home: Home
) -> None:
    # Who comes with what a member of a flagged ring came with: a reason whatever the model learnt.
    member = home.rings.rings[0].members[0].account_id
    like = next(signup for signup in home.signups if signup["account_id"] == member)
    body = {**like, "account_id": "newcomer-1", "dry_run": True}
    body |= {"email": "x@example.org", "phone": "+4930123456"}
    before = client.post("/v1/signups/score", json=body).json()

    for n in range(LIMIT):
        client.post("/v1/signups/score", json={**body, "email": f"{n}@example.org"})
    after = client.post("/v1/signups/score", json=body).json()

    assert before["reasons"]
    assert (after["reasons"], after["counter_evidence"]) == ([], [])
    assert after["decision"] == before["decision"]
    until = time.monotonic() + 10
    acts: list[str] = []
    while "key.probing" not in acts and time.monotonic() < until:
        with service.office.ledger.reading() as book:
            acts = [entry.action for entry in audit.entries(book)]
    assert acts.count("key.probing") == 1
