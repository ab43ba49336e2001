"""A million accounts and three million identifier edges, against scipy's connected components."""

import pytest

from etl.bench.ring_scale import bench_ring_scale

TIMES = 30
MEMORY_GB = 8
GOING_ON = 0.6
"""Of a run over everything, after a day on which one account in a hundred is new: what is reached,
not the tenth that was wanted (DECISIONS 54)."""


@pytest.mark.slow
def test_a_million_accounts_take_at_most_thirty_times_scipys_components_and_eight_gigabytes(
    record_property,
):
    found = bench_ring_scale(1_000_000, 3_000_000, 100_000, 1, lambda step, done, total: None)

    for name, figure in found.items():
        record_property(name, round(figure, 3))
    assert found["find_to_components"] <= TIMES
    assert found["peak_gb"] <= MEMORY_GB
    assert found["the_same_rings"] == 1.0
    assert found["go_on_to_find"] <= GOING_ON
