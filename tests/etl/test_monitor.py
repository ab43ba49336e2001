"""What is watched between runs becomes figures for ``/metrics``, every named signal of it."""

import re

import numpy as np
import pyarrow as pa

from etl.backtest.outcome import Board, Truth
from etl.weekly.monitor import _calibration, _metrics, relabelled
from gnn.evaluate import NEVER

SIGNALS = {
    "drift of features": "drift_psi_highest",
    "drift of scores": "drift_psi_score",
    "drift of prompts": "prompts_template_psi",
    "label delay": "label_delay_days_median_chargeback",
    "delayed metrics": "prevented_known_fraud_share",
    "calibration": "calibration_error",
    "overturned": "overturned_share_country_NL",
    "overturned by network": "overturned_share_ip_class_mobile_nat",
    "honest flagged": "audit_honest_flagged_share",
    "staleness": "champion_age_days",
    "encoder staleness": "rank_agreement",
}


def found() -> dict:
    """What a run watched, by hand."""
    drifted = {"name": "score", "psi": 0.3, "drifted": True}
    return {
        "features": [drifted, {"name": "age_days", "psi": 0.02, "drifted": False}],
        "prompts": {"without_template": 0.4, "templates": {"psi": 0.12}},
        "labels": [{"source": "chargeback", "median_days": 21.0, "high_days": 40.0}],
        "overturned": [
            {"by": "country", "name": "NL", "share": 0.125},
            {"by": "ip_class", "name": "mobile nat", "share": 0.5},
        ],
        "audited": {"audited": 9, "honest": 8, "flagged": 1, "share": 0.125, "high": 0.47},
        "past": [{"prevented_now": 0.7, **_calibration(board())}],
        "staleness": {"champion_age_days": 14.0, "rank_agreement": 0.93},
    }


def board() -> Board:
    """Four accounts, two of which a label calls fraud."""
    active = np.array([0, 0, NEVER, NEVER], np.int64)
    return Board(
        ["a", "b", "c", "d"], ["fraud", "fraud", "unlabelled", "legitimate"],
        ["x", "x", None, None], [None] * 4, np.array([0.9, 0.7, 0.1, 0.3]),
        np.full(4, NEVER, np.int64), active, np.array([0, 1]), np.array([1, 1]),
    )  # fmt: skip


def test_every_named_signal_is_a_metric_whose_name_prometheus_takes():
    figures = _metrics(found())

    assert {signal for signal, name in SIGNALS.items() if name not in figures} == set()
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in figures)
    assert figures["overturned_share_country_NL"] == 0.125
    assert figures["drift_columns_drifted"] == 1


def test_what_is_unknown_is_left_out_and_not_told_as_nothing():
    empty = {
        "features": [], "prompts": {}, "labels": [], "overturned": [],
        "audited": {"audited": 0, "honest": 0}, "past": [],
        "staleness": {"champion_age_days": None, "rank_agreement": None},
    }  # fmt: skip

    assert set(_metrics(empty)) == {"drift_columns", "drift_columns_drifted"}


def test_calibration_holds_what_was_expected_against_what_was_found():
    told = _calibration(board())

    assert told["expected_fraud"] == 0.5
    assert told["observed_fraud"] == 0.5
    assert np.isclose(told["calibration_error"], 0.2)
    assert told["observed_low"] < 0.5 < told["observed_high"]


def test_labels_that_come_later_change_what_an_old_board_says():
    truth = Truth.of_labels(*later_labels())

    now = relabelled(board(), truth)

    assert now.fraud.tolist() == [True, False, True, False]


def later_labels():
    ids = ["a", "b", "c", "d"]
    signups = pa.table({"account_id": ids, "at": [0, 0, 0, 0]})
    labels = pa.table(
        {
            "account_id": ["a", "b", "b", "c"],
            "at": [5, 5, 9, 9],
            "verdict": ["fraud", "fraud", "legitimate", "fraud"],
            "campaign_id": ["x", "x", None, "y"],
        }
    )
    return signups, labels
