"""Between refreshes: arrivals are matched to rings and genomes, and a crowd calls for a refresh."""

from dataclasses import replace

import pytest

from etl.asked import Asked
from etl.refreshed import RefreshReport, RefreshState
from etl.replay.live import Arrivals
from etl.replay.timeline import Timeline
from graph.rings import Rings, find
from graph.rings.inputs import HOUR_US
from graph.rings.watchlist import EARLY_US
from tests.graph.test_rings_live import NOW, newcomer
from tests.graph.test_rings_live import world as _world

world = _world


def arrivals_after(inputs, rings: Rings) -> Arrivals:
    state = RefreshState(Asked.nothing("t"), 1, rings)
    return Arrivals.since(Timeline({}), RefreshReport(inputs.as_of, state, inputs, rings, None))


@pytest.fixture
def arrivals(world) -> Arrivals:
    inputs = world.inputs(NOW)
    return arrivals_after(inputs, find(inputs))


def test_a_crowd_of_young_accounts_calls_for_a_refresh_but_not_right_after_one(arrivals):
    for i in range(3):
        for event in newcomer(f"wave{i}"):
            arrivals.matcher.see(event)

    assert not arrivals.crowded(NOW + EARLY_US - 1)
    assert arrivals.crowded(NOW + EARLY_US)


def test_nobody_crowds_where_nobody_came(arrivals):
    assert not arrivals.crowded(NOW + 10 * EARLY_US)


def test_newcomers_are_matched_to_the_genome_of_a_ring_that_is_no_longer_flagged(world):
    early = find(world.inputs(NOW))
    (ring,) = early.flagged
    for name in ring.account_ids:
        world.banned(name, NOW + HOUR_US)
    inputs = world.inputs(NOW + 2 * HOUR_US)
    banned = find(inputs, early)
    calm = Rings(banned.as_of, tuple(replace(found, flagged=False) for found in banned.rings))

    arrivals = arrivals_after(inputs, calm)
    found = [arrivals.matcher.see(event) for event in newcomer("heir")]

    assert [match.ring_id for match in found if match is not None] == [ring.ring_id]
