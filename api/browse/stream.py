"""Live updates: which rings are new, changed or decided, as server-sent events.

An event says that something changed, never what: the console fetches again. Each connection looks
twice in five seconds at two small facts, the number of the generation and where cases stand, so no
process has to tell another. Who comes back after a gap is told to fetch everything again.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.browse.deps import ReaderDep
from api.browse.reader import Reader
from graph.errors import StoreError

router = APIRouter(prefix="/v1", tags=["stream"])

LOOK_S = 2.0
BEAT_S = 15.0
RETRY_MS = 5_000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a connection compares: versions of rings, and of their cases."""

    generation: int
    rings: Mapping[str, int] = field(default_factory=dict)
    cases: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, reader: Reader) -> "Standing":
        """How things stand now."""
        era = reader.era()
        rings = {i: int(str(row.detail.get("version", 1))) for i, row in era.rings.items()}
        cases = {
            i: int(str(case.get("case_version", 0))) for i, case in reader.cases.cases().items()
        }
        return cls(era.number, rings, cases)

    @property
    def mark(self) -> str:
        """What a client sends back when it comes again."""
        return f"{self.generation}.{sum(self.cases.values())}"

    def since(self, before: "Standing") -> list[tuple[str, str, int]]:
        """(event, ring, version) of what is otherwise than ``before``, in a stable order."""
        found = [
            ("ring.created" if ring not in before.rings else "ring.changed", ring, version)
            for ring, version in self.rings.items()
            if before.rings.get(ring) != version
        ]
        found += [("ring.changed", ring, 0) for ring in before.rings if ring not in self.rings]
        found += [
            ("ring.decided", ring, self.rings.get(ring, 0))
            for ring, version in self.cases.items()
            if before.cases.get(ring, 0) != version
        ]
        return sorted(found)


@router.get(
    "/stream",
    operation_id="stream_changes",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
            "description": "Events `ring.created`, `ring.changed`, `ring.decided`, `resync`",
        }
    },
)
async def stream_changes(request: Request, reader: ReaderDep) -> StreamingResponse:
    """Server-sent events: a ring is new, changed or decided; fetch it again."""
    known = request.headers.get("last-event-id")
    return StreamingResponse(told(reader, known), media_type="text/event-stream", headers=_HEADERS)


async def told(
    reader: Reader, known: str | None = None, look_s: float = LOOK_S, beat_s: float = BEAT_S
) -> AsyncIterator[str]:
    """The events as text, for as long as somebody listens.

    Args:
        reader: what is looked at.
        known: the mark that a client came to before, if it did.
        look_s: seconds between looks.
        beat_s: seconds of silence after which a comment shows that the line stands.
    """
    before = await run_in_threadpool(Standing.of, reader)
    yield f"retry: {RETRY_MS}\nid: {before.mark}\n\n"
    if known is not None and known != before.mark:
        yield _event("resync", before.mark, {})
    silent_s = 0.0
    while True:
        await asyncio.sleep(look_s)
        silent_s += look_s
        try:
            now = await run_in_threadpool(Standing.of, reader)
        except StoreError:
            now = before  # the next look finds what this one missed
        for name, ring, version in now.since(before):
            yield _event(name, now.mark, {"id": ring, "version": version})
            silent_s = 0.0
        before = now
        if silent_s >= beat_s:
            yield ": still here\n\n"
            silent_s = 0.0


def _event(name: str, mark: str, data: Mapping[str, object]) -> str:
    return f"event: {name}\nid: {mark}\ndata: {json.dumps(data)}\n\n"
