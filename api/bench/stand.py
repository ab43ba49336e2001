"""What ``ringsight bench serve`` measures: a large graph behind the real application.

The graph is ``graph.simulate.bulk``, its addresses, devices and cards renamed to the pseudonyms of
values that callers can send, so that sign-ups hit it through the door like any other. The model has
the product's size and is grown on rows of that graph; what it says is worth nothing. Beside the
score stands an endpoint that validates the same body and returns a constant, behind the same
shields. Run as a module it serves: ``python -m api.bench.stand HOME``.
"""

import json
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from fastapi import FastAPI, Response

from api.access.auth import Scores
from api.app import create_app
from api.desk.office import full_key
from api.listen import listen_with
from api.schemas.signup import AssessmentOut, SignupIn
from api.serving.service import Service, wall_clock
from api.settings import Settings
from api.workshop import shelf_of
from gnn.booster import Booster
from gnn.bundle import COLUMNS, Bundle, Thresholds
from gnn.calibrate import Calibration
from gnn.train_signups import SIGNUP_TREES
from graph.door import Door
from graph.flush import KEY
from graph.retell import retell
from graph.schema import NodeType
from graph.simulate.bulk import SPAN_US, START_US, bulk
from graph.snapshot import Snapshot
from graph.store import Generation, GraphStore

SECRET = b"a key of the bench, never of data"
HUB_IP = "93.184.216.34"
BEGAN = datetime(2025, 4, 2, 12, tzinfo=UTC)
APART = timedelta(milliseconds=5)
CONSTANT = "/bench/constant"
EDGES_PER_ACCOUNT = 3
_RAW = {NodeType.IP: "ip", NodeType.DEVICE: "device", NodeType.PAYMENT_METHOD: "payment_method"}


@dataclass(frozen=True, slots=True)
class Stand:
    """A home that was filled, its graph's sizes, and the key that opens it."""

    settings: Settings
    bearer: str
    entities: dict[str, int]


def settings_of(home: Path, store: Settings | None = None) -> Settings:
    """The settings of a bench in ``home``; over the server that ``store`` names, if it does."""
    more: dict[str, Any] = {"home": home, "key": SECRET.decode(), "rate_per_s": 0.0}
    if store is not None:
        more |= {"store": store.store, "store_user": store.store_user}
        more["store_password"] = store.store_password
    return Settings(**more)


def fill(settings: Settings, store: GraphStore, accounts: int, hub: int, seed: int) -> Stand:
    """Put a graph of ``accounts`` behind a service in an empty store."""
    entities = put_graph(store, accounts, hub, seed)
    shelf_of(settings, sign=True).put(model(seed))
    with Service.of(settings, SECRET) as service:
        bearer = service.office.new_key(full_key("bench", wall_clock(), "bench"), "bench")
    stand = Stand(settings, bearer, entities)
    told = {"bearer": bearer, "entities": entities}
    (settings.home / "stand.json").write_text(json.dumps(told))
    return stand


def put_graph(store: GraphStore, accounts: int, hub: int, seed: int) -> dict[str, int]:
    """Fill an empty store, and publish a refresh; the number of entities by kind."""
    graph = bulk(accounts, accounts * EDGES_PER_ACCOUNT, hub, seed)
    door = Door(SECRET)
    named = _renamed(graph, door)
    store.load(retell(named, version=1))
    store.set_meta(KEY, door.key_id)
    store.publish(generation(1, named.keys(NodeType.ACCOUNT), seed))
    return {kind.value: graph.size(kind) for kind in _RAW}


def generation(number: int, keys: pa.Array, seed: int) -> Generation:
    """What a refresh publishes of every account: a score, and a ring for one in a hundred."""
    chance = np.random.default_rng(seed + number)
    ringed = chance.random(len(keys)) < 0.01
    rings = pa.array(["r1" if one else None for one in ringed.tolist()], pa.string())
    columns = {
        "key": keys,
        "score": pa.array(chance.random(len(keys)) ** 4),
        "ring_id": rings,
        "ring_flagged": pa.array(ringed.astype(np.int64)),
        "ring_size": pa.array(np.where(ringed, 40, 0)),
        "ring_version": pa.array(np.where(ringed, 1, 0)),
    }
    return Generation(number, START_US + SPAN_US + number, {"account": pa.table(columns)})


def model(seed: int) -> Bundle:
    """A bundle whose sign-up forest has the product's size."""
    chance = np.random.default_rng(seed)
    forests, usual = {}, {}
    for name, columns in COLUMNS.items():
        rows = chance.normal(size=(4_000, len(columns))).astype(np.float32)
        rows[chance.random(rows.shape) < 0.3] = np.nan
        fraud = np.nan_to_num(rows[:, 0] + rows[:, 1] * rows[:, -1]) > 1
        stage = name if name == "signup" else f"{name}.0"
        forests[stage] = Booster.fit(
            rows, fraud, np.ones(len(rows)), columns=columns, config=SIGNUP_TREES, seed=seed
        )
        usual[name] = np.zeros(len(columns), np.float32)
    calibrations = {"signup": Calibration(), "account": Calibration()}
    # Nobody is denied, so that every sign-up is written.
    thresholds = Thresholds(account_flag=0.9, signup_review=0.9, signup_deny=2.0)
    return Bundle(forests, calibrations, thresholds, usual, trained_as_of=0)


def address(number: int) -> str:
    """The address of an entity's number; 0 is the hub's."""
    if not number:
        return HUB_IP
    return f"{11 + (number >> 22)}.{number >> 14 & 255}.{number >> 6 & 255}.{1 + (number & 63)}"


def bodies(entities: dict[str, int], seed: int, *, hub: bool = False) -> Iterator[bytes]:
    """Sign-ups without end: each a new account on some known address, device and card.

    Each comes at a moment of its own, as in life: a hub that only had sign-ups of one instant would
    measure how equals are put in order.
    """
    chance = np.random.default_rng(seed)
    tag = f"{seed:x}"
    number = 0
    while True:
        ip, device, card = (int(chance.integers(1, n)) for n in entities.values())
        number += 1
        yield json.dumps(
            {
                "account_id": f"new-{tag}-{number}",
                "created_at": (BEGAN + number * APART).isoformat(),
                "ip": address(0 if hub else ip),
                "email": f"applicant.{tag}{number}@gmail.com",
                "phone": f"+49151{(number * 7919 + seed) % 10**7:07d}",
                "device_id": f"device {device}",
                "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/143.0.0.0 Safari/537.36",
                "country": "DE",
                "pathway": "self_serve",
                "plan": "pro",
                "payment": {
                    "payment_method_id": f"payment_method {card}",
                    "kind": "card",
                    "issuer_id": "424242",
                },
            }
        ).encode()


def _renamed(graph: Snapshot, door: Door) -> Snapshot:
    """``graph`` with entities named as the door would name what :func:`bodies` sends."""
    nodes = dict(graph.nodes)
    for kind, word in _RAW.items():
        table = nodes[kind]
        hubs = table["key"].to_pylist().index("hub") if kind is NodeType.IP else -1
        numbers = iter(range(1, table.num_rows + 1))
        raw = [0 if row == hubs else next(numbers) for row in range(table.num_rows)]
        names = [address(n) if word == "ip" else f"{word} {n}" for n in raw]
        keys = pa.array([door.pseudonyms.of(word, name) for name in names])
        nodes[kind] = table.set_column(table.column_names.index("key"), "key", keys)
    return Snapshot(graph.as_of, nodes, graph.edges, graph.generation)


def application(service: Service) -> FastAPI:
    """The real application, and beside it the endpoint that only validates."""
    app = create_app(service)
    made_up = next(bodies({"ip": 2, "device": 2, "payment_method": 2}, 0))
    known = service.score(SignupIn.model_validate({**json.loads(made_up), "dry_run": True}))

    # Sent as the score's own answers are, a finished text: FastAPI would check and write it anew at
    # each request, which would flatter the score.
    text = known.model_dump_json().encode()

    @app.post(CONSTANT, response_model=AssessmentOut)
    async def constant(signup: SignupIn, principal: Scores) -> Response:
        return Response(text, media_type="application/json")

    return app


def main(home: Path, store: Settings | None = None) -> None:
    """Serve the stand in ``home`` on a free port, which is printed."""
    settings = settings_of(home, store)
    gate = socket.create_server(("127.0.0.1", 0))
    service = Service.of(settings, SECRET)
    service.warm()
    app = application(service)
    sys.stdout.write(f"{gate.getsockname()[1]}\n")
    sys.stdout.flush()
    listen_with(app, service, gate)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
