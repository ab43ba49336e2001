"""A simulated quarter of weekly runs: right refusals and promotions, a killed run, a rollback.

Smaller than ``ringsight bench pipeline`` (3,000 accounts), with the same weeks going wrong. The
serving side of a rollback, under load over HTTP, is in ``tests/api/test_pipeline.py``.
"""

import json
from pathlib import Path
from statistics import median

import pytest

from etl.bench.pipeline import bench_pipeline
from etl.bench.quarter import QuarterSpec
from etl.weekly.promotion import history

pytestmark = pytest.mark.slow
SPEC = QuarterSpec(accounts=1_000, planted=30)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("quarter")


@pytest.fixture(scope="module")
def found(out: Path) -> dict:
    return bench_pipeline(out, SPEC, lambda step, done, total: None)


def run_of(found: dict, week: int) -> dict:
    return next(run for run in found["runs"] if run["week"] == week)


def test_every_week_is_ruled_on_with_reasons(found):
    assert len(found["runs"]) == 8
    assert all(run["reasons"] for run in found["runs"])
    champions = [run["week"] for run in found["runs"] if run["became"] == "champion"]
    assert champions
    assert champions[0] < SPEC.poisoned


def test_rulings_cost_little_that_the_truth_would_call_a_loss(found):
    """By the truth that the gate never saw: what was put into use against what was not."""
    ruled = [r for r in found["runs"] if "champion_true" in r]
    pairs = [(r["challenger_true"], r["champion_true"]) for r in ruled]
    chosen = [ours if r["became"] == "champion" else theirs
              for r, (ours, theirs) in zip(ruled, pairs, strict=True)]  # fmt: skip
    fraudulent = sum(one["fraudulent"] for one in chosen)
    lost = sum(
        one["fraudulent"] * (max(each["prevented"] or 0.0 for each in pair) - one["prevented"])
        for one, pair in zip(chosen, pairs, strict=True)
        if one["prevented"] is not None
    )
    more = sum(ours["honest_flagged"] - theirs["honest_flagged"]
               for r, (ours, theirs) in zip(ruled, pairs, strict=True)
               if r["became"] == "champion")  # fmt: skip

    assert fraudulent
    assert lost <= 0.1 * fraudulent
    assert more <= 0.01 * sum(theirs["honest"] for _, theirs in pairs)


def test_the_broken_week_is_refused_for_its_events(found):
    broken = run_of(found, SPEC.broken)

    assert broken["became"] == "refused"
    assert any(reason.startswith("events, requests") for reason in broken["reasons"])


def test_planted_labels_are_left_out_and_named(found):
    poisoned = run_of(found, SPEC.poisoned)

    assert poisoned["labels"]["quarantined"] >= 0.7 * SPEC.planted
    assert any("partner" in doubt["voice"] for doubt in poisoned["labels"]["doubts"])


def test_the_killed_run_went_on_where_it_was(found):
    (killed,) = [run for run in found["runs"] if run["killed"]]

    assert {"snapshot", "features"} <= set(killed["taken_up"])


def test_the_model_in_use_prevents_and_leaves_honest_people_alone(found):
    lived = [run["champion_true"] for run in found["runs"] if "champion_true" in run]
    fraudulent = sum(week["fraudulent"] for week in lived)
    prevented = sum(week["fraudulent"] * (week["prevented"] or 0.0) for week in lived)

    assert len(lived) >= 6
    assert prevented >= 0.3 * fraudulent
    # In a town of a thousand one crowd of fifteen, once, is half a percent of all the weeks: what a
    # usual week costs is told apart from the worst.
    shares = [week["honest_flagged"] / week["honest"] for week in lived]
    assert median(shares) <= 0.01
    assert sum(shares) <= 0.02 * len(shares)


def test_a_rollback_is_one_call_and_is_written_down(found, out):
    assert found["rolled_back"]
    assert history(out / "pipeline")[-1]["what"] == "rolled back"


def test_a_finished_quarter_is_taken_up_as_it_is(found, out):
    again = bench_pipeline(out, SPEC, lambda step, done, total: None)

    assert again["runs"] == json.loads(json.dumps(found["runs"]))
    assert (out / "quarter.html").read_text().count("<svg") == 2
