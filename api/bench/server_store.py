"""A sign-up's read over a Neo4j server, beside a round trip that asks for nothing.

The two, and the read of a hub, take turns, so that a busy moment meets them all. How many round
trips a read made is counted, not guessed. The store must be empty before, and is empty after.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from api.bench.stand import SECRET, bodies, put_graph
from api.opened import store_of
from api.schemas.signup import SignupIn
from gnn.vicinity import ids_of
from graph.door import Door
from graph.errors import InputError, SettingsError

if TYPE_CHECKING:
    from api.bench.serve import Size
    from api.settings import Settings

WARM = 50
ROUNDS = 1_000
Ids = tuple[str, ...]


def bench_server_store(settings: "Settings", size: "Size") -> dict[str, dict[str, float]]:
    """Fill the empty server that ``settings`` name, read it, and empty it again.

    Raises:
        SettingsError: if it is no server.
        InputError: if it holds a graph already.
    """
    from graph.stores.neo4j import Neo4jStore  # noqa: PLC0415 - the driver, when it is asked for

    with store_of(settings) as store:
        if not isinstance(store, Neo4jStore):
            raise SettingsError("give the bolt:// address of an empty Neo4j")
        if any(store.counts().values()):
            raise InputError("the bench fills and empties its store: give it an empty one")
        try:
            entities = put_graph(store, size.accounts, size.hub, size.seed)
            plain, hub = _asked(entities, size.seed), _asked(entities, size.seed + 1, hub=True)
            calls: dict[str, Callable[[int], object]] = {
                "empty": lambda _: store.ping(),
                "read": lambda n: store.neighbourhood(plain[n % len(plain)]),
                "read of a hub": lambda n: store.neighbourhood(hub[n % len(hub)]),
            }
            took = _in_turn(calls, WARM + ROUNDS)
            before = store.round_trips
            for ids in plain[:WARM]:
                store.neighbourhood(ids)
            trips = (store.round_trips - before) / WARM
        finally:
            store.clear()
    return told(took, trips)


def told(took: dict[str, list[float]], trips: float) -> dict[str, dict[str, float]]:
    """Quantiles (ms) of each call, the ratios to the empty one's p99, and round trips a read."""
    found: dict[str, dict[str, float]] = {}
    for name, seconds in took.items():
        p50, p99 = np.quantile(seconds[WARM:], (0.5, 0.99)) * 1_000
        found[name] = {"p50 ms": float(p50), "p99 ms": float(p99)}
    empty = found["empty"]["p99 ms"]
    for name in ("read", "read of a hub"):
        found[name] |= {"p99 ratio": found[name]["p99 ms"] / empty, "round trips": trips}
    return found


def _in_turn(calls: dict[str, Callable[[int], object]], rounds: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            call(number)
            took[name].append(time.perf_counter() - began)
    return took


def _asked(entities: dict[str, int], seed: int, *, hub: bool = False) -> list[Ids]:
    """What some hundred sign-ups ask the store for."""
    door, made = Door(SECRET), bodies(entities, seed, hub=hub)
    found = []
    for _ in range(200):
        body = SignupIn.model_validate_json(next(made))
        assert body.payment is not None
        offer = {"event_id": "offer", "account_id": body.account_id, "amount_usd": 0.0}
        offer |= {"occurred_at": body.created_at, "outcome": "succeeded"}
        payment = door.payment({**offer, **body.payment.model_dump()})
        found.append(ids_of(door.signup(body.row()), payment))
    return found
