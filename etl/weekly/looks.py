"""What was watched, run by run: the few figures of each look that are worth a line over time.

A look (:mod:`etl.weekly.monitor`) is large and is told for the newest run alone; its figures that
only mean something beside those of other weeks are kept in each run's folder. It draws nothing and
judges nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from etl.weekly.run_folder import read_json, write_json

LOOK = "look.json"
REMEMBERED = 26  # half a year of weeks


def keep_look(folder: Path, found: Mapping[str, Any]) -> None:
    """Keep what the run in ``folder`` watched; ``found`` is what the monitor gives."""
    write_json(folder / LOOK, {"run": folder.name, **_figures(found)})


def looks(runs: Path, until: int) -> list[dict[str, Any]]:
    """The looks of runs up to ``until`` (us), the oldest first, at most :data:`REMEMBERED`."""
    found = [read_json(folder / LOOK) for folder in runs.iterdir()]
    told = [row for row in found if row is not None and row["as_of"] <= until]
    return sorted(told, key=lambda row: (row["as_of"], row["run"]))[-REMEMBERED:]


def _figures(found: Mapping[str, Any]) -> dict[str, Any]:
    """Flat figures; what is unknown is None, and never nought."""
    features, prompts, sample = found["features"], found["prompts"], found["audited"]
    score: Mapping[str, Any] = next((row for row in features if row["name"] == "score"), {})
    whole = (row for row in found["overturned"] if row["by"] == "every")
    every: Mapping[str, Any] = next(whole, {})
    return {
        "as_of": found["as_of"],
        "champion": found["champion"],
        "score_psi": score.get("psi"),
        "score_psi_low": score.get("low"),
        "score_psi_high": score.get("high"),
        "columns": len(features),
        "columns_drifted": sum(row["drifted"] for row in features),
        "template_psi": prompts.get("templates", {}).get("psi"),
        "model_psi": prompts.get("models", {}).get("psi"),
        "without_template": prompts.get("without_template"),
        "audit_honest": sample.get("honest", 0),
        "audit_flagged": sample.get("flagged", 0),
        "audit_share": sample.get("share"),
        "audit_low": sample.get("low"),
        "audit_high": sample.get("high"),
        "overturned_share": every.get("share"),
        "overturned_low": every.get("low"),
        "overturned_high": every.get("high"),
        "label_days": {row["source"]: row["median_days_lately"] for row in found["labels"]},
        "champion_age_days": found["staleness"]["champion_age_days"],
        "rank_agreement": found["staleness"]["rank_agreement"],
    }
