"""Whatever the description allows, and much that it does not: no 5xx, no undocumented answer."""

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.serving.service import Service
from tests.api.small_home import KEY, bearer, build
from tests.api.spoiled import refuses_all

# Streams do not end; a session's cookie would be taken for the key's absence.
APART = r"/(events/stream|stream|session)"
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
MALFORMED = 10_000


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory):
    home = build(tmp_path_factory.mktemp("fuzzed") / "home")
    given = home.settings.model_copy(update={"rate_per_s": 0.0})
    with Service.of(given, KEY, clock=lambda: home.world.town.end + 1) as service:
        service.warm()
        yield service, home


@pytest.mark.slow
@pytest.mark.parametrize("under", ["/v1/signups", "/v1/events", "/v1/outcomes", ""])
def test_no_call_of_the_description_gives_what_it_does_not_name(opened, under: str) -> None:
    service, _ = opened
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(service))
    asked = 0
    for found in schema.exclude(path_regex=APART).get_all_operations():
        operation = found.ok()
        if operation.path.startswith(under):
            asked += 1
            fuzz(operation, bearer(service))
    assert asked


def fuzz(operation, headers: dict[str, str]) -> None:
    @given(case=operation.as_strategy())
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def check(case) -> None:
        case.call_and_validate(checks=CHECKS, headers=headers)

    check()


@pytest.mark.slow
def test_ten_thousand_malformed_bodies_give_4xx_problems(opened) -> None:
    service, home = opened
    client = TestClient(create_app(service), raise_server_exceptions=False, headers=bearer(service))

    refuses_all(client, home, MALFORMED)
