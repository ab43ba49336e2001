"""The regrowth benchmark: how often it refreshes, and that its worlds hold what its rows say."""

import itertools

from etl.bench.regrowth import DAILY, DAYS, KNOWN, REUSES, refreshes
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
