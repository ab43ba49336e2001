"""Verbs of the weekly pipeline: ``retrain``, ``evaluate``, ``promote``, ``rollback``.

Each is a plain function of :mod:`etl` given what the settings name; the scheduler calls the same
ones (``api.scheduled``). What a run does is :mod:`etl.weekly.retrain`, what becomes of it
:mod:`etl.weekly.promotion`.
"""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.jobs import time_of
from api.cli.out import AsJson, Bars, answer, desk_of, job_of

Reason = Annotated[str | None, typer.Option(help="Why; kept in the history.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("retrain")(retrain)
    app.command("evaluate")(evaluate)
    app.command("promote")(promote)
    app.command("rollback")(rollback)


def retrain(
    context: typer.Context,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="T; default: an unfinished run's, else the last event."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The chance; equal data and seed, equal model.")] = 1,
    proof_days: Annotated[
        float, typer.Option(min=1, help="Days before T that the model is examined on.")
    ] = 7.0,
    at_once: Annotated[
        bool, typer.Option("--promote", help="Into use if the gate lets it pass, without a shadow.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train, prove and put into the shadow a new model; goes on where a killed run was."""
    settings = job_of(context).settings
    from api.weekly.desk import alert_of, desk_for  # noqa: PLC0415
    from etl.jobs import latest_moment  # noqa: PLC0415
    from etl.weekly.retrain import Plan, unfinished  # noqa: PLC0415
    from etl.weekly.run import weekly  # noqa: PLC0415

    with desk_for(settings) as desk, Bars() as bars:
        moment = time_of(until) if until is not None else unfinished(desk.place.runs)
        plan = Plan(
            moment or latest_moment(desk.journal), seed=seed, proof_days=proof_days
        )  # fmt: skip
        found = weekly(desk, plan, bars, at_once=at_once, alert=alert_of(settings))
    answer(found, as_json, lambda console: show_run(console, found))


def evaluate(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="Default: the model in use.")] = None,
    days: Annotated[float, typer.Option(min=1, help="The last so many days.")] = 7.0,
    as_json: AsJson = False,
) -> None:
    """Let a model live through the last days again, and say what it was worth by the labels."""
    settings = desk_of(context).settings
    from api.weekly.desk import desk_for  # noqa: PLC0415
    from etl.jobs import latest_moment  # noqa: PLC0415
    from etl.weekly.evaluate import evaluated  # noqa: PLC0415

    with desk_for(settings) as desk, Bars() as bars:
        bundle = desk.place.shelf.load(version)
        found = evaluated(desk.place, bundle, latest_moment(desk.journal), days, bars)
    answer(found, as_json, lambda console: _show_findings(console, found["findings"]))


def promote(
    context: typer.Context,
    version: Annotated[str | None, typer.Argument(help="Default: the model in the shadow.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Whatever the gate says; needs a reason.")
    ] = False,
    reason: Reason = None,
    least: Annotated[
        int, typer.Option("--shadow-least", min=0, help="Sign-ups its shadow must have scored.")
    ] = 200,
    as_json: AsJson = False,
) -> None:
    """Put a model into use that the gate let pass and whose shadow agrees."""
    settings = desk_of(context).settings
    from api.weekly.desk import audited, desk_for  # noqa: PLC0415
    from etl.weekly import promotion  # noqa: PLC0415
    from etl.weekly.shadow_report import ShadowLimits  # noqa: PLC0415

    with desk_for(settings, author="operator") as desk:
        limits = ShadowLimits(least=least)
        found = promotion.promote(desk, version, force=force, reason=reason, limits=limits)
        audited(settings, desk, "promoted", {**found, "reason": reason})
    text = f"in use: {found['version']}; before: {found['before'] or 'none'}"
    answer(found, as_json, lambda console: console.print(text))


def rollback(context: typer.Context, reason: Reason = None, as_json: AsJson = False) -> None:
    """Put the model before into use again; running services take it up by themselves."""
    settings = desk_of(context).settings
    from api.weekly.desk import audited, desk_for  # noqa: PLC0415
    from etl.weekly import promotion  # noqa: PLC0415

    with desk_for(settings, author="operator") as desk:
        found = promotion.rollback(desk, reason)
        audited(settings, desk, "rolled_back", {**found, "reason": reason})
    text = f"in use: {found['version']}; left: {found['before']}"
    answer(found, as_json, lambda console: console.print(text))


def show_run(console: Console, found: dict[str, Any]) -> None:
    """A run for people: every finding, then what became of it."""
    _show_findings(console, found["findings"])
    word = {"champion": "in use", "shadow": "in the shadow: ringsight promote puts it into use"}
    console.print(f"\n{found['version']}: {word.get(found['became'], 'refused')}")
    if found["registry"] not in {"ok", "none"}:
        console.print(f"registry: {found['registry']}", markup=False)
    console.print(f"report: {found['report']}", markup=False)


def _show_findings(console: Console, findings: list[dict[str, Any]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(overflow="fold")
    for finding in findings:
        table.add_row("ok" if finding["passed"] else "NO", finding["sentence"])
    console.print(table, markup=False)
