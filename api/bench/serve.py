"""``ringsight bench serve``: how fast sign-ups are scored, beside what else could be done.

A server process of its own, a bounded load from this one, over loopback. Times depend on the
machine; what counts are ratios within one run: to an endpoint that only validates, to a graph
network run at each request, on a hub and off it, alone and while another process builds and
refreshes the same store. ``bars`` says which of the stated bars were met. Read
:mod:`api.bench.stand` for what is served.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from api.bench.load import Line, Target, Told, closed_loop, in_turn, open_loop
from api.bench.server_store import bench_server_store
from api.bench.stand import CONSTANT, SECRET, Stand, bodies, fill, generation, settings_of
from api.bench.wrk import Rate, installed, wrk
from api.schemas.answers import moment
from api.schemas.signup import SignupIn
from api.serving.service import Service
from api.settings import Settings
from gnn.vicinity import MATES_MOST, ids_of
from graph.stores import open_store

SCORE = "/v1/signups/score"
PER_S = 200.0
CONNECTIONS = 16
STEPS = 7
# In process each way is asked so many times in a row, so many times in turn; the first is no use.
RUN, ROUNDS_IN_PROCESS = 10, 7
# What the service is held to, at a million accounts and a hub of a hundred thousand.
BARS = (
    ("start-up", "seconds", "<=", 5.0),
    ("in process", "ratio", ">=", 50.0),
    ("one connection", "p50 ms", "<=", 3.0),
    ("one connection", "p99 ms", "<=", 10.0),
    ("open loop, 200/s", "p50 ms", "<=", 3.0),
    ("open loop, 200/s", "p99 ms", "<=", 10.0),
    ("at 16 connections", "ratio", ">=", 1 / 3),
    ("hub", "ratio", "<=", 1.2),
    ("open loop beside build and refresh", "p99 ratio", "<=", 2.0),
    ("after a refresh", "of the refresh before", "<=", 0.0),
    ("server store > read", "round trips", "<=", 1.0),
    ("server store > read", "p99 ratio", "<=", 3.0),
    ("server store > read of a hub", "p99 ratio", "<=", 3.0),
)
EDGES_MS = (0.5, 1, 2, 3, 5, 10, 20, 50, 100)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Size:
    """How large the bench is: ``Size(20_000, 5_000, 2.0, 3)`` for a quick look.

    ``seconds`` each measurement takes, ``rounds`` how often score and constant alternate.
    """

    accounts: int = 1_000_000
    hub: int = 100_000
    seconds: float = 10.0
    rounds: int = 3
    seed: int = 1


def bench_serve(
    home: Path, size: Size, progress: Progress, server: Settings | None = None
) -> dict[str, Any]:
    """Fill ``home``, serve it, and measure; ratios and times by name.

    ``server`` names an empty Neo4j, whose reads are measured beside its own empty round trip.
    """
    figures: dict[str, Any] = {}
    if server is not None:
        progress("server store", 0, STEPS)
        figures["server store"] = bench_server_store(server, size)
    settings = settings_of(home)
    progress("fill", 1, STEPS)
    with open_store(settings.store_url) as store:
        stand = fill(settings, store, size.accounts, size.hub, size.seed)
    progress("per request", 2, STEPS)
    wrks = float(installed() is not None)
    figures["client of the knee"] = {"wrk": wrks, "python": 1 - wrks}
    figures["in process"] = _in_process(stand, size)
    began = time.perf_counter()
    with serving(settings.home) as port:
        asyncio.run(_answers(port))
        figures["start-up"] = {"seconds": time.perf_counter() - began}
        figures |= _over_http(stand, port, size, progress)
    progress("done", STEPS, STEPS)
    return figures | {"bars": bars(figures)}


async def _answers(port: int) -> None:
    """Wait for a first answer: a port that is open is no service yet."""
    line = await Line.open(port)
    await line.ask(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode(), Told())
    line.close()


def _over_http(stand: Stand, port: int, size: Size, progress: Progress) -> dict[str, Any]:
    score = Target(port, SCORE, stand.bearer)
    made = (bodies(stand.entities, size.seed + n) for n in range(100, 10_000))
    asyncio.run(closed_loop(score, next(made), 1, min(2.0, size.seconds)))  # everything warm
    figures: dict[str, Any] = {}
    progress("one connection", 3, STEPS)
    alone = asyncio.run(closed_loop(score, next(made), 1, size.seconds))
    figures["one connection"] = shown(alone)
    progress("open loop", 4, STEPS)
    quiet = asyncio.run(open_loop(score, next(made), PER_S, size.seconds))
    figures["open loop, 200/s"] = shown(quiet)
    progress("knee", 5, STEPS)
    figures["at 16 connections"] = _knee(stand, port, size, made)
    hubs = (score, bodies(stand.entities, size.seed + 50, hub=True))
    on, off = asyncio.run(in_turn(hubs, (score, next(made)), int(150 * size.seconds)))
    figures["hub"] = {
        "on p50 ms": on.quantile_ms(0.5),
        "off p50 ms": off.quantile_ms(0.5),
        "ratio": on.quantile_ms(0.5) / off.quantile_ms(0.5),
    }
    progress("beside jobs", 6, STEPS)
    with working(stand.settings.home, size):
        busy = asyncio.run(open_loop(score, next(made), PER_S, 2 * size.seconds))
    figures["open loop beside build and refresh"] = shown(busy) | {
        "p99 ratio": busy.quantile_ms(0.99) / quiet.quantile_ms(0.99)
    }
    figures["after a refresh"] = _after_a_refresh(stand, score, next(made), size)
    figures["histogram (ms)"] = histogram(quiet)
    return figures


def _knee(stand: Stand, port: int, size: Size, made: Iterator[Iterator[bytes]]) -> dict[str, float]:
    score, constant = (Target(port, path, stand.bearer) for path in (SCORE, CONSTANT))
    pairs = []
    for _ in range(size.rounds):
        ours = _loaded(stand, score, next(made), size)
        pairs.append((ours, _loaded(stand, constant, next(made), size)))
    return {
        "score per s": median(ours.per_s for ours, _ in pairs),
        "constant per s": median(theirs.per_s for _, theirs in pairs),
        "ratio": median(ours.per_s / theirs.per_s for ours, theirs in pairs),
        "score client p99 ms": median(ours.p99_ms for ours, _ in pairs),
        "not 200": float(sum(ours.bad + theirs.bad for ours, theirs in pairs)),
    }


def _loaded(stand: Stand, target: Target, made: Iterator[bytes], size: Size) -> Rate:
    """So many answers a second, by the best client there is."""
    if installed():
        return wrk(target, made, CONNECTIONS, size.seconds, stand.settings.home)
    told = asyncio.run(closed_loop(target, made, CONNECTIONS, size.seconds))
    bad = sum(n for status, n in told.statuses.items() if status != 200)
    return Rate(told.per_s, told.waited_ms(0.5), told.waited_ms(0.99), bad)


def _after_a_refresh(
    stand: Stand, score: Target, made: Iterator[bytes], size: Size
) -> dict[str, float]:
    """Publish from this process, then ask the server: which answers are of the refresh before."""
    with open_store(stand.settings.store_url) as store:
        fresh = generation(store.generation()[0] + 1, pa.array(["a0"]), size.seed)
        store.publish(fresh)
    wanted = moment(fresh.as_of)

    async def asked() -> list[bool]:
        line, told = await Line.open(score.port), Told()
        found = []
        for _ in range(20):
            body = json.loads(await line.ask(score.request(next(made)), told))
            found.append(datetime.fromisoformat(body["graph_as_of"]) == wanted)
        line.close()
        return found

    seen = asyncio.run(asked())
    return {"asked": float(len(seen)), "of the refresh before": float(seen.count(False))}


def bars(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What was stated and what was found, by name; ``holds`` is 1 or 0."""
    found: dict[str, dict[str, float]] = {}
    for group, name, sign, bar in BARS:
        row: Any = figures
        for part in (*group.split(" > "), name):
            row = row.get(part) if isinstance(row, Mapping) else None
        if row is not None:
            holds = row <= bar if sign == "<=" else row >= bar
            found[f"{group} {name} {sign}"] = {"found": row, "bar": bar, "holds": float(holds)}
    return found


def _in_process(stand: Stand, size: Size) -> dict[str, float]:
    """A score and a graph network run per request, in turn, without HTTP.

    The network twice: as PyG cuts two hops out of a graph in memory, and over our own index.
    """
    from gnn.per_request import PerRequest, WholeGraph, scored  # noqa: PLC0415 - torch, a rival's

    made = bodies(stand.entities, size.seed + 7)
    took: dict[str, list[float]] = {"score": [], "PyG": [], "indexed": []}
    with Service.of(stand.settings, SECRET) as service:
        service.warm()
        whole, indexed = WholeGraph(service.store.snapshot()).eval(), PerRequest().eval()

        def ways() -> dict[str, Callable[[], object]]:
            body = SignupIn.model_validate_json(next(made)).model_copy(update={"dry_run": True})
            ids = ids_of(*service.events_of(body))
            numbers = whole.numbers(ids)
            return {
                "score": partial(service.score, body),
                "PyG": partial(whole.scored, numbers),
                "indexed": lambda: scored(
                    indexed, service.store.neighbourhood(ids, per_id=MATES_MOST, hops=2)
                ),
            }

        for _ in range(ROUNDS_IN_PROCESS):
            # A run of each, not one of each: whoever answers so all day has the processor's caches.
            calls = [ways() for _ in range(RUN)]
            for name, seconds in took.items():
                for call in calls:
                    began = time.perf_counter()
                    call[name]()
                    seconds.append(time.perf_counter() - began)
    ms = {name: 1e3 * median(seconds[RUN:]) for name, seconds in took.items()}
    return {
        "score ms": ms["score"],
        "2 hops and a GNN in PyG ms": ms["PyG"],
        "ratio": ms["PyG"] / ms["score"],
        "2 hops by index and a GNN ms": ms["indexed"],
        "ratio to it": ms["indexed"] / ms["score"],
    }


def shown(told: Told) -> dict[str, float]:
    """Server-side and client-side quantiles of a run, and what was not 200."""
    return {
        "p50 ms": told.quantile_ms(0.5),
        "p99 ms": told.quantile_ms(0.99),
        "client p50 ms": told.waited_ms(0.5),
        "client p99 ms": told.waited_ms(0.99),
        "per s": told.per_s,
        "degraded": float(told.degraded),
        "not 200": float(sum(n for status, n in told.statuses.items() if status != 200)),
    }


def histogram(told: Told) -> dict[str, float]:
    """How many answers took at most so many milliseconds on the server."""
    times = np.array(told.server_ms)
    counts = {f"<= {edge:g}": float((times <= edge).sum()) for edge in EDGES_MS}
    return counts | {"all": float(len(times))}


@contextmanager
def serving(home: Path, module: str = "api.bench.stand") -> Iterator[int]:
    """A server process over ``home``; its port, once it answers."""
    command = [sys.executable, "-m", module, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.terminate()


@contextmanager
def working(home: Path, size: Size) -> Iterator[None]:
    """Another process that builds and publishes in the same store, until the block ends.

    Raises:
        CalledProcessError: if it failed, for then nothing was measured beside it.
    """
    command = [sys.executable, "-m", "api.bench.jobs", str(home), str(size.seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as job:  # noqa: S603 - this very program
        try:
            yield
        finally:
            assert job.stdin is not None
            job.stdin.close()
            try:
                job.wait(120)
            except subprocess.TimeoutExpired:
                job.kill()
    if job.returncode:
        raise subprocess.CalledProcessError(job.returncode, command)
