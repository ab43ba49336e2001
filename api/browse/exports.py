"""Exports over HTTP: make one, see how far it is, fetch its file."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import FileResponse

from api.access.auth import Reads
from api.browse.exporting import MEDIA
from api.browse.masked import sees_coarse
from api.deps import ServiceDep
from api.schemas.export import ExportIn, ExportOut

router = APIRouter(prefix="/v1/exports", tags=["exports"])

ExportId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


@router.post("", operation_id="create_export", response_model=ExportOut)
def create_export(
    body: ExportIn, caller: Reads, request: Request, service: ServiceDep
) -> ExportOut:
    """Take a ring, a view or an entity's neighbours away; the audit chain says that it was taken.

    Coarse facts are behind tokens where the caller's role does not cover them, or with `redact`.
    """
    return service.exports.make(body, caller, coarse=sees_coarse(request))


@router.get("/{export_id}", operation_id="get_export", response_model=ExportOut)
def get_export(export_id: ExportId, caller: Reads, service: ServiceDep) -> ExportOut:
    """How far an export is, and where to fetch it."""
    return service.exports.look(export_id, caller)


@router.get(
    "/{export_id}/file",
    operation_id="fetch_export",
    response_class=Response,
    responses={
        200: {
            "content": {media: {"schema": {"type": "string"}} for media in MEDIA.values()},
            "description": "The file",
        }
    },
)
def fetch_export(export_id: ExportId, caller: Reads, service: ServiceDep) -> FileResponse:
    """The file of an export; that it was fetched is written into the audit chain."""
    out, path = service.exports.fetch(export_id, caller)
    name = f"ringsight-{out.id[:8]}.{out.format.value}"
    return FileResponse(path, media_type=MEDIA[out.format], filename=name)
