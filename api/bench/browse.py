"""How fast the console's questions are answered, and whether a hub costs more than another node.

A graph of a million accounts with an address that 100,000 of them were seen at, a refresh with a
ring and ten thousand flagged accounts, and the whole service in front, asked in turn about the hub
and about an ordinary node: what the machine does beside it falls on both alike. With ``home`` the
calls of a ring's page, and those of the hub found there, are timed on a home that was built.
Nothing is asserted.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa

from api.desk.office import full_key
from api.serving.service import Service
from api.settings import Settings
from graph.errors import InputError
from graph.retell import retell
from graph.schema import EDGE_OF, NodeType, node_id
from graph.simulate.bulk import bulk
from graph.snapshot import Snapshot
from graph.store import Generation, GraphStore
from graph.stores import open_store

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

HUB = "ip:hub"
RING = "ring-bench"
MEMBERS = 100
FACTS = 20_000
FLAGGED_SHARE = 0.01
PLAIN = 50
"""Accounts of the ordinary node: a page of it is as long as the hub's."""
_EVERY = 10_000_000
_KEY = "a benchmark's key: it hides nothing that is anybody's"
Progress = Callable[[str, int, int | None], None]
Figures = dict[str, dict[str, float]]
Ask = Callable[[], Any]


def bench_browse(
    accounts: int = 1_000_000,
    hub: int = 100_000,
    rounds: int = 200,
    *,
    edges_each: int = 4,
    progress: Progress = lambda step, done, total: None,
) -> Figures:
    """Milliseconds of each question about an ordinary node and about the hub, and their ratio.

    Args:
        accounts: accounts of the graph.
        hub: accounts seen at one address.
        rounds: times each question is asked.
        edges_each: ties of an account on average.
        progress: told the step, what is done, and of how much.
    """
    with tempfile.TemporaryDirectory(prefix="ringsight-bench-") as folder:
        settings = Settings(home=Path(folder), key=_KEY)
        graph = bulk(accounts, accounts * edges_each, hub, seed=1)
        open_store(settings.store_url).close()
        with Service.of(settings, settings.known_key()) as service:
            # Asked for a key before there is a refresh to announce, which the ledger is busy with.
            ask = _client(service)
            _fill(service.store, graph, progress)
            return _timed(_questions(ask, (_plain_of(graph), HUB), RING), rounds, progress)


def bench_home(
    settings: Settings, rounds: int = 50, progress: Progress = lambda step, done, total: None
) -> Figures:
    """Milliseconds of every call of a ring's page, and of a hub's beside an ordinary node's.

    The ring is the largest flagged one; a home without rings is asked about its hub alone, which is
    the thing that most accounts share.

    Raises:
        InputError: if the home holds neither rings nor anything that accounts share.
    """
    with Service.of(settings, settings.known_key()) as service:
        rings = sorted(service.reader.era().rings.values(), key=lambda r: (-r.size, r.ring_id))
        flagged = [ring for ring in rings if ring.detail.get("flagged")]
        ring = next(iter(flagged or rings), None)
        client, figures = _client(service), Figures()
        if ring is not None:
            spent = _spent(_ring_calls(client, ring.ring_id), rounds, progress)
            figures = {name: {"accounts": ring.size, **told} for name, told in spent.items()}
        plain, hub = _ends_of(service.store, progress)
        near = None if ring is None else ring.ring_id
        return figures | _timed(_questions(client, (plain, hub), near), rounds, progress)


def _ring_calls(client: "TestClient", ring_id: str) -> dict[str, Ask]:
    base = f"/v1/rings/{quote(ring_id, safe='')}"
    calls = ["", "/graph", "/graph?detail=all", "/shared", "/timeline", "/accounts", "/events"]
    asked = {f"ring{path}": _getting(client, base + path) for path in calls}
    return asked | {"queue": _getting(client, "/v1/rings")}


def _ends_of(store: GraphStore, progress: Progress) -> tuple[str, str]:
    """An ordinary thing of a store, which about :data:`PLAIN` nodes are tied to, and its hub."""
    things = [kind for kind in NodeType if kind is not NodeType.ACCOUNT]
    degree: dict[str, int] = {}
    for place, kind in enumerate(things, 1):
        ids = [node_id(kind, key) for key in store.find(kind.value, "", _EVERY)]
        for start in range(0, len(ids), FACTS):
            for identity, kinds in store.degrees(ids[start : start + FACTS]).items():
                degree[identity] = sum(kinds.values())
        progress("look for a hub", place, len(things))
    if not degree:
        raise InputError("the home has no rings and nothing that accounts share: build it first")
    hub = max(degree, key=lambda i: (degree[i], i))
    return min(degree, key=lambda i: (abs(degree[i] - PLAIN), i)), hub


# -- what is asked ---------------------------------------------------------------------------------


def _questions(
    client: "TestClient", of: tuple[str, str], ring: str | None
) -> dict[str, tuple[Ask, Ask]]:
    """Each question about the ordinary node and about the hub, in ``of``, and ``ring`` if any."""
    plain, hub = of
    asked = {
        "entity": "/v1/entities/{}",
        "neighbours": "/v1/entities/{}/neighbours?limit=50",
        "flagged neighbours": "/v1/entities/{}/neighbours?flagged=true&order=score",
        "shared": "/v1/entities/{}/shared",
    }
    if ring is not None:
        asked["sharing with a ring"] = (
            f"/v1/entities/{{}}/neighbours?shares_with=ring:{quote(ring)}"
        )
    found = {
        name: (
            _getting(client, url.format(quote(plain, safe=""))),
            _getting(client, url.format(quote(hub, safe=""))),
        )
        for name, url in asked.items()
    }
    for name, path, beside in (
        ("badges", "/v1/entities/counts", []),
        ("view", "/v1/graph/subgraph", ["account:a1", "account:a2"]),
    ):
        found[name] = (
            _posting(client, path, {"ids": [plain, *beside]}),
            _posting(client, path, {"ids": [hub, *beside]}),
        )
    return found


def _getting(client: "TestClient", url: str) -> Ask:
    return lambda: _fine(client.get(url))


def _posting(client: "TestClient", url: str, body: Mapping[str, Any]) -> Ask:
    return lambda: _fine(client.post(url, json=body))


def _fine(answer: Any) -> Any:
    answer.raise_for_status()
    return answer


def _client(service: Service) -> "TestClient":
    try:
        from fastapi.testclient import TestClient  # noqa: PLC0415
    except (ImportError, RuntimeError):
        raise InputError("this benchmark needs httpx: pip install 'ringsight[dev]'") from None
    from api.app import create_app  # noqa: PLC0415

    key = service.office.new_key(full_key("bench", service.clock(), "bench"), "bench")
    return TestClient(create_app(service), headers={"Authorization": f"Bearer {key}"})


# -- times -----------------------------------------------------------------------------------------


def _timed(questions: Mapping[str, tuple[Ask, Ask]], rounds: int, progress: Progress) -> Figures:
    """Both sides of every question, asked in turn."""
    figures: Figures = {}
    for place, (name, (plain, hub)) in enumerate(questions.items(), 1):
        spent = _spent({"plain": plain, "hub": hub}, rounds, lambda *_: None)
        figures[name] = {
            **{f"plain_{unit}": value for unit, value in spent["plain"].items()},
            **{f"hub_{unit}": value for unit, value in spent["hub"].items()},
            "ratio": round(spent["hub"]["cpu_ms"] / spent["plain"]["cpu_ms"], 3),
            "ratio_p99": round(spent["hub"]["cpu_p99_ms"] / spent["plain"]["cpu_p99_ms"], 3),
        }
        progress("ask", place, len(questions))
    return figures


def _spent(asked: Mapping[str, Ask], rounds: int, progress: Progress) -> Figures:
    """Median and 99th percentile (ms) of each call, all of them in turn, by clock and by CPU.

    A busy machine makes wall times longer and hardly CPU times: ratios are of the latter.
    """
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for call in asked.values():
        call()  # what is read once a generation is not a page's cost
    for done in range(rounds):
        for name, call in asked.items():
            began, worked = time.perf_counter(), time.process_time()
            call()
            spent = (time.perf_counter() - began, time.process_time() - worked)
            times[name].append(spent)
        progress("ask", done + 1, rounds)
    return {name: _summed(found) for name, found in times.items()}


def _summed(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    wall, cpu = (sorted(part) for part in zip(*times, strict=True))
    last = min(len(wall) - 1, int(len(wall) * 0.99))
    return {
        "p50_ms": round(statistics.median(wall) * 1e3, 2),
        "p99_ms": round(wall[last] * 1e3, 2),
        "cpu_ms": round(statistics.median(cpu) * 1e3, 2),
        "cpu_p99_ms": round(cpu[last] * 1e3, 2),
    }


# -- the graph -------------------------------------------------------------------------------------


def _fill(store: GraphStore, graph: Snapshot, progress: Progress) -> None:
    rows = [table.num_rows for table in (*graph.nodes.values(), *graph.edges.values())]
    total = sum(-(-size // FACTS) for size in rows)
    for place, part in enumerate(retell(graph, FACTS), 1):
        store.load([part])
        progress("load", place, total)
    store.publish(_generation(graph))
    progress("publish", 1, 1)


def _generation(graph: Snapshot) -> Generation:
    """A refresh in which every hundredth account is flagged, and 100 of these are a ring."""
    keys = graph.keys(NodeType.ACCOUNT)
    step = round(1 / FLAGGED_SHARE)
    flagged = keys.take(pa.array(np.arange(0, len(keys), step)))
    members = flagged.slice(0, MEMBERS)
    detail = {"version": 1, "flagged": True, "verdict": "distillation", "reasons": []}
    at = graph.as_of
    rings = pa.table(
        {
            "ring_id": [RING], "score": [0.97], "size": [len(members)], "status": ["active"],
            "first_seen": [at], "last_seen": [at], "detail": [json.dumps(detail)],
        }
    )  # fmt: skip
    tied = pa.table(
        {
            "ring_id": [RING] * len(members), "account_id": members,
            "strength": [1.0] * len(members), "since": [at] * len(members),
        }
    )  # fmt: skip
    size = len(flagged)
    flags = pa.table(
        {
            "account_id": flagged, "score": [0.9] * size, "ring_id": pa.nulls(size, pa.string()),
            "since": [at] * size,
        }
    )  # fmt: skip
    columns = {"account": pa.table({"key": flagged, "score": [0.9] * size, "flagged": [1] * size})}
    return Generation(1, at, columns, rings, tied, flags)


def _plain_of(graph: Snapshot) -> str:
    """An ordinary entity: one that as many accounts share as a page shows, as nearly as may be."""
    near: list[tuple[float, str]] = []
    for verb in sorted(graph.edges):
        kind = EDGE_OF[verb].target
        away = np.abs(graph.numbers(kind, "degree") - PLAIN)
        row = int(np.argmin(away))
        near.append((float(away[row]), node_id(kind, graph.keys(kind)[row].as_py())))
    return min(near)[1]
