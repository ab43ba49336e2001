"""How much accounts did over time: events by kind in buckets of a width that people read."""

from datetime import datetime

from api.browse.event_kinds import KINDS
from api.browse.history import Told
from api.browse.times import micros
from api.schemas.answers import moment
from api.schemas.rings import BucketOut, Timeline
from graph.journal.journal import Journal

# From a minute to some months: what a clock or a calendar would be cut into.
_MINUTE = 60
_WIDTHS = [
    m * _MINUTE
    for m in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440, 2_880, 10_080, 20_160, 43_200)
]


def timeline(
    journal: Journal, told: Told, buckets: int, span: tuple[datetime | None, datetime | None]
) -> Timeline:
    """At most ``buckets`` buckets of the events of a ring's accounts in ``span``, by kind."""
    events = journal.of_accounts(told.accounts)
    start, end = _span(told, events.span(), span)
    width_s = _width_s(end - start, buckets)
    width = width_s * 1_000_000
    start = start // width * width
    found = events.buckets((start, end + 1), width)
    counts: dict[int, dict[str, int]] = {}
    for table, numbers in found.items():
        for number, count in numbers.items():
            counts.setdefault(number, {})[KINDS[table]] = count
    return Timeline(
        start=moment(start),
        end=moment(end),
        bucket_s=width_s,
        kinds=[KINDS[table] for table in found],
        buckets=[
            BucketOut(t=moment(start + number * width), counts=counts[number])
            for number in sorted(counts)
        ],
        as_of=moment(told.as_of),
    )


def _span(
    told: Told, known: tuple[int, int] | None, asked: tuple[datetime | None, datetime | None]
) -> tuple[int, int]:
    """From where to where (us): what is asked, within what happened by the moment told of."""
    first, last = known or (told.row.first_seen, told.row.last_seen)
    since, until = asked[0], told.until(asked[1])
    start = first if since is None else micros(since)
    end = last if until is None else min(last, micros(until))
    return start, max(start, end)


def _width_s(span: int, buckets: int) -> int:
    """The narrowest width (seconds) by which ``span`` us is at most ``buckets`` buckets."""
    for width in _WIDTHS:
        # One more: the first bucket begins at a full width, before the span does.
        if span // (width * 1_000_000) + 2 <= buckets:
            return width
    days = -(-span // (max(1, buckets - 1) * 86_400_000_000))
    return max(1, days) * 86_400
