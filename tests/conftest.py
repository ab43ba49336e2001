"""What every test may ask for, and how absent servers are treated.

Fixture policy: the smallest real thing that has what the test needs. A store is a real store: the
embedded one in the test's own folder, or the Neo4j that ``RINGSIGHT_TEST_NEO4J_URI`` names (emptied
before each test that takes it, so never point it at a graph you want to keep). What is absent is
skipped by name and counted in the last lines; ``RINGSIGHT_REQUIRE=neo4j,node,chromium,postgres``
turns such a skip into a failure. A test that kills its server starts one of its own, by the script
that ``RINGSIGHT_TEST_NEO4J_SERVER`` names (``start HOME [PORT]``, which prints the ``export`` lines
of the variables above; ``kill HOME``).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from graph import simulate
from graph.simulate import World
from graph.store import GraphStore
from graph.stores import open_store

ENVIRONMENT = os.environ  # noqa: TID251  the tests' one look at what this machine has
NEEDS = {
    "neo4j": "needs Neo4j: set RINGSIGHT_TEST_NEO4J_URI",
    "postgres": "needs PostgreSQL: set RINGSIGHT_TEST_POSTGRES_URL",
    "node": "needs Node",
    "chromium": "needs Chromium",
}
NEEDS_SCRIPT = "needs Neo4j to kill: set RINGSIGHT_TEST_NEO4J_SERVER to the script that starts one"


def require(name: str, reason: str | None = None) -> NoReturn:
    """Skip the test for want of ``name``, or fail it where ``RINGSIGHT_REQUIRE`` lists it."""
    reason = reason or NEEDS[name]
    if name in ENVIRONMENT.get("RINGSIGHT_REQUIRE", "").replace(" ", "").split(","):
        pytest.fail(f"{reason} (RINGSIGHT_REQUIRE lists {name})", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def neo4j_address() -> tuple[str, str, str]:
    """URL, user and password of the test server; skips where there is none."""
    url = ENVIRONMENT.get("RINGSIGHT_TEST_NEO4J_URI")
    if not url:
        require("neo4j")
    user = ENVIRONMENT.get("RINGSIGHT_TEST_NEO4J_USER", "neo4j")
    return (url, user, ENVIRONMENT.get("RINGSIGHT_TEST_NEO4J_PASSWORD", ""))


@pytest.fixture(scope="session")
def neo4j_script() -> Path:
    """The script that starts and kills a server of the test's own; skips where there is none."""
    script = ENVIRONMENT.get("RINGSIGHT_TEST_NEO4J_SERVER")
    if not script:
        require("neo4j", NEEDS_SCRIPT)
    return Path(script).absolute()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[GraphStore]:
    """An empty embedded store in a file of its own."""
    with open_store(f"sqlite:///{tmp_path}/graph.db") as store:
        yield store


@pytest.fixture
def neo4j_store(neo4j_address: tuple[str, str, str]) -> Iterator[GraphStore]:
    """The test server, emptied."""
    with open_store(*neo4j_address) as store:
        store.clear()
        yield store


@pytest.fixture(params=["sqlite", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def store(request: pytest.FixtureRequest) -> GraphStore:
    """An empty store of each kind in turn: what passes here passes over both."""
    found: GraphStore = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(scope="session")
def small_world() -> World:
    """A simulated world of some 200 accounts and three rings, made once a run; do not change it."""
    return simulate.small_world()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests had no server to run against."""
    skipped = terminalreporter.stats.get("skipped", [])
    for name in ("neo4j", "postgres", "node", "chromium"):
        needs = NEEDS[name].partition(":")[0]
        count = sum(needs in str(report.longrepr) for report in skipped)
        if count or name == "neo4j":
            label = {"neo4j": "Neo4j", "postgres": "PostgreSQL"}.get(name, name.capitalize())
            terminalreporter.write_line(f"{label} tests skipped: {count}")
