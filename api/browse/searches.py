"""Search over HTTP: a POST, so that no e-mail address lands in an address line or a log."""

from fastapi import APIRouter

from api.browse.deps import ReaderDep
from api.browse.masked import MaskedRoute
from api.browse.search import searched
from api.schemas.graph import SearchIn, SearchOut

router = APIRouter(prefix="/v1", tags=["search"], route_class=MaskedRoute)


@router.post("/search", operation_id="search", response_model=SearchOut)
def search(body: SearchIn, reader: ReaderDep) -> SearchOut:
    """Find accounts, things and rings by id, address, number, name or a pasted list of them."""
    return searched(reader, body)
