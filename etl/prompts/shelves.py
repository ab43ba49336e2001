"""Rows of prompts put aside by cluster, so that figures of clusters need no memory for all of them.

In memory up to a limit; beyond it in files that are gone with the ``with`` block. A cluster's rows
stand on one shelf, in the order in which they came, and shelves are read one at a time. Rows are
numbers and keyed hashes; knows nothing of what they mean. Read :mod:`etl.prompts.statistics` next.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

SHELVES = 32
"""Shares of the clusters; memory holds one, so a cluster of most prompts is the bound."""


class Shelves:
    """``with Shelves(2_000_000) as shelves: shelves.add(rows)``, then ``shelves.parts()``.

    Rows have a column ``cluster``, a number from 0.
    """

    def __init__(self, rows_at_once: int) -> None:
        self._limit = rows_at_once
        self._held: list[pl.DataFrame] = []
        self._rows = self._spills = 0
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> "Shelves":
        return self

    def __exit__(self, *error: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def spilled(self) -> bool:
        """Whether rows went to files."""
        return self._folder is not None

    def add(self, rows: pl.DataFrame) -> None:
        """Take the rows of one chunk."""
        self._held.append(rows)
        self._rows += len(rows)
        if self._rows >= self._limit:
            self._put_aside()

    def parts(self) -> Iterator[pl.DataFrame]:
        """All rows, a share of the clusters at a time; nothing can be added any more."""
        if self._folder is None:
            if self._held and self._rows:
                yield pl.concat(self._held)
            return
        self._put_aside()
        for shelf in range(SHELVES):
            files = sorted(Path(self._folder.name).glob(f"{shelf:02d}-*.arrow"))
            if files:
                yield pl.concat([pl.read_ipc(file) for file in files])

    def _put_aside(self) -> None:
        if not self._rows:
            return
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="ringsight-clusters-")
        rows = pl.concat(self._held)
        for shelf in range(SHELVES):
            mine = rows.filter(pl.col("cluster") % SHELVES == shelf)
            if len(mine):
                mine.write_ipc(Path(self._folder.name) / f"{shelf:02d}-{self._spills:06d}.arrow")
        self._spills += 1
        self._held, self._rows = [], 0
