"""Verbs about another time: ``simulate`` writes a world, ``backtest`` lives through one."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.jobs import iso, time_of
from api.cli.out import AsJson, Bars, answer, desk_of
from graph.errors import InputError

_UNITS_US = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("simulate")(simulate)
    app.command("backtest")(backtest)
    app.command("stress")(stress)


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
        "train_until": iso(made.train_until),
        "end": iso(made.town.end),
    }
    answer(
        payload,
        as_json,
        lambda console: console.print(
            f"{payload['accounts']:,} accounts, {payload['campaigns']} campaigns in {out}; "
            f"train until {payload['train_until']}"
        ),
    )


def backtest(  # noqa: PLR0913, PLR0917 - a verb has as many arguments as options
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Folder, file or object-store prefix of events.")],
    train_until: Annotated[str, typer.Option(metavar="TIME", help="ISO 8601 with an offset.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables and the report.")],
    refresh_every: Annotated[str, typer.Option(help="Simulated interval: 6h, 1d.")] = "1d",
    truth: Annotated[
        Path | None, typer.Option(help="A world's truth; without it, against the labels.")
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="A mapping file (TOML).")] = None,
    seed: Annotated[int, typer.Option(help="The chance of training.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train on what was known at a moment, replay what came after it, and report."""
    settings = desk_of(context).settings
    from etl.backtest.run import BacktestConfig  # noqa: PLC0415
    from etl.backtest.source import Source, backtest_source  # noqa: PLC0415

    config = BacktestConfig(time_of(train_until), span_us(refresh_every), seed=seed)
    given = Source(source, settings.own_key(out), None if mapping is None else Path(mapping))
    with Bars() as bars:
        verdict = backtest_source(given, config, out, truth, bars)
    payload = {"out": str(out), "report": str(out / "report.html"), **verdict}
    answer(payload, as_json, lambda console: _show_verdict(console, payload))


def _show_verdict(console: Console, verdict: dict[str, Any]) -> None:
    accounts, exchanges, rings = verdict["accounts"], verdict["exchanges"], verdict["rings"]
    table = Table(box=None, show_header=False, pad_edge=False)
    figures = {
        "exchanges prevented": exchanges["prevented"],
        "honest accounts flagged": verdict["honest"]["share"],
        "average precision": accounts["average_precision"],
        "recall at 0.1 % false positives": accounts["recall_at_0_1pct_fpr"],
    }
    for name, found in figures.items():
        table.add_row(name, _with_interval(found))
    for name, value in rings.items():
        if isinstance(value, float):
            table.add_row(f"rings: {name.replace('_', ' ')}", f"{value:.3f}")
    console.print(f"against {verdict['against']}, after {iso(verdict['train_until'])}")
    console.print(table)
    console.print(f"report: {verdict['report']}", markup=False)


def _with_interval(found: dict[str, float]) -> str:
    low, high = found.get("low"), found.get("high")
    value = next(iter(found.values()))
    if value is None:
        return "unknown"
    return f"{value:.4f}" + (f" ({low:.4f} to {high:.4f})" if low is not None and high else "")


def span_us(text: str) -> int:
    """A span such as ``90m``, ``6h`` or ``1d``, in microseconds.

    Raises:
        InputError: if it is none, or not above 0.
    """
    found = re.fullmatch(r"(\d{1,6})([mhd])", text.strip())
    if found is None or int(found[1]) == 0:
        raise InputError(f"{text!r} is no span of time; write 90m, 6h or 1d")
    return int(found[1]) * _UNITS_US[found[2]]


def stress(
    out: Annotated[Path | None, typer.Option(help="File that gets the results as JSON.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="An earlier run's results; exit 1 where recall fell.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="The last level of each knob.")] = False,
    as_json: AsJson = False,
) -> None:
    """Turn the knobs an attacker can turn, and see how much of a ring is still found."""
    from etl.bench.stress import StressConfig, fallen  # noqa: PLC0415
    from etl.bench.stress import stress as climb  # noqa: PLC0415
    from etl.prompts.fit import fit_clusters  # noqa: PLC0415

    before = None if against is None else _results(against)
    config = StressConfig.quick() if quick else StressConfig()
    with Bars() as bars:
        found = climb(config, fit_clusters, bars)
    lost = [] if before is None else fallen(found, before)
    payload = {**found, "fallen": lost}
    if out is not None:
        out.write_text(json.dumps(payload, indent=1) + "\n", encoding="utf-8")
    answer(payload, as_json, lambda console: _show_curves(console, payload))
    if lost:
        raise typer.Exit(1)


def _results(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read as the results of an earlier run") from error
    if not isinstance(held, dict) or "curves" not in held:
        raise InputError(f"{path.name} holds no curves; give a file written by --out")
    return held


def _show_curves(console: Console, found: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("knob", "effort", "accounts found", "exchanges prevented", "honest flagged"):
        table.add_column(title, justify="left" if title == "knob" else "right")
    for row in found["curves"]:
        shares = (f"{row[n]:.1%}" for n in ("recall", "prevented", "honest_flagged"))
        table.add_row(row["knob"], f"{row['effort']:g}", *shares)
    console.print(table)
    for line in found["fallen"]:
        console.print(f"fell: {line}", markup=False)
