"""Whether the process lives, and whether it can answer: ``/healthz`` and ``/readyz``."""

from importlib.metadata import version

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from api.access.auth import require
from api.deps import ServiceDep
from api.problems import problem
from api.schemas.answers import Health, Problem, Readiness, moment
from graph.ledger.port import Scope

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="get_health", response_model=Health)
async def get_health() -> Health:
    """The process is alive; nothing else is looked at."""
    return Health(version=version("ringsight"))


@router.get(
    "/metrics",
    operation_id="get_metrics",
    response_class=PlainTextResponse,
    include_in_schema=False,
    dependencies=[require(Scope.INVESTIGATE)],
)
def get_metrics(service: ServiceDep) -> Response:
    """Figures for Prometheus, in its text form."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


@router.get(
    "/readyz",
    operation_id="get_readiness",
    response_model=Readiness,
    responses={503: {"description": "Not ready", "model": Problem}},
)
def get_readiness(request: Request, service: ServiceDep) -> Readiness | JSONResponse:
    """The store answers, a model is loaded and verified, and a refresh is visible; else 503."""
    checks = dict(service.checks())
    scorer = service.champion.scorer()
    if scorer is None or any(found != "ok" for found in checks.values()):
        title = "Not ready to score."
        told = Problem(type="urn:ringsight:error:NotReady", title=title, checks=checks)
        return problem(request, 503, told)
    return Readiness(
        checks=checks, model_version=scorer.version, graph_as_of=moment(service.as_of())
    )
