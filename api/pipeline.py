"""What the weekly pipeline did and saw, for the console and for ``/metrics``.

The pipeline writes one file (``status.json``) and every process of the service one of shadow
counts; here they are read, and nothing of ``etl`` is imported. A file that is torn or not there yet
is an empty answer, not an error.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from api.deps import ServiceDep
from api.schemas import moment
from api.schemas_pipeline import PipelineOut, ShadowOut
from gnn.shelf import Shelf

router = APIRouter(prefix="/v1", tags=["pipeline"])

STATUS = "status.json"
COUNTS = ("scored", "changed", "dropped", "failed")


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
            "monitor": monitor and _dated(monitor, "as_of"),
        }
    )


def status(folder: Path) -> dict[str, Any]:
    """What the pipeline told last; empty before the first run."""
    return _object(folder / STATUS)


def shadow_counts(folder: Path, version: str) -> ShadowOut:
    """What all processes counted of a shadow, added up."""
    counts: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    difference = 0.0
    for path in sorted((folder / "shadow" / version).glob("*.json")):
        told = _object(path)
        counts.update({name: int(told.get(name, 0)) for name in COUNTS})
        decisions.update(told.get("decisions", {}))
        difference += float(told.get("difference", 0.0))
    return ShadowOut(
        version=version,
        mean_difference=difference / counts["scored"] if counts["scored"] else 0.0,
        decisions=dict(decisions),
        **{name: counts[name] for name in COUNTS},
    )


def gauges(folder: Path, shelf: Shelf) -> dict[str, float]:
    """Flat figures for ``/metrics``, by name without prefix; empty before the first run."""
    told = status(folder)
    runs = told.get("runs", [])
    found: dict[str, float] = dict((told.get("monitor") or {}).get("metrics", {}))
    if runs:
        found["last_run_passed"] = float(runs[-1]["passed"])
        found["last_run_as_of_seconds"] = runs[-1]["as_of"] / 1e6
        found["labels_quarantined"] = float(runs[-1]["labels"].get("quarantined", 0))
    version = shelf.shadow()
    if version is not None:
        seen = shadow_counts(folder, version)
        found |= {f"shadow_{name}": float(getattr(seen, name)) for name in COUNTS}
        found["shadow_mean_difference"] = seen.mean_difference
    return found


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _dated(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: moment(row[name]) for name in names}}
