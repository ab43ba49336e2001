"""The bench of the service: what a client's text says, what the bars are, and a small whole run."""

import json
import math
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from api.bench.serve import BARS, Size, bars, bench_serve
from api.bench.server_store import bench_server_store
from api.bench.wrk import told_by
from api.cli.verbs import app
from api.settings import Settings
from graph.errors import InputError, SettingsError
from graph.facts import Facts, Node
from graph.schema import NodeType
from graph.store import GraphStore

WRK = """Running 5s test @ http://127.0.0.1:40001/v1/signups/score
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    14.57ms    3.01ms  60.16ms   83.15%
  Latency Distribution
     50%  980.00us
     75%   15.82ms
     90%   17.90ms
     99%    1.02s
  5487 requests in 5.01s, 6.34MB read
  Socket errors: connect 0, read 1, write 0, timeout 2
  Non-2xx or 3xx responses: 12
Requests/sec:   1095.87
Transfer/sec:      1.27MB
"""


def test_a_load_of_wrk_is_read_from_what_it_prints() -> None:
    rate = told_by(WRK)

    assert (rate.per_s, rate.bad) == (1095.87, 15)
    assert rate.p50_ms == pytest.approx(0.98)
    assert rate.p99_ms == pytest.approx(1020)


def test_a_load_that_told_nothing_is_no_rate_of_nothing() -> None:
    with pytest.raises(ValueError, match="no rate"):
        told_by("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_a_bar_that_is_not_met_is_said() -> None:
    told = bars({"hub": {"ratio": 1.3}, "in process": {"ratio": 50.0}, "start-up": {"seconds": 4}})

    assert told["hub ratio <="] == {"found": 1.3, "bar": 1.2, "holds": 0.0}
    assert [row["holds"] for row in told.values()] == [1.0, 1.0, 0.0]


def test_the_server_bench_refuses_what_is_no_server(tmp_path: Path) -> None:
    given = Settings(home=tmp_path, store=f"sqlite:///{tmp_path}/graph.db")

    with pytest.raises(SettingsError, match="empty Neo4j"):
        bench_server_store(given, Size(1_000, 100))


@pytest.mark.neo4j
def test_a_read_over_a_server_is_one_round_trip(
    neo4j_store: GraphStore, neo4j_address: tuple[str, str, str]
) -> None:
    url, user, password = neo4j_address
    given = Settings(store=url, store_user=user, store_password=SecretStr(password))

    found = bench_server_store(given, Size(2_000, 1_000))

    assert found["read"]["round trips"] == 1
    assert found["read of a hub"]["p99 ratio"] > 0
    assert not any(neo4j_store.counts().values())


@pytest.mark.neo4j
def test_the_server_bench_leaves_a_filled_store_alone(
    neo4j_store: GraphStore, neo4j_address: tuple[str, str, str]
) -> None:
    url, user, password = neo4j_address
    given = Settings(store=url, store_user=user, store_password=SecretStr(password))
    neo4j_store.write(Facts(nodes=(Node(NodeType.ACCOUNT, "somebody", 1),)))

    with pytest.raises(InputError, match="empty one"):
        bench_server_store(given, Size(1_000, 100))

    assert neo4j_store.counts()["account"] == 1


@pytest.mark.slow
def test_a_small_run_measures_all_that_is_stated(tmp_path: Path) -> None:
    steps: list[str] = []

    found = bench_serve(
        tmp_path / "home", Size(3_000, 800, 1.0, 1), lambda step, *_: steps.append(step)
    )

    stated = {f"{group} {name} {sign}" for group, name, sign, _ in BARS if "server" not in group}
    assert set(found["bars"]) == stated
    assert all(math.isfinite(row["found"]) for row in found["bars"].values())
    assert found["after a refresh"] == {"asked": 20.0, "of the refresh before": 0.0}
    assert found["at 16 connections"]["not 200"] == 0
    assert found["histogram (ms)"]["all"] > 0
    assert json.dumps(found)
    assert steps[-1] == "done"


def test_the_command_says_what_it_can_measure() -> None:
    told = CliRunner().invoke(app, ["bench", "serve", "--help"])

    assert told.exit_code == 0
    assert "EMPTY Neo4j" in told.output
