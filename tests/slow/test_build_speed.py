"""A build keeps its speed against the store's own path, however busy the machine is."""

import pytest

from etl.bench.build import bench_build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_identifier_tables_build_at_a_fifth_of_the_stores_own_speed_or_more() -> None:
    speeds = bench_build("small", 3)

    assert speeds["identifiers"]["ratio"] > 1 / 5  # the aim is 1/3; .23 to .30 was measured
    assert speeds["all"]["rows"] > speeds["identifiers"]["rows"]
