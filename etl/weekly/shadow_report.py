"""What the challenger said of live sign-ups beside the champion, summed up and judged.

Each process of the service writes its counts to a file of its own (``api.serving.shadow``); here
they are added up. It knows nothing of models or of how scores came about.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.weekly.gate import Finding, wilson
from etl.weekly.run_folder import read_json


@dataclass(frozen=True, slots=True)
class ShadowLimits:
    """What a shadow must show: ``ShadowLimits(least=200)``.

    At least ``least`` sign-ups scored by both (0 asks for none), of which decisions on at most a
    share of ``changed`` (0..1) differ, shown beyond chance.
    """

    least: int = 200
    changed: float = 0.05


def shadow_counts(folder: Path, version: str) -> dict[str, Any]:
    """Everything that processes of the service counted of ``version``, added up."""
    total: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    for path in sorted((folder / version).glob("*.json")) if (folder / version).exists() else []:
        told = read_json(path) or {}
        total.update({k: told.get(k, 0) for k in ("scored", "dropped", "failed", "changed")})
        total.update({"difference": told.get("difference", 0.0)})
        decisions.update(told.get("decisions", {}))
    scored = int(total["scored"])
    return {
        "version": version,
        "scored": scored,
        "dropped": int(total["dropped"]),
        "failed": int(total["failed"]),
        "changed": int(total["changed"]),
        "mean_difference": float(total["difference"]) / scored if scored else 0.0,
        "decisions": dict(sorted(decisions.items())),
    }


def shadow_finding(folder: Path, version: str, limits: ShadowLimits) -> Finding:
    """Whether the shadow saw enough and differs little enough."""
    seen = shadow_counts(folder, version)
    scored, changed = seen["scored"], seen["changed"]
    figures = {"scored": float(scored), "changed": float(changed)}
    if scored < limits.least:
        text = f"its shadow scored {scored} sign-ups, {limits.least} are asked for"
        return Finding("shadow", False, text, figures)
    low, high = wilson(changed, scored)
    text = (
        f"its shadow decided otherwise on {changed} of {scored} sign-ups "
        f"({100 * low:.1f} to {100 * high:.1f} %; {100 * limits.changed:.1f} % may be)"
    )
    return Finding("shadow", low <= limits.changed, text, figures)
