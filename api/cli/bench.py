"""``ringsight bench``: figures side by side, on data whose path is given."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.out import AsJson, Bars, answer, desk_of, note
from graph.errors import InputError

if TYPE_CHECKING:
    from etl.bench.prompts import Row

app = typer.Typer(help="Figures side by side, as ratios.", no_args_is_help=True)


@app.command("fraud-ecom")
def fraud_ecom(
    path: Annotated[Path, typer.Argument(help="The accounts.csv.gz of the set; not shipped.")],
    as_json: AsJson = False,
) -> None:
    """Score real sign-ups, each with what was known at its moment, beside what is simpler."""
    from etl.bench.fraud import bench_fraud_ecom  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_fraud_ecom(path, bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("graph")
def graph(
    path: Annotated[Path, typer.Argument(help="An .npz of x, y, edges, masks, or its folder.")],
    splits: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what a graph adds on a labelled graph from outside, split by split."""
    from etl.bench.graph import bench_graph  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_graph(path, splits, bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("build")
def build(
    preset: Annotated[str, typer.Option(help="The simulated world to build.")] = "demo",
    seed: Annotated[int, typer.Option(help="Its chance.")] = 1,
    source: Annotated[Path | None, typer.Option(help="Events to build instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build events, and put the ratio to the store's own path beside rows a CPU second."""
    from etl.bench.build import bench_build  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_build(preset, seed, source=source, progress=bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("prompts")
def prompts(  # noqa: PLR0913, PLR0917 - a verb has as many arguments as options
    path: Annotated[
        Path | None, typer.Argument(help="Parquet of honest prompts, with a column `text`.")
    ] = None,
    families: Annotated[Path | None, typer.Option(help="JSON Lines of campaign templates.")] = None,
    scale: Annotated[
        int | None, typer.Option(min=10_000, help="Cluster so many generated prompts instead.")
    ] = None,
    level: Annotated[list[int] | None, typer.Option(help="Only this level, 1 to 4.")] = None,
    unrelated: Annotated[list[float] | None, typer.Option(help="Only this share.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="Only this one: ringsight, ...")] = None,
    as_json: AsJson = False,
) -> None:
    """Plant disguised campaigns among real prompts, and find them, beside other clusterers."""
    if scale is not None:
        _at_scale(scale, as_json)
        return
    if path is None or families is None:
        raise InputError("give PATH and --families, or --scale with a number of prompts")
    from etl.bench.prompts import as_table, bench_prompts, plan_of  # noqa: PLC0415

    plan = plan_of(level or (), unrelated or (), method or ())
    rows = bench_prompts(path, families, plan, progress=lambda row: note(_told(row)))
    payload = {"rows": [asdict(row) for row in rows]}
    answer(payload, as_json, lambda console: console.print(as_table(rows), markup=False))


def _at_scale(prompts: int, as_json: bool) -> None:
    from etl.bench.prompt_scale import bench_scale  # noqa: PLC0415

    with TemporaryDirectory(prefix="ringsight-bench-") as work:
        figures = bench_scale(prompts, Path(work))
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("intent")
def intent(
    path: Annotated[Path, typer.Argument(help="Parquet of honest prompts, with a column `text`.")],
    families: Annotated[Path, typer.Option(help="JSON Lines of campaign templates.")],
    as_json: AsJson = False,
) -> None:
    """Ask what templates are for that no model has seen, and how far the answer can be trusted."""
    from etl.bench.intent import bench_intent  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_intent(path, families, bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("templates")
def templates(
    world: Annotated[Path, typer.Argument(help="A folder that `simulate` wrote.")],
    as_json: AsJson = False,
) -> None:
    """Find a simulated world's rings with prompt clusters and without; whom they tie; their ids."""
    from etl.bench.prompt_world import bench_templates  # noqa: PLC0415

    with Bars() as bars, TemporaryDirectory(prefix="ringsight-bench-") as work:
        figures = bench_templates(world, Path(work), bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("rings")
def rings(
    world: Annotated[Path, typer.Argument(help="A folder that `simulate` wrote.")],
    model: Annotated[
        bool, typer.Option(help="Train at the world's moment, and let the model speak.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Group the accounts of a simulated world in several ways, and judge the groups alike."""
    from etl.bench.rings import bench_rings  # noqa: PLC0415

    with Bars() as bars, TemporaryDirectory(prefix="ringsight-bench-") as work:
        figures = bench_rings(world, Path(work), model=model, progress=bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("serve")
def serve(
    context: typer.Context,
    accounts: Annotated[int, typer.Option(min=1_000, help="Accounts of the graph.")] = 1_000_000,
    hub: Annotated[int, typer.Option(min=100, help="Accounts at one address.")] = 100_000,
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Its chance.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Score sign-ups over loopback, beside an endpoint that only validates, and a GNN a request.

    With an EMPTY Neo4j as RINGSIGHT_STORE its reads are measured too; it is filled and emptied.
    """
    from api.bench.serve import Size, bench_serve  # noqa: PLC0415

    with Bars() as bars, TemporaryDirectory(prefix="ringsight-bench-") as work:
        size = Size(accounts, hub, seconds, seed=seed)
        given = desk_of(context).settings
        server = None if given.store_url.startswith("sqlite") else given
        figures = bench_serve(Path(work) / "home", size, bars, server)
    answer(figures, as_json, lambda console: _show_groups(console, figures))


@app.command("browse")
def browse(
    context: typer.Context,
    accounts: Annotated[int, typer.Option(min=1_000, help="Accounts of the graph.")] = 1_000_000,
    hub: Annotated[int, typer.Option(min=1_000, help="Accounts at one address.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=5, help="Times each question is asked.")] = 200,
    home: Annotated[
        bool, typer.Option("--home", help="Ask RINGSIGHT_HOME instead: a ring's page, its hub.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the console's questions about a hub and about an ordinary node, in turn."""
    from api.bench.browse import bench_browse, bench_home  # noqa: PLC0415

    with Bars() as bars:
        if home:
            figures = bench_home(desk_of(context).settings, rounds, bars)
        else:
            figures = bench_browse(accounts, hub, rounds, progress=bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("console")
def console_(
    context: typer.Context,
    rounds: Annotated[int, typer.Option(min=1, help="Times each page is opened.")] = 5,
    preset: Annotated[str, typer.Option(help="The simulated world to make.")] = "small",
    home: Annotated[
        bool, typer.Option("--home", help="Open the rings of RINGSIGHT_HOME instead.")
    ] = False,
    chromium: Annotated[Path | None, typer.Option(help="The browser, if not on the path.")] = None,
    as_json: AsJson = False,
) -> None:
    """Open queue and ring in a browser with an empty cache: when can they be used, graph drawn."""
    from api.bench.console import bench_console  # noqa: PLC0415

    settings = desk_of(context).settings if home else None
    with Bars() as bars:
        figures = bench_console(settings, rounds, preset=preset, chromium=chromium, progress=bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


@app.command("pipeline")
def pipeline(
    out: Annotated[
        Path, typer.Argument(help="Folder of the quarter; a stopped one goes on there.")
    ],
    accounts: Annotated[int, typer.Option(min=600, help="Of the simulated world.")] = 3_000,
    seed: Annotated[int, typer.Option(help="Its chance.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Live through a quarter of weekly runs: drift, planted labels, a broken export, a kill."""
    from etl.bench.pipeline import bench_pipeline  # noqa: PLC0415
    from etl.bench.quarter import QuarterSpec  # noqa: PLC0415

    with Bars() as bars:
        found = bench_pipeline(out, QuarterSpec(accounts=accounts, seed=seed), bars)
    answer(found, as_json, lambda console: _show_quarter(console, found))


def _show_quarter(console: Console, found: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False)
    for name in ("week", "became", "prevented", "honest flagged", "what happened, and why"):
        table.add_column(name, overflow="fold")
    for run in found["runs"]:
        true = run.get("champion_true") or run["challenger_true"]
        why = [run["happened"], *(run["reasons"][:2] if not run["passed"] else [])]
        why += [doubt["reason"] for doubt in run["labels"].get("doubts", [])]
        share = "" if true["prevented"] is None else f"{true['prevented']:.3f}"
        flagged = f"{true['honest_flagged']} of {true['honest']}"
        said = "; ".join(filter(None, why))
        table.add_row(str(run["week"]), run["became"], share, flagged, said)
    console.print(table, markup=False)
    console.print(f"report: {found['report']}", markup=False)


def answer_each(figures: Mapping[str, float], as_json: bool) -> None:
    """Figures of one thing, a row each."""
    rows = {name.replace("_", " "): {"": figure} for name, figure in figures.items()}
    answer(figures, as_json, lambda console: show_figures(console, rows))


@app.command("ring-scale")
def ring_scale(
    accounts: Annotated[int, typer.Option(min=1_000, help="Accounts of the graph.")] = 1_000_000,
    edges: Annotated[int, typer.Option(min=1_000, help="Identifier edges.")] = 3_000_000,
    hub: Annotated[int, typer.Option(min=0, help="Accounts at one address.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Its chance.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Find rings on a large graph and go on a day later, beside scipy's connected components."""
    from etl.bench.ring_scale import bench_ring_scale  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_ring_scale(accounts, edges, hub, seed, bars)
    answer_each(figures, as_json)


@app.command("regrowth")
def regrowth(
    honest: Annotated[int, typer.Option(min=50, help="Honest accounts of each world.")] = 600,
    seed: Annotated[int, typer.Option(help="Chance of the first world of each row.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="Worlds a row, pooled.")] = 3,
    only: Annotated[str, typer.Option(help="Rows with this in their name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Flag newcomers of known rings and heirs of banned ones, by tactic; and honest newcomers.

    A world of 600 honest accounts takes about half a minute, and there are nine rows.
    """
    from etl.bench.regrowth import bench_regrowth  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_regrowth(honest, range(seed, seed + seeds), bars, only)
    answer(figures, as_json, lambda console: show_figures(console, figures))


def _show_groups(console: Console, figures: Mapping[str, Any]) -> None:
    """Groups of unlike figures: each below its name, a figure a line; alike ones as a table."""
    for name, group in figures.items():
        if _is_row(group):
            told = "  ".join(f"{figure} {value:.4g}" for figure, value in group.items())
            console.print(f"{name}: {told}", markup=False)
        else:
            console.print()
            show_figures(console, group, name)


def _told(row: "Row") -> str:
    return f"{row.method}, level {row.level}, {row.unrelated:.0%} unrelated: F1 {row.f1:.3f}"


def show_figures(console: Console, figures: Mapping[str, Any], title: str = "") -> None:
    """A row a contender, a column a figure; groups of contenders one below the other."""
    rows = {name: row for name, row in figures.items() if _is_row(row)}
    _show_rows(console, rows, title)
    for name, group in figures.items():
        if isinstance(group, Mapping) and not _is_row(group):
            console.print()
            show_figures(console, group, name.replace("_", " "))


def _is_row(found: object) -> bool:
    return isinstance(found, Mapping) and all(
        isinstance(value, float | int) for value in found.values()
    )


def _show_rows(console: Console, rows: Mapping[str, Mapping[str, float]], title: str) -> None:
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for contender, row in rows.items():
        table.add_row(contender, *(f"{row[name]:.4f}" if name in row else "" for name in names))
    console.print(table)
