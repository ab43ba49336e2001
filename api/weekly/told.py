"""Reading what the weekly pipeline left: its status, the shadow's counts, figures for ``/metrics``.

The pipeline writes one file (``status.json``) and every process of the service one of shadow
counts; here they are read, and nothing of ``etl`` is imported. A file that is torn or not there yet
is an empty answer, not an error.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from api.schemas.pipeline import ShadowOut
from gnn.shelf import Shelf

STATUS = "status.json"
COUNTS = ("scored", "changed", "dropped", "failed")


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
