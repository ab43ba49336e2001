"""Whether a week's events look like events: a broken export must not become a model.

Each table's volume and each column's share of blanks in the last span are held against the spans
before it. It looks at counts alone and knows nothing of models.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from etl.replay.timeline import Timeline
from etl.weekly.gate import Finding

DAY_US = 86_400_000_000
EARLIER = 4
WATCHED = ("signups", "payments", "sessions", "requests")


@dataclass(frozen=True, slots=True)
class InputLimits:
    """What still counts as a week like others: ``InputLimits(times=3.0)``.

    Volume between ``1 / times`` and ``times`` the median of earlier spans of at least
    ``least_rows``; blanks of a column changed by at most ``blanks`` (0..1); at most ``silent`` of
    a table's hours (0..1) empty that were not in earlier spans.
    """

    times: float = 3.0
    least_rows: int = 50
    blanks: float = 0.25
    silent: float = 0.25


def inputs(timeline: Timeline, since: int, until: int, limits: InputLimits) -> list[Finding]:
    """A finding for each table of which something can be said, and what is wrong with it."""
    return [finding for name in WATCHED for finding in _table(timeline, name, since, until, limits)]


def _table(
    timeline: Timeline, name: str, since: int, until: int, limits: InputLimits
) -> Iterator[Finding]:
    span = until - since
    now = timeline.read(name, since=since, until=until)
    began = timeline.bounds[0]
    starts = [since - (k + 1) * span for k in range(EARLIER) if since - (k + 1) * span >= began]
    before = [timeline.read(name, since=start, until=start + span) for start in starts]
    usual = float(np.median([table.num_rows for table in before])) if before else 0.0
    if usual < limits.least_rows:
        return
    wrong = [
        *_volume(now.num_rows, usual, limits),
        *_silence(now, before, since, span, limits),
        *_blanks(now, pa.concat_tables(before), limits),
    ]
    days = span / DAY_US
    text = "; ".join(wrong) or f"{now.num_rows:,} rows in {days:g} days, {usual:,.0f} is usual"
    figures = {"rows": float(now.num_rows), "usual": usual}
    yield Finding(f"input: {name}", not wrong, f"events, {name}: {text}", figures)


def _volume(rows: int, usual: float, limits: InputLimits) -> Iterator[str]:
    if not usual / limits.times <= rows <= usual * limits.times:
        yield f"{rows:,} rows where {usual:,.0f} is usual"


def _silence(
    now: pa.Table, before: list[pa.Table], since: int, span: int, limits: InputLimits
) -> Iterator[str]:
    """Hours without a row; an outage in the middle of a week leaves the volume within bounds."""
    hours = max(span // (DAY_US // 24), 1)
    at = np.asarray(now["at"].combine_chunks(), np.int64)
    heard = len(np.unique((at - since) // (DAY_US // 24)))
    usual = np.median(
        [len(np.unique(np.asarray(t["at"].combine_chunks()) // (DAY_US // 24))) for t in before]
    )
    lost = (min(usual, hours) - heard) / hours
    if lost > limits.silent:
        yield f"rows in {heard} of {hours} hours only, where {usual:.0f} hours have some"


def _blanks(now: pa.Table, before: pa.Table, limits: InputLimits) -> Iterator[str]:
    if now.num_rows < limits.least_rows:
        return
    for name in now.column_names:
        share, usual = _blank(now[name]), _blank(before[name])
        if abs(share - usual) > limits.blanks:
            yield f"{name} is blank in {share:.0%} of rows where {usual:.0%} is usual"


def _blank(column: pa.ChunkedArray) -> float:
    size = len(column)
    blank = column.null_count
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        blank += int(pc.sum(pc.equal(column, "").fill_null(False)).as_py() or 0)
    return blank / size if size else 0.0
