"""Errors: one table, one shape, nothing echoed."""

from fastapi.testclient import TestClient

from api.app import STATUS_OF, create_app, status_of
from api.serving.service import Service
from graph import errors
from tests.api.small_home import Home
from tests.api.spoiled import refuses_all


def _tree(kind: type[errors.RingError]) -> list[type[errors.RingError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _tree(child))]


def test_every_error_of_the_tree_has_its_status() -> None:
    missing = [kind.__name__ for kind in _tree(errors.RingError) if kind not in STATUS_OF]

    assert not missing


def test_the_callers_faults_are_4xx_and_ours_are_5xx() -> None:
    asked_wrongly = errors.InputError | errors.SourceError | errors.AccessError | errors.GateRefused
    for kind in _tree(errors.RingError):
        theirs = issubclass(kind, asked_wrongly)
        assert (400 <= status_of(kind("x")) < 500) is theirs, kind.__name__


def test_a_class_outside_the_table_is_answered_as_its_nearest_kin() -> None:
    class GoneForGood(errors.NotFound):
        """Not there any more."""

    try:
        assert status_of(GoneForGood("x")) == 404
    finally:
        del GoneForGood


def test_what_went_wrong_inside_stays_inside(service: Service) -> None:
    app = create_app(service)

    @app.get("/broken")
    def broken() -> None:
        raise errors.StoreCorrupt("/srv/secret/path is broken")

    @app.get("/busy")
    def busy() -> None:
        raise errors.StoreUnavailable("bolt://10.0.0.7 is busy")

    @app.get("/fault")
    def fault() -> None:
        raise ValueError("ada@example.org")

    client = TestClient(app, raise_server_exceptions=False)
    answers = {path: client.get(path) for path in ("/broken", "/busy", "/fault")}

    assert [answer.status_code for answer in answers.values()] == [500, 503, 500]
    for answer in answers.values():
        assert answer.headers["content-type"] == "application/problem+json"
        assert not any(word in answer.text for word in ("secret", "10.0.0.7", "ada@"))
    assert answers["/busy"].headers["retry-after"]


def test_every_error_has_one_shape(client: TestClient) -> None:
    answers = [
        client.get("/nowhere"),
        client.put("/v1/rings"),
        client.get("/v1/rings/none"),
        client.get("/v1/rings?limit=0"),
        client.get("/v1/entities/spoon:1"),
        client.post("/v1/signups/score", content=b"{", headers={"content-type": "text/json"}),
    ]

    for answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert {"type", "title", "instance"} <= problem.keys()


def test_malformed_bodies_give_4xx_problems(client: TestClient, home: Home) -> None:
    refuses_all(client, home, 150)
