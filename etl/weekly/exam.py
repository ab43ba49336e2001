"""Exams of a model: it lives through a span of events, and what came of it is kept as a board.

The span is either the last weeks of the deployment, judged by labels, or a standing world: small,
hard, seeded, the same for every model, judged by its truth. Boards are kept as Parquet, so that a
champion need not sit the same exam twice. The replay itself is :mod:`etl.backtest.run`; what is
made of boards is :mod:`etl.weekly.gate`.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from etl.backtest.outcome import Board, Truth, board
from etl.backtest.record import Record
from etl.backtest.run import KEY_ID, BacktestConfig, backtest
from etl.backtest.waypoint import Waypoint, Waypoints, seal_of
from etl.refresh import FitsClusters, RefreshConfig
from etl.refreshed import RefreshState
from etl.replay.rows_kept import keep_rows
from etl.replay.timeline import Timeline
from gnn.bundle import Bundle
from gnn.known import Known
from gnn.training_rows import TrainingRows
from graph.door import Door
from graph.journal.journal import Journal
from graph.simulate import WorldSpec, preset_named, table, world
from graph.simulate.truth import TrueAccount

HOUR_US = 3_600_000_000
TABLES = ("signups", "payments", "sessions", "requests", "enforcements", "labels", "model_releases")
SLICED_BY = ("country", "pathway", "ip_class")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ExamConfig:
    """How a span is lived through: refreshes and looks every so many microseconds."""

    refresh_every_us: int = 24 * HOUR_US
    look_every_us: int = 6 * HOUR_US
    refresh: RefreshConfig = field(default_factory=RefreshConfig)

    def of(self, since: int, seed: int = 1) -> BacktestConfig:
        """The settings of a replay that begins at ``since`` (us)."""
        return BacktestConfig(
            since,
            refresh_every_us=self.refresh_every_us,
            look_every_us=self.look_every_us,
            seed=seed,
            refresh=self.refresh,
        )


@dataclass(frozen=True)
class Paper:
    """What is put before a model: events, the moment from which it lives, its state, the truth."""

    name: str
    timeline: Timeline
    since: int
    state: RefreshState
    truth: Truth


def sit(
    paper: Paper, bundle: Bundle, fit: FitsClusters, work: Path, config: ExamConfig, told: Progress
) -> Board:
    """Let ``bundle`` live through ``paper``; ``work`` keeps how far it got."""
    begun = config.of(paper.since)
    waypoints = Waypoints(work, seal_of(paper.timeline, f"{begun!r} {bundle.digest()}"))
    if waypoints.newest(KEY_ID) is None:
        # What it learnt from is nobody's business here: an exam has no panel beside it.
        keep_rows(TrainingRows(paper.since, Known(), ()), waypoints.learnt)
        waypoints.trained(bundle, Waypoint(paper.since, paper.state, Record()))
    outcome = backtest(paper.timeline, fit, begun, told, waypoints)
    waypoints.forget()
    return board(outcome, paper.truth)


def beginning() -> RefreshState:
    """The state before anything happened, as a replay takes it."""
    from etl.asked import Asked  # noqa: PLC0415

    return RefreshState(Asked.nothing(KEY_ID))


# -- standing worlds -------------------------------------------------------------------------------


def standing_spec(number: int) -> WorldSpec:
    """A small world with campaigns of the preset ``hard``: two known ones before, six after.

    Which come depends on the number, so that several worlds ask different questions. Many small
    rings say more than a few large ones: the ring is what models differ by.
    """
    hard = preset_named("hard").campaigns
    known = [spec for spec in hard if spec.known]
    later = [spec for spec in hard if spec.begins > 2 / 3]
    chosen = [
        *(known[(2 * number + i) % len(known)] for i in range(2)),
        *(later[(6 * number + i) % len(later)] for i in range(6)),
    ]
    campaigns = tuple(replace(spec, accounts=12) for spec in chosen)
    return WorldSpec(f"standing-{number}", 450, 30.0, campaigns, volume=0.6, label_share=0.6)


def standing_paper(number: int, seed: int) -> Paper:
    """The exam of a standing world; the model's life begins at two thirds of it."""
    return paper_of(standing_spec(number), seed)


def paper_of(spec: WorldSpec, seed: int) -> Paper:
    """The exam of any world; the model's life begins where the world says training ends."""
    made = world(spec, seed)
    accounts = {
        a.account_id: TrueAccount(a.account_id, a.kind, a.campaign, a.operator, a.active_from)
        for a in made.cast
    }
    door = Door(b"a standing world's key: nothing it hides is anybody's")
    with (
        tempfile.TemporaryDirectory() as folder,
        Journal(Path(folder) / "journal.db", door.key_id) as journal,
    ):
        for name in TABLES:
            raw = table(made, name)
            columns = {c: raw[c].combine_chunks() for c in raw.column_names}
            journal.append(name, door.batch(name, columns, raw.num_rows).rows)
        timeline = Timeline.of(journal)
    truth = Truth.of_world(accounts)
    return Paper(made.spec.name, timeline, made.train_until, beginning(), truth)


# -- boards on disk --------------------------------------------------------------------------------


def keep_board(seen: Board, slices: Mapping[str, Sequence[str]], folder: Path) -> None:
    """Write a board to ``folder``, with the slices its accounts are in."""
    pl.DataFrame(
        {
            "account_id": seen.account_id,
            "kind": seen.kind,
            "campaign": pl.Series(seen.campaign, dtype=pl.String),
            "ring": pl.Series(seen.ring, dtype=pl.String),
            "score": seen.score,
            "flagged_at": seen.flagged_at,
            "active_from": seen.active_from,
            **{f"slice.{name}": list(values) for name, values in slices.items()},
        }
    ).write_parquet(folder / "accounts.parquet")
    pl.DataFrame({"account": seen.exchange_account, "at": seen.exchange_at}).write_parquet(
        folder / "exchanges.parquet"
    )


def kept_board(folder: Path) -> tuple[Board, dict[str, list[str]]]:
    """What :func:`keep_board` wrote."""
    accounts = pl.read_parquet(folder / "accounts.parquet")
    made = pl.read_parquet(folder / "exchanges.parquet")
    sliced = [name for name in accounts.columns if name.startswith("slice.")]
    seen = Board(
        accounts["account_id"].to_list(),
        accounts["kind"].to_list(),
        accounts["campaign"].to_list(),
        accounts["ring"].to_list(),
        accounts["score"].to_numpy().astype(np.float64),
        accounts["flagged_at"].to_numpy().astype(np.int64),
        accounts["active_from"].to_numpy().astype(np.int64),
        made["account"].to_numpy().astype(np.int64),
        made["at"].to_numpy().astype(np.int64),
    )
    return seen, {name.removeprefix("slice."): accounts[name].to_list() for name in sliced}


def slices_of(timeline: Timeline, account_ids: Sequence[str]) -> dict[str, list[str]]:
    """Country, pathway and kind of network of each account, in order; ``unknown`` where not."""
    table = timeline.read("signups").select(["account_id", *SLICED_BY]).to_pydict()
    rows = {account: row for row, account in enumerate(table["account_id"])}
    return {
        name: [_told(table[name], rows.get(account)) for account in account_ids]
        for name in SLICED_BY
    }


def _told(column: Sequence[str | None], row: int | None) -> str:
    return (None if row is None else column[row]) or "unknown"
