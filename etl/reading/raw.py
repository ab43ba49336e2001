"""A file of a source, and its rows as the file has them: what readers of formats take and give.

It knows nothing of where files are or what columns mean; :mod:`etl.reading.sources` finds files and
hands them to :mod:`etl.reading.text` and :mod:`etl.reading.parquet`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import fs

from graph.journal.sources import Chunk

CHUNK_BYTES = 8 << 20
CHUNK_ROWS = 50_000
Columns = dict[str, "pa.Array | list[Any]"]


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows as the file has them, by column, with their row numbers, and what did not parse.

    ``seen`` names every column met, asked for or not; ``unreadable`` has (row, shape).
    """

    columns: Columns
    numbers: npt.NDArray[np.int64]
    unreadable: tuple[tuple[int, str], ...] = ()
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RawChunk:
    """A stretch of a file: where it is and its digest now, its rows when asked for.

    Its rows are numbered from ``chunk.first_row`` to before ``until_row``.
    """

    chunk: Chunk
    until_row: int
    rows: Callable[[], RawRows]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a source as one table reads it; ``modified`` in nanoseconds."""

    name: str
    path: str
    table: str
    format: str
    compression: str | None
    size: int
    modified: int
    filesystem: fs.FileSystem = field(repr=False, compare=False)

    def open(self) -> pa.NativeFile:
        """The bytes of the file, decompressed."""
        return self.filesystem.open_input_stream(self.path, compression=self.compression)
