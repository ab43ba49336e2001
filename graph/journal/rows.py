"""Cleaned events between Arrow and the journal's rows, both ways.

Intents are the one column whose Arrow type SQL lacks: seven single-precision numbers become
28 bytes. It knows nothing of keys, sums or transactions.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from graph.cleaned import INTENTS_TYPE, SCHEMAS, TABLE_OF, row_of
from graph.facts import Event

_FETCH_ROWS = 65_536


def values_of(batch: pa.RecordBatch) -> list[tuple[Any, ...]]:
    """The rows of ``batch`` as SQL values."""
    return list(zip(*(_column_values(column) for column in batch.columns), strict=True))


def values_of_event(event: Event) -> tuple[Any, ...]:
    """The columns of one event as SQL values: what :func:`values_of` gives of its row."""
    row = row_of(event)
    if row.get("intent") is not None:
        row["intent"] = np.asarray(row["intent"], "<f4").tobytes()
    return tuple(row[name] for name in SCHEMAS[TABLE_OF[type(event)]].names)


def _column_values(column: pa.Array) -> list[Any]:
    if column.type != INTENTS_TYPE:
        return list(column.to_pylist())
    filled = np.asarray(column.flatten(), "<f4").reshape(-1, INTENTS_TYPE.list_size)
    packed = iter([row.tobytes() for row in filled])
    return [next(packed) if known else None for known in column.is_valid().to_pylist()]


def schema_of(table: str, columns: Sequence[str]) -> pa.Schema:
    """The Arrow schema of some columns of ``table``; ``key`` is 16 bytes."""
    known = SCHEMAS[table]
    return pa.schema(
        [pa.field("key", pa.binary(16)) if n == "key" else known.field(n) for n in columns]
    )


def batches_of(cursor: sqlite3.Cursor, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rest of ``cursor`` as Arrow batches of up to 65,536 rows."""
    while rows := cursor.fetchmany(_FETCH_ROWS):
        yield batch_of(rows, schema)


def batch_of(rows: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of SQL values as one Arrow batch."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [_array(values, f.type) for values, f in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if kind != INTENTS_TYPE:
        return pa.array(values, kind)
    size = INTENTS_TYPE.list_size
    joined = b"".join(value or bytes(4 * size) for value in values)
    mask = pa.array([value is None for value in values], pa.bool_())
    flat = pa.array(np.frombuffer(joined, "<f4").astype(np.float32))
    return pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=mask)
