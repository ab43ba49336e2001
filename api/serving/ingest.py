"""Events that keep the graph alive between jobs, and outcomes of sign-ups that callers report.

Every row goes through the same door as a row of a file (``graph.door``) and into the outbox before
it is answered; what breaks the contract is answered row by row, with the code that the quarantine
uses, and stops no other. The same row again is the same event, however often it is sent.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.concurrency import run_in_threadpool

from api.access.auth import Ingests
from api.deps import ServiceDep
from api.schemas.events import ROWS_MOST, EventIn, EventsOut, OutcomeIn, OutcomeOut
from graph.errors import InputError

router = APIRouter(prefix="/v1", tags=["events"])

NDJSON = "application/x-ndjson"
_BODIES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": EventIn.model_json_schema()},
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": f"an `EventIn` a line, at most {ROWS_MOST:,}",
                }
            },
        },
    }
}


@router.post(
    "/events", operation_id="ingest_events", response_model=EventsOut, openapi_extra=_BODIES
)
async def ingest_events(request: Request, service: ServiceDep, principal: Ingests) -> EventsOut:
    """Take in rows of the contract's tables: one as JSON, or many as NDJSON, one a line.

    What is taken is in the ledger when this answers, and in the graph soon after. A row that breaks
    the contract is refused with its number, column, reason and shape, and may be sent again.
    """
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    numbered = list(_lines(body) if content == NDJSON else enumerate([body], 1))
    if len(numbered) > ROWS_MOST:
        raise InputError(f"at most {ROWS_MOST:,} rows a call, got {len(numbered):,}")
    told = await run_in_threadpool(service.intake.take, numbered)
    service.metrics.ingested(told.accepted, len(told.refused))
    return told


@router.post("/outcomes", operation_id="report_outcome", response_model=OutcomeOut)
def report_outcome(
    body: Annotated[OutcomeIn, Body()], service: ServiceDep, principal: Ingests
) -> OutcomeOut:
    """Say what became of a sign-up, by the `request_id` of its score.

    `opened` after a denial lets the account into the graph; `fraud` and `legitimate` become labels.
    The same outcome again changes nothing.
    """
    return service.intake.report(body, principal.id)


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            yield number, line
