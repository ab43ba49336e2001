"""Reasons before the truth: do scores fall without them, do their links lead to the ring."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from etl.asked import Asked
from etl.backtest.judge_reasons import LOOKED_AT, REASONS, fidelity, reasons_tested
from etl.backtest.outcome import Truth
from etl.backtest.report import _fidelity_table
from etl.backtest.run import KEY_ID
from etl.refresh import refresh
from etl.refreshed import RefreshState
from etl.train import collect
from gnn.known import Known
from gnn.scorer import Scorer
from gnn.train import TrainConfig, train
from graph.simulate import world
from graph.simulate.presets import preset_named
from graph.simulate.truth import TrueAccount
from tests.etl.conftest import DAY


def truth(**campaigns: str | None) -> Truth:
    kinds = {
        name: TrueAccount(name, "any", c, None, 0 if c else None) for name, c in campaigns.items()
    }
    return Truth.of_world(kinds)  # type: ignore[arg-type]


def a_table(*rows: tuple[object, ...]) -> pl.DataFrame:
    unasked = (None, None, None, None)
    full = [row if len(row) == len(REASONS) else (*row, *unasked) for row in rows]
    return pl.DataFrame(full, schema=REASONS, orient="row")


def test_a_link_hits_where_one_of_the_accounts_behind_it_serves_the_same_campaign():
    found = a_table(
        ("a", 2.0, 0.5, "device", ["b", "h"], ["h"]),
        ("b", 1.0, 0.0, "ip", ["h", "x"], ["a"]),
        ("c", 0.0, 1.0, None, [], []),
        ("h", 0.4, 0.1, "ip", ["a"], ["a"]),
    )

    figures = fidelity(found, truth(a="red", b="red", c="red", x="blue", h=None))

    assert figures["accounts"] == 4
    assert figures["fall_without_named"] == pytest.approx(0.85)
    assert figures["fall_without_others"] == pytest.approx(0.4)
    assert figures["named_weigh_more"] == 0.75
    assert figures["links_named"] == 2
    assert figures["links_hit"] == 0.5
    assert figures["links_hit_by_chance"] == 0.5
    assert json.loads(json.dumps(figures)) == figures


def test_the_networks_part_is_asked_by_itself_where_there_is_one():
    found = a_table(
        ("a", 2.0, 0.5, None, [], [], 3.0, 1.0, ["b"], ["h"]),
        ("b", 1.0, 0.0, None, [], [], 1.0, 0.0, ["h", "a"], ["a"]),
        ("h", 1.0, 0.0, None, [], [], 9.0, 0.0, ["a"], ["a"]),
        ("c", 1.0, 0.0, None, [], []),
    )

    figures = fidelity(found, truth(a="red", b="red", c="red", h=None))

    assert figures["company_asked"] == 2
    assert figures["company_fall_without_named"] == 2.0
    assert figures["company_fall_without_others"] == 0.5
    assert (figures["company_hit"], figures["company_hit_by_chance"]) == (1.0, 0.5)
    assert "graph network" in _fidelity_table(figures)
    assert "graph network" not in _fidelity_table(
        {k: v for k, v in figures.items() if not k.startswith("company")}
    )


def test_without_a_test_or_a_link_there_is_no_figure():
    assert fidelity(None, truth(a="red")) == {}
    assert _fidelity_table({}) == ""

    figures = fidelity(a_table(("a", 1.0, 0.5, None, [], [])), truth(a="red"))

    assert figures["links_hit"] is None
    assert "n/a" in _fidelity_table(figures)


@pytest.fixture(scope="module")
def cast():
    """Who served a campaign in the town, by the truth."""
    made = world(replace(preset_named("small"), honest=170, volume=0.35, days=24.0), seed=7)
    return {a.account_id: a.campaign for a in made.cast}


def test_on_a_small_world_scores_fall_further_without_what_reasons_name(town, cast):
    end = town.timeline.bounds[1]
    replay, job = town.job(end)
    course = replace(town.config().course, every_us=4 * DAY)
    rows, _ = collect(replay, job, end, RefreshState(Asked.nothing(KEY_ID)), course)
    campaign = {k: c for k in rows.moments[-1].keys if (c := cast.get(k))}
    known = Known(dict.fromkeys(campaign, end), campaign=campaign)
    scorer = Scorer(
        train(replace(rows, known=known), TrainConfig(folds=3), np.random.default_rng(1))
    )
    last = refresh(job, scorer, end, RefreshState(Asked.nothing(KEY_ID)))

    found = reasons_tested(scorer, last.scores, last.snapshot, np.random.default_rng(1))

    assert 10 < found.height <= LOOKED_AT
    assert found["named"].mean() > found["others"].mean() + 0.05
    assert set(found.columns) == set(REASONS)
