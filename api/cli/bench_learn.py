"""``ringsight bench learn``: what features and training cost on a graph of many accounts.

A verb of its own beside :mod:`api.cli.bench`; the work is :mod:`etl.bench.learn`.
"""

from typing import Annotated

import typer

from api.cli.bench import answer_each
from api.cli.out import AsJson, Bars


def add_to(bench: typer.Typer) -> None:
    """Add the verb to the benches."""
    bench.command("learn")(learn)


def learn(
    accounts: Annotated[int, typer.Option(min=1_000, help="Accounts of the graph.")] = 1_000_000,
    edges: Annotated[int, typer.Option(min=1_000, help="Identifier edges.")] = 3_000_000,
    hub: Annotated[int, typer.Option(min=0, help="Accounts at one address.")] = 100_000,
    requests: Annotated[int, typer.Option(min=1, help="Of an account, on average.")] = 10,
    seed: Annotated[int, typer.Option(help="Its chance.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Features, split, boosters and calibration on a large graph: CPU minutes and memory."""
    from etl.bench.learn import bench_learn  # noqa: PLC0415

    with Bars() as bars:
        figures = bench_learn(accounts, edges, hub, requests, seed, bars)
    answer_each(figures, as_json)
