"""Who did what to whom: the audit chain, page by page and as CSV; taking the CSV is an act too."""

import csv
import io
import json
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.access.auth import Investigates, Reads
from api.cursor import cursor_at, place_after
from api.deps import ServiceDep
from api.desk.hands import Cursor, Limit
from api.schemas.answers import moment
from api.schemas.audit import AuditOut, AuditPage
from graph.errors import InputError
from graph.ledger import audit

router = APIRouter(prefix="/v1/audit", tags=["audit"])

CSV_ROWS_MOST = 50_000
COLUMNS = ("seq", "at", "actor", "action", "subject", "detail", "digest")
_ORDER = "audit"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Filter = Annotated[str | None, Query(max_length=512)]


@router.get("", operation_id="list_audit", response_model=AuditPage)
def list_audit(
    _: Reads,
    service: ServiceDep,
    subject: Filter = None,
    actor: Filter = None,
    action: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> AuditPage:
    """Links of the audit chain, newest first."""
    office = service.office
    before = _before(cursor)
    with office.ledger.reading() as book:
        found = audit.entries(
            book, before=before, limit=limit + 1, subject=subject, actor=actor, action=action
        )
        total = audit.count(book)
    shown = found[:limit]
    more = len(found) > limit
    return AuditPage(
        items=[AuditOut.of(entry, office.named(entry.actor)) for entry in shown],
        total=total,
        next_cursor=cursor_at((shown[-1].seq,), _ORDER) if more else None,
    )


@router.get(
    ".csv",
    operation_id="export_audit",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def export_audit(
    caller: Investigates,
    service: ServiceDep,
    subject: Filter = None,
    actor: Filter = None,
    action: Filter = None,
) -> Response:
    """The same as CSV, at most 50,000 rows; a cell that a sheet would run is quoted. Logged."""
    office = service.office
    with office.ledger.writing() as book:
        found = audit.entries(
            book, limit=CSV_ROWS_MOST, subject=subject, actor=actor, action=action
        )
        told = {"rows": len(found), "subject": subject, "actor": actor, "action": action}
        audit.append(book, [audit.Act(office.clock(), caller.id, "audit.export", None, told)])
    sheet = io.StringIO()
    rows = csv.writer(sheet)
    rows.writerow(COLUMNS)
    for entry in found:
        detail = "" if entry.detail is None else json.dumps(entry.detail, sort_keys=True)
        cells = (entry.actor, entry.action, entry.subject or "", detail, entry.digest)
        rows.writerow((entry.seq, moment(entry.at).isoformat(), *map(safe_cell, cells)))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(sheet.getvalue(), media_type="text/csv", headers=headers)


def safe_cell(text: str) -> str:
    """``text`` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    (place,) = place_after(cursor, _ORDER)[:1]
    if not isinstance(place, int):
        raise InputError("the cursor belongs to another list")
    return place
