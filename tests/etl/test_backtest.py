"""A whole back-test of a small world: its files, its promises about time, and what it forgets."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow.compute as pc
import pytest

from etl.backtest.outcome import Truth
from etl.backtest.record import Record
from etl.backtest.run import backtest, write
from etl.replay.timeline import Timeline
from graph.errors import InputError
from tests.etl.conftest import DAY, by_shared_words


@pytest.fixture(scope="module")
def outcome(town):
    return backtest(town.timeline, by_shared_words, town.config())


def test_every_sign_up_after_training_gets_one_decision_at_its_own_moment(town, outcome):
    signups = town.timeline.read("signups", since=town.train_until)

    decided = outcome.decisions.sort("account_id")

    expected = sorted(
        zip(signups["account_id"].to_pylist(), signups["at"].to_pylist(), strict=True)
    )
    assert list(decided.select("account_id", "occurred_at").iter_rows()) == expected
    assert decided["score"].is_between(0, 1).all()
    assert set(decided["decision"]) <= {"allow", "review", "deny"}


def test_a_flag_comes_first_once_and_a_denial_is_one(town, outcome):
    flags = outcome.flags

    assert flags["account_id"].is_unique().all()
    assert flags["flagged_at"].is_between(town.train_until, outcome.until).all()
    denied = outcome.decisions.filter(pl.col("decision") == "deny")
    at = dict(flags.select("account_id", "flagged_at").iter_rows())
    assert all(at[a] <= when for a, when in denied.select("account_id", "occurred_at").iter_rows())


def test_the_future_changes_nothing_that_was_decided_before_it(town, outcome):
    halfway = town.train_until + 4 * DAY

    blind = backtest(town.timeline.known_by(halfway), by_shared_words, town.config())

    early = outcome.decisions.filter(pl.col("occurred_at") <= blind.until)
    assert blind.decisions.equals(early)
    flags = outcome.flags.filter(pl.col("flagged_at") < blind.until)
    assert blind.flags.filter(pl.col("flagged_at") < blind.until).equals(flags)


def test_a_look_flags_nobody_who_is_spared_and_remembers_the_score():
    record = Record()

    record.looked(5, (["crowd", "lone"], np.array([0.97, 0.98])), 0.95, frozenset({"crowd"}))

    assert list(record.flags) == ["lone"]
    assert record.trace == [("crowd", 5, 0.97), ("lone", 5, 0.98)]


def test_a_planted_future_leak_is_caught_by_that_comparison(town, outcome):
    """The canary itself: were verdicts of tomorrow seen today, decisions would differ."""
    leaky = town.timeline
    for name in ("labels", "enforcements"):
        table = town.timeline.read(name)
        early = pc.if_else(
            pc.greater(table["at"], town.train_until), town.train_until - DAY, table["at"]
        )
        assert not early.equals(table["at"])
        place = table.column_names.index("at")
        leaky = leaky.with_table(name, table.set_column(place, "at", early))

    cheated = backtest(leaky, by_shared_words, town.config())

    assert not cheated.decisions.equals(outcome.decisions)


def test_the_files_are_those_of_the_contract(outcome, tmp_path, town):
    truth = Truth.of_labels(town.timeline.read("signups"), town.timeline.read("labels"))

    verdict = write(outcome, tmp_path, truth, np.random.default_rng(1))

    stamp = pl.Datetime("us", "UTC")
    schemas = {name: dict(pl.read_parquet_schema(tmp_path / f"{name}.parquet")) for name in FILES}
    assert schemas["signup_decisions"] == {
        "account_id": pl.String,
        "occurred_at": stamp,
        "score": pl.Float64,
        "decision": pl.String,
    }
    assert schemas["account_flags"]["flagged_at"] == stamp
    assert list(schemas["account_flags"]) == ["account_id", "flagged_at", "score", "ring_id"]
    assert list(schemas["account_scores"]) == ["account_id", "score"]
    assert list(schemas["rings"]) == ["ring_id", "account_id", "score"]
    assert json.loads((tmp_path / "report.json").read_text()) == verdict
    assert "labels" in (tmp_path / "report.html").read_text()


FILES = ("signup_decisions", "account_flags", "account_scores", "rings")


def test_the_same_seed_gives_the_same_outcome(town, outcome):
    again = backtest(town.timeline, by_shared_words, town.config())

    assert again.decisions.equals(outcome.decisions)
    assert again.flags.equals(outcome.flags)
    assert again.scores.equals(outcome.scores)


def test_training_that_would_end_outside_the_events_is_refused(town):
    for moment in (town.timeline.bounds[0], town.timeline.bounds[1]):
        with pytest.raises(InputError, match="lies outside"):
            backtest(town.timeline, by_shared_words, replace(town.config(), train_until=moment))


def test_a_source_without_any_known_fraud_is_refused_with_a_reason(town):
    tables = {n: town.timeline.read(n) for n in ("signups", "requests", "payments", "sessions")}

    with pytest.raises(InputError, match="known to be fraud"):
        backtest(Timeline(tables), by_shared_words, town.config())
