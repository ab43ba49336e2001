"""``ringsight bench serve``: how fast sign-ups are scored, beside what else could be done.

A server process of its own, a bounded load from this one, over loopback. Times depend on the
machine; what counts are ratios within one run: to an endpoint that only validates, to a graph
network run at each request, on a hub and off it, alone and while another process builds and
refreshes the same store. Read :mod:`api.bench_stand` for what is served.
"""

import asyncio
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from api.bench_load import Target, Told, closed_loop, in_turn, open_loop
from api.bench_stand import CONSTANT, SECRET, Stand, bodies, fill, generation, settings_of
from api.schemas_signup import SignupIn
from api.service import Service
from gnn.vicinity import ids_of
from graph.door import Door
from graph.flush import flush
from graph.journal import Journal
from graph.schema import NodeType
from graph.simulate import small_world, table
from graph.stores import open_store

SCORE = "/v1/signups/score"
PER_S = 200.0
CONNECTIONS = 16
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


def bench_serve(home: Path, size: Size, progress: Progress) -> dict[str, Any]:
    """Fill ``home``, serve it, and measure; ratios and times by name."""
    settings = settings_of(home)
    progress("fill", 0, 6)
    with open_store(settings.store_url) as store:
        stand = fill(settings, store, size.accounts, size.hub, size.seed)
    progress("per request", 1, 6)
    figures: dict[str, Any] = {"client": {"python": 1}, "in process": _in_process(stand, size)}
    began = time.perf_counter()
    with serving(settings.home) as port:
        figures["start-up"] = {"seconds": time.perf_counter() - began}
        return figures | _over_http(stand, port, size, progress)


def _over_http(stand: Stand, port: int, size: Size, progress: Progress) -> dict[str, Any]:
    score = Target(port, SCORE, stand.bearer)
    made = (bodies(stand.entities, size.seed + n) for n in range(100, 10_000))
    asyncio.run(closed_loop(score, next(made), 1, min(2.0, size.seconds)))  # everything warm
    figures: dict[str, Any] = {}
    progress("one connection", 2, 6)
    alone = asyncio.run(closed_loop(score, next(made), 1, size.seconds))
    figures["one connection"] = shown(alone)
    progress("open loop", 3, 6)
    quiet = asyncio.run(open_loop(score, next(made), PER_S, size.seconds))
    figures["open loop, 200/s"] = shown(quiet)
    progress("knee", 4, 6)
    figures["at 16 connections"] = _knee(stand, port, size, made)
    hubs = (score, bodies(stand.entities, size.seed + 50, hub=True))
    on, off = asyncio.run(in_turn(hubs, (score, next(made)), int(150 * size.seconds)))
    figures["hub"] = {
        "on p50 ms": on.quantile_ms(0.5),
        "off p50 ms": off.quantile_ms(0.5),
        "ratio": on.quantile_ms(0.5) / off.quantile_ms(0.5),
    }
    progress("beside jobs", 5, 6)
    with working(stand.settings.home, size):
        busy = asyncio.run(open_loop(score, next(made), PER_S, 2 * size.seconds))
    figures["open loop beside build and refresh"] = shown(busy) | {
        "p99 ratio": busy.quantile_ms(0.99) / quiet.quantile_ms(0.99)
    }
    figures["histogram (ms)"] = histogram(quiet)
    progress("done", 6, 6)
    return figures


def _knee(stand: Stand, port: int, size: Size, made: Iterator[Iterator[bytes]]) -> dict[str, float]:
    score, constant = (Target(port, path, stand.bearer) for path in (SCORE, CONSTANT))
    pairs = []
    for _ in range(size.rounds):
        ours = asyncio.run(closed_loop(score, next(made), CONNECTIONS, size.seconds))
        theirs = asyncio.run(closed_loop(constant, next(made), CONNECTIONS, size.seconds))
        pairs.append((ours.per_s, theirs.per_s, ours.degraded))
    return {
        "score per s": median(pair[0] for pair in pairs),
        "constant per s": median(pair[1] for pair in pairs),
        "ratio": median(pair[0] / pair[1] for pair in pairs),
        "degraded": float(sum(pair[2] for pair in pairs)),
    }


def _in_process(stand: Stand, size: Size) -> dict[str, float]:
    """A score and a graph network run per request, in turn, without HTTP."""
    from gnn.per_request import PerRequest, scored  # noqa: PLC0415 - torch, for the rival alone

    rival, made = PerRequest().eval(), bodies(stand.entities, size.seed + 7)
    ours_s, theirs_s = [], []
    with Service.of(stand.settings, SECRET) as service:
        service.warm()
        for _ in range(60):
            body = SignupIn.model_validate_json(next(made)).model_copy(update={"dry_run": True})
            began = time.perf_counter()
            service.score(body)
            ours_s.append(time.perf_counter() - began)
            ids = ids_of(*service.events_of(body))
            began = time.perf_counter()
            scored(rival, service.store.neighbourhood(ids, per_id=100, hops=2))
            theirs_s.append(time.perf_counter() - began)
    ours, theirs = median(ours_s[5:]), median(theirs_s[5:])
    return {"score ms": 1e3 * ours, "2 hops and a GNN ms": 1e3 * theirs, "ratio": theirs / ours}


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
def serving(home: Path, module: str = "api.bench_stand") -> Iterator[int]:
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
    """Another process that builds and publishes in the same store, until the block ends."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    job = context.Process(target=_work, args=(home, size, stop))
    job.start()
    try:
        yield
    finally:
        stop.set()
        job.join(timeout=120)
        if job.is_alive():
            job.kill()


def _work(home: Path, size: Size, stop: Any) -> None:
    """Build a small world's events again and again, and publish a refresh of every account."""
    settings, door = settings_of(home), Door(SECRET)
    with (
        Journal(settings.journal_path, door.key_id) as journal,
        open_store(settings.store_url) as store,
    ):
        keys = store.snapshot().keys(NodeType.ACCOUNT)
        number, world = store.generation()[0], small_world()
        sessions = table(world, "sessions")
        names = sessions["event_id"].to_pylist()
        while not stop.is_set():
            number += 1
            store.publish(generation(number, keys, size.seed))
            columns = {c: sessions[c].combine_chunks() for c in sessions.column_names}
            fresh = [f"{number} {name}" for name in names]
            rows = door.batch("sessions", {**columns, "event_id": fresh}, len(fresh)).rows
            journal.append("sessions", rows)
            flush(journal, store)
