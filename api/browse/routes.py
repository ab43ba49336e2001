"""Every route of the read side, in one router: ``api.app`` includes it and knows no more."""

from fastapi import APIRouter

from api.browse import entities, exports, graphs, rings, searches, stream

router = APIRouter()
for part in (rings, entities, graphs, searches, exports, stream):
    router.include_router(part.router)
