"""The regrowth benchmark: its refreshes, that its worlds are what rows say, how it pools them."""

import itertools
import math

import pytest

from etl.bench.regrowth import DAILY, DAYS, KNOWN, REUSES, Seen, bench_regrowth, pooled, refreshes
from graph.errors import InputError
from graph.rings.inputs import DAY_US
from graph.simulate import TACTICS


def test_refreshes_lie_in_the_worlds_window_and_are_daily_once_a_ring_may_be_banned() -> None:
    until = 1_000 * DAY_US
    moments = refreshes(until)

    apart = [after - before for before, after in itertools.pairwise(moments)]
    assert moments[0] == until - (DAYS - 4) * DAY_US
    assert moments[-1] == until
    assert apart[:3] == [3 * DAY_US] * 3
    assert apart[3:] == [DAY_US] * (DAILY)


def test_every_row_is_of_tactics_that_the_simulator_knows_and_each_of_its_own() -> None:
    rows = {**REUSES, **KNOWN}

    assert len(set(rows.values())) == len(rows)
    assert {name for tactics in rows.values() for name, _ in tactics} <= set(TACTICS)
    assert [dict(tactics)["regrowth"] for tactics in REUSES.values()] == [1.0, 0.5, 0.1, 0.0]


def test_a_row_pools_newcomers_of_its_worlds_and_tells_its_luckiest_and_unluckiest_seed() -> None:
    quick = Seen(10, (1,) * 10, (0.5,) * 10, 4.0, honest=100, honest_flagged=1)
    slow = Seen(30, (9, 9, 9), (48.0, 48.0, 48.0), None, honest=300, honest_flagged=0)
    empty = Seen(0, (), (), None, honest=0, honest_flagged=0)

    row = pooled([quick, slow, empty])

    assert row["newcomers"] == 40
    assert row["flagged"] == 13 / 40
    assert (row["flagged_lowest_seed"], row["flagged_highest_seed"]) == (0.1, 1.0)
    assert (row["requests_before_flag_median"], row["hours_to_flag_median"]) == (1.0, 0.5)
    assert (row["worlds_relinked"], row["days_to_relink"]) == (1.0, 4.0)
    assert row["honest_flagged"] == 1 / 400


def test_a_row_without_a_newcomer_has_no_waits_to_tell() -> None:
    row = pooled([Seen(0, (), (), None, honest=5, honest_flagged=0)])

    assert row["flagged"] == 0.0
    assert math.isnan(row["requests_before_flag_median"])
    assert math.isnan(row["days_to_relink"])


def test_a_row_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    with pytest.raises(InputError, match="regrown, 10% re-used"):
        bench_regrowth(100, [1], lambda step, done, total: None, only="grown back")
