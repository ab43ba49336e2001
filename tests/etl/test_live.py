"""A look between refreshes gives what a refresh would give, for less."""

import pytest

from etl.replay.front import Front
from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import unroll
from graph.schema import EDGE_OF, NodeType
from graph.stores.sqlite import SqliteStore
from tests.etl.worlds import crowd


@pytest.fixture
def timeline() -> Timeline:
    return crowd(accounts=40, requests=500, seed=11)


def test_the_front_at_any_moment_is_what_a_store_told_everything_holds(timeline):
    front = Front(unroll(timeline))

    for before in (5, 5, 130, 399, 10_000):
        front.advance(before)
        store = SqliteStore(None)
        store.write(unroll(timeline).between(0, before))
        assert front.snapshot().digest == store.snapshot().digest
        store.close()


def test_the_front_never_goes_back(timeline):
    front = Front(unroll(timeline))
    front.advance(300)
    there = front.snapshot().digest

    front.advance(100)

    assert front.snapshot().digest == there


def test_what_surrounds_an_account_holds_all_its_edges_and_all_its_mates(timeline):
    front = Front(unroll(timeline))
    front.advance(350)
    whole = edges_of(front.snapshot())

    around = edges_of(front.around(["a003", "a017"], also=["a001"]))

    mine = {edge for edge in whole if edge[1] in {"a003", "a017"}}
    things = {(edge[0], edge[2]) for edge in mine}
    assert around == {edge for edge in whole if (edge[0], edge[2]) in things}
    assert "a001" in front.around([], also=["a001"]).keys(NodeType.ACCOUNT).to_pylist()


def test_rows_of_a_few_accounts_end_with_the_moment(timeline):
    rows = timeline.of_accounts("requests", ["a003", "nobody", "a001"], until=200)

    everything = timeline.read("requests", until=200).to_pylist()
    expected = [row for row in everything if row["account_id"] in {"a001", "a003"}]
    assert rows.to_pylist() == expected
    assert timeline.of_accounts("labels", ["a003"], until=200).num_rows == 0


def test_a_lazy_store_refuses_to_look_back(timeline):
    store = LazyStore(SqliteStore(None), unroll(timeline))
    store.advance(100)

    with pytest.raises(NotImplementedError):
        store.snapshot(50)


def edges_of(snapshot) -> set[tuple[object, ...]]:
    found = set()
    for verb, table in snapshot.edges.items():
        spec = EDGE_OF[verb]
        if spec.source is not NodeType.ACCOUNT:
            continue
        source = snapshot.keys(spec.source).to_pylist()
        target = snapshot.keys(spec.target).to_pylist()
        for row in table.to_pylist():
            counted = (row["first_seen"], row["last_seen"], row["count"])
            found.add((verb, source[row["source"]], target[row["target"]], *counted))
    return found
