"""Parquet, some 50,000 rows at a time; a row group is recognised by the bytes of its pages.

A Parquet file that changed was written anew; row groups whose bytes and place are the same are
still the same rows and are not read again. It knows nothing of tables.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from etl.reading.raw import CHUNK_ROWS, File, RawChunk, RawRows
from graph.journal.sources import Chunk

_READ_BYTES = 4 << 20


def read_parquet(file: File, wanted: frozenset[str]) -> Iterator[RawChunk]:
    """The chunks of a Parquet file; rows count from 1."""
    with file.filesystem.open_input_file(file.path) as handle:
        parquet = pq.ParquetFile(handle)
        names = frozenset(parquet.schema_arrow.names)
        kept = sorted(names & wanted)
        ordinal, row = 0, 1
        for group in range(parquet.num_row_groups):
            digest = _digest(handle, parquet.metadata.row_group(group), parquet.schema_arrow)
            size = parquet.metadata.row_group(group).num_rows
            batches = _Batches(parquet, group, kept)
            for start in range(0, size, CHUNK_ROWS):
                rows = min(CHUNK_ROWS, size - start)
                mark = blake2b(digest + start.to_bytes(8, "big"), digest_size=16).digest()
                chunk = Chunk(ordinal, group, group + 1, row, rows, mark)
                yield RawChunk(chunk, row + rows, _parser(batches, start, rows, row, names))
                ordinal, row = ordinal + 1, row + rows


def _digest(handle: pa.NativeFile, group: pq.RowGroupMetaData, schema: pa.Schema) -> bytes:
    """The digest of a row group's pages and of the types they are read as."""
    found = blake2b(str(schema.remove_metadata()).encode(), digest_size=16)
    for i in range(group.num_columns):
        column = group.column(i)
        start = column.data_page_offset
        if column.has_dictionary_page and column.dictionary_page_offset is not None:
            start = min(start, column.dictionary_page_offset)
        left = column.total_compressed_size
        handle.seek(start)
        while left > 0:
            part = handle.read(min(left, _READ_BYTES))
            if not part:
                break
            found.update(part)
            left -= len(part)
    return found.digest()


class _Batches:
    """The batches of one row group, read forward once; what is skipped is not kept."""

    def __init__(self, parquet: pq.ParquetFile, group: int, columns: list[str]) -> None:
        self._rows: Iterator[pa.RecordBatch] = parquet.iter_batches(
            CHUNK_ROWS, row_groups=[group], columns=columns
        )
        self._place = 0
        self._rest: pa.RecordBatch | None = None

    def take(self, start: int, rows: int) -> pa.Table:
        """Rows ``start`` to before ``start + rows``; starts must not go back."""
        parts: list[pa.RecordBatch] = []
        while self._place < start + rows:
            batch = self._rest if self._rest is not None else next(self._rows)
            skipped = min(max(start - self._place, 0), batch.num_rows)
            part = batch.slice(skipped, start + rows - self._place - skipped)
            parts.append(part)
            used = skipped + part.num_rows
            self._place += used
            self._rest = batch.slice(used) if used < batch.num_rows else None
        return pa.Table.from_batches(parts)


def _parser(
    batches: _Batches, start: int, rows: int, first_row: int, names: frozenset[str]
) -> Callable[[], RawRows]:
    def parsed() -> RawRows:
        table = batches.take(start, rows)
        columns = {name: _plain(table[name]) for name in table.column_names}
        numbers = np.arange(first_row, first_row + rows, dtype=np.int64)
        return RawRows(columns, numbers, (), names)

    return parsed


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array; text of any width and dictionaries of text as plain text."""
    values = column.combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.nulls(0, column.type)
    kind = values.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        values = values.cast(kind)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    return values
