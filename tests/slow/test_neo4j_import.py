"""A graph built in the embedded store moves to a real Neo4j by its offline importer, whole."""

import json
import shlex
from pathlib import Path

import pytest

from api.cli.verbs import run
from graph.retell import retell
from graph.schema import NodeType
from graph.simulate.bulk import bulk
from graph.stores import open_store
from graph.stores.sqlite import SqliteStore
from tests.own_neo4j import own_server

pytestmark = [pytest.mark.slow, pytest.mark.neo4j, pytest.mark.timeout(900)]


def test_an_exported_graph_is_imported_and_read_as_it_was(
    neo4j_script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    graph = bulk(accounts=20_000, edges=60_000, hub=2_000, seed=5)
    with SqliteStore(tmp_path / "graph.db") as store:
        store.load(retell(graph))
        before = store.snapshot()

    monkeypatch.setenv("RINGSIGHT_HOME", str(tmp_path))
    assert run(["export-neo4j", str(tmp_path / "files"), "--json"], {}) == 0
    (told,) = json.loads(capsys.readouterr().out).values()
    with own_server(neo4j_script, tmp_path / "neo4j") as server:
        server.stop()
        server.admin(*shlex.split(told)[1:], "--overwrite-destination=true")
        server.start()
        url, user, password = server.address
        with open_store(url, user, password) as neo4j:
            assert neo4j.snapshot().digest == before.digest
            hub = neo4j.neighbourhood(["ip:hub"], per_id=25, hops=1)

    assert hub.size(NodeType.ACCOUNT) == 25
