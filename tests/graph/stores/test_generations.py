"""A refresh is seen at once and whole: the laws of ``publish`` and of rings, over every adapter."""

import threading
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from graph.errors import InputError, NotFound
from graph.facts import Edge, Facts, Node
from graph.schema import NodeType
from graph.store import Generation, GraphStore

A, IP = NodeType.ACCOUNT, NodeType.IP
ACCOUNTS = [f"a{i:03d}" for i in range(60)]


def written(store: GraphStore) -> None:
    ties = [Edge(f"account:{key}", "SEEN_AT", "ip:x", 1, 2) for key in ACCOUNTS]
    store.write(Facts((Node(IP, "x", 1),), tuple(ties)))


def generation(number: int, keys: Sequence[str] = ACCOUNTS) -> Generation:
    """A generation whose every score, ring and membership says its number."""
    scores = pa.table(
        {
            "key": list(keys),
            "score": [float(number)] * len(keys),
            "ring_id": [f"r{number}"] * len(keys),
            "mates": pa.array([number] * len(keys), pa.int32()),
        }
    )
    rings = pa.table(
        {
            "ring_id": [f"r{number}", "weak"],
            "score": [0.9, 0.1],
            "size": [len(keys), 2],
            "status": ["flagged", "found"],
            "first_seen": [1, 2],
            "last_seen": [10, 20],
            "detail": [f'{{"number": {number}, "reasons": ["ü"]}}', "{}"],
        }
    )
    members = pa.table(
        {
            "ring_id": [f"r{number}"] * 3,
            "account_id": ["a002", "a000", "a001"],
            "strength": [0.5, 0.5, 1.0],
            "since": [7, 8, 9],
        }
    )
    return Generation(number, number * 100, {"account": scores}, rings, members)


def test_before_the_first_refresh_there_is_no_generation(store: GraphStore) -> None:
    written(store)

    assert store.generation() == (0, 0)
    assert store.rings() == []
    assert store.snapshot().generation == 0


def test_published_columns_are_in_snapshot_and_neighbourhood(store: GraphStore) -> None:
    written(store)

    store.publish(generation(7))

    assert store.generation() == (7, 700)
    for piece in (store.snapshot(), store.neighbourhood(["ip:x"])):
        assert (piece.generation, piece.as_of) == (7, 700)
        assert set(piece.numbers(A, "score")) == {7.0}
        assert set(piece.texts(A, "ring_id").to_pylist()) == {"r7"}
        assert piece.nodes[A]["mates"].to_pylist() == [7] * len(ACCOUNTS)
        assert "score" not in piece.nodes[IP].column_names


def test_a_past_snapshot_has_no_published_columns(store: GraphStore) -> None:
    written(store)
    store.publish(generation(7))

    piece = store.snapshot(10)

    assert piece.generation == 0
    assert "score" not in piece.nodes[A].column_names


def test_what_a_generation_does_not_say_is_unknown(store: GraphStore) -> None:
    written(store)
    table = pa.table(
        {"key": ["a001", "gone"], "score": [float("nan"), 0.5], "ring_id": [None, "r"]}
    )

    store.publish(Generation(1, 5, {"account": table}))

    piece = store.snapshot()
    assert np.isnan(piece.numbers(A, "score")).all()
    assert piece.texts(A, "ring_id").null_count == len(ACCOUNTS)
    assert store.counts()["account"] == len(ACCOUNTS)


def test_a_later_generation_replaces_all_of_an_earlier_one(store: GraphStore) -> None:
    written(store)
    store.publish(generation(1))

    store.publish(generation(2, ["a001"]))

    piece = store.snapshot()
    assert piece.texts(A, "ring_id").drop_null().to_pylist() == ["r2"]
    assert [ring.ring_id for ring in store.rings()] == ["r2", "weak"]
    with pytest.raises(NotFound):
        store.ring("r1")


@pytest.mark.parametrize("number", [1, 2])
def test_an_older_or_equal_generation_changes_nothing(store: GraphStore, number: int) -> None:
    written(store)
    store.publish(generation(2))

    store.publish(Generation(number, 9999))

    assert store.generation() == (2, 200)
    assert set(store.snapshot().numbers(A, "score")) == {2.0}


def test_rings_come_highest_score_first_and_one_ring_with_its_members(store: GraphStore) -> None:
    written(store)
    store.publish(generation(3))

    rings = store.rings()
    ring = store.ring("r3")

    assert [(r.ring_id, r.score, r.size, r.status, r.members) for r in rings] == [
        ("r3", 0.9, len(ACCOUNTS), "flagged", ()),
        ("weak", 0.1, 2, "found", ()),
    ]
    assert ring.members == (("a001", 1.0, 9), ("a000", 0.5, 8), ("a002", 0.5, 7))
    assert ring.detail == {"number": 3, "reasons": ["ü"]}
    assert (ring.first_seen, ring.last_seen) == (1, 10)


def test_rings_touch_neither_degrees_nor_neighbours(store: GraphStore) -> None:
    written(store)
    before = store.snapshot()
    around = store.neighbourhood(["account:a001"], hops=2)

    store.publish(Generation(1, 1, {}, generation(1).rings, generation(1).members))

    assert store.snapshot().digest == before.digest
    assert store.neighbourhood(["account:a001"], hops=2).digest == around.digest
    assert store.neighbours("account:a001", kind=None, limit=9, cursor=None).total == 1
    assert "MEMBER_OF" not in store.counts()
    assert "ring" not in store.counts()


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"score": [1.0]}),
        pa.table({"key": ["a001"], "degree": [1]}),
        pa.table({"key": ["a001"], "country": ["DE"]}),
        pa.table({"key": ["a001"], "bad name": [1]}),
        pa.table({"key": ["a001"], "list": [[1, 2]]}),
    ],
    ids=["no key", "degree", "property", "name", "list"],
)
def test_columns_that_cannot_be_published_are_refused(store: GraphStore, table: pa.Table) -> None:
    written(store)

    with pytest.raises(InputError):
        store.publish(Generation(1, 1, {"account": table}))

    assert store.generation() == (0, 0)


def test_a_reader_never_sees_half_a_generation(store: GraphStore) -> None:
    written(store)
    store.publish(generation(1))
    torn: list[object] = []
    seen: set[int] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            piece = store.neighbourhood(["ip:x"])
            says = set(piece.numbers(A, "score")) | set(piece.nodes[A]["mates"].to_pylist())
            seen.add(piece.generation)
            if says != {float(piece.generation)} or piece.as_of != piece.generation * 100:
                torn.append((piece.generation, says))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 12):
        store.publish(generation(number))
    done.set()
    for reader in readers:
        reader.join()

    assert torn == []
    assert len(seen) > 1, "the readers must have run while generations came and went"
