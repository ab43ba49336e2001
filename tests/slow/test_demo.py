"""The demo as a newcomer runs it: in a process of its own, over each store, to rings and a page."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from graph.store import GraphStore
from graph.stores import open_store

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def _environment(home: Path, **more: str) -> dict[str, str]:
    inherited = os.environ  # noqa: TID251 - what a shell would pass on
    kept = {name: value for name, value in inherited.items() if not name.startswith("RINGSIGHT")}
    return {**kept, "RINGSIGHT_HOME": str(home), "OMP_NUM_THREADS": "1", **more}


def _demo(home: Path, *words: str, **more: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "api", "demo", "--headless", "--json", *words],
        cwd=ROOT, env=_environment(home, **more), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def _shown(store: GraphStore) -> tuple[list[object], list[object]]:
    rings: list[object] = [store.ring(row.ring_id) for row in store.rings()]
    table = store.snapshot().nodes["account"]  # type: ignore[index]
    return rings, table.select(["key", "score", "flagged", "ring_id"]).to_pylist()


def test_the_demo_finds_rings_that_are_campaigns(tmp_path: Path) -> None:
    found = _demo(tmp_path / "home")

    rings = found["rings"]
    assert isinstance(rings, list)
    assert len(rings) >= 3
    assert all(ring["reasons"] for ring in rings)
    assert found["precision"] >= 0.9  # type: ignore[operator]
    assert found["recall"] >= 0.5  # type: ignore[operator]


@pytest.mark.neo4j
def test_the_demo_over_neo4j_finds_the_same(
    tmp_path: Path, neo4j_address: tuple[str, str, str]
) -> None:
    url, user, password = neo4j_address
    with open_store(url, user, password) as store:
        store.clear()
    named = {
        "RINGSIGHT_STORE": url,
        "RINGSIGHT_STORE_USER": user,
        "RINGSIGHT_STORE_PASSWORD": password,
        "RINGSIGHT_KEY": "one key for both, so that ids agree",
    }

    there = _demo(tmp_path / "a", "--preset", "small", **named)
    del named["RINGSIGHT_STORE"]
    here = _demo(tmp_path / "b", "--preset", "small", **named)

    with (
        open_store(url, user, password) as neo4j,
        open_store(f"sqlite:///{tmp_path / 'b' / 'graph.db'}") as embedded,
    ):
        assert _shown(neo4j) == _shown(embedded)
    drop = ("seconds", "url")
    assert {k: v for k, v in there.items() if k not in drop} == {
        k: v for k, v in here.items() if k not in drop
    }


def test_the_demo_serves_what_it_found_and_starts_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "api", "demo", "--preset", "small", "--port", "0", "--json"]
    with subprocess.Popen(
        command, cwd=ROOT, env=_environment(home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        url = json.loads(process.stdout.readline())["url"]
        key = next(line.split()[-1] for line in process.stderr if line.startswith("The key"))
        try:
            ready = _read(f"{url}/readyz")
            body = (home / "demo-signup.json").read_bytes()
            scored = json.loads(_read(f"{url}/v1/signups/score", body, key))
        finally:
            process.terminate()
            process.wait(timeout=30)

    assert json.loads(ready)["status"] == "ready"
    assert scored["reasons"]
    assert scored["degraded"] is False
    assert _demo(home, "--preset", "small")["accounts"]


def test_a_demo_leaves_other_peoples_data_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with open_store(f"sqlite:///{home / 'graph.db'}"):
        pass

    done = subprocess.run(
        [sys.executable, "-m", "api", "demo", "--headless"],
        cwd=ROOT, env=_environment(home), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "no demo made" in done.stderr
    assert (home / "graph.db").exists()


def _read(url: str, body: bytes | None = None, key: str = "") -> bytes:
    """What ``url`` answers, once there is somebody who answers."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, body, headers)
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read()  # type: ignore[no-any-return]
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
