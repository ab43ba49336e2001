"""What named accounts did, read from the journal by index: events page by page, counts by time.

Each read costs what the named accounts did and no more, so that a page about a ring is as quick in
a journal of a hundred million requests. Prompts and their sketches are not read. It knows nothing
of rings. The journal itself is :mod:`graph.journal.journal`.
"""

import heapq
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.cleaned import MARK, SCHEMAS
from graph.journal.link import Link

_SKIPPED = frozenset(MARK) - {"language"}
TABLES = tuple(name for name, schema in SCHEMAS.items() if "account_id" in schema.names)
_COLUMNS = {
    table: tuple(name for name in SCHEMAS[table].names if name not in _SKIPPED) for table in TABLES
}
_ASKED = "account_id IN (SELECT value FROM json_each(?))"
# Table and column names are the contract's own; what a caller says is always bound.
# Found in the index alone, whose entries hold account, moment and number; then the few are read.
_PAGE = {
    table: f"SELECT at, number, {', '.join(_COLUMNS[table])} FROM {table} "  # noqa: S608
    f"WHERE number IN (SELECT number FROM {table} WHERE {_ASKED} AND at > ? "
    "AND (at, number) < (?, ?) ORDER BY at DESC, number DESC LIMIT ?)"
    for table in TABLES
}
_BUCKETS = {
    table: f"SELECT (at - ?) / ?, count(*) FROM {table} "  # noqa: S608
    f"WHERE {_ASKED} AND at >= ? AND at < ? GROUP BY 1"
    for table in TABLES
}
_REQUESTS = f"SELECT count(*) FROM requests WHERE {_ASKED} AND at < ?"  # noqa: S608
_SPAN = {
    table: f"SELECT min(at), max(at) FROM {table} WHERE {_ASKED}"  # noqa: S608
    for table in TABLES
}
_ACTION = f"SELECT min(at) FROM enforcements WHERE {_ASKED} AND action IN ('ban', 'limit')"  # noqa: S608
_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Row:
    """One event as the journal keeps it: ``row`` has the cleaned columns but a prompt's marks."""

    at: int
    table: str
    number: int
    row: Mapping[str, Any]

    @property
    def place(self) -> tuple[int, str, int]:
        """Where it stands in the order: latest first, then by table and number, both backwards."""
        return (self.at, self.table, self.number)


@dataclass(frozen=True, slots=True)
class Window:
    """Which events: of ``tables``, with ``since < at <= until`` (us), below ``before`` if given."""

    tables: Sequence[str] = TABLES
    since: int = -(2**62)
    until: int = 2**62
    before: tuple[int, str, int] | None = None


class AccountEvents:
    """The events of ``accounts``: ``journal.of_accounts(["a-17"]).latest(Window(), 50)``."""

    def __init__(self, link: Link, accounts: Sequence[str]) -> None:
        self._link = link
        self._asked = json.dumps(list(accounts))

    def latest(self, window: Window, limit: int) -> list[Row]:
        """The ``limit`` latest events in ``window``, latest first."""
        found: list[Row] = []
        with self._link.reading() as db:
            for table in window.tables:
                asked = (self._asked, window.since, *_below(window, table), limit)
                names = _COLUMNS[table]
                found += [
                    Row(at, table, number, dict(zip(names, values, strict=True)))
                    for at, number, *values in db.execute(_PAGE[table], asked)
                ]
        return heapq.nlargest(limit, found, key=lambda row: row.place)

    def buckets(self, span: tuple[int, int], width: int) -> dict[str, dict[int, int]]:
        """Events by table and number of the bucket of ``width`` us, from the start of ``span``."""
        start, end = span
        with self._link.reading() as db:
            found = {
                table: dict(db.execute(text, (start, width, self._asked, start, end)).fetchall())
                for table, text in _BUCKETS.items()
            }
        return {table: counts for table, counts in found.items() if counts}

    def span(self) -> tuple[int, int] | None:
        """The first and the last event (us), or None if there is none."""
        with self._link.reading() as db:
            found = [db.execute(text, (self._asked,)).fetchone() for text in _SPAN.values()]
        known = [pair for pair in found if pair[0] is not None]
        if not known:
            return None
        return min(pair[0] for pair in known), max(pair[1] for pair in known)

    def exchanges_before(self, moments: Sequence[int]) -> list[int]:
        """How many requests were made before each moment (us)."""
        with self._link.reading() as db:
            found = [db.execute(_REQUESTS, (self._asked, at)).fetchone() for at in moments]
        return [int(row[0]) for row in found]

    def first_action(self) -> int | None:
        """When the first of the accounts was banned or limited (us), or None."""
        with self._link.reading() as db:
            found = db.execute(_ACTION, (self._asked,)).fetchone()[0]
        return None if found is None else int(found)


def _below(window: Window, table: str) -> tuple[int, int]:
    """The place (at, number) below which the rows of ``table`` begin."""
    last = (window.until, _ALL)
    if window.before is None:
        return last
    at, other, number = window.before
    # Of the rows of that very moment: all of a lower table, none of a higher, of this those below.
    own = number if table == other else (_ALL if table < other else -1)
    return min(last, (at, own))
