"""``ringsight bench browse --home`` asks a home about its ring and its hub, and runs to its end."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from api.bench.browse import _ends_of, bench_home
from api.serving.service import Service
from api.settings import Settings
from graph.errors import InputError
from graph.facts import Edge, Facts, Node
from graph.schema import NodeType
from graph.store import Generation
from graph.stores import open_store
from tests.api.small_home import Home

RING_CALLS = {"ring", "ring/graph", "ring/shared", "ring/accounts", "queue"}
HUB_CALLS = {"entity", "neighbours", "badges", "view", "shared"}


def test_a_homes_ring_and_its_hub_are_both_asked(home: Home) -> None:
    figures = bench_home(home.settings, rounds=2)

    assert figures.keys() >= RING_CALLS | HUB_CALLS | {"sharing with a ring"}
    assert figures["ring"]["accounts"] == max(ring.size for ring in home.rings)
    assert all(figures[name]["ratio"] > 0 for name in HUB_CALLS)


def test_the_hub_is_what_most_share_and_the_ordinary_thing_what_some_do(home: Home) -> None:
    with open_store(home.settings.store_url) as store:
        plain, hub = _ends_of(store, lambda *_: None)
        degree = {i: sum(store.degrees([i])[i].values()) for i in (plain, hub)}
        nodes = store.snapshot().nodes

    things = [max(t["degree"].to_pylist()) for kind, t in nodes.items() if kind != "account"]
    assert degree[hub] == max(things)
    assert 0 < degree[plain] <= degree[hub]


def test_a_home_without_rings_is_asked_about_its_hub_alone(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, key=SecretStr("a" * 64))
    accounts = [Node(NodeType.ACCOUNT, f"a{n}", 1, {}) for n in range(4)]
    things = [Node(NodeType.IP, name, 1, {}) for name in ("hub", "plain")]
    edges = [Edge(f"account:a{n}", "SEEN_AT", "ip:hub", 1, 1) for n in range(4)]
    edges.append(Edge("account:a0", "SEEN_AT", "ip:plain", 1, 1))
    with open_store(settings.store_url) as store:
        store.load([Facts((*accounts, *things), tuple(edges))])
        store.publish(Generation(1, 2, {}))

    figures = bench_home(settings, rounds=2)

    assert figures.keys() == HUB_CALLS | {"flagged neighbours"}


def test_an_empty_home_is_told_what_is_missing(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, key=SecretStr("a" * 64))
    with open_store(settings.store_url), Service.of(settings, settings.known_key()):
        pass

    with pytest.raises(InputError, match="build it first"):
        bench_home(settings, rounds=2)
