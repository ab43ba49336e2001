"""Plain read-only pages, so that a newcomer sees the rings in a browser: no script, no build step.

``/`` lists the rings of the latest refresh, ``/rings/{id}`` shows one with its evidence and
accounts; every entity links to its neighbours as JSON. Jinja2 escapes everything that is shown.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import jinja2
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from api.deps import ServiceDep
from api.schemas import RingDetail, RingSummary, moment
from graph.errors import NotFound

router = APIRouter(include_in_schema=False)

_FOLDER = FilePath(__file__).parent
ACCOUNTS_SHOWN = 100
WATCHED_SHOWN = 25


@cache
def _pages() -> jinja2.Environment:
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["day"] = _day
    pages.filters["capitalize_first"] = _capitalised
    return pages


@router.get("/", response_class=HTMLResponse)
def show_rings(service: ServiceDep) -> HTMLResponse:
    """The rings of the latest refresh, those that call for action first."""
    rings = sorted(
        map(RingSummary.of, service.rings()), key=lambda r: (not r.flagged, -r.score, r.id)
    )
    return _page(
        "rings.html",
        flagged=[ring for ring in rings if ring.flagged],
        others=[ring for ring in rings if not ring.flagged],
        shown=WATCHED_SHOWN,
        as_of=_as_of(service.as_of()),
    )


@router.get("/rings/{ring_id}", response_class=HTMLResponse)
def show_ring(ring_id: str, service: ServiceDep) -> HTMLResponse:
    """One ring: why it is suspected, what speaks against it, and its accounts."""
    try:
        row = service.store.ring(ring_id)
    except NotFound:
        return _page("missing.html", status=404, ring_id=ring_id)
    members = sorted(row.members, key=lambda member: (-member[1], member[0]))
    return _page(
        "ring.html",
        ring=RingDetail.at(row, service.as_of()),
        members=[(account, strength, moment(at)) for account, strength, at in members],
        accounts_shown=ACCOUNTS_SHOWN,
        as_of=_as_of(service.as_of()),
    )


@router.get("/front.css")
def style_sheet() -> Response:
    """The pages' one style sheet."""
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(_style(), media_type="text/css", headers=headers)


@cache
def _style() -> bytes:
    return (_FOLDER / "front.css").read_bytes()


def _page(name: str, status: int = 200, **context: Any) -> HTMLResponse:
    return HTMLResponse(_pages().get_template(name).render(context), status)


def _as_of(at: int) -> datetime | None:
    return moment(at) if at else None


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%d %b %Y, %H:%M")
