"""The direct way into a score and the ordinary one: one answer, whatever is sent."""

import json
from typing import Any, NamedTuple

import pytest
from fastapi.testclient import TestClient

from api.serving import direct as short
from api.serving.service import Service
from graph.errors import Overloaded
from graph.ledger.port import Scope
from tests.api.small_home import Home, bearer, newcomer

SCORE = "/v1/signups/score"
LONG = "k" * 256
CHANCE = ("request_id", "latency_ms")


class Asked(NamedTuple):
    """A client, the service behind it, and a sign-up to ask about."""

    client: TestClient
    service: Service
    body: dict[str, Any]
    change: pytest.MonkeyPatch


@pytest.fixture
def asked(
    client: TestClient, service: Service, home: Home, monkeypatch: pytest.MonkeyPatch
) -> Asked:
    return Asked(client, service, newcomer(home), monkeypatch)


def bodies(home: Home) -> list[bytes]:
    """Bodies that fit and bodies that do not, each in its own way."""
    fits = {**newcomer(home), "dry_run": True}
    changes: list[dict[str, Any]] = [
        {}, {"email": None}, {"unknown": [1, {"a": 2}]}, {"budget_ms": 60_000},
        {"budget_ms": "60000"}, {"budget_ms": 0}, {"budget_ms": 1.0}, {"budget_ms": 10**30},
        {"dry_run": "true"}, {"dry_run": 1}, {"account_id": 7}, {"account_id": "x" * 1025},
        {"ip": None}, {"ip": "nowhere"}, {"payment": {}}, {"payment": []}, {"email": True},
        {"payment": {"payment_method_id": "m", "kind": "card"}}, {"email": "\ud800@x.org"},
        {"created_at": "yesterday"}, {"pathway": "shoes"},
    ]  # fmt: skip
    made = [json.dumps({**fits, **change}).encode() for change in changes]
    text = json.dumps(fits)
    made += [b"", b"null", b"[]", b"{", b"\xff", text[:-1].encode(), text.encode("utf-16")]
    made += [text.replace("{", '{"account_id": "first", ', 1).encode(), b" " + text.encode()]
    made += [text.replace('"dry_run"', '"x": NaN, "dry_run"').encode(), ("\ufeff" + text).encode()]
    return made


HEADERS: list[dict[str, str]] = [
    {},
    {"idempotency-key": "k1"},
    {"idempotency-key": LONG},
    {"idempotency-key": "two words"},
    {"idempotency-key": ""},
    {"content-type": "application/json; charset=utf-8"},
    {"content-type": "text/plain"},
    {"host": "elsewhere.example"},
    {"authorization": "bearer nobody"},
    {"authorization": "Basic eDp5"},
    {"authorization": ""},
]


def test_whatever_is_sent_the_direct_way_answers_as_the_ordinary_one(
    client: TestClient, service: Service, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.warm()
    asked = [(body, headers) for body in bodies(home) for headers in HEADERS[:1]]
    asked += [(bodies(home)[0], headers) for headers in HEADERS[1:]]

    direct = [said(client, *one) for one in asked]
    monkeypatch.setattr(short, "PLAIN", b"none/such")
    ordinary = [said(client, *one) for one in asked]

    assert direct == ordinary
    assert {status for status, _, _ in direct} == {200, 400, 401, 422}


def said(client: TestClient, body: bytes, headers: dict[str, str]) -> tuple[int, Any, Any]:
    answer = client.post(
        SCORE, content=body, headers={"content-type": "application/json", **headers}
    )
    told = {k: v for k, v in answer.json().items() if k not in CHANCE}
    heads = {
        k: v for k, v in answer.headers.items() if k not in ("content-length", "server-timing")
    }
    assert len(answer.content) == int(answer.headers["content-length"])
    return answer.status_code, told, heads


def test_a_sign_up_that_fits_takes_the_direct_way(
    client: TestClient, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    plain = short.holder_of

    def seeing(office: Any, token: str, scope: Scope) -> Any:
        seen.append(scope)
        return plain(office, token, scope)

    monkeypatch.setattr(short, "holder_of", seeing)

    assert client.post(SCORE, json=newcomer(home, dry_run=True)).status_code == 200
    assert seen == [Scope.SCORE]


@pytest.mark.parametrize("plain", [b"application/json", b"none/such"])
def test_nobody_without_the_scope_gets_in_either_way(
    client: TestClient,
    service: Service,
    home: Home,
    plain: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(short, "PLAIN", plain)
    body = newcomer(home, dry_run=True)
    other = bearer(service, name="reads", scopes=frozenset({Scope.INVESTIGATE}))

    found = [
        client.post(SCORE, json=body, headers=headers).status_code
        for headers in (other, {"Authorization": "Bearer rsk_nobody"}, {"Authorization": ""})
    ]

    assert found == [403, 401, 401]


@pytest.mark.parametrize("plain", [b"application/json", b"none/such"])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("ada@example.org"), (500, "Fault")),
        (Overloaded("9 parcels wait for the graph"), (503, "Overloaded")),
    ],
)
def test_an_error_is_told_as_a_problem_either_way(
    asked: Asked, plain: bytes, error: Exception, told: tuple[int, str]
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    asked.change.setattr(short, "PLAIN", plain)
    asked.change.setattr(asked.service, "submit", failing)

    answer = asked.client.post(SCORE, json=asked.body)

    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == told
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert "ada" not in answer.text


@pytest.mark.parametrize("plain", [b"application/json", b"none/such"])
def test_a_key_that_calls_too_often_is_told_so_either_way(
    client: TestClient, service: Service, home: Home, plain: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(short, "PLAIN", plain)
    slow = bearer(service, name="slow", scopes=frozenset({Scope.SCORE}), rate_per_s=0.5)

    found = [
        client.post(SCORE, json=newcomer(home, dry_run=True), headers=slow).status_code
        for _ in range(3)
    ]

    assert found == [200, 429, 429]
