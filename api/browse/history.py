"""A ring as it is, as it was, or where it went: every call about one ring begins here.

A past moment is answered from the versions that the store keeps; what is not kept is said so, by
name. A ring that another took over answers with its last version and names its heir.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from api.browse.clock import clock_of
from api.browse.precedents import precedents_of
from api.browse.reader import Era, Reader
from api.browse.times import micros
from api.schemas.answers import moment
from api.schemas.rings import RingDetail
from graph.errors import NotFound
from graph.schema import NodeType, node_id
from graph.store import RingRow


@dataclass(frozen=True)
class Told:
    """A ring and the moment (us) it is told of; ``now`` if it is that of ``era``."""

    row: RingRow
    as_of: int
    era: Era
    now: bool = True
    merged_into: str | None = None

    @property
    def version(self) -> int:
        """The version of the ring."""
        return int(str(self.row.detail.get("version", 1)))

    @property
    def accounts(self) -> list[str]:
        """The members' account ids, firmest first."""
        return [account for account, _, _ in self.row.members]

    @property
    def member_ids(self) -> list[str]:
        """The members as node ids, firmest first."""
        return [node_id(NodeType.ACCOUNT, account) for account in self.accounts]

    def until(self, asked: datetime | None) -> datetime | None:
        """The end of a span: never after the moment that is told of, if that is past."""
        if self.now:
            return asked
        own = moment(self.as_of)
        return own if asked is None else min(asked, own)


def told_of(reader: Reader, ring_id: str, as_of: datetime | None = None) -> Told:
    """The ring as of a moment, by default that of the latest refresh.

    Raises:
        NotFound: if there never was such a ring, or that moment is not kept; says which.
    """
    era = reader.era()
    if as_of is None and ring_id in era.rings:
        return Told(reader.ring(ring_id), era.as_of, era)
    kept = reader.store.ring_at(ring_id, None if as_of is None else micros(as_of))
    if kept is None:
        raise NotFound(_missing(reader, ring_id, as_of))
    row, at = kept
    then = at if as_of is None else micros(as_of)
    return Told(row, then, era, now=False, merged_into=era.heirs.get(ring_id))


def _missing(reader: Reader, ring_id: str, as_of: datetime | None) -> str:
    versions = reader.store.ring_versions(ring_id)
    if as_of is None or not versions:
        return f"no ring {ring_id!r}"
    first = moment(min(versions.values()))
    return f"ring {ring_id!r} is kept from {first:%Y-%m-%dT%H:%M:%SZ} on, not before"


def detail_of(reader: Reader, told: Told) -> RingDetail:
    """Everything the ring's page opens with."""
    cases = reader.cases.cases([told.row.ring_id])
    case = cases.get(told.row.ring_id, {})
    return RingDetail.at(
        told.row,
        told.as_of,
        **{"title": told.era.title(told.row), **case},
        campaign_clock=clock_of(reader.journal, told.row, told.accounts, told.as_of),
        precedents=precedents_of(told.era, told.row, reader.cases),
        merged_into=told.merged_into,
        versions={n: moment(at) for n, at in reader.store.ring_versions(told.row.ring_id).items()},
    )


def ids_of(accounts: Sequence[str]) -> list[str]:
    """Node ids of accounts."""
    return [node_id(NodeType.ACCOUNT, account) for account in accounts]
