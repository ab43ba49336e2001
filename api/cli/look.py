"""Verbs that look: the rings, and one sign-up scored. One ring is :mod:`api.cli.ring`'s."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.out import AsJson, answer, desk_of
from graph.errors import InputError


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("score")(score)
    app.command("rings")(rings)


def rings(
    context: typer.Context,
    flagged: Annotated[bool, typer.Option("--flagged", help="Only rings that call for action.")] = (
        False
    ),
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the rings of the latest refresh, highest score first."""
    from api.opened import store_of  # noqa: PLC0415
    from api.schemas.answers import moment  # noqa: PLC0415
    from api.schemas.rings import RingSummary  # noqa: PLC0415

    with store_of(desk_of(context).settings) as store:
        number, as_of = store.generation()
        found = [RingSummary.of(row) for row in store.rings()]
    found = [ring for ring in found if ring.flagged or not flagged]
    payload = {
        "items": [ring.model_dump(mode="json") for ring in found[:limit]],
        "total": len(found),
        "generation": number,
        "as_of": moment(as_of).isoformat() if number else None,
    }
    answer(payload, as_json, lambda console: _show_rings(console, payload))


def _show_rings(console: Console, payload: dict[str, Any]) -> None:
    if not payload["generation"]:
        console.print("No refresh has been published yet: ringsight demo, or build, train, refresh")
        return
    ring_table(console, payload["items"], f"Rings as of {payload['as_of']}")
    hidden = payload["total"] - len(payload["items"])
    if hidden:
        console.print(f"and {hidden} more (--limit)")


def ring_table(console: Console, items: Sequence[dict[str, Any]], title: str) -> None:
    """Rings as a table, one line each."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name, side in (("score", "right"), ("ring", "left"), ("accounts", "right")):
        table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("judged")
    table.add_column("why", overflow="fold")
    for item in items:
        table.add_row(
            f"{item['score']:.2f}",
            item["id"],
            str(item["accounts"]),
            item["verdict"] + (", flagged" if item["flagged"] else ""),
            item["title"].partition(": ")[2],
            style="bold" if item["flagged"] else None,
        )
    console.print(table)


def reason_table(console: Console, title: str, reasons: Sequence[dict[str, Any]]) -> None:
    """Reasons as a table; nothing when there are none."""
    if not reasons:
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("weight", justify="right")
    table.add_column("what was seen", overflow="fold")
    table.add_column("observed", justify="right")
    table.add_column("usual", justify="right")
    for reason in reasons:
        seen, usual = figure(reason["observed"]), figure(reason["baseline"])
        table.add_row(f"{reason['weight']:+.1f}", reason["text"], seen, usual)
    console.print(table)
    console.print()


def figure(value: object) -> str:
    """A figure as people write it."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def score(
    context: typer.Context,
    signup: Annotated[
        Path, typer.Option("--signup", help="A JSON file: the body of POST /v1/signups/score.")
    ],
    as_json: AsJson = False,
) -> None:
    """Score one sign-up, explained; nothing is written."""
    from pydantic import ValidationError  # noqa: PLC0415

    from api.schemas.signup import SignupIn  # noqa: PLC0415
    from api.serving.service import Service  # noqa: PLC0415

    try:
        body = SignupIn.model_validate_json(signup.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {signup}: {error.strerror}") from None
    except ValidationError as error:
        places = ", ".join("/".join(map(str, part["loc"])) or "body" for part in error.errors())
        raise InputError(f"{signup} is no sign-up; wrong or missing: {places}") from None
    settings = desk_of(context).settings
    with Service.of(settings, settings.known_key()) as service:
        # Nobody's sign-up flow waits here: the model is given the time it takes.
        patient = {"dry_run": True, "budget_ms": body.budget_ms or 60_000}
        reply = service.score(body.model_copy(update=patient))
    payload = reply.model_dump(mode="json")
    answer(payload, as_json, lambda console: _show_assessment(console, payload))


def _show_assessment(console: Console, reply: dict[str, Any]) -> None:
    degraded = " (degraded: by policy, without the model)" if reply["degraded"] else ""
    console.print(
        f"[bold]{reply['decision']}[/bold], {reply['band']}, score {reply['score']:.3f}{degraded}"
    )
    if reply["ring"]:
        near = reply["ring"]
        console.print(f"close to ring {near['id']} ({near['size']} accounts)")
    reason_table(console, "Why", reply["reasons"])
    reason_table(console, "What speaks against it", reply["counter_evidence"])
    console.print(f"model {reply['model_version']}, graph as of {reply['graph_as_of']}")
