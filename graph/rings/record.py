"""What a refresh found its rings on, kept: so that evidence can be shown, and found again, later.

A graph goes on growing after a refresh; a court asks what was known when the ring was judged. The
record is the inputs of :func:`graph.rings.find.find`, the rings before and the rings it gave, in
one folder of Parquet files, replaced whole by the next refresh. It holds what the graph holds:
pseudonyms and coarse facts, no prompt. Read :mod:`graph.rings.evidence` for what is made of it.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from graph.errors import NotFound, StoreCorrupt
from graph.rings.inputs import RingInputs
from graph.rings.model import Rings
from graph.rings.usual import Usual
from graph.snapshot import Snapshot

FOLDER = "evidence"
"""Its name beside what one refresh leaves for the next."""
ACCOUNTS = "accounts.json"
"""The file in it that has the reasons of accounts."""
FORMAT = 2
_TABLES = ("clusters", "requests", "payments", "signups", "enforcements")
_HEAD = "record.json"


@dataclass(frozen=True)
class Provenance:
    """What made the numbers: versions and digests, ``None`` where there is none."""

    software: str
    model_version: str | None = None
    model_digest: str | None = None


@dataclass(frozen=True)
class Record:
    """One refresh: what it looked at, the rings it knew before, the rings it found.

    ``accounts`` has the reasons of accounts that call for action, by id, as they are shown.
    """

    inputs: RingInputs
    previous: Rings | None
    rings: Rings
    provenance: Provenance
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def keep_record(record: Record, folder: Path) -> None:
    """Write ``record`` to ``folder``, in place of what is there."""
    fresh, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for rest in (fresh, old):
        shutil.rmtree(rest, ignore_errors=True)
    inputs = record.inputs
    inputs.snapshot.save(fresh / "snapshot")
    for name in _TABLES:
        table = getattr(inputs, name)
        if table is not None:
            pq.write_table(table, fresh / f"{name}.parquet")
    if inputs.suspicion is not None:
        pq.write_table(pa.table({"suspicion": inputs.suspicion}), fresh / "suspicion.parquet")
    _write_rings(record.rings, fresh, "rings")
    if record.previous is not None:
        _write_rings(record.previous, fresh, "previous")
    head = {
        "format": FORMAT,
        "as_of": inputs.as_of,
        "previous_as_of": None if record.previous is None else record.previous.as_of,
        "usual": inputs.usual.figures,
        "software": record.provenance.software,
        "model_version": record.provenance.model_version,
        "model_digest": record.provenance.model_digest,
    }
    told = {"as_of": inputs.as_of, "accounts": record.accounts}
    (fresh / ACCOUNTS).write_text(json.dumps(told) + "\n", encoding="utf-8")
    (fresh / _HEAD).write_text(json.dumps(head) + "\n", encoding="utf-8")
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def kept_record(folder: Path) -> Record:
    """What :func:`keep_record` wrote.

    Raises:
        NotFound: if no refresh has kept one there.
        StoreCorrupt: if the folder holds something else.
    """
    if not (folder / _HEAD).exists():
        raise NotFound("no refresh has kept what its rings stand on; run `ringsight refresh`")
    try:
        head = json.loads((folder / _HEAD).read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise StoreCorrupt(f"record of format {head['format']}, not {FORMAT}")
        tables: Mapping[str, pa.Table | None] = {n: _table(folder, n) for n in _TABLES}
        doubt = _table(folder, "suspicion")
        suspicion = None if doubt is None else np.asarray(doubt["suspicion"], np.float64)
        snapshot = Snapshot.load(folder / "snapshot")
        usual = Usual(figures=head["usual"])
        inputs = RingInputs(snapshot, head["as_of"], suspicion, usual=usual, **tables)
        before = head["previous_as_of"]
        return Record(
            inputs,
            None if before is None else _read_rings(folder, "previous", before),
            _read_rings(folder, "rings", head["as_of"]),
            Provenance(head["software"], head["model_version"], head["model_digest"]),
            account_reasons(folder, head["as_of"]),
        )
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        text = f"the record in {folder.name} cannot be read: {type(error).__name__}"
        raise StoreCorrupt(f"{text}; the next refresh replaces it") from error


def account_reasons(folder: Path, as_of: int) -> Mapping[str, Mapping[str, Any]]:
    """The reasons of accounts by the refresh of ``as_of`` (us), nothing where none are kept.

    Raises:
        StoreCorrupt: if the file holds something else.
    """
    try:
        told = json.loads((folder / ACCOUNTS).read_text(encoding="utf-8"))
        found: Mapping[str, Mapping[str, Any]] = told["accounts"]
        return found if told["as_of"] == as_of else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreCorrupt(f"{ACCOUNTS} cannot be read: {type(error).__name__}") from error


def _write_rings(rings: Rings, folder: Path, name: str) -> None:
    table, members = rings.tables()
    pq.write_table(table, folder / f"{name}.parquet")
    pq.write_table(members, folder / f"{name}-members.parquet")


def _read_rings(folder: Path, name: str, as_of: int) -> Rings:
    rings = pq.read_table(folder / f"{name}.parquet")
    return Rings.of_tables(as_of, rings, pq.read_table(folder / f"{name}-members.parquet"))


def _table(folder: Path, name: str) -> pa.Table | None:
    path = folder / f"{name}.parquet"
    return pq.read_table(path) if path.exists() else None
