"""The panel of a back-test on a small town: honest about time, and before the same judge."""

import numpy as np
import polars as pl
import pytest

from etl.asked import Asked
from etl.backtest.judge_panel import THE_WHOLE, panel, slices
from etl.backtest.outcome import Board
from etl.backtest.panel_network import ALONE
from etl.backtest.report_panel import ROWS, panel_scores, traits
from etl.backtest.run import KEY_ID
from etl.refresh import refresh
from etl.refreshed import RefreshState
from etl.train import collect
from gnn.evaluate import NEVER
from gnn.training_rows import AccountMoment


@pytest.fixture(scope="module")
def sides(town):
    """What was learnt from by T, and the accounts at the end."""
    replay, job = town.job(town.timeline.bounds[1])
    rows, state = collect(
        replay, job, town.train_until, RefreshState(Asked.nothing(KEY_ID)), town.config().course
    )
    replay.store.advance(town.timeline.bounds[1] + 1)
    report = refresh(job, None, town.timeline.bounds[1], state)
    return rows, report.snapshot


def test_every_detector_scores_every_account_of_the_end(sides):
    rows, snapshot = sides

    found = panel_scores(rows, AccountMoment.of(snapshot), np.random.default_rng(1))

    assert {*ROWS, ALONE} < set(found.columns)
    assert found.height == len(AccountMoment.of(snapshot).keys)
    assert found.select(pl.exclude("account_id").is_finite().all()).row(0) == (True,) * (
        found.width - 1
    )
    # boosted trees see too few known here to split at all; these need fewer
    assert found["random forest, two-hop means"].n_unique() > 5
    assert found["rule: linked accounts"].n_unique() > 2


def test_traits_name_every_account_and_count_links_from_the_start(sides):
    _, snapshot = sides

    found = traits(snapshot)

    assert found.height == found["account_id"].n_unique()
    assert set(found["links at sign-up"]) <= {"0", "1", "2", "3+"}
    assert found.filter(pl.col("links at sign-up") == "0").height > 0


def board(score: list[float], campaign: list[str | None]) -> Board:
    size = len(score)
    fraud = np.array([c is not None for c in campaign])
    return Board(
        [f"a{n}" for n in range(size)],
        ["campaign" if f else "office" for f in fraud],
        campaign,
        [None] * size,
        np.array(score),
        np.where(np.array(score) > 0.5, 0, NEVER),
        np.where(fraud, 0, NEVER),
        np.empty(0, np.int64),
        np.empty(0, np.int64),
    )


class Said:
    """The two tables of an outcome that are judged here."""

    def __init__(self, table: pl.DataFrame, by: pl.DataFrame) -> None:
        self.panel, self.traits = table, by


def test_the_whole_is_ahead_of_a_coin_and_not_of_itself():
    rng = np.random.default_rng(3)
    campaign = [f"ring {n % 6}" if n < 60 else None for n in range(400)]
    seen = board([0.9 if c else 0.1 for c in campaign], campaign)
    names = pl.DataFrame({"account_id": seen.account_id})
    table = names.with_columns(
        coin=pl.Series(rng.random(400)), same=pl.Series(seen.score, dtype=pl.Float64)
    )
    by = names.with_columns(country=pl.Series(["DE", "US"] * 200))

    rows = {row["detector"]: row for row in panel(seen, Said(table, by), rng)}
    cut = slices(seen, Said(table, by))

    assert rows["coin"]["ahead"]["low"] > 0.3
    assert rows["same"]["ahead"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert list(rows)[-1] == THE_WHOLE
    assert [(c["slice"], c["fraud"], c["fraud_flagged"], c["honest_flagged"]) for c in cut] == [
        ("DE", 30, 1.0, 0.0),
        ("US", 30, 1.0, 0.0),
    ]


def test_without_a_panel_nothing_is_said():
    seen = board([0.9, 0.1], ["ring", None])

    assert panel(seen, silence(), np.random.default_rng(1)) == []
    assert slices(seen, silence()) == []


def silence() -> Said:
    return Said(None, None)
