"""A journal's cleaned events in memory, in the order of time, for jobs that walk through them.

A replay asks for the same tables thousands of times, each time up to a later moment; here a slice
is a view of sorted Arrow columns. It knows nothing of graphs or models. Read
:mod:`etl.replay.unrolled` for the facts of these events, :mod:`etl.replay.walk` for the walk.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.cleaned import SCHEMAS

Ints = npt.NDArray[np.int64]

TABLES = (
    "model_releases",
    "signups",
    "payments",
    "sessions",
    "requests",
    "enforcements",
    "labels",
)

HEAVY = frozenset({"sketch", "system_sketch", "intent"})
"""Columns of a prompt's mark that only the clusterer reads."""


class EventTables(Protocol):
    """Whoever can give cleaned events by table: a journal, or a timeline of one."""

    def read(
        self,
        table: str,
        since: int | None = None,
        until: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows with ``since < at <= until`` (us; None = no bound), in the order of time."""
        ...


class Timeline:
    """Tables of cleaned events, each sorted by ``at``; ``read`` answers like a journal's."""

    def __init__(self, tables: Mapping[str, pa.Table]) -> None:
        self._tables = {name: _sorted(table) for name, table in tables.items()}
        self._at = {name: _int64(table["at"]) for name, table in self._tables.items()}
        self._accounts: dict[str, tuple[Ints, Ints, dict[str, int]]] = {}

    @classmethod
    def of(cls, events: EventTables, until: int | None = None) -> "Timeline":
        """Everything ``events`` holds up to ``until``."""
        return cls({name: events.read(name, until=until) for name in TABLES})

    def read(
        self,
        table: str,
        since: int | None = None,
        until: int | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Rows with ``since < at <= until`` (us; None = no bound), in the order of time."""
        if table not in self._tables:
            rows = SCHEMAS[table].empty_table()
            return rows if columns is None else rows.select(list(columns))
        start, stop = self.span(table, since, until)
        rows = self._tables[table].slice(start, stop - start)
        return rows if columns is None else rows.select(list(columns))

    def span(self, table: str, since: int | None, until: int | None) -> tuple[int, int]:
        """First row after ``since``, and the row after the last one at or before ``until``."""
        if table not in self._at:
            return 0, 0
        at = self._at[table]
        start = 0 if since is None else int(np.searchsorted(at, since, side="right"))
        stop = len(at) if until is None else int(np.searchsorted(at, until, side="right"))
        return start, max(start, stop)

    def of_accounts(self, table: str, account_ids: Sequence[str], until: int) -> pa.Table:
        """The rows of a few accounts up to ``until`` (us), in the order of time, without marks."""
        if table not in self._tables:
            return self.read(table)
        starts, rows, place = self._by_account(table)
        seats = [place[key] for key in account_ids if key in place]
        parts = [rows[starts[seat] : starts[seat + 1]] for seat in seats]
        mine = np.sort(np.concatenate(parts)) if parts else np.empty(0, np.int64)
        known = mine[: int(np.searchsorted(self._at[table][mine], until, side="right"))]
        light = [name for name in self._tables[table].column_names if name not in HEAVY]
        return self._tables[table].select(light).take(pa.array(known))

    def _by_account(self, table: str) -> tuple[Ints, Ints, dict[str, int]]:
        """Row numbers by account: starts, rows, and the place of each account; made once."""
        if table not in self._accounts:
            coded = self._tables[table]["account_id"].combine_chunks().dictionary_encode()
            codes = np.asarray(coded.indices, np.int64)
            names = coded.dictionary.to_pylist()
            rows = np.argsort(codes, kind="stable")
            starts = np.searchsorted(codes[rows], np.arange(len(names) + 1))
            self._accounts[table] = (starts, rows, {name: i for i, name in enumerate(names)})
        return self._accounts[table]

    def with_table(self, name: str, table: pa.Table) -> "Timeline":
        """The same timeline with one table in another form."""
        return Timeline({**self._tables, name: table})

    def known_by(self, until: int) -> "Timeline":
        """What of it had happened by ``until``; a job given this cannot see further."""
        return Timeline({name: self.read(name, until=until) for name in self._tables})

    @cached_property
    def bounds(self) -> tuple[int, int]:
        """First and last moment of any account's event (us); ``(0, 0)`` without one."""
        dated = [at for name, at in self._at.items() if name != "model_releases"]
        ends = [(int(at[0]), int(at[-1])) for at in dated if len(at)]
        return (min(a for a, _ in ends), max(b for _, b in ends)) if ends else (0, 0)


def tables_of(events: EventTables, names: Iterable[str], until: int) -> dict[str, pa.Table]:
    """The named tables as of ``until``; those without a row are left out."""
    read = {name: events.read(name, until=until) for name in names}
    return {name: table for name, table in read.items() if table.num_rows}


def _sorted(table: pa.Table) -> pa.Table:
    """The table in the order of time; equal times stay in the order given, which is by key."""
    if "at" not in table.column_names:
        return table.append_column("at", pa.nulls(table.num_rows, pa.int64()))
    at = _int64(table["at"])
    table = table.combine_chunks()
    if len(at) < 2 or bool((np.diff(at) >= 0).all()):
        return table
    return table.take(pa.array(np.argsort(at, kind="stable")))


def _int64(column: pa.ChunkedArray) -> Ints:
    return np.asarray(pc.cast(column.combine_chunks(), pa.int64()), dtype=np.int64)
