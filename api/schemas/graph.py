"""Wire types of the graph: nodes, edges, groups, bundles, and the answers made of them.

Every answer says what moment it describes (``as_of``), what it leaves out (``truncated``,
``hidden``) and how much there really is (``degree``, ``total``). Rings have their own types in
``api.schemas.rings``.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from api.schemas.answers import Wire
from graph.facts import Value

IDS_MAX = 600
BADGES_MAX = 500
LIST_MAX = 200
SUPERNODE = 1_000
"""Neighbours from which a node is stepped over and never expanded in one go."""


def aware(at: datetime) -> datetime:
    """A moment with its offset; one without is taken for UTC."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(aware)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class NodeOut(Wire):
    """A node. ``degree`` counts its neighbours in the whole graph, ``hidden`` those not shown.

    ``flagged`` counts neighbouring accounts that call for action, as of the latest refresh.
    ``member`` says that it is an account of the ring in view; ``x`` and ``y`` are set where the
    server lays the picture out.
    """

    id: str
    kind: str
    label: str
    degree: int
    hidden: int
    first_seen: datetime
    score: float | None = None
    ring_id: str | None = None
    status: str | None = None
    flagged: int = 0
    member: bool = False
    supernode: bool = False
    x: float | None = None
    y: float | None = None
    properties: dict[str, Value]


class EdgeOut(Wire):
    """An edge: ``kind`` is its verb, ``count`` the number of events behind it.

    ``weak`` ties lead to something that so many have that it says nothing. ``source`` or
    ``target`` may be a group.
    """

    id: str
    source: str
    target: str
    kind: str
    first_seen: datetime
    last_seen: datetime
    count: int
    weak: bool = False


class GroupOut(Wire):
    """Accounts tied to exactly the same things, drawn as one; ``signature`` is what they share."""

    id: str
    label: str
    member_count: int
    member_ids_sample: list[str]
    signature: list[str]
    score: float | None = None
    flagged: int = 0
    x: float
    y: float


class BundleOut(Wire):
    """The neighbours of ``of`` that are not drawn: how many, of which kind, how many flagged."""

    id: str
    of: str
    kind: str
    count: int
    flagged: int
    x: float | None = None
    y: float | None = None


class Subgraph(Wire):
    """A piece of the graph. ``exact`` false: a past moment, of which only existence is known."""

    nodes: list[NodeOut]
    groups: list[GroupOut] = Field(default_factory=list)
    edges: list[EdgeOut]
    bundles: list[BundleOut] = Field(default_factory=list)
    total: int
    truncated: bool
    exact: bool = True
    as_of: datetime


class Tally(Wire):
    """How many neighbours of a kind there are, and how many of them are flagged."""

    n: int
    flagged: int


class HappeningOut(Wire):
    """One event: when, of which kind, on which account, and the entity and words that tell it."""

    t: datetime
    kind: str
    account: str
    entity: str | None = None
    detail: str


class HappeningList(Wire):
    """A page of events, latest first."""

    items: list[HappeningOut]
    next_cursor: str | None
    as_of: datetime


class EntityOut(NodeOut):
    """One entity: its facts, its neighbours by kind, the rings it is in and its latest events."""

    counts: dict[str, Tally]
    rings: list[str]
    history: list[HappeningOut] = Field(default_factory=list)
    as_of: datetime


class SharedOut(Wire):
    """Something that accounts have in common: how many of those in view, and how many in all."""

    id: str
    kind: str
    label: str
    here: int
    degree: int
    flagged: int


class CoShared(Wire):
    """What the accounts of an entity have in common beside it, most shared first.

    Read from its ``looked_at`` most recent accounts; ``truncated`` when it has more.
    """

    items: list[SharedOut]
    looked_at: int
    total: int
    truncated: bool
    as_of: datetime


class Facets(Wire):
    """Neighbours counted before they are loaded.

    ``kind`` and ``flagged`` count all of them; ``month`` and ``co_shared`` the ``scanned`` most
    recent (``complete`` says whether that is all). ``co_shared`` says with how many things an
    account is tied to the ring or account of ``shares_with``: ``1``, ``2``, ``3+``.
    """

    kind: dict[str, int]
    flagged: dict[str, int]
    month: dict[str, int] = Field(default_factory=dict)
    co_shared: dict[str, int] = Field(default_factory=dict)
    scanned: int
    complete: bool


class Neighbours(Subgraph):
    """A page of an entity's neighbours; ``total`` counts those that match, ``next_cursor`` goes on.

    The entity itself is the first node. ``total`` is null when only a scan could tell; ``facets``
    are there unless the call wants none.
    """

    total: int | None  # type: ignore[assignment]
    facets: Facets | None = None
    next_cursor: str | None


class CountsIn(Wire):
    """Nodes whose neighbours are to be counted."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=BADGES_MAX)]


class CountsOut(Wire):
    """Neighbours by kind of each node that exists."""

    counts: dict[str, dict[str, int]]
    as_of: datetime


class PathIn(Wire):
    """Two nodes to be tied together."""

    from_id: Annotated[Id, Field(alias="from")]
    to: Id
    max_hops: Annotated[int, Field(ge=1, le=6)] = 4
    avoid_supernodes: bool = True


class PathOut(Wire):
    """Shortest paths between two nodes; ``gave_up`` when time or room ran out before all was seen.

    ``nodes`` and ``edges`` are those of the paths, to be drawn as they are.
    """

    paths: list[list[str]]
    nodes: list[NodeOut]
    edges: list[EdgeOut]
    explored: int
    gave_up: bool
    as_of: datetime


class SubgraphIn(Wire):
    """Nodes of a saved or shared view."""

    ids: Annotated[list[Id], Field(min_length=1, max_length=IDS_MAX)]
    as_of: Moment | None = None


class SearchIn(Wire):
    """What to look for: an id, an e-mail address, a pasted list. It is cleaned, never logged."""

    q: Annotated[str, Field(min_length=1, max_length=20_000)]
    kinds: list[str] | None = None
    limit: Annotated[int, Field(ge=1, le=LIST_MAX)] = 8


class HitOut(Wire):
    """Something found; ``match`` is ``exact``, ``prefix`` or ``fuzzy``, ``line`` its line."""

    id: str
    kind: str
    label: str
    match: str
    degree: int
    rings: list[str]
    status: str | None
    line: int = 0


class SearchOut(Wire):
    """What was found, best first; ``missed`` are the lines (from 0) that found nothing."""

    items: list[HitOut]
    missed: list[int]
    truncated: bool
    took_ms: float
    as_of: datetime
