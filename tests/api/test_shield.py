"""Before every endpoint: bodies that are too large, and headers that are strict."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from api.access.shield import BodyLimit, StrictHeaders


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = Starlette(routes=[Route("/", _length, methods=["GET", "POST"])])
    app.add_middleware(BodyLimit, limit_bytes=100)
    app.add_middleware(StrictHeaders)
    with TestClient(app) as client:
        yield client


def _pieces(size: int) -> Iterator[bytes]:
    for _ in range(size // 10):
        yield b"x" * 10


def test_a_body_at_the_limit_passes(client: TestClient) -> None:
    assert client.post("/", content=b"x" * 100).text == "100"


@pytest.mark.parametrize("content", [b"x" * 101, _pieces(5_000)])
def test_a_body_over_the_limit_is_refused_announced_or_not(
    client: TestClient, content: bytes | Iterator[bytes]
) -> None:
    answer = client.post("/", content=content)

    assert answer.status_code == 413


def test_every_answer_carries_strict_headers(client: TestClient) -> None:
    for answer in (client.get("/"), client.get("/nowhere"), client.post("/", content=b"x" * 101)):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
