"""A build killed with ``kill -9`` at ten random moments ends in the graph of an undisturbed one.

The build runs in a process of its own, in small chunks and with a flush every few of them, so that
the kills fall into journal transactions, store writes and the gaps between. Where the Neo4j server
is what dies, the build is ``ringsight build`` itself: it has to say so in one line and leave.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.door import Door
from graph.journal.journal import Journal
from graph.simulate import simulate
from graph.store import GraphStore
from graph.stores import open_store
from tests.own_neo4j import Address, Server, own_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

KEY = "a test's key, 16 bytes or more"
KILLS = 10
SERVER_KILLS = 3
ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ  # noqa: TID251  the tests' one look at what this machine has
BUILD = """
import os, sys
import etl.load, etl.reading.parquet, etl.reading.sources
from graph.door import Door
from graph.journal.journal import Journal
from graph.stores import open_store
from pathlib import Path

source, home, url, user, password = sys.argv[1:]
etl.reading.parquet.CHUNK_ROWS = 400
etl.load._FLUSH_EVERY_ROWS = 1_000
door = Door(os.environ["RINGSIGHT_KEY"].encode())
with Journal(Path(home) / "journal.db", door.key_id) as journal:
    with open_store(url, user or None, password or None) as store:
        print("begun", flush=True)
        etl.load.build(source, journal, store, door)
print("done", flush=True)
"""
COMMAND = """
import os, sys
import etl.load, etl.reading.parquet, etl.reading.sources
from api.cli.verbs import run

etl.reading.parquet.CHUNK_ROWS = 400
etl.load._FLUSH_EVERY_ROWS = 1_000
print("begun", flush=True)
sys.exit(run(["build", sys.argv[1], "--json"], os.environ))
"""


@pytest.fixture
def server(neo4j_script: Path, tmp_path: Path) -> Iterator[Server]:
    """A running server with an empty graph, for one test alone."""
    with own_server(neo4j_script, tmp_path / "neo4j") as server:
        yield server


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    simulate(folder, "small", 3)
    return folder / "events"


def start(source: Path, home: Path, address: Address) -> "subprocess.Popen[str]":
    """A build that has opened journal and store and is about to read."""
    home.mkdir(exist_ok=True)
    return _begun([BUILD, str(source), str(home), *address], {"RINGSIGHT_KEY": KEY})


def start_command(source: Path, home: Path, address: Address) -> "subprocess.Popen[str]":
    """``ringsight build``, about to open journal and store."""
    url, user, password = address
    settings = {"KEY": KEY, "HOME": str(home), "STORE": url}
    settings |= {"STORE_USER": user, "STORE_PASSWORD": password}
    return _begun([COMMAND, str(source)], {f"RINGSIGHT_{k}": v for k, v in settings.items()})


def _begun(program: list[str], settings: dict[str, str]) -> "subprocess.Popen[str]":
    """A process that has said it begins; it has the settings given and no others of ours."""
    others = {k: v for k, v in ENVIRONMENT.items() if not k.startswith("RINGSIGHT_")}
    build = subprocess.Popen(
        [sys.executable, "-c", *program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**others, **settings},
    )
    assert build.stdout is not None
    if build.stdout.readline() != "begun\n":
        raise AssertionError(build.communicate()[1])
    return build


def finish(build: "subprocess.Popen[str]") -> None:
    said, error = build.communicate()
    assert said == "done\n", error


def undisturbed(source: Path, home: Path) -> tuple[str, float]:
    """Digest of the graph after one whole build, and how long it took in seconds."""
    before = time.monotonic()
    finish(start(source, home, (f"sqlite:///{home}/graph.db", "", "")))
    taken = time.monotonic() - before
    with open_store(f"sqlite:///{home}/graph.db") as store:
        return store.snapshot().digest, taken


def killed_builds(source: Path, home: Path, address: Address, span_s: float) -> int:
    """Begin builds and kill each after a random share of ``span_s``; how many it hit at work."""
    chance = random.Random(11)
    hit = 0
    for _ in range(KILLS):
        build = start(source, home, address)
        time.sleep(chance.uniform(0, span_s / 6))
        hit += build.poll() is None
        build.send_signal(signal.SIGKILL)
        build.communicate()
    return hit


def assert_same(home: Path, address: Address, digest: str) -> None:
    door = Door(KEY.encode())
    with Journal(home / "journal.db", door.key_id) as journal, _opened(address) as store:
        assert journal.snapshot(2**61).digest == digest
        assert store.snapshot().digest == digest


def _opened(address: Address) -> GraphStore:
    url, user, password = address
    return open_store(url, user or None, password or None)


def test_a_build_killed_ten_times_gives_the_graph_of_an_undisturbed_one_over_sqlite(
    source: Path, tmp_path: Path
) -> None:
    digest, taken = undisturbed(source, tmp_path / "calm")
    home = tmp_path / "stormy"
    address = (f"sqlite:///{home}/graph.db", "", "")

    hit = killed_builds(source, home, address, taken)
    finish(start(source, home, address))

    assert hit >= KILLS // 2
    assert_same(home, address, digest)


@pytest.mark.neo4j
def test_a_build_killed_ten_times_gives_the_graph_of_an_undisturbed_one_over_neo4j(
    source: Path, tmp_path: Path, neo4j_store: GraphStore
) -> None:
    digest, taken = undisturbed(source, tmp_path / "calm")
    names = ("URI", "USER", "PASSWORD")
    url, user, password = (ENVIRONMENT.get(f"RINGSIGHT_TEST_NEO4J_{name}", "") for name in names)
    address = (url, user or "neo4j", password)

    hit = killed_builds(source, tmp_path / "stormy", address, taken)
    finish(start(source, tmp_path / "stormy", address))

    assert hit >= KILLS // 2
    assert neo4j_store.snapshot().digest == digest
    assert_same(tmp_path / "stormy", address, digest)


def wait_for(build: "subprocess.Popen[str]", journal: Journal, version: float) -> None:
    """Return when the build has brought its journal that far; it must still be at work then."""
    while build.poll() is None and journal.version < version:
        time.sleep(0.02)
    assert build.poll() is None, build.communicate()


def assert_says_the_store_is_gone(build: "subprocess.Popen[str]", url: str) -> None:
    """The command left by itself, with exit code 1, one line for people and one for programs.

    Above the line for people stands how long each step took that was done by then.
    """
    said, complaint = build.communicate(timeout=120)
    assert build.returncode == 1, complaint
    *steps, line = complaint.splitlines()
    assert line.startswith(f"ringsight: {url}: "), complaint
    assert all(step.startswith(("read ", "graph: ")) for step in steps), complaint
    assert json.loads(said)["error"] == "StoreUnavailable"


@pytest.mark.neo4j
def test_a_build_whose_neo4j_is_killed_says_so_and_goes_on_when_it_is_back(
    source: Path, tmp_path: Path, server: Server
) -> None:
    digest, _ = undisturbed(source, tmp_path / "calm")
    with Journal(tmp_path / "calm" / "journal.db") as whole:
        end = whole.version
    home, address = tmp_path / "stormy", server.address
    chance = random.Random(11)
    moments = sorted(chance.uniform(0, 0.95) * end for _ in range(SERVER_KILLS))

    with Journal(home / "journal.db") as journal:
        for moment in moments:
            build = start_command(source, home, address)
            wait_for(build, journal, moment)
            time.sleep(chance.uniform(0, 0.3))
            server.kill()
            assert_says_the_store_is_gone(build, address[0])
            server.start()
    last = start_command(source, home, address)

    said, error = last.communicate(timeout=600)
    assert last.returncode == 0, error
    assert json.loads(said)["facts_written"] > 0
    assert_same(home, address, digest)
