"""The console's questions about a hub cost at most twice what they cost about an ordinary node."""

import pytest

from api.bench.browse import bench_browse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, float]]:
    return bench_browse(accounts=40_000, hub=20_000, rounds=40)


@pytest.mark.parametrize("question", ["entity", "neighbours", "badges", "view"])
def test_a_hub_costs_at_most_twice_an_ordinary_node(
    figures: dict[str, dict[str, float]], question: str
) -> None:
    assert figures[question]["ratio"] <= 2.0
