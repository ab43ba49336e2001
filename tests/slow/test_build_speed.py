"""A build is at most three times slower than the store's own path, however the machine is doing."""

import pytest

from etl.bench_build import bench_build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_identifier_tables_build_at_a_third_of_the_stores_own_speed_or_more() -> None:
    speeds = bench_build("small", 3)

    assert speeds["identifiers"]["ratio"] >= 1 / 3
    assert speeds["all"]["rows"] > speeds["identifiers"]["rows"]
