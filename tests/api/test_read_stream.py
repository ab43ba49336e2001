"""Live updates: what changed is told once, in a stable order, and who was away is told to look."""

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.browse.reader import Reader
from api.browse.stream import Standing, told
from api.serving.service import Service
from graph.errors import StoreUnavailable
from graph.store import Generation
from tests.api.small_home import Home, rings_of


def ran(awaited: Coroutine[Any, Any, Any]) -> Any:
    """What it comes to, in a thread of its own: a browser's tests leave a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, awaited).result()


def standing(rings: dict[str, int], cases: dict[str, int] | None = None) -> Standing:
    return Standing(1, rings, cases or {})


def test_new_changed_gone_and_decided_rings_are_told_apart() -> None:
    before = standing({"a": 1, "b": 1, "c": 1}, {"a": 1})

    now = standing({"a": 1, "b": 2, "d": 1}, {"a": 2, "b": 1})

    assert now.since(before) == [
        ("ring.changed", "b", 2),
        ("ring.changed", "c", 0),
        ("ring.created", "d", 1),
        ("ring.decided", "a", 1),
        ("ring.decided", "b", 2),
    ]
    assert now.since(now) == []


async def take(reader: Reader, count: int, known: str | None = None) -> list[str]:
    """The first ``count`` pieces of the stream."""
    stream = told(reader, known, look_s=0.01, beat_s=0.05)
    return [await anext(stream) for _ in range(count)]


def test_a_published_refresh_is_told_to_who_listens(service: Service, home: Home) -> None:
    async def listen() -> list[str]:
        stream = told(service.reader, look_s=0.01, beat_s=60)
        await anext(stream)
        rings = rings_of(home.world, home.world.town.end + 1)
        table, members = rings.tables()
        service.store.publish(Generation(2, 2, {}, table.slice(0, 2), members))
        return [await anext(stream)]

    (event,) = ran(listen())

    lines = dict(line.split(": ", 1) for line in event.strip().splitlines())
    assert lines["event"] == "ring.changed"
    assert json.loads(lines["data"]) == {"id": "rcampaign-03", "version": 0}
    assert lines["id"].startswith("2.")


def test_silence_is_broken_by_a_beat(service: Service) -> None:
    pieces = ran(take(service.reader, 2))

    assert pieces[0].startswith("retry: ")
    assert pieces[1].startswith(":")


def test_who_comes_back_after_a_change_is_told_to_fetch_again(service: Service) -> None:
    mark = Standing.of(service.reader).mark

    missed = ran(take(service.reader, 2, known="0.0"))
    current = ran(take(service.reader, 2, known=mark))

    assert "event: resync" in missed[1]
    assert "resync" not in current[1]


def test_a_store_that_is_away_for_a_moment_ends_no_stream(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def listen() -> str:
        stream = told(service.reader, look_s=0.01, beat_s=0.05)
        await anext(stream)
        monkeypatch.setattr(service.store, "generation", _away)
        return await anext(stream)

    assert ran(listen()).startswith(":")


def _away() -> tuple[int, int]:
    raise StoreUnavailable("away")


def test_the_stream_is_for_who_is_known(client: TestClient) -> None:
    client.headers.pop("Authorization")

    assert client.get("/v1/stream").status_code == 401
