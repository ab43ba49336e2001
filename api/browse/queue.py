"""The queue: which rings wait, filtered and ordered, a page at a time by a keyset cursor."""

from collections.abc import Callable
from datetime import datetime, timedelta

from api.browse.asked import Age, QueueQuery, Sort
from api.browse.reader import Reader
from api.browse.times import micros
from api.cursor import Key, page
from api.schemas.rings import RingList, RingSummary

NOBODY = "nobody"
_SPANS = {Age.DAY: timedelta(days=1), Age.WEEK: timedelta(days=7), Age.MONTH: timedelta(days=30)}
_PLACES: dict[Sort, Callable[[RingSummary], Key]] = {
    Sort.SCORE: lambda r: (-r.score, r.id),
    Sort.ACCOUNTS: lambda r: (-r.accounts, r.id),
    Sort.GROWTH: lambda r: (-r.new_accounts_24h, -r.score, r.id),
    Sort.EXCHANGES: lambda r: (-(r.exchanges_7d or 0), -r.score, r.id),
    Sort.FIRST_SEEN: lambda r: (-micros(r.first_seen), r.id),
    Sort.LAST_SEEN: lambda r: (-micros(r.last_seen), r.id),
}


def listed(reader: Reader, asked: QueueQuery) -> RingList:
    """A page of the rings that ``asked`` wants."""
    era = reader.era()
    found = [ring for ring in reader.summaries(era) if _wanted(ring, asked, era.moment)]
    place = _PLACES[asked.sort]
    found.sort(key=place)
    items, more = page(found, place, asked.limit, asked.cursor, asked.sort.value)
    return RingList(items=list(items), total=len(found), next_cursor=more, as_of=era.moment)


def _wanted(ring: RingSummary, asked: QueueQuery, now: datetime) -> bool:
    return (
        ring.score >= asked.min_score
        and (not asked.status or ring.status in asked.status)
        and asked.life in (None, ring.life)
        and asked.verdict in (None, ring.verdict)
        and asked.flagged in (None, ring.flagged)
        and (asked.kind is None or asked.kind.value in ring.identifiers)
        and asked.assignee in (None, ring.assignee or NOBODY)
        and (asked.age is None or _aged(ring, asked.age, now))
        and (not asked.q or _says(ring, asked.q))
    )


def _aged(ring: RingSummary, age: Age, now: datetime) -> bool:
    if age is Age.OLDER:
        return now - ring.first_seen > _SPANS[Age.MONTH]
    return now - ring.first_seen <= _SPANS[age]


def _says(ring: RingSummary, text: str) -> bool:
    wanted = text.casefold()
    return any(wanted in (part or "").casefold() for part in (ring.id, ring.title, ring.assignee))
