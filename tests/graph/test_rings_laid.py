"""An earlier table is told from a later one in blocks, whatever came between its rows."""

import numpy as np
import pyarrow as pa
import pytest

from graph.rings import laid
from graph.rings.laid import Laid


def test_rows_that_stood_are_found_at_their_later_places():
    lies = Laid(6, np.array([0, 3]))

    assert lies.place.tolist() == [1, 2, 4, 5]
    assert lies.rows(np.array([3, 0, 2])).tolist() == [5, 1, 4]
    assert not lies.stayed
    assert Laid(6, np.empty(0, np.int64)).stayed


@pytest.mark.parametrize("block", [1, 3, 64])
@pytest.mark.parametrize("seed", range(3))
def test_every_row_that_says_something_else_is_found_whatever_the_block(block, seed, monkeypatch):
    monkeypatch.setattr(laid, "BLOCK", block)
    rng = np.random.default_rng(seed)
    now = rng.integers(0, 9, 50)
    fresh = np.flatnonzero(rng.random(50) < 0.3)
    was, other = np.delete(now, fresh), rng.random(50 - len(fresh)) < 0.2
    was[other] += 1

    lies = Laid(50, fresh)
    found = lies.otherwise(pa.array(was), pa.array(now))

    assert found.tolist() == lies.place[other].tolist()
    assert lies.same(pa.array(was), pa.array(now)) == (not other.any())
    assert lies.same(pa.array(np.delete(now, fresh)), pa.array(now))


def test_unknown_agrees_with_unknown_and_with_nothing_else():
    was, now = pa.array([None, "a", None, "b"]), pa.array([None, "a", "x", "c", None])
    numbers = pa.array([1.0, float("nan"), None]), pa.array([1.0, None, float("nan")])

    assert Laid(5, np.array([3])).otherwise(was, now).tolist() == [2, 4]
    assert Laid(3, np.empty(0, np.int64)).otherwise(*numbers).tolist() == []
    assert Laid(2, np.empty(0, np.int64)).otherwise(pa.nulls(2), pa.array([None, 3])).tolist() == [
        1
    ]


def test_rows_in_another_order_are_told_from_where_they_were_looked_up():
    lies = Laid(4, np.array([1]), found=np.array([3, 0, 2]))

    assert lies.otherwise(pa.array([30, 0, 21]), pa.array([0, 10, 20, 30])).tolist() == [2]
    assert lies.rows(np.array([0])).tolist() == [3]


def test_rows_of_another_table_are_followed_to_where_that_one_lies():
    accounts = Laid(4, np.array([1]))  # the earlier rows 0, 1, 2 are 0, 2, 3 now
    edges = Laid(4, np.array([2]))
    now = pa.array([0, 2, 1, 3], pa.int32())

    assert edges.same(pa.array([0, 1, 2], pa.int32()), now, accounts)
    assert not edges.same(pa.array([0, 2, 2], pa.int32()), now, accounts)
