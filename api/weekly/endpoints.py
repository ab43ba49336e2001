"""What the weekly pipeline did and saw, for the console: ``GET /v1/pipeline``.

What it left is read by :mod:`api.weekly.told`; nothing of ``etl`` is imported.
"""

from typing import Any

from fastapi import APIRouter

from api.deps import ServiceDep
from api.schemas.answers import moment
from api.schemas.pipeline import PipelineOut
from api.weekly.told import shadow_counts, status

router = APIRouter(prefix="/v1", tags=["pipeline"])


@router.get("/pipeline", operation_id="get_pipeline", response_model=PipelineOut)
def get_pipeline(service: ServiceDep) -> PipelineOut:
    """Runs with the gate's reasons, drift and labels, promotions, and the shadow's counts."""
    scorer, shelf, folder = service.champion.scorer(), service.champion.shelf, service.pipeline_path
    told = {} if folder is None else status(folder)
    held, version = shelf.history(), shelf.shadow()
    shadow = None if folder is None or version is None else shadow_counts(folder, version)
    monitor = told.get("monitor")
    return PipelineOut.model_validate(
        {
            "champion": next(iter(held), None),
            "serving": None if scorer is None else scorer.version,
            "trouble": service.champion.trouble,
            "before": held[1:],
            "shadow": shadow,
            "runs": [_dated(run, "as_of", "learnt_until") for run in told.get("runs", [])],
            "history": [_dated(turn, "at") for turn in told.get("history", [])],
            "monitor": monitor and _watched(monitor),
        }
    )


def _watched(monitor: dict[str, Any]) -> dict[str, Any]:
    """What is watched, with the rows of other runs dated as well."""
    rows = {
        name: [_dated(row, "as_of") for row in monitor.get(name, [])] for name in ("past", "looks")
    }
    return _dated({**monitor, **rows}, "as_of")


def _dated(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: moment(row[name]) for name in names}}
