"""The weekly run as Dagster assets, a schedule and an alert: the same plain functions, drawn.

The one home of ``dagster``. Each asset asks the run (:mod:`etl.weekly.retrain`) for one of its
sealed steps, so that a run that failed is materialised again from where it was, here or by
``ringsight retrain``, whichever comes first. Where things are is the caller's: ``api.scheduled``
opens the desk that the settings name.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import dagster as dg

from etl.weekly.promotion import Desk
from etl.weekly.retrain import Plan, Run, begin
from etl.weekly.run import Alert, finished, weekly

CRON = "0 3 * * 1"
GROUP = "weekly"

Opened = Callable[[], AbstractContextManager[tuple[Desk, Plan]]]


def definitions(opened: Opened, alert: Alert) -> dg.Definitions:
    """Assets, job, schedule and failure alert over the desk and plan that ``opened`` gives.

    ``opened`` is called once an asset, in the process that makes it; the plan it gives must be that
    of the unfinished run, where there is one, so that all assets of a run speak of the same.
    """
    assets = _assets(opened)
    job = dg.define_asset_job("weekly_run", selection=dg.AssetSelection.groups(GROUP))
    # Both are on from the start: a schedule that waits to be switched on lets the model rot.
    schedule = dg.ScheduleDefinition(
        job=job, cron_schedule=CRON, name="weekly_schedule",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )  # fmt: skip

    @dg.run_failure_sensor(
        name="alert_on_failure", monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
    )  # fmt: skip
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        # The event's message could name a value of somebody's row: the step is enough.
        alert("failed", {"run": context.dagster_run.run_id, "job": context.dagster_run.job_name})

    return dg.Definitions(
        assets=assets, jobs=[job], schedules=[schedule], sensors=[alert_on_failure]
    )


def _assets(opened: Opened) -> list[dg.AssetsDefinition]:
    """An asset a step, each after the one it is made of."""
    steps: list[tuple[str, list[str], Callable[[Run], dict[str, Any]], str]] = [
        ("events", [], lambda run: _told(run.events), "What happened up to T, sealed."),
        ("training_rows", ["events"], lambda run: _told(run.rows),
         "Accounts and sign-ups as they were known up to S."),
        ("believed_labels", ["training_rows"], lambda run: _told(run.labels),
         "Labels held to each other; the rest is in quarantine with reasons."),
        ("challenger", ["believed_labels"], lambda run: _told(run.model),
         "Split, encoder, boosters, calibration: one bundle."),
        ("panel", ["believed_labels"], lambda run: _told(run.beside),
         "What simpler models make of the same rows."),
        ("ruling", ["challenger"], _ruled, "Exams, canaries and what the gate says."),
    ]  # fmt: skip
    made = [_asset(opened, *step) for step in steps]
    return [*made, _settled(opened)]


def _asset(
    opened: Opened,
    name: str,
    after: list[str],
    made: Callable[[Run], dict[str, Any]],
    description: str,
) -> dg.AssetsDefinition:
    @dg.asset(name=name, deps=after, group_name=GROUP, description=description)
    def step() -> Any:
        with opened() as (desk, plan):
            return dg.MaterializeResult(metadata=made(begin(desk.place, plan)))

    return step


def _settled(opened: Opened) -> dg.AssetsDefinition:
    @dg.asset(
        name="model_in_shadow", deps=["ruling", "panel"], group_name=GROUP,
        description="What became of it: shelf, shadow, registry, monitoring, report.",
    )  # fmt: skip
    def settled() -> Any:
        with opened() as (desk, plan):
            found = finished(desk, plan) or weekly(desk, plan)
        return dg.MaterializeResult(
            metadata={
                "run": found["run"],
                "became": found["became"],
                "version": found["version"],
                "reasons": dg.MetadataValue.md("\n".join(f"- {r}" for r in found["reasons"])),
                "report": dg.MetadataValue.path(found["report"]),
            }
        )

    return settled


def _told(done: Any) -> dict[str, Any]:
    return {
        "folder": dg.MetadataValue.path(str(done.folder)),
        "digest": done.digest[:12],
        "seconds": done.seconds,
        "taken_up": done.skipped,
    }


def _ruled(run: Run) -> dict[str, Any]:
    ruling = run.ruling
    return {
        "passed": ruling.passed,
        "reasons": dg.MetadataValue.md("\n".join(f"- {reason}" for reason in ruling.reasons)),
    }
