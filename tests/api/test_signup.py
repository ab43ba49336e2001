"""The score call: the whole reply, what is written and when, and what happens under stress."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.serving.service import Service
from api.workshop import shelf_of
from graph.errors import StoreUnavailable
from graph.snapshot import Snapshot
from graph.store import GraphStore
from tests.api.small_home import KEY, Home, bearer, newcomer, tiny_bundle

URL = "/v1/signups/score"
FIELDS = {
    "request_id", "score", "band", "decision", "step_up", "reasons", "counter_evidence", "ring",
    "missing_inputs", "pending_signals", "degraded", "model_version", "graph_as_of", "latency_ms",
}  # fmt: skip


def test_a_score_comes_with_its_evidence(client: TestClient, home: Home) -> None:
    answer = client.post(URL, json=newcomer(home))

    reply = answer.json()
    assert answer.status_code == 200
    assert reply.keys() == FIELDS
    assert 0 <= reply["score"] <= 1
    assert reply["band"] in {"low", "elevated", "high", "critical"}
    assert reply["decision"] in {"allow", "review", "deny"}
    assert reply["degraded"] is False
    assert reply["model_version"] == shelf_of(home.settings).current()
    assert reply["graph_as_of"].startswith("2026")
    assert "payment" in reply["missing_inputs"]


def test_a_signup_on_a_rings_device_names_the_ring(client: TestClient, home: Home) -> None:
    ring = home.rings.rings[0]
    mate = next(s for s in home.signups if s["account_id"] in ring.account_ids)
    body = newcomer(home, device_id=mate["device_id"])

    near = client.post(URL, json=body).json()["ring"]

    assert near == {
        "id": ring.ring_id, "version": ring.version, "size": ring.size, "flagged": ring.flagged,
    }  # fmt: skip


def test_a_signup_is_written_once_however_often_it_is_sent(
    client: TestClient, home: Home, service: Service
) -> None:
    before = service.store.counts()["account"]

    for _ in range(3):
        client.post(URL, json=newcomer(home))

    assert service.settled()
    assert service.store.counts()["account"] == before + 1
    entity = client.get("/v1/entities/account:newcomer-1").json()
    assert entity["counts"]["ip"]["n"] == 1


def test_a_signup_is_scored_before_it_is_written(client: TestClient, home: Home) -> None:
    fresh = newcomer(home, device_id="never seen", ip="198.51.100.77", email="a.new@one.example")

    first = client.post(URL, json=fresh).json()
    second = client.post(URL, json=fresh).json()

    assert second["score"] == first["score"]
    assert second["reasons"] == first["reasons"]


def test_the_next_signup_sees_the_one_before(
    client: TestClient, home: Home, service: Service
) -> None:
    device = {"device_id": "a device of their own"}
    client.post(URL, json=newcomer(home, **device))

    client.post(URL, json=newcomer(home, account_id="newcomer-2", **device))

    assert service.settled()
    mates = client.get("/v1/entities/account:newcomer-2/neighbours?kind=device").json()
    assert [node["degree"] for node in mates["nodes"] if node["kind"] == "device"] == [2]


def test_a_dry_run_writes_nothing(client: TestClient, home: Home, service: Service) -> None:
    before = service.store.snapshot().digest

    answer = client.post(URL, json=newcomer(home, dry_run=True))

    assert answer.status_code == 200
    assert service.store.snapshot().digest == before
    assert client.get("/v1/entities/account:newcomer-1").status_code == 404


def test_an_offered_card_ties_the_account_until_the_processor_says_more(
    client: TestClient, home: Home, service: Service
) -> None:
    card = {"payment_method_id": "pm_1", "kind": "card", "issuer_id": "424242"}

    reply = client.post(URL, json=newcomer(home, payment=card)).json()

    assert "payment" not in reply["missing_inputs"]
    assert service.settled()
    entity = client.get("/v1/entities/account:newcomer-1").json()
    assert entity["counts"]["payment_method"]["n"] == 1


def test_fields_the_contract_does_not_list_are_ignored(client: TestClient, home: Home) -> None:
    plain = client.post(URL, json=newcomer(home, dry_run=True)).json()

    more = client.post(URL, json=newcomer(home, dry_run=True, favourite_colour="red")).json()

    assert more["score"] == plain["score"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"ip": "10.0.0.x-secret"}, "signups.ip"),
        ({"email": "secret at example"}, "signups.email"),
        ({"created_at": "2026-03-01T10:00:00"}, "offset"),
        ({"pathway": "secret"}, "codes"),
        ({"country": "secret"}, "country"),
        ({"account_id": ""}, "account_id"),
        ({"account_id": 17}, "body/account_id"),
        ({"dry_run": "secret"}, "body/dry_run"),
        ({"budget_ms": 0}, "body/budget_ms"),
        ({"user_agent": "secret" * 500}, "body/user_agent"),
        ({"payment": {"payment_method_id": "secret"}}, "body/payment/kind"),
        (
            {"payment": {"payment_method_id": "p", "kind": "card", "issuer_country": "secret"}},
            "payments.issuer_country",
        ),
    ],
)
def test_a_bad_body_is_named_and_not_echoed(
    client: TestClient, home: Home, changes: dict[str, object], told: str
) -> None:
    answer = client.post(URL, json=newcomer(home, **changes))

    assert answer.status_code == 422
    assert told in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"ip": NaN}', b"[" * 5_000]
)
def test_a_body_that_is_no_object_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post(URL, content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_past_the_limit_is_not_read(client: TestClient, home: Home) -> None:
    whole = client.post(URL, json=newcomer(home, extra="x" * 100_000))
    streamed = (b"x" * 1_000 for _ in range(100))
    pieces = client.post(URL, content=streamed, headers={"content-type": "application/json"})

    for answer in (whole, pieces):
        assert answer.status_code == answer.json()["status"] == 413
        assert answer.headers["content-type"] == "application/problem+json"


class Limping:
    """A real store whose neighbourhood read fails, or takes its time."""

    def __init__(self, store: GraphStore, wait_s: float | None) -> None:
        self._store = store
        self._wait_s = wait_s

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def neighbourhoods(
        self, asks: Sequence[Sequence[str]], *, per_id: int = 100
    ) -> Sequence[Snapshot]:
        if self._wait_s is None:
            raise StoreUnavailable("gone")
        time.sleep(self._wait_s)
        return self._store.neighbourhoods(asks, per_id=per_id)


@pytest.fixture
def limping(service: Service) -> Iterator[TestClient]:
    service.store = Limping(service.store, None)  # type: ignore[assignment]
    app = create_app(service)
    with TestClient(app, raise_server_exceptions=False, headers=bearer(service)) as client:
        yield client


def test_without_a_store_the_policy_answers(limping: TestClient, home: Home) -> None:
    answer = limping.post(URL, json=newcomer(home, dry_run=True))

    reply = answer.json()
    assert answer.status_code == 200
    assert reply["degraded"] is True
    assert reply["score"] is None
    assert reply["decision"] == "allow"


def test_a_fault_while_scoring_does_not_stop_a_signup(service: Service, home: Home) -> None:
    def broken(*_: object, **__: object) -> Sequence[Snapshot]:
        raise KeyError("ada@example.org")

    service.store = Limping(service.store, 0)  # type: ignore[assignment]
    service.store.neighbourhoods = broken  # type: ignore[method-assign]
    client = TestClient(create_app(service), headers=bearer(service))

    answer = client.post(URL, json=newcomer(home, dry_run=True))

    assert answer.json()["degraded"] is True
    assert "ada@" not in answer.text


def test_past_its_budget_the_policy_answers_in_time(service: Service, home: Home) -> None:
    service.store = Limping(service.store, 0.5)  # type: ignore[assignment]
    client = TestClient(create_app(service), headers=bearer(service))

    late = client.post(URL, json=newcomer(home, budget_ms=40, dry_run=True)).json()
    patient = client.post(URL, json=newcomer(home, budget_ms=20_000, dry_run=True)).json()

    assert late["degraded"] is True
    assert late["latency_ms"] < 500
    assert patient["degraded"] is False


def test_a_new_bundle_is_taken_up_without_restart(client: TestClient, home: Home) -> None:
    old = client.post(URL, json=newcomer(home, dry_run=True)).json()
    fresh = tiny_bundle(seed=2)

    shelf_of(home.settings, sign=True).put(fresh)
    client.app.state.service.champion.settled()  # type: ignore[attr-defined]

    new = client.post(URL, json=newcomer(home, dry_run=True)).json()
    assert new["model_version"] == fresh.version != old["model_version"]


def test_a_corrupt_bundle_is_refused_and_the_last_good_one_kept(
    client: TestClient, home: Home
) -> None:
    good = client.post(URL, json=newcomer(home, dry_run=True)).json()["model_version"]

    _spoil(shelf_of(home.settings, sign=True).put(tiny_bundle(seed=2)))

    reply = client.post(URL, json=newcomer(home, dry_run=True)).json()
    assert reply["model_version"] == good
    assert reply["degraded"] is False


def test_without_any_good_model_the_policy_answers(home: Home) -> None:
    shelf = shelf_of(home.settings)
    _spoil(shelf.folder / shelf.current())

    with Service.of(home.settings, KEY) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        reply = client.post(URL, json=newcomer(home, dry_run=True)).json()
        ready = client.get("/readyz")

    assert reply["degraded"] is True
    assert reply["model_version"] is None
    assert ready.status_code == 503
    assert "BundleCorrupt" in ready.json()["checks"]["model"]


def _spoil(folder: Path) -> None:
    file = next(folder.glob("*.ubj"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))


def test_no_personal_value_reaches_the_disk(client: TestClient, home: Home) -> None:
    body = newcomer(home, email="ada.lovelace@example.org", phone="+4915112345678", ip="93.184.0.7")

    assert client.post(URL, json=body).status_code == 200

    for file in home.settings.home.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for value in (b"ada.lovelace", b"15112345678", b"93.184.0.7"):
                assert value not in content, file.name


def test_the_answer_is_json_that_any_parser_takes(client: TestClient, home: Home) -> None:
    text = client.post(URL, json=newcomer(home)).text

    assert json.loads(text, parse_constant=pytest.fail)
