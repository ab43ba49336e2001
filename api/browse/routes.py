"""Every route of the read side, in one router: ``api.app`` includes it and knows no more."""

from fastapi import APIRouter

from api.browse import entities, graphs, rings, searches

router = APIRouter()
for part in (rings, entities, graphs, searches):
    router.include_router(part.router)
