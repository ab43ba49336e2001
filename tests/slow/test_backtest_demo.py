"""A back-test of the demo's world from its files: its promises at a size where they mean something.

Minutes long. The figures asserted are far below what is reported in the README: they catch a break,
not a bad day.
"""

import json

import polars as pl
import pytest

from etl.backtest.run import BacktestConfig
from etl.backtest.source import Source, backtest_source
from graph.simulate import simulate

pytestmark = pytest.mark.slow
HOUR = 3_600_000_000


def silent(step: str, done: int, total: int) -> None:
    """Tells nobody."""


@pytest.fixture(scope="module")
def tested(tmp_path_factory):
    """Verdict and folder of one back-test of the demo's world, from files to report."""
    folder = tmp_path_factory.mktemp("demo")
    made = simulate(folder / "world", "demo", seed=1)
    config = BacktestConfig(made.train_until, look_every_us=HOUR)
    source = Source(str(folder / "world" / "events"), b"a key for tests, never for data!")
    out = folder / "out"
    return backtest_source(source, config, out, folder / "world", silent), out


def test_most_campaigns_are_met_and_few_honest_accounts_are_hurt(tested):
    verdict, _ = tested

    met = [c for c in verdict["campaigns"] if c["accounts_flagged"] >= 0.5 * c["accounts"]]
    assert len(met) >= 0.5 * len(verdict["campaigns"])
    assert verdict["exchanges"]["prevented"]["value"] >= 0.3
    assert verdict["honest"]["share"]["value"] <= 0.01
    assert verdict["rings"]["precision"] >= 0.8


def test_flags_prevent_no_more_than_a_detector_that_knew_everything_at_sign_up(tested):
    verdict, _ = tested

    assert verdict["exchanges"]["prevented"]["value"] <= 1.0
    for row in verdict["daily"]:
        assert 0 <= row["prevented"] <= row["fraudulent"]
    total = sum(row["fraudulent"] for row in verdict["daily"])
    assert total == verdict["exchanges"]["fraudulent"]


def test_every_account_of_the_world_has_a_final_score_and_nearly_every_ring_member_a_flag(tested):
    verdict, out = tested
    scores = pl.read_parquet(out / "account_scores.parquet")
    rings = pl.read_parquet(out / "rings.parquet")
    flags = pl.read_parquet(out / "account_flags.parquet")

    assert scores["account_id"].is_unique().all()
    assert scores["score"].is_between(0, 1).all()
    assert rings["account_id"].is_unique().all()
    # Only an account with a history that joined at the last refresh is not flagged yet.
    unflagged = set(rings["account_id"]) - set(flags["account_id"])
    assert len(unflagged) <= 0.1 * rings.height
    assert json.loads((out / "report.json").read_text()) == verdict


def test_nothing_of_the_source_is_left_beside_the_results(tested):
    _, out = tested

    names = {path.name for path in out.iterdir()}
    assert names == {
        "signup_decisions.parquet",
        "account_flags.parquet",
        "account_scores.parquet",
        "rings.parquet",
        "report.json",
        "report.html",
    }
