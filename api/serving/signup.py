"""The call in a sign-up flow's critical path: score one sign-up, with the evidence.

The endpoint stays on the event loop: it cleans the body, puts a job on its way and waits for the
answer or for the end of the caller's time (``api.serving.scoring``). The reply is sent as the very
text that the ledger keeps, so a call repeated under its Idempotency-Key gets the same bytes.
"""

import asyncio
import re
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import Response as RawResponse
from starlette.datastructures import Headers

from api.access.auth import Scores
from api.deps import ServiceDep
from api.schemas.events import BatchIn, BatchItem, BatchOut
from api.schemas.signup import AssessmentOut, SignupIn
from api.serving.job import Caller, Job
from api.serving.service import Service
from graph.errors import InputError

KEY_CHARACTERS = 255
KEY = re.compile(rf"[\x21-\x7e]{{1,{KEY_CHARACTERS}}}")


router = APIRouter(prefix="/v1/signups", tags=["signups"])

# What is left of a batch's key beside the place of a sign-up in it.
BATCH_KEY = KEY_CHARACTERS - 4
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=KEY_CHARACTERS,
        pattern=r"^[\x21-\x7e]+$",
        description="the same key and body give the same reply; another body under it is refused",
    ),
]


async def score_signup(
    signup: SignupIn,
    service: ServiceDep,
    principal: Scores,
    request: Request,
    key: IdempotencyKey = None,
) -> Response:
    """How likely this sign-up belongs to a ring, what to do, and the evidence.

    Scored before it is written; with `dry_run` nothing is written. Past `budget_ms`, or with store
    or model down, the stated policy answers and `degraded` is true.
    """
    caller = Caller(principal.id, principal.reasons)
    job, reply = await answered(service, signup, caller, key)
    traced(service, job, request.headers)
    return RawResponse(
        reply, media_type="application/json", headers={"Server-Timing": timing_of(job)}
    )


router.add_api_route(
    "/score",
    score_signup,
    methods=["POST"],
    operation_id="score_signup",
    response_model=AssessmentOut,
)


@router.post("/score/batch", operation_id="score_signups", response_model=BatchOut)
async def score_signups(
    batch: BatchIn,
    service: ServiceDep,
    principal: Scores,
    request: Request,
    key: IdempotencyKey = None,
) -> BatchOut:
    """Score up to a hundred sign-ups, in their order; one that breaks the contract stops no other.

    Each has its own budget. Under an Idempotency-Key each is known by the key and its place.
    """
    caller = Caller(principal.id, principal.reasons)
    keys = [None if key is None else f"{key[:BATCH_KEY]} {n}" for n in range(len(batch.signups))]

    async def item(signup: SignupIn, key: str | None) -> BatchItem:
        try:
            job, reply = await answered(service, signup, caller, key)
        except InputError as error:
            return BatchItem(error=str(error))
        traced(service, job, request.headers)
        return BatchItem(assessment=AssessmentOut.model_validate_json(reply))

    work = (item(s, k) for s, k in zip(batch.signups, keys, strict=True))
    return BatchOut(items=list(await asyncio.gather(*work)))


async def answered(
    service: Service, signup: SignupIn, caller: Caller, key: str | None
) -> tuple[Job, bytes]:
    """The job of a sign-up and its reply, at the end of its time at the latest.

    Raises:
        InputError: if a column does not hold what the contract wants, or the key was reused.
        Overloaded: if too much waits to be written.
    """
    if service.office.probing.looks(caller.id, signup):
        caller = Caller(caller.id, reasons=False)
    loop = asyncio.get_running_loop()
    told: asyncio.Future[bytes] = loop.create_future()

    def done(reply: bytes | Exception) -> None:
        loop.call_soon_threadsafe(_settle, told, reply)

    job = service.submit(signup, caller, done, key=key)
    timer = loop.call_later(job.left_s(), service.scoring.late, job)
    try:
        return job, await told
    finally:
        timer.cancel()
        service.metrics.answered(job)


def traced(service: Service, job: Job, headers: Headers) -> None:
    """Tell the collector of an answered sign-up, where there is one."""
    if service.traces is not None:
        service.traces.answered(job, headers)


def timing_of(job: Job) -> str:
    """The time an answer took, as the header Server-Timing says it (ms)."""
    return f"total;dur={job.elapsed_ms()}"


def _settle(told: "asyncio.Future[bytes]", reply: bytes | Exception) -> None:
    if told.done():
        return
    if isinstance(reply, Exception):
        told.set_exception(reply)
    else:
        told.set_result(reply)
