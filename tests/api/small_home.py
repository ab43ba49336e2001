"""A small world behind a service: real store, journal, door, rings; a model of a few trees.

The model is grown on noise and decides nothing well: what HTTP does with a score is tested here,
what a score is worth in ``tests/gnn`` and ``tests/etl``. Built once a session and copied a test.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from api.desk.office import full_key
from api.serving.service import Service
from api.settings import Settings
from api.workshop import shelf_of
from gnn.booster import Booster, TreeConfig
from gnn.bundle import COLUMNS, Bundle, Thresholds
from gnn.calibrate import Calibration
from graph.door import Door
from graph.flush import flush
from graph.journal.journal import Journal
from graph.rings.model import Family, Member, Reason, Ring, Rings, Status, Verdict
from graph.simulate import World, small_world, table
from graph.store import Generation
from graph.stores import open_store

KEY = b"a key for tests, never for data!"
TABLES = ("signups", "payments", "sessions")


@dataclass(frozen=True)
class Home:
    """A home folder that was built, trained and refreshed, and the world it came from."""

    settings: Settings
    world: World
    rings: Rings
    signups: list[dict[str, object]]


def tiny_bundle(seed: int = 1) -> Bundle:
    """A bundle that loads, verifies and scores; what it learnt is noise."""
    rng = np.random.default_rng(seed)
    forests, usual = {}, {}
    for name, columns in COLUMNS.items():
        rows = rng.normal(size=(200, len(columns))).astype(np.float32)
        fraud = rng.random(200) < 0.3
        config = TreeConfig(trees=8, depth=3, child_weight=1.0)
        forests[name] = Booster.fit(
            rows, fraud, np.ones(200), columns=columns, config=config, seed=seed
        )
        usual[name] = np.zeros(len(columns), np.float32)
    calibrations = {"signup": Calibration(), "account": Calibration()}
    thresholds = Thresholds(account_flag=0.9, signup_review=0.5, signup_deny=0.95)
    return Bundle(forests, calibrations, thresholds, usual, trained_as_of=0)


def rings_of(world: World, at: int) -> Rings:
    """A ring for each campaign, with a reason and a counter-reason made for the occasion."""
    found = []
    for campaign in sorted({a.campaign for a in world.cast if a.campaign}):
        cast = [account for account in world.cast if account.campaign == campaign]
        members = tuple(
            Member(a.account_id, 1.0 - n / 100, a.created_at) for n, a in enumerate(cast)
        )
        ids = tuple(f"account:{a.account_id}" for a in cast[:3])
        reason = Reason("same_card", "They pay with one card", 12, 1, 4.2, Family.PAYMENT, ids)
        counter = Reason("old", "One of them is years old", 1, 0.5, -0.3)
        families = {Family.PAYMENT: 4.2, Family.TIMING: 1.5}
        found.append(
            Ring(
                f"r{campaign}", 3, 0.97 - len(found) / 10, len(found) < 2, Status.ACTIVE,
                Verdict.DISTILLATION, members, families, (reason,), (counter,),
                cast[0].created_at, at,
            )
        )  # fmt: skip
    return Rings(at, tuple(found))


def build(home: Path) -> Home:
    """Everything a service needs, in ``home``."""
    settings = Settings(home=home, key=KEY.decode(), budget_ms=30_000)  # type: ignore[arg-type]
    world, door = small_world(), Door(KEY)
    raw = {name: table(world, name) for name in TABLES}
    with Journal(settings.journal_path, door.key_id) as journal:
        for name, rows in raw.items():
            columns = {c: rows[c].combine_chunks() for c in rows.column_names}
            journal.append(name, door.batch(name, columns, rows.num_rows).rows)
        with open_store(settings.store_url) as store:
            flush(journal, store)
            rings = rings_of(world, world.town.end)
            ring_table, members = rings.tables()
            accounts = _account_columns(rings)
            store.publish(Generation(1, world.town.end, {"account": accounts}, ring_table, members))
    shelf_of(settings, sign=True).put(tiny_bundle())
    return Home(settings, world, rings, as_bodies(raw["signups"]))


def _account_columns(rings: Rings) -> pa.Table:
    rows = [
        {"key": m.account_id, "score": 0.9, "ring_id": r.ring_id, "ring_flagged": int(r.flagged),
         "ring_score": r.score, "ring_size": r.size, "ring_version": r.version}
        for r in rings for m in r.members
    ]  # fmt: skip
    return pa.Table.from_pylist(rows)


def as_bodies(signups: pa.Table) -> list[dict[str, object]]:
    """Sign-ups as a caller would send them."""
    return [
        {k: v.isoformat() if k == "created_at" else v for k, v in row.items() if v is not None}
        for row in signups.to_pylist()
    ]


def bearer(service: Service, **changes: Any) -> dict[str, str]:
    """Headers of a new key of that service; it may do everything but for ``changes``."""
    like = replace(full_key("tests", service.clock(), "tests"), **changes)
    return {"Authorization": f"Bearer {service.office.new_key(like, 'tests')}"}


def newcomer(home: Home, **changes: object) -> dict[str, object]:
    """A sign-up that nobody has seen, in the shape of one of the world's."""
    body = {**home.signups[-1], "account_id": "newcomer-1", **changes}
    return json.loads(json.dumps(body, default=str))  # type: ignore[no-any-return]
