"""What is watched between runs becomes figures for ``/metrics``, every named signal of it."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
from safetensors.numpy import save_file

from etl.backtest.outcome import Board, Truth
from etl.replay.timeline import Timeline
from etl.weekly.looks import keep_look, looks
from etl.weekly.monitor import _calibration, _drift, _metrics, relabelled
from etl.weekly.monitor_labels import overturned
from etl.weekly.retrain import Plan, Proven, Workplace
from gnn.evaluate import NEVER
from gnn.features import ACCOUNT_COLUMNS
from tests.api.small_home import tiny_bundle

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


def test_bands_hold_scores_to_what_was_found_in_them():
    bands = _calibration(board())["bands"]

    assert [band["accounts"] for band in bands] == [1, 1, 1, 1]
    assert [band["fraud"] for band in bands] == [0.0, 0.0, 1.0, 1.0]
    assert [round(band["score"], 2) for band in bands] == [0.1, 0.3, 0.7, 0.9]
    assert all(band["low"] <= band["fraud"] <= band["high"] for band in bands)


def test_looks_are_told_oldest_first_up_to_the_run_and_not_beyond(tmp_path):
    told = {**found(), "champion": None}
    for week in (3, 1, 2):
        folder = tmp_path / f"run-{week}"
        folder.mkdir()
        keep_look(folder, {**told, "as_of": week, "labels": []})
    (tmp_path / "run-unfinished").mkdir()

    rows = looks(tmp_path, until=2)

    assert [row["run"] for row in rows] == ["run-1", "run-2"]
    assert (rows[0]["score_psi"], rows[0]["template_psi"], rows[0]["audit_share"]) == (
        0.3, 0.12, 0.125,
    )  # fmt: skip
    assert (rows[0]["rank_agreement"], rows[0]["columns_drifted"]) == (0.93, 1)
    assert rows[0]["model_psi"] is None


def test_only_a_slice_that_is_overturned_more_often_beyond_chance_stands_apart():
    rows = {(row["by"], row["name"]): row for row in overturned(_told(wrong_in="BR"))}

    every = rows["every", "verdict"]
    assert (every["verdicts"], every["overturned"]) == (80, 12)
    assert rows["country", "BR"]["share"] == 0.6
    assert [key for key, row in rows.items() if row["apart"]] == [("country", "BR")]


def test_of_verdicts_that_are_all_alike_no_slice_stands_apart():
    assert not any(row["apart"] for row in overturned(_told(wrong_in=None)))


def _told(wrong_in: str | None) -> Timeline:
    """80 verdicts of fraud in four countries; of one country's 20, twelve are taken back."""
    ids = [f"a{number}" for number in range(80)]
    country = ["BR", "DE", "FR", "US"] * 20
    back = [a for a, c in zip(ids, country, strict=True) if c == wrong_in][:12]
    labels = pa.table(
        {
            "account_id": ids + back,
            "at": [5] * 80 + [9] * len(back),
            "verdict": ["fraud"] * 80 + ["legitimate"] * len(back),
            "source": ["investigator"] * 80 + ["appeal"] * len(back),
        }
    )
    acts = pa.table(
        {"account_id": ["nobody"], "at": [1], "action": ["none"]},
    )
    signups = pa.table(
        {"account_id": ids, "at": [0] * 80, "country": country, "pathway": ["self"] * 80,
         "ip_class": ["home"] * 40 + ["mobile"] * 40}
    )  # fmt: skip
    return Timeline({"labels": labels, "enforcements": acts, "signups": signups})


def test_a_new_model_that_scores_otherwise_is_no_drift_and_a_moved_crowd_is(tmp_path):
    rng = np.random.default_rng(3)
    rows = rng.random((400, len(ACCOUNT_COLUMNS))).astype(np.float32)
    old, fresh = tiny_bundle(1), tiny_bundle(2)
    place = Workplace(Timeline({}), lambda *_: None, None, tmp_path, tmp_path)  # type: ignore[arg-type]

    def run(name, bundle, champion) -> Proven:
        (tmp_path / name / "features").mkdir(parents=True)
        save_file({"rows": rows}, tmp_path / name / "features" / "moment-0.safetensors")
        return Proven(name, tmp_path / name, Plan(0), bundle, champion, None, {}, {}, ())  # type: ignore[arg-type]

    low, high = (_scored(rng.beta(*shape, 400)) for shape in ((1, 9), (9, 1)))
    _drift(place, run("one", old, None), low, low)
    still = _drift(place, run("two", fresh, old.version), high, _scored(rng.beta(1, 9, 400)))
    moved = _drift(place, run("three", fresh, old.version), low, _scored(rng.beta(9, 1, 400)))

    assert not any(row["drifted"] for row in still)
    assert [row["name"] for row in moved if row["drifted"]] == ["score"]


def _scored(scores: np.ndarray) -> Board:
    return replace(board(), score=scores)
