"""A small case with three accounts of a campaign, judged against the truth and against labels."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from etl.backtest.judge import judge
from etl.backtest.outcome import Outcome, Truth
from etl.backtest.report import page
from graph.simulate.truth import TrueAccount

DAY = 86_400_000_000
T = 100 * DAY


def outcome(flags: dict[str, int]) -> Outcome:
    """Accounts a, b, c send ten requests on day 1 after T, and honest h does; d is silent."""
    senders = ["a", "b", "c", "h"]
    return Outcome(
        train_until=T,
        until=T + 3 * DAY,
        refreshes=[T + day * DAY for day in range(4)],
        decisions=pl.DataFrame(
            {
                "account_id": ["a", "h"],
                "occurred_at": [T + 5, T + 6],
                "score": [0.9, 0.2],
                "decision": ["review", "allow"],
            }
        ),
        flags=pl.DataFrame(
            {"account_id": list(flags), "flagged_at": list(flags.values()), "ring_id": None},
            schema={"account_id": pl.String, "flagged_at": pl.Int64, "ring_id": pl.String},
        ),
        scores=pl.DataFrame({"account_id": [*senders, "d"], "score": [0.9, 0.8, 0.1, 0.3, 0.0]}),
        rings=pl.DataFrame({"ring_id": ["r", "r"], "account_id": ["a", "b"], "score": [0.9, 0.9]}),
        trace=pl.DataFrame(
            {
                "account_id": ["a", "b", "h"],
                "at": [T + DAY, T + 2 * DAY, T + 2 * DAY],
                "score": [0.9, 0.8, 0.3],
            }
        ),
        exchanges=pl.DataFrame(
            {
                "account_id": [name for name in senders for _ in range(10)],
                "at": [T + DAY // 2 + i * DAY // 10 for _ in senders for i in range(10)],
            }
        ),
        active=pl.Series(["a", "b", "c", "h"]),
    )


def truth() -> Truth:
    accounts = [TrueAccount(name, "campaign", "red", "o", 0) for name in "abc"]
    accounts += [TrueAccount(name, "office", None, None, None) for name in "dh"]
    return Truth.of_world({account.account_id: account for account in accounts})


def test_a_flag_prevents_what_comes_after_it_and_silent_accounts_are_not_counted():
    verdict = judge(outcome({"a": T + DAY, "h": T}), truth(), np.random.default_rng(1))

    # Requests at .5, .6 ... 1.4 days; the flag of a at 1.0 leaves 1.1 to 1.4: four of thirty.
    assert verdict["exchanges"]["fraudulent"] == 30
    assert verdict["exchanges"]["prevented"]["value"] == pytest.approx(4 / 30)
    # A perfect detector flags at the third of ten; woken at 1.0 only, four are left to prevent.
    assert verdict["exchanges"]["bound_live"] == pytest.approx(21 / 30)
    assert verdict["exchanges"]["bound_with_refreshes_only"] == pytest.approx(12 / 30)
    assert verdict["accounts"]["active"] == 4
    assert verdict["honest"] == {
        **verdict["honest"],
        "accounts": 1,
        "flagged": 1,
        "by_kind": [{"kind": "office", "accounts": 1, "flagged": 1, "share": 1.0}],
    }


def test_rings_and_campaigns_are_compared_account_by_account():
    verdict = judge(outcome({}), truth(), np.random.default_rng(1))

    assert verdict["rings"]["precision"] == 1.0
    assert verdict["rings"]["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    (red,) = verdict["campaigns"]
    assert (red["accounts"], red["accounts_flagged"], red["exchanges"]) == (3, 0, 30)
    assert red["requests_before_flag_median"] is None


def test_a_flag_is_counted_under_what_raised_it_first():
    verdict = judge(outcome({"a": T + DAY, "h": T}), truth(), np.random.default_rng(1))

    assert verdict["flagged_by"] == [{"reason": "score", "fraud": 1, "honest": 1}]


def test_the_days_add_up_to_the_whole():
    verdict = judge(outcome({"a": T + DAY}), truth(), np.random.default_rng(1))

    daily = verdict["daily"]
    assert sum(day["fraudulent"] for day in daily) == 30
    assert sum(day["prevented"] for day in daily) == 4
    assert sum(day["bound"] for day in daily) == 21


def test_the_operating_curve_ends_with_everybody_flagged():
    verdict = judge(outcome({}), truth(), np.random.default_rng(1))

    last = verdict["operating_curve"][-1]
    assert last["honest_flagged"] == 1.0
    assert last["prevented"] == pytest.approx(4 / 30)
    assert verdict["operating_curve"][0]["honest_flagged"] == 0.0


def test_without_truth_the_last_label_counts_and_the_report_says_so():
    signups = pa.table({"account_id": ["a", "b", "c", "h"], "at": [1, 2, 3, 4]})
    labels = pa.table(
        {
            "account_id": ["a", "b", "b"],
            "at": [10, 10, 20],
            "verdict": ["fraud", "fraud", "legitimate"],
            "campaign_id": ["red", None, None],
        }
    )

    verdict = judge(outcome({"a": T}), Truth.of_labels(signups, labels), np.random.default_rng(1))

    assert verdict["against"] == "labels"
    assert verdict["accounts"]["fraud"] == 1
    assert verdict["exchanges"]["prevented"]["value"] == 1.0
    assert "not against the truth" in page(verdict)


def test_a_bought_account_that_signed_up_honestly_is_no_fraudulent_sign_up():
    bought = truth().accounts.with_columns(active_from=pl.lit(T + 2 * DAY).cast(pl.Int64))

    verdict = judge(outcome({}), Truth(bought), np.random.default_rng(1))

    assert verdict["signups"]["fraud"] == 0
    assert verdict["signups"]["recall_within_1pct_review"] is None
    assert verdict["signups"]["stopped"] == {"recall": None, "precision": 0.0}


def test_sign_ups_held_back_for_a_ring_count_beside_what_a_small_budget_can_hold():
    tied = outcome({}).decisions.with_columns(decision=pl.lit("review"))
    seen = replace(outcome({}), decisions=tied)

    signups = judge(seen, truth(), np.random.default_rng(1))["signups"]

    assert signups["stopped"] == {"recall": 1.0, "precision": 0.5}
    # One per cent of two sign-ups is a fiftieth of the only fraud.
    assert signups["most_within_1pct_review"] == pytest.approx(0.02)
    assert signups["recall_within_1pct_review"] <= signups["most_within_1pct_review"]


def test_the_report_is_one_file_that_loads_nothing_and_repeats_to_the_byte():
    verdict = judge(outcome({"a": T + DAY, "h": T}), truth(), np.random.default_rng(1))

    written = page(json.loads(json.dumps(verdict)))

    assert written == page(verdict)
    assert "<script" not in written
    assert "src=" not in written
    assert written.count("<svg") == 7
    assert "13.3 %" in written


def test_a_campaign_name_cannot_inject_markup():
    named = truth().accounts.with_columns(campaign=pl.lit("<script>alert(1)</script>"))

    written = page(judge(outcome({}), Truth(named), np.random.default_rng(1)))

    assert "<script" not in written
