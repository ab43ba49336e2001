"""Build: a source into the journal, and the journal into the graph store.

Each chunk is one transaction of the journal (events, sums, quarantine, watermark), after which the
store is brought up to date; so a build killed anywhere goes on where it stopped when it is run
again, and a second run reads only what is new. It knows nothing of formats, cleaning or SQL: it
conducts :mod:`etl.reading.sources`, :mod:`etl.mapping`, :mod:`graph.door`,
:mod:`graph.journal.journal` and :mod:`graph.flush`.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.mapping import SourceMapping, TableMapping, plain
from etl.reading.check import Finding, check_columns
from etl.reading.quarantine import DEFAULT_LIMIT, Tally
from etl.reading.raw import Columns, File, RawChunk, RawRows
from etl.reading.sources import chunks_of, list_source
from graph.door import Admission, Door
from graph.flush import flush
from graph.journal.journal import Intake, Journal
from graph.journal.sources import Chunk, SourceFile
from graph.quarantine import QuarantineRecord
from graph.reasons import Reason
from graph.store import GraphStore

UNREADABLE_COLUMN = "(whole row)"
_FLUSH_EVERY_ROWS = 200_000


class Progress(Protocol):
    """Whoever is told how far a step is: ``progress("read signups.csv", 3_000, 10_000)``."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """``done`` of ``total`` units of ``step``; the unit is the step's own."""


def silent(step: str, done: int, total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """``BuildOptions(limit=0.01)``: what a build may be told.

    ``limit`` is the share (0..1) of rows that may be refused before the run fails; ``mapping`` how
    the source meets the contract (None: it is in it already); ``clock`` gives seconds for the
    report's speed.
    """

    limit: float = DEFAULT_LIMIT
    mapping: SourceMapping | None = None
    progress: Progress = silent
    clock: Callable[[], float] = time.perf_counter


@dataclass(slots=True)
class BuildReport:
    """What a build came to. Rows read = added + repeated + refused, table by table."""

    tables: dict[str, Tally] = field(default_factory=dict)
    files_read: int = 0
    files_unchanged: int = 0
    strangers: tuple[str, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    facts: int = 0
    released: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def tally(self, table: str) -> Tally:
        """The counts of one table."""
        return self.tables.setdefault(table, Tally())

    @property
    def total(self) -> Tally:
        """The counts of all tables together."""
        total = Tally()
        for tally in self.tables.values():
            total.read += tally.read
            total.added += tally.added
            total.repeated += tally.repeated
            total.refused.update(tally.refused)
        return total

    @property
    def rows_per_second(self) -> float:
        """Rows read by seconds taken."""
        return self.total.read / self.seconds if self.seconds else 0.0

    def as_dict(self) -> dict[str, object]:
        """The report for ``--json``."""
        tables = {
            name: {
                "read": t.read,
                "added": t.added,
                "repeated": t.repeated,
                "refused": dict(sorted(t.refused.items())),
            }
            for name, t in self.tables.items()
        }
        findings = [
            {"file": f.file, "table": f.table, "ignored": f.ignored, "missing": f.missing}
            for f in self.findings
        ]
        return {
            "tables": tables,
            "files": {"read": self.files_read, "unchanged": self.files_unchanged},
            "not_tables": list(self.strangers),
            "columns": findings,
            "facts_written": self.facts,
            "released": self.released,
            "quarantine": dict(self.quarantined),
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows_per_second),
        }


def build(
    source: str,
    journal: Journal,
    store: GraphStore,
    door: Door,
    options: BuildOptions | None = None,
) -> BuildReport:
    """Read what is new in ``source`` into ``journal``, and bring ``store`` up to date.

    Raises:
        SourceError: if the source or one of its files cannot be read (any further).
        TooMuchQuarantined: if more rows were refused than the limit; all others are kept.
        KeyRefused: if journal or store were begun with another key.
        StoreUnavailable: if the journal or the store cannot answer; run again to go on.
    """
    run = _Run(source, journal, store, door, options or BuildOptions())
    run.bring_up()
    for file in run.listing.files:
        run.read(file)
    return run.end()


def retry(
    source: str,
    journal: Journal,
    store: GraphStore,
    door: Door,
    options: BuildOptions | None = None,
) -> BuildReport:
    """Read again exactly the rows of ``source`` that wait in the quarantine; clear what passes.

    A row that is no longer there is cleared too. The limit does not apply. Raises as
    :func:`build` does.
    """
    run = _Run(source, journal, store, door, options or BuildOptions())
    run.bring_up()
    for file in run.listing.files:
        run.read_again(file)
    return run.end(limited=False)


class _Run:
    """One build or retry on its way."""

    def __init__(
        self, source: str, journal: Journal, store: GraphStore, door: Door, options: BuildOptions
    ) -> None:
        journal.claim(door.key_id)
        self._journal, self._store, self._door = journal, store, door
        self._options = options
        self._mapping = options.mapping or plain()
        self.listing = list_source(source, self._mapping.globs)
        self.report = BuildReport(strangers=self.listing.strangers)
        self._started = options.clock()
        self._unflushed = 0

    # ---------------------------------------------------------------------------- the graph
    def bring_up(self) -> None:
        """The store as far as the journal is."""
        self.report.facts += flush(self._journal, self._store, self._options.progress)
        self._unflushed = 0

    def end(self, *, limited: bool = True) -> BuildReport:
        """The last of the graph, the report, and the limit."""
        self.bring_up()
        self.report.quarantined = self._journal.quarantine_counts()
        self.report.seconds = self._options.clock() - self._started
        if limited:
            self.report.total.check(self._options.limit)
        return self.report

    # ----------------------------------------------------------------------------- one file
    def read(self, file: File) -> None:
        """What is new in ``file``."""
        mapping = self._mapping.tables.get(file.table)
        if mapping is None:
            return
        known = SourceFile(file.name, file.table, self._mapping.digest, file.size, file.modified)
        source = self._journal.register(known)
        if self._journal.finished(source, known):
            self.report.files_unchanged += 1
            return
        self.report.files_read += 1
        recorded = iter(self._journal.chunks(source))
        same = True
        for raw in chunks_of(file, mapping.wanted):
            same = same and next(recorded, None) == raw.chunk
            if not same:
                self._take(file, mapping, source, raw)
            self._tell(file, raw.chunk)
        self._journal.finish(source, known)

    def _take(self, file: File, mapping: TableMapping, source: int, raw: RawChunk) -> None:
        rows = raw.rows()
        self._find(file, mapping, rows)
        self._commit(source, rows, self._cleaned(file, mapping, rows, raw.chunk))
        if self._unflushed >= _FLUSH_EVERY_ROWS:
            self.bring_up()

    def _commit(self, source: int, rows: RawRows, intake: Intake) -> None:
        taken = self._journal.commit(source, intake)
        tally = self.report.tally(intake.table)
        tally.read += len(rows.numbers) + len(rows.unreadable)
        tally.added += taken.added
        tally.repeated += taken.repeated
        tally.refuse(Counter(record.reason for record in intake.refused))
        tally.refuse({Reason.CONFLICT: len(taken.losers)})
        self._unflushed += len(rows.numbers)

    def _cleaned(
        self, file: File, mapping: TableMapping, rows: RawRows, chunk: Chunk | None
    ) -> Intake:
        size = len(rows.numbers)
        admitted = self._door.batch(file.table, mapping.apply(rows.columns, size), size)
        numbers = rows.numbers[admitted.index].tolist()
        return Intake(file.table, admitted.rows, numbers, _records(file, rows, admitted), chunk)

    def _find(self, file: File, mapping: TableMapping, rows: RawRows) -> None:
        told = {(f.file, f.table) for f in self.report.findings}
        if (file.name, file.table) not in told:
            finding = check_columns(file.name, mapping, rows.seen)
            if finding is not None:
                self.report.findings.append(finding)

    def _tell(self, file: File, chunk: Chunk) -> None:
        place = chunk.stop if file.format != "parquet" else chunk.first_row + chunk.rows
        known = file.size if file.compression is None and file.format != "parquet" else place
        self._options.progress(f"read {file.name}", place, max(known, place))

    # ---------------------------------------------------------------------------- once more
    def read_again(self, file: File) -> None:
        """The rows of ``file`` that wait in the quarantine, and no others."""
        mapping = self._mapping.tables.get(file.table)
        if mapping is None:
            return
        known = SourceFile(file.name, file.table, self._mapping.digest, file.size, file.modified)
        source = self._journal.register(known)
        waiting = np.array(self._journal.quarantined_rows(source), np.int64)
        if not len(waiting):
            return
        self.report.files_read += 1
        missing = set(waiting.tolist())
        for raw in chunks_of(file, mapping.wanted):
            first, last = raw.chunk.first_row, raw.until_row
            if not ((waiting >= first) & (waiting < last)).any():
                continue
            rows = _picked(raw.rows(), waiting)
            present = [*rows.numbers.tolist(), *(row for row, _ in rows.unreadable)]
            missing.difference_update(present)
            intake = self._cleaned(file, mapping, rows, None)
            self._commit(source, rows, replace(intake, again=present))
            self._tell(file, raw.chunk)
        self._journal.release(source, sorted(missing))
        still = len(self._journal.quarantined_rows(source))
        self.report.released += max(len(waiting) - still, 0)


def _records(file: File, rows: RawRows, admitted: Admission) -> tuple[QuarantineRecord, ...]:
    """The quarantine records of a chunk: lines that did not parse, and refused rows."""
    unreadable = (
        QuarantineRecord(
            file.name, row, file.table, None, UNREADABLE_COLUMN, shape, Reason.UNREADABLE
        )
        for row, shape in rows.unreadable
    )
    refused = (
        QuarantineRecord(
            file.name, int(rows.numbers[r.index]), file.table, r.key, r.column, r.shape, r.reason
        )
        for r in admitted.refusals
    )
    return (*unreadable, *refused)


def _picked(rows: RawRows, waiting: npt.NDArray[np.int64]) -> RawRows:
    """Only the rows whose numbers are in ``waiting``."""
    places = np.flatnonzero(np.isin(rows.numbers, waiting))
    columns: Columns = {
        name: values.take(pa.array(places))
        if isinstance(values, pa.Array)
        else [values[i] for i in places]
        for name, values in rows.columns.items()
    }
    wanted = set(waiting.tolist())
    unreadable = tuple(found for found in rows.unreadable if found[0] in wanted)
    return RawRows(columns, rows.numbers[places], unreadable, rows.seen)
