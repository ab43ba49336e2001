"""A store told only what is asked for answers like one that was told everything."""

import numpy as np
import pyarrow as pa
import pytest

from etl.replay.lazily import LazyStore
from etl.replay.timeline import Timeline
from etl.replay.unrolled import signup_of, unroll
from gnn.vicinity import Vicinity, ids_of
from graph.schema import EDGE_OF, NodeType, split_id
from graph.store import Generation
from graph.stores.sqlite import SqliteStore
from tests.etl.worlds import crowd


@pytest.fixture
def unrolled():
    return unroll(crowd(accounts=60, requests=900, seed=3))


def eager(unrolled, before: int) -> SqliteStore:
    store = SqliteStore(None)
    store.write(unrolled.between(0, before))
    return store


@pytest.mark.parametrize("before", [1, 200, 555, 100_000])
def test_its_snapshot_is_the_one_of_a_store_that_was_told_everything(unrolled, before):
    lazy = LazyStore(SqliteStore(None), unrolled)

    lazy.advance(before)

    with eager(unrolled, before) as store:
        assert lazy.snapshot().digest == store.snapshot().digest


def test_whatever_is_asked_in_the_course_of_time_is_answered_alike(unrolled):
    lazy = LazyStore(SqliteStore(None), unrolled)
    rng = np.random.default_rng(1)

    for before in np.sort(rng.integers(0, 600, 25)).tolist():
        lazy.advance(before)
        with eager(unrolled, before) as store:
            ids = entities(store, rng)
            assert shown(lazy.neighbourhood(ids), ids) == shown(store.neighbourhood(ids), ids)


def test_a_cut_neighbourhood_shows_the_same_most_recent_accounts(unrolled):
    lazy = LazyStore(SqliteStore(None), unrolled)
    lazy.advance(500)

    with eager(unrolled, 500) as store:
        ids = ["device:dev", "subnet:203.0.1.0/24"]
        cut = shown(store.neighbourhood(ids, per_id=5), ids)

        assert shown(lazy.neighbourhood(ids, per_id=5), ids) == cut
        assert len(cut[0]) < store.counts()["account"]


def test_columns_of_a_refresh_are_seen_on_what_is_asked_for_only_later(unrolled):
    lazy = LazyStore(SqliteStore(None), unrolled)
    lazy.advance(300)
    keys = lazy.snapshot().keys(NodeType.ACCOUNT)
    scores = pa.table({"key": keys, "score": np.linspace(0, 1, len(keys))})
    subnets = pa.table({"key": ["203.0.1.0/24"], "heat": [0.25]})

    lazy.publish(Generation(1, 299, {"account": scores, "subnet": subnets}))

    piece = lazy.neighbourhood(["subnet:203.0.1.0/24"])
    assert piece.numbers(NodeType.SUBNET, "heat").tolist() == [0.25]
    assert not np.isnan(piece.numbers(NodeType.ACCOUNT, "score")).any()
    assert (piece.generation, lazy.generation()) == (1, (1, 299))


def test_the_view_of_a_sign_up_is_the_same_through_either_store(unrolled):
    timeline = crowd(accounts=60, requests=900, seed=3)
    lazy = LazyStore(SqliteStore(None), unroll(timeline))

    for event in signups(timeline)[::7]:
        lazy.advance(event.at)
        with eager(unrolled, event.at) as store:
            one, other = (s.neighbourhood(ids_of(event), per_id=100) for s in (lazy, store))
            assert Vicinity.of(event, one).keys == Vicinity.of(event, other).keys
            assert seen(Vicinity.of(event, one)) == seen(Vicinity.of(event, other))


def signups(timeline: Timeline):
    return [signup_of(row, row["at"]) for row in timeline.read("signups").to_pylist()]


def seen(vicinity: Vicinity):
    return {
        name: (tie.accounts, tie.first_seen, tie.rows, tie.seen_at)
        for name, tie in vicinity.ties.items()
    }


def entities(store: SqliteStore, rng: np.random.Generator) -> list[str]:
    snapshot = store.snapshot()
    ids = [
        f"{kind.value}:{key}"
        for kind in snapshot.nodes
        if kind is not NodeType.ACCOUNT
        for key in snapshot.keys(kind).to_pylist()
    ]
    return rng.choice(ids, min(6, len(ids)), replace=False).tolist() if ids else []


def shown(piece, ids):
    """Accounts, and every edge with its figures, by key; degrees of what was named."""
    keys = {kind: piece.keys(kind).to_pylist() for kind in piece.nodes}
    edges = set()
    for verb, table in piece.edges.items():
        spec = EDGE_OF[verb]
        for row in table.to_pylist():
            ends = (keys[spec.source][row["source"]], keys[spec.target][row["target"]])
            edges.add((verb, *ends, row["first_seen"], row["last_seen"], row["count"]))
    degrees = {
        identity: piece.numbers(kind, "degree")[keys[kind].index(key)]
        for identity in ids
        for kind, key in [split_id(identity)]
        if key in keys.get(kind, [])
    }
    return keys.get(NodeType.ACCOUNT, []), edges, degrees


def test_what_several_ask_for_is_told_each_as_if_it_had_asked_alone(unrolled):
    lazy = LazyStore(SqliteStore(None), unrolled)
    lazy.advance(500)
    asks = [["device:dev", "subnet:203.0.1.0/24"], ["device:nobody"], ["device:dev"]]

    with eager(unrolled, 500) as store:
        alone = [shown(store.neighbourhood(ids, per_id=5), ids) for ids in asks]

    together = lazy.neighbourhoods(asks, per_id=5)

    assert [shown(one, ids) for one, ids in zip(together, asks, strict=True)] == alone
