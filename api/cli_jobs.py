"""Verbs that work: a world simulated, events built into the graph, a model trained, a refresh."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli_out import AsJson, Bars, answer, desk_of


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("simulate")(simulate)


def simulate(  # noqa: PLR0913, PLR0917 - a verb has as many arguments as options
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder that gets events/, truth/ and world.json.")],
    preset: Annotated[str, typer.Option(help="small, demo, standard or hard.")] = "demo",
    seed: Annotated[int, typer.Option(help="The chance; equal seeds give equal bytes.")] = 1,
    tactics: Annotated[
        str | None, typer.Option(help="Every campaign uses these: a,b:0.5 instead of its own.")
    ] = None,
    fmt: Annotated[str, typer.Option("--format", help="parquet, csv or jsonl.")] = "parquet",
    as_json: AsJson = False,
) -> None:
    """Write a simulated world in the event contract."""
    from graph.simulate import simulate as make  # noqa: PLC0415

    chosen = [name.strip() for name in tactics.split(",")] if tactics else None
    desk_of(context)
    with Bars() as bars:
        made = make(out, preset, seed, chosen, fmt, lambda table, rows: bars(table, rows, None))
    payload = {
        "out": str(out),
        "events": str(out / "events"),
        "accounts": len(made.cast),
        "kinds": dict(sorted(made.kinds().items())),
        "campaigns": len({a.campaign for a in made.cast if a.campaign}),
        "train_until": _iso(made.train_until),
        "end": _iso(made.town.end),
    }
    answer(
        payload,
        as_json,
        lambda console: console.print(
            f"{payload['accounts']:,} accounts, {payload['campaigns']} campaigns in {out}; "
            f"train until {payload['train_until']}"
        ),
    )


def _iso(at: int) -> str:
    from api.schemas import moment  # noqa: PLC0415

    return moment(at).isoformat().replace("+00:00", "Z")
