"""The regrowth benchmark: how often it refreshes, and that its worlds hold what its rows say."""

import itertools

from etl.bench.regrowth import DAYS, KNOWN, REUSES, refreshes
from graph.rings.inputs import DAY_US
from graph.simulate import TACTICS


def test_refreshes_are_daily_over_the_worlds_window_however_old_its_customers_are() -> None:
    moments = refreshes(1_000 * DAY_US)

    assert moments[-1] == 1_000 * DAY_US
    assert len(moments) == DAYS - 3
    assert {after - before for before, after in itertools.pairwise(moments)} == {DAY_US}


def test_every_row_is_of_tactics_that_the_simulator_knows_and_each_of_its_own() -> None:
    rows = {**REUSES, **KNOWN}

    assert len(set(rows.values())) == len(rows)
    assert {name for tactics in rows.values() for name, _ in tactics} <= set(TACTICS)
    assert [dict(tactics)["regrowth"] for tactics in REUSES.values()] == [1.0, 0.5, 0.0]
