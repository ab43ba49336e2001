"""A back-test that is stopped goes on where it was, and ends as if it had not been stopped."""

import pytest

from etl.backtest.run import backtest
from etl.backtest.waypoint import Waypoints, seal_of
from tests.etl.conftest import DAY, by_shared_words


class Stopped(BaseException):
    """The power went."""


def stop_after(days):
    def progress(step, done, total):
        if step == "replay" and done >= days * DAY:
            raise Stopped

    return progress


@pytest.fixture(scope="module")
def undisturbed(town):
    return backtest(town.timeline, by_shared_words, town.config())


def test_a_test_that_is_stopped_twice_ends_as_an_undisturbed_one(town, tmp_path, undisturbed):
    seal = seal_of(town.timeline, "same")
    for days in (1, 4):
        with pytest.raises(Stopped):
            backtest(
                town.timeline, by_shared_words, town.config(),
                stop_after(days), Waypoints(tmp_path / "w", seal),
            )  # fmt: skip

    steps = []
    outcome = backtest(
        town.timeline, by_shared_words, town.config(),
        lambda step, done, total: steps.append((step, done)), Waypoints(tmp_path / "w", seal),
    )  # fmt: skip

    assert "learn" not in {step for step, _ in steps}, "the model was kept"
    assert min(done for step, done in steps if step == "replay") == 4 * DAY
    assert outcome.decisions.equals(undisturbed.decisions)
    assert outcome.flags.equals(undisturbed.flags)
    assert outcome.scores.equals(undisturbed.scores)
    assert outcome.rings.equals(undisturbed.rings)
    assert outcome.trace.equals(undisturbed.trace)


def test_other_events_or_settings_do_not_take_up_a_waypoint(town, tmp_path):
    seal = seal_of(town.timeline, "same")
    with pytest.raises(Stopped):
        backtest(
            town.timeline, by_shared_words, town.config(),
            stop_after(2), Waypoints(tmp_path / "w", seal),
        )  # fmt: skip
    earlier = town.timeline.known_by(town.train_until + 5 * DAY)
    others = [seal_of(earlier, "same"), seal_of(town.timeline, "another seed")]

    assert Waypoints(tmp_path / "w", seal).newest("back-test") is not None
    for other in others:
        assert other != seal
        assert Waypoints(tmp_path / "w", other).newest("back-test") is None
