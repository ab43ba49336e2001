"""A broken export is told from a quiet week."""

import numpy as np
import pyarrow as pa
import pytest

from etl.replay.timeline import Timeline
from etl.weekly.inputs import InputLimits, inputs

HOUR = 3_600_000_000
WEEK = 7 * 24 * HOUR


def timeline(last_week: np.ndarray, blank: float = 0.0) -> Timeline:
    """Four weeks with a request every quarter of an hour, and a last one as given."""
    usual = np.arange(0, 4 * WEEK, HOUR // 4)
    at = np.concatenate([usual, 4 * WEEK + 1 + last_week])
    draw = np.random.default_rng(1).random(len(at))
    prompt = [
        None if when > 4 * WEEK and d < blank else "said" for when, d in zip(at, draw, strict=True)
    ]
    rows = {"account_id": ["a"] * len(at), "at": at, "intent": prompt}
    return Timeline({"requests": pa.table(rows)})


def found(events: Timeline):
    (finding,) = inputs(events, 4 * WEEK, 5 * WEEK, InputLimits())
    return finding


def test_a_week_like_the_others_passes():
    assert found(timeline(np.arange(0, WEEK - 1, HOUR // 4))).passed


def test_a_quieter_week_passes():
    assert found(timeline(np.arange(0, WEEK - 1, HOUR // 2))).passed


@pytest.mark.parametrize(
    ("last", "blank", "said"),
    [
        (np.arange(0, WEEK - 1, HOUR * 2), 0.0, "is usual"),
        (np.arange(0, WEEK - 1, HOUR // 4)[: 24 * 4 * 4], 0.0, "hours only"),
        (np.arange(0, WEEK - 1, HOUR // 4), 0.6, "intent is blank"),
        (np.arange(0, WEEK - 1, HOUR // 40), 0.0, "is usual"),
    ],
    ids=["most rows lost", "an outage of days", "prompts lost", "rows tenfold"],
)
def test_a_broken_week_is_refused_with_what_is_wrong(last, blank, said):
    finding = found(timeline(last, blank))

    assert not finding.passed
    assert said in finding.sentence


def test_without_earlier_weeks_nothing_can_be_said():
    rows = {"account_id": ["a"] * 3, "at": [4 * WEEK + 1, 4 * WEEK + 2, 4 * WEEK + 3]}

    assert inputs(Timeline({"requests": pa.table(rows)}), 4 * WEEK, 5 * WEEK, InputLimits()) == []
