"""Who calls, and what they may: every route asks, keys end, sessions and tokens are looked at."""

import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient

from api.app import create_app
from api.serving.service import Service
from graph.ledger import keys
from graph.ledger.port import Role, Scope
from tests.api.small_home import KEY, Home, bearer

OPEN = {"/healthz", "/readyz", "/openapi.json", "/v1/session"}
ISSUER, AUDIENCE = "https://id.example", "ringsight"


def _calls() -> list[tuple[str, str, tuple[str, ...]]]:
    """Method, path with its holes filled, and what the description says the call needs."""
    paths = create_app(Service.__new__(Service)).openapi()["paths"]
    return [
        (method, re.sub(r"\{[^}]*\}", "x", path), _needs(operation))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path not in OPEN
    ]


def _needs(operation: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for way in operation["security"] for names in way.values() for name in names)


@pytest.fixture(scope="module")
def standing(built: Home) -> Iterator[tuple[Service, TestClient]]:
    """A service and a client without a key, for calls that are refused before they do anything."""
    with Service.of(built.settings, KEY, clock=lambda: built.world.town.end + 1) as service:
        yield service, TestClient(create_app(service), raise_server_exceptions=False)


def _sent(client: TestClient, method: str, path: str, headers: dict[str, str]) -> Any:
    body = {} if method in ("post", "patch") else None
    return client.request(method.upper(), path, json=body, headers=headers)


@pytest.mark.parametrize(("method", "path", "_needs"), _calls())
def test_every_call_wants_a_key(
    standing: tuple[Service, TestClient], method: str, path: str, _needs: tuple[str, ...]
) -> None:
    answers = [
        _sent(standing[1], method, path, headers)
        for headers in (
            {},
            {"Authorization": "Bearer rsk_nobody"},
            {"Cookie": "ringsight_session=x.y"},
        )
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}


@pytest.fixture(scope="module")
def poor(standing: tuple[Service, TestClient]) -> dict[str, dict[str, str]]:
    """For each scope a key that has every scope but that one, and one that may only look."""
    service = standing[0]
    scopes = frozenset(Scope)
    without = {s.value: bearer(service, scopes=scopes - {s}) for s in Scope}
    return without | {"viewer": bearer(service, role=Role.VIEWER)}


@pytest.mark.parametrize(("method", "path", "needs"), _calls())
def test_every_call_wants_its_scope_and_role(
    standing: tuple[Service, TestClient],
    poor: dict[str, dict[str, str]],
    method: str,
    path: str,
    needs: tuple[str, ...],
) -> None:
    for need in needs:
        if need == "role:viewer":
            continue
        headers = poor["viewer" if need.startswith("role:") else need]
        assert _sent(standing[1], method, path, headers).status_code == 403


def test_every_call_but_who_am_i_names_a_scope() -> None:
    bare = {path for _, path, needs in _calls() if not needs}

    assert bare == {"/v1/me"}


def test_health_and_description_are_open(standing: tuple[Service, TestClient]) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert standing[1].get(path).status_code in (200, 503)


def test_a_revoked_key_is_refused_at_once_and_a_rotated_one_after_its_overlap(
    service: Service,
) -> None:
    headers = bearer(service)
    client = TestClient(create_app(service), headers=headers)
    key_id = headers["Authorization"].split("_")[1]
    now = service.clock()

    with service.office.ledger.writing() as book:
        _, fresh = keys.rotate(book, key_id, now, 1_000_000)
    service.office.keyring.reload()
    during = client.get("/v1/me").status_code
    service.office.keyring._clock = lambda: now + 1_000_001
    after = client.get("/v1/me").status_code
    turned = client.get("/v1/me", headers={"Authorization": f"Bearer {fresh}"}).status_code

    assert (during, after, turned) == (200, 401, 200)


def test_the_ledger_holds_no_key_that_opens_anything(service: Service, home: Home) -> None:
    text = bearer(service)["Authorization"].removeprefix("Bearer ")
    secret = text.rpartition("_")[2].encode()

    for path in home.settings.home.glob("ledger.db*"):
        assert secret not in path.read_bytes()
    assert secret.decode() not in repr(service.office.keyring._keys)


def test_the_password_of_a_ledger_is_shown_nowhere(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    url = "postgresql://ringsight:hunter2@127.0.0.1:1/none"
    settings = home.settings.model_copy(update={"ledger_url": url})
    settings = type(settings)(home=home.settings.home, ledger_url=url)  # type: ignore[arg-type]
    caplog.set_level(logging.DEBUG)

    with pytest.raises(Exception, match="ledger") as told:
        Service.of(settings.model_copy(update={"key": home.settings.key}), KEY)

    assert "hunter2" not in repr(settings) + str(told.value) + caplog.text


def test_past_its_rate_a_key_is_told_to_wait(service: Service) -> None:
    client = TestClient(create_app(service), headers=bearer(service, rate_per_s=1.0))

    answers = [client.get("/v1/me") for _ in range(5)]

    assert [a.status_code for a in answers[:2]] == [200, 200]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"]


def test_a_key_for_applicants_devices_is_told_a_decision_and_no_reason(
    service: Service, home: Home
) -> None:
    # Who comes with what a member of a flagged ring came with: a reason whatever the model learnt.
    member = home.rings.rings[0].members[0].account_id
    like = next(signup for signup in home.signups if signup["account_id"] == member)
    body = {**like, "account_id": "newcomer-1", "dry_run": True}
    full = TestClient(create_app(service), headers=bearer(service))
    bare = TestClient(create_app(service), headers=bearer(service, reasons=False))

    told = full.post("/v1/signups/score", json=body).json()
    kept = bare.post("/v1/signups/score", json=body).json()

    assert kept["decision"] == told["decision"]
    assert told["reasons"]
    assert told["ring"]["flagged"]
    assert not any(kept[name] for name in ("reasons", "counter_evidence", "ring"))


# ------------------------------------------------------------------------------------ a browser
def _session(client: TestClient, service: Service) -> tuple[TestClient, dict[str, Any]]:
    key = bearer(service)["Authorization"].removeprefix("Bearer ")
    answer = client.post("/v1/session", json={"key": key})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    return client, answer.json()


def test_a_session_reads_with_its_cookie_and_writes_with_its_token(service: Service) -> None:
    client, me = _session(TestClient(create_app(service)), service)
    view = {"name": "v", "state": {}}

    reads = client.get("/v1/rings")
    forged = client.post("/v1/views", json=view)
    own = client.post("/v1/views", json=view, headers={"X-CSRF-Token": me["csrf_token"]})

    assert reads.status_code == 200
    assert forged.status_code == 401
    assert own.status_code == 200
    assert client.get("/v1/me").json()["csrf_token"] == me["csrf_token"]


def test_a_session_ends_with_its_key_and_with_its_time(service: Service) -> None:
    client, me = _session(TestClient(create_app(service)), service)
    now = service.clock()

    service.office.clock = lambda: now + 11 * 3_600_000_000
    late = client.get("/v1/me").status_code
    service.office.clock = lambda: now
    with service.office.ledger.writing() as book:
        keys.revoke(book, me["id"].removeprefix("key:"), now)
    service.office.keyring.reload()

    assert late == 401
    assert client.get("/v1/me").status_code == 401


def test_a_ticket_opens_one_session(service: Service) -> None:
    key = bearer(service)["Authorization"].removeprefix("Bearer ")
    ticket = service.office.sessions.ticket(service.office.recognise(key), service.clock())
    client = TestClient(create_app(service), follow_redirects=False)

    first = client.get("/enter", params={"ticket": ticket})
    client.cookies.clear()
    second = client.get("/enter", params={"ticket": ticket})

    assert first.status_code == 303
    assert "ringsight_session" in first.headers["set-cookie"]
    assert second.status_code == 401


# ------------------------------------------------------------------------------------- people
@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """An identity provider's private key, and the file of its public ones."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    path = tmp_path_factory.mktemp("jwks") / "jwks.json"
    path.write_text(json.dumps({"keys": [{**public, "kid": "one", "use": "sig"}]}))
    return private, path


@pytest.fixture
def staffed(home: Home, provider: tuple[Any, Path]) -> Iterator[TestClient]:
    """A service that takes that provider's tokens."""
    oidc = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks": str(provider[1])}
    with Service.of(home.settings.model_copy(update=oidc), KEY) as service:
        yield TestClient(create_app(service), raise_server_exceptions=False)


def _token(private: Any, headers: dict[str, Any] | None = None, **changes: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "jo", "exp": now + 60, "roles": ["lead", "other"],
        **changes,
    }  # fmt: skip
    claims = {name: value for name, value in claims.items() if value is not None}
    text = jwt.encode(claims, private, algorithm="RS256", headers=headers or {"kid": "one"})
    return {"Authorization": f"Bearer {text}"}


def test_a_persons_token_says_the_role(staffed: TestClient, provider: tuple[Any, Path]) -> None:
    me = staffed.get("/v1/me", headers=_token(provider[0])).json()
    mail = staffed.get("/v1/me", headers=_token(provider[0], sub="jo@corp.example")).json()

    assert (me["id"], me["role"], me["scopes"]) == ("person:jo", "lead", ["investigate"])
    assert "@" not in mail["id"] + mail["user"]


@pytest.mark.parametrize(
    "changes",
    [{"exp": 1}, {"iss": "https://evil.example"}, {"aud": "else"}, {"roles": ["guest"]},
     {"exp": None}, {"sub": None}, {"roles": None}],
)  # fmt: skip
def test_a_token_that_is_not_quite_right_opens_nothing(
    staffed: TestClient, provider: tuple[Any, Path], changes: dict[str, Any]
) -> None:
    assert staffed.get("/v1/me", headers=_token(provider[0], **changes)).status_code == 401


def test_a_token_of_another_key_or_of_none_opens_nothing(
    staffed: TestClient, provider: tuple[Any, Path]
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "jo", "exp": 2**40, "roles": ["admin"]}
    unsigned = [
        jwt.encode(claims, None, algorithm="none", headers={"kid": "one"}),
        jwt.encode(claims, b"x" * 40, algorithm="HS256", headers={"kid": "one"}),
    ]

    answers = [staffed.get("/v1/me", headers=_token(stranger)).status_code] + [
        staffed.get("/v1/me", headers={"Authorization": f"Bearer {text}"}).status_code
        for text in unsigned
    ]

    assert answers == [401, 401, 401]
