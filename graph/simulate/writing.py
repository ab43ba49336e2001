"""Worlds as files: ``OUT/events``, ``OUT/truth/accounts.parquet`` and ``OUT/world.json``.

Tables are streamed, a chunk at a time, so memory stays flat; a file appears under its name only
when it is whole. Times go out as ``timestamp[us, UTC]`` in Parquet, as ISO 8601 elsewhere.
"""

import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from graph.errors import InputError, UnknownName
from graph.simulate.tables import MAKERS, schema_of, truth
from graph.simulate.world import World

Progress = Callable[[str, int], None]
"""Called with a table's name and the rows of it written so far."""

FORMATS: Final = ("parquet", "csv", "jsonl")


def write(world: World, out: Path, fmt: str = "parquet", progress: Progress | None = None) -> None:
    """Writes the world under ``out``, replacing a world that stood there.

    Args:
        world: the world.
        out: the folder; made if missing.
        fmt: form of the event tables: ``parquet``, ``csv`` or ``jsonl``.
        progress: told after every chunk.

    Raises:
        UnknownName: if the form is not one of ``FORMATS``.
        InputError: if ``out`` is a file.
    """
    if fmt not in FORMATS:
        raise UnknownName.among("format", fmt, FORMATS)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file, not a folder for a world")
    events = out / "events"
    events.mkdir(parents=True, exist_ok=True)
    (out / "truth").mkdir(exist_ok=True)
    for stale in events.iterdir():
        if stale.name.split(".")[0] in MAKERS:
            stale.unlink()
    for name, make in MAKERS.items():
        _write_table(events / f"{name}.{fmt}", name, make(world), progress)
    pq.write_table(truth(world), out / "truth" / "accounts.parquet")
    _replace_text(out / "world.json", json.dumps(described(world), indent=2) + "\n")


def described(world: World) -> dict[str, Any]:
    """What stands in ``world.json``: specification, seed, window and suggested end of training."""
    spec = dataclasses.asdict(world.spec)
    for name in ("prompts_path", "families_path"):
        spec[name] = str(spec[name]) if spec[name] else None
    moments = {
        "start": world.town.start, "train_until": world.train_until, "end": world.town.end,
    }  # fmt: skip
    text = {name: _iso(pa.scalar(at, pa.timestamp("us", tz="UTC"))) for name, at in moments.items()}
    return {"spec": spec, "seed": world.seed, **text}


def _iso(value: Any) -> str:
    return str(pc.strftime(value, format="%Y-%m-%dT%H:%M:%SZ").as_py())


def _write_table(
    path: Path, name: str, batches: Iterable[pa.RecordBatch], progress: Progress | None
) -> None:
    partial = path.with_name(f".{path.name}.partial")
    rows = 0
    with _writer(partial, schema_of(name)) as put:
        for batch in batches:
            put(batch)
            rows += batch.num_rows
            if progress:
                progress(name, rows)
    partial.replace(path)


class _writer:  # noqa: N801  (reads as a verb where it is used)
    """A context that gives the function which appends a batch in the form of the path's name."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._form = path.name.removesuffix(".partial").rsplit(".", 1)[-1]
        self._path, self._schema = path, schema
        self._text = pa.schema([(f.name, _plain(f.type)) for f in schema])
        self._sink: Any = None

    def __enter__(self) -> Callable[[pa.RecordBatch], None]:
        if self._form == "parquet":
            self._sink = pq.ParquetWriter(self._path, self._schema, compression="zstd")
            return self._append
        if self._form == "csv":
            self._sink = pacsv.CSVWriter(str(self._path), self._text)
            return self._append_as_text
        self._sink = self._path.open("w", encoding="utf-8")
        return self._append_lines

    def __exit__(self, *_: object) -> None:
        self._sink.close()

    def _append(self, batch: pa.RecordBatch) -> None:
        self._sink.write_batch(batch)

    def _append_as_text(self, batch: pa.RecordBatch) -> None:
        self._sink.write_batch(_as_text(batch, self._text))

    def _append_lines(self, batch: pa.RecordBatch) -> None:
        for row in _as_text(batch, self._text).to_pylist():
            kept = {key: value for key, value in row.items() if value is not None}
            self._sink.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_timestamp(kind) else kind


def _as_text(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        pc.strftime(c, format="%Y-%m-%dT%H:%M:%SZ") if pa.types.is_timestamp(c.type) else c
        for c in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _replace_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
