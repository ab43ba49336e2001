"""A home that was refreshed five days before its world ends, and what happened in those days.

One ring that works, found by its links alone (no model is asked); its newcomers sign up after the
refresh. Built once a session and copied a test.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from api.settings import Settings
from api.workshop import shelf_of
from etl.jobs import Deployment, refresh_now
from etl.prompts.fit import fit_clusters
from etl.refreshed import RefreshReport
from etl.replay.timeline import Timeline
from graph.door import Door
from graph.journal.journal import Journal
from graph.simulate import table, world
from graph.simulate.presets import CampaignSpec, WorldSpec
from graph.stores import open_store
from tests.api.small_home import KEY, tiny_bundle

DAY_US = 86_400_000_000
TABLES = ("signups", "payments", "sessions", "requests")
MOMENT = {name: "created_at" if name == "signups" else "occurred_at" for name in TABLES}
HABITS = ("lockstep", "email_pattern", "shared_servers")


@dataclass(frozen=True)
class Lived:
    """The home, the refresh at ``at``, and rows after it as ``POST /v1/events`` takes them."""

    settings: Settings
    at: int
    end: int
    timeline: Timeline
    report: RefreshReport
    later: list[dict[str, object]]
    ring_of: dict[str, str]

    def moved(self, home: Path) -> "Lived":
        """The same in another folder."""
        return replace(self, settings=self.settings.model_copy(update={"home": home}))


def live(home: Path) -> Lived:
    """Build a world up to five days before its end, and refresh."""
    settings = Settings(home=home, key=KEY.decode(), budget_ms=30_000)  # type: ignore[arg-type]
    tactics = (("shared_cards", 0.6), ("device_farm", 0.4), *((name, None) for name in HABITS))
    ring = CampaignSpec(0.2, 0.9, 30, 14.0, tactics)
    made = world(WorldSpec("live", 120, 14.0, (ring,), train_share=0.6, volume=0.3), seed=5)
    door = Door(KEY)
    raw = {name: table(made, name) for name in TABLES}
    cleaned = {}
    for name, rows in raw.items():
        columns = {c: rows[c].combine_chunks() for c in rows.column_names}
        cleaned[name] = pa.Table.from_batches([door.batch(name, columns, rows.num_rows).rows])
    timeline = Timeline(cleaned)
    end = timeline.bounds[1]
    at = end - 5 * DAY_US
    with (
        Journal(settings.journal_path, door.key_id) as journal,
        open_store(settings.store_url) as store,
    ):
        for name in TABLES:
            known = timeline.read(name, until=at).combine_chunks()
            journal.append(name, known.to_batches()[0])
        deployment = Deployment(journal, store, fit_clusters, settings.refresh_path)
        report = refresh_now(deployment, None, at)
    shelf_of(settings, sign=True).put(tiny_bundle())
    ring_of = {a.account_id: a.campaign for a in made.cast if a.campaign}
    return Lived(settings, at, end, timeline, report, _later(raw, at), ring_of)


def _later(raw: dict[str, pa.Table], at: int) -> list[dict[str, object]]:
    found = []
    for place, (name, rows) in enumerate(raw.items()):
        for number, row in enumerate(rows.to_pylist()):
            moment = int(row[MOMENT[name]].timestamp() * 1_000_000)
            if moment > at:
                plain = {k: v for k, v in row.items() if v is not None}
                found.append((moment, place, number, {"table": name, "row": plain}))
    found.sort(key=lambda one: one[:3])
    return [json.loads(json.dumps(one[3], default=_text)) for one in found]


def _text(value: object) -> str:
    return value.isoformat()  # type: ignore[attr-defined,no-any-return]
