"""One call for the whole weekly run: prove, settle, watch, report, and say so when it fails.

What the command line, the scheduler and cron call alike. It composes :mod:`etl.weekly.retrain`,
:mod:`etl.weekly.promotion`, :mod:`etl.weekly.monitor` and :mod:`etl.weekly.page`, and knows nothing
of settings.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from etl.weekly.monitor import look
from etl.weekly.page import page
from etl.weekly.promotion import STATUS, Desk, record, settle, tell
from etl.weekly.retrain import Plan, Progress, begin, run_name
from etl.weekly.run_folder import read_json, write_json

Alert = Callable[[str, dict[str, Any]], None]


def weekly(
    desk: Desk,
    plan: Plan,
    told: Progress = lambda step, done, total: None,
    *,
    at_once: bool = False,
    alert: Alert = lambda what, about: None,
) -> dict[str, Any]:
    """Run ``plan`` from wherever it was; gives what became of it, with the report's place.

    Raises:
        RingError: whatever stopped it, after the alert; calling again goes on from there.
    """
    try:
        found = _ran(desk, plan, told, at_once=at_once)
    except Exception as error:
        alert("failed", {"as_of": plan.until, "error": type(error).__name__})
        raise
    if found["became"] == "refused":
        about = {name: found[name] for name in ("run", "version", "reasons")}
        alert("refused", about)
    return found


def _ran(desk: Desk, plan: Plan, told: Progress, *, at_once: bool) -> dict[str, Any]:
    run = begin(desk.place, plan, told)
    proven = run.prove()
    told("watch", 0, 0)
    monitor = look(desk.place, proven)
    found = settle(desk, proven, at_once=at_once)
    tell(desk, monitor=monitor)
    held = (read_json(desk.place.out / STATUS) or {}).get("runs", [])
    runs = [one for one in held if one["as_of"] <= plan.until]
    report: Path = run.folder / "report.html"
    report.write_text(page(proven, {**found, "runs": runs}, monitor), encoding="utf-8")
    found["registry"] = record(desk, proven)
    found["report"] = str(report)
    write_json(run.folder / "done.json", {"at": desk.now, **found})
    told("report", 1, 1)
    return found


def finished(desk: Desk, plan: Plan) -> dict[str, Any] | None:
    """What became of a run that ended already; None where it did not."""
    return read_json(desk.place.runs / run_name(plan) / "done.json")
