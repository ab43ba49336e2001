"""``ringsight bench``: figures side by side, on data whose path is given."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli_out import AsJson, Bars, answer

app = typer.Typer(help="Figures side by side, as ratios.", no_args_is_help=True)

Figures = dict[str, dict[str, float]]


@app.command("graph")
def graph(
    path: Annotated[Path, typer.Argument(help="An .npz of x, y, edges, masks, or its folder.")],
    splits: Annotated[int | None, typer.Option(min=1, help="Only the first so many.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what a graph adds on a labelled graph from outside, split by split."""
    from etl.bench_graph import bench_graph  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_graph(path, splits, bars)
    answer(figures, as_json, lambda console: show_figures(console, figures))


def show_figures(console: Console, figures: Figures) -> None:
    """A row a contender, a column a figure."""
    names = list(dict.fromkeys(name for row in figures.values() for name in row))
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for contender, row in figures.items():
        table.add_row(contender, *(f"{row[name]:.4f}" if name in row else "" for name in names))
    console.print(table)
