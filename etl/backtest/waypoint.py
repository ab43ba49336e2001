"""How far a back-test got, kept in a folder, so that one that was killed goes on from there.

A waypoint stands right before a refresh of the replay: the model, what the refresh before left
(:mod:`etl.kept`), and the record up to there. Everything else is made again from the events. Each
is written beside its goal and renamed; a seal over events and settings keeps a waypoint from being
taken up by another test. It knows nothing of how a back-test lives: that is
:mod:`etl.backtest.run`.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from etl.backtest.record import DECISIONS, FLAGS, TRACE, Record
from etl.kept import keep, kept
from etl.refreshed import RefreshState
from etl.replay.timeline import TABLES, Timeline
from gnn.bundle import Bundle

_TABLES = {"decisions": DECISIONS, "flags": FLAGS, "trace": TRACE}


def seal_of(timeline: Timeline, settings: str) -> str:
    """A digest over all events' accounts and moments, and over ``settings`` in words."""
    digest = hashlib.blake2b(settings.encode(), digest_size=16)
    for name in TABLES:
        table = timeline.read(name)
        digest.update(f"{name} {table.num_rows};".encode())
        if "account_id" in table.column_names and table.num_rows:
            digest.update("\n".join(table["account_id"].to_pylist()).encode())
        digest.update(np.ascontiguousarray(table["at"].combine_chunks()).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Waypoint:
    """Where a replay stands: everything before the refresh at ``at`` (us) is done."""

    at: int
    state: RefreshState
    record: Record


class Waypoints:
    """The waypoints of one back-test; only the newest is kept."""

    def __init__(self, folder: Path, seal: str) -> None:
        self._folder = folder
        head = folder / "seal"
        if folder.exists() and (not head.exists() or head.read_text(encoding="utf-8") != seal):
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        head.write_text(seal, encoding="utf-8")

    @property
    def bundle(self) -> Bundle | None:
        """The model, once it is trained."""
        return Bundle.load(self._model) if self._model.exists() else None

    @property
    def _model(self) -> Path:
        return self._folder / "bundle"

    @property
    def learnt(self) -> Path:
        """The folder for what was learnt from."""
        place = self._folder / "learnt"
        place.mkdir(exist_ok=True)
        return place

    def trained(self, bundle: Bundle, waypoint: Waypoint) -> None:
        """Training ended: keep the first waypoint, then the model that makes it count."""
        self.passed(waypoint)
        bundle.save(self._model)

    def passed(self, waypoint: Waypoint) -> None:
        """Keep ``waypoint`` in place of the one before."""
        fresh = self._folder / f".{waypoint.at}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        keep(waypoint.state, fresh / "state")
        for name, table in waypoint.record.tables().items():
            table.write_parquet(fresh / f"{name}.parquet")
        goal = self._folder / str(waypoint.at)
        shutil.rmtree(goal, ignore_errors=True)
        fresh.rename(goal)
        (self._folder / "newest.tmp").write_text(json.dumps({"at": waypoint.at}), encoding="utf-8")
        (self._folder / "newest.tmp").replace(self._folder / "newest.json")
        for old in self._folder.iterdir():
            if old.is_dir() and old.name.isdigit() and old != goal:
                shutil.rmtree(old, ignore_errors=True)

    def newest(self, key_id: str) -> Waypoint | None:
        """The waypoint to go on from; None where training has not ended yet."""
        head = self._folder / "newest.json"
        if not self._model.exists() or not head.exists():
            return None
        at = int(json.loads(head.read_text(encoding="utf-8"))["at"])
        place = self._folder / str(at)
        tables = {name: pl.read_parquet(place / f"{name}.parquet") for name in _TABLES}
        return Waypoint(at, kept(place / "state", key_id, 0), Record.of_tables(**tables))

    def forget(self) -> None:
        """The back-test is done; nothing of it stays here."""
        shutil.rmtree(self._folder, ignore_errors=True)
