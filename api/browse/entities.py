"""Entities over HTTP: one of them, its neighbours page by page, its events, what it shares.

A hub answers as fast as any other node: neighbours come a page at a time with their true number,
and what is counted over part of them says over how many.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from api.browse.asked import EntityId, EventsQuery, NeighboursQuery
from api.browse.co_shared import co_shared
from api.browse.counts import counts_of
from api.browse.deps import ReaderDep
from api.browse.happenings import event_page, happening
from api.browse.masked import MaskedRoute
from api.browse.neighbours import neighbours_of
from api.browse.nodes import nodes_of
from api.browse.reader import Era, Reader
from api.schemas.graph import (
    LIST_MAX,
    CoShared,
    CountsIn,
    CountsOut,
    EntityOut,
    HappeningList,
    Neighbours,
    NodeOut,
)
from graph.errors import NotFound
from graph.journal.account import Window
from graph.schema import NodeType, split_id

router = APIRouter(prefix="/v1/entities", tags=["entities"], route_class=MaskedRoute)
HISTORY = 20


@router.post("/counts", operation_id="count_entities", response_model=CountsOut)
def count_entities(body: CountsIn, reader: ReaderDep) -> CountsOut:
    """How many neighbours of each kind each of up to 500 nodes has: one call for all badges."""
    ids = list(dict.fromkeys(map(reader.checked, body.ids)))
    return CountsOut(counts=reader.store.degrees(ids), as_of=reader.era().moment)


# Keys hold slashes (prefixes do), so the longer routes have to come first.
@router.get(
    "/{entity_id:path}/neighbours", operation_id="list_neighbours", response_model=Neighbours
)
def list_neighbours(
    entity_id: EntityId, reader: ReaderDep, asked: Annotated[NeighboursQuery, Query()]
) -> Neighbours:
    """The neighbours of an entity, most recently tied first, counted before they are loaded."""
    return neighbours_of(reader, reader.checked(entity_id), asked)


@router.get("/{entity_id:path}/shared", operation_id="list_co_shared", response_model=CoShared)
def list_co_shared(
    entity_id: EntityId,
    reader: ReaderDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 25,
) -> CoShared:
    """What the accounts of an entity have in common beside it, most shared first."""
    return co_shared(reader.store, reader.checked(entity_id), limit)


@router.get(
    "/{entity_id:path}/events", operation_id="list_entity_events", response_model=HappeningList
)
def list_entity_events(
    entity_id: EntityId, reader: ReaderDep, asked: Annotated[EventsQuery, Query()]
) -> HappeningList:
    """What an account did, latest first; of another entity, what its latest accounts did."""
    identity = reader.checked(entity_id)
    accounts = _accounts_of(reader, identity)
    return event_page(reader.journal.of_accounts(accounts), asked, reader.era().as_of)


@router.get("/{entity_id:path}", operation_id="get_entity", response_model=EntityOut)
def get_entity(entity_id: EntityId, reader: ReaderDep) -> EntityOut:
    """One entity: its facts, its neighbours by kind, the rings it is in and its latest events."""
    identity = reader.checked(entity_id)
    era = reader.era()
    node = nodes_of(reader.store.between([identity])).get(identity)
    if node is None:
        raise NotFound(f"no entity {identity!r}")
    kind, key = split_id(identity)
    history = []
    if kind is NodeType.ACCOUNT:
        history = reader.journal.of_accounts([key]).latest(Window(), HISTORY)
    return EntityOut(
        **node.model_dump(),
        counts=counts_of(reader.store, node),
        rings=rings_of(era, node),
        history=[happening(row) for row in history],
        as_of=era.moment,
    )


def _accounts_of(reader: Reader, identity: str) -> list[str]:
    """The account itself, or the accounts most recently tied to an entity."""
    kind, key = split_id(identity)
    if kind is NodeType.ACCOUNT:
        return [key]
    found = reader.store.neighbours(
        identity, kind=NodeType.ACCOUNT.value, limit=LIST_MAX, cursor=None
    )
    keys: list[str] = found.piece.keys(NodeType.ACCOUNT).to_pylist()
    return keys


def rings_of(era: Era, node: NodeOut) -> list[str]:
    """The ring an account is in, and the rings whose evidence names the node."""
    own = [node.ring_id] if node.ring_id else []
    return list(dict.fromkeys([*own, *era.naming.get(node.id, ())]))
