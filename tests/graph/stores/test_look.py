"""What people ask of a store: edges among named nodes, counts, names, flags, rings as they were.

Each test runs over every kind of store.
"""

import json

import pyarrow as pa
import pytest

from graph.facts import Edge, Facts, Node
from graph.schema import EDGE_OF, NodeType
from graph.store import VERSIONS_KEPT, Flag, Generation, GraphStore

ACCOUNTS = tuple(Node(NodeType.ACCOUNT, f"a{n}", 1) for n in range(6))
HUB = Node(NodeType.SUBNET, "203.0.113.0/24", 1)
CARD = Node(NodeType.PAYMENT_METHOD, "card", 1)
ISSUER = Node(NodeType.ISSUER, "bin", 1)
EDGES = (
    *(Edge(a.id, "SEEN_IN", HUB.id, 1, n) for n, a in enumerate(ACCOUNTS, 1)),
    *(Edge(a.id, "PAID_WITH", CARD.id, 2, 3) for a in ACCOUNTS[:2]),
    Edge(CARD.id, "ISSUED_BY", ISSUER.id, 2, 3),
    Edge("account:a1", "REFERRED_BY", "account:a0", 1, 1),
)


def filled(store: GraphStore) -> GraphStore:
    """A hub, a card of two accounts with its issuer, and one account that referred another."""
    store.write(Facts((*ACCOUNTS, HUB, CARD, ISSUER), EDGES))
    return store


def ring(number: int, version: int, members: list[str], flags: list[Flag]) -> Generation:
    """A generation with ring ``r`` at a version."""
    detail = json.dumps({"version": version, "genome": {"large": True}})
    rings = pa.table(
        {
            "ring_id": ["r"], "score": [0.5], "size": [len(members)], "status": ["active"],
            "first_seen": [1], "last_seen": [number], "detail": [detail],
        }
    )  # fmt: skip
    rows = [
        {"ring_id": "r", "account_id": member, "strength": 1 - place / 10, "since": 1}
        for place, member in enumerate(members)
    ]
    flagged = pa.table(
        {
            "account_id": [flag.account_id for flag in flags],
            "score": [flag.score for flag in flags],
            "ring_id": pa.array([flag.ring_id for flag in flags], pa.string()),
            "since": pa.array([flag.since for flag in flags], pa.int64()),
        }
    )
    columns = {"account": pa.table({"key": ["a0"], "score": [0.5]})}
    return Generation(number, number * 100, columns, rings, pa.Table.from_pylist(rows), flagged)


def pairs(store: GraphStore, ids: list[str]) -> set[tuple[str, str, str]]:
    """The edges among ``ids`` as (source key, verb, target key)."""
    piece = store.between(ids)
    found = set()
    for verb in piece.edges:
        sources, targets = (piece.keys(k) for k in (EDGE_OF[verb].source, EDGE_OF[verb].target))
        for source, target in zip(*piece.ends(verb), strict=True):
            found.add((sources[int(source)].as_py(), verb, targets[int(target)].as_py()))
    return found


def test_between_gives_every_edge_among_named_nodes_and_no_other(store: GraphStore) -> None:
    filled(store)

    found = pairs(store, ["account:a0", "account:a1", CARD.id, ISSUER.id, "account:none"])

    assert found == {
        ("a0", "PAID_WITH", "card"),
        ("a1", "PAID_WITH", "card"),
        ("card", "ISSUED_BY", "bin"),
        ("a1", "REFERRED_BY", "a0"),
    }


def test_between_keeps_named_nodes_that_nothing_ties_with_their_true_degree(
    store: GraphStore,
) -> None:
    filled(store)

    piece = store.between([HUB.id, ISSUER.id])

    assert piece.nodes[NodeType.SUBNET]["degree"].to_pylist() == [6]
    assert not piece.edges


def test_many_named_nodes_are_found_like_few(store: GraphStore) -> None:
    many = tuple(Node(NodeType.ACCOUNT, f"m{n:03d}", 1) for n in range(100))
    store.write(Facts((*many, CARD), tuple(Edge(a.id, "PAID_WITH", CARD.id, 1, 1) for a in many)))
    ids = [account.id for account in many]

    whole = store.between([*ids, CARD.id, *ids, "account:none"])

    assert whole.keys(NodeType.ACCOUNT).to_pylist() == [account.key for account in many]
    assert whole.edges["PAID_WITH"].num_rows == 100
    assert len(store.degrees([*ids, "ip:none"])) == 100


def test_between_of_nothing_is_an_empty_piece(store: GraphStore) -> None:
    assert not store.between([]).nodes
    assert not store.between(["account:none"]).nodes


def test_degrees_count_edges_by_the_kind_at_their_other_end(store: GraphStore) -> None:
    filled(store)

    found = store.degrees(["account:a0", HUB.id, CARD.id, ISSUER.id, "account:none"])

    assert found == {
        "account:a0": {"subnet": 1, "payment_method": 1, "account": 1},
        HUB.id: {"account": 6},
        CARD.id: {"account": 2, "issuer": 1},
        ISSUER.id: {"payment_method": 1},
    }


@pytest.mark.parametrize(
    ("prefix", "limit", "expected"),
    [("a", 3, ["a0", "a1", "a2"]), ("a5", 9, ["a5"]), ("b", 9, []), ("", 2, ["a0", "a1"])],
)
def test_keys_are_found_by_how_they_begin(
    store: GraphStore, prefix: str, limit: int, expected: list[str]
) -> None:
    filled(store)

    assert store.find("account", prefix, limit) == expected


def test_flags_come_highest_score_first_and_near_a_node_only_those_tied_to_it(
    store: GraphStore,
) -> None:
    filled(store)
    flags = [Flag("a1", 0.4, "r", 7), Flag("a5", 0.9, None, 7), Flag("gone", 0.5, None, 7)]

    store.publish(ring(1, 1, ["a1"], flags))

    assert [flag.account_id for flag in store.flags()] == ["a5", "gone", "a1"]
    assert store.flags(near=HUB.id) == [Flag("a5", 0.9, None, 7), Flag("a1", 0.4, "r", 7)]
    assert store.flags(near=CARD.id) == [Flag("a1", 0.4, "r", 7)]
    assert store.flags(near=ISSUER.id) == store.flags(near="ip:none") == []


def test_a_later_generations_flags_replace_the_earlier(store: GraphStore) -> None:
    filled(store)
    store.publish(ring(1, 1, ["a1"], [Flag("a1", 0.4, "r", 7)]))

    store.publish(ring(2, 1, ["a1"], []))

    assert store.flags() == []


def test_a_ring_is_told_as_it_was_at_a_moment(store: GraphStore) -> None:
    filled(store)
    store.publish(ring(1, 1, ["a1", "a2"], []))
    store.publish(ring(2, 1, ["a1", "a2"], []))
    store.publish(ring(3, 2, ["a1", "a2", "a3"], []))

    early, late, last = store.ring_at("r", 250), store.ring_at("r", 300), store.ring_at("r")

    assert early is not None
    assert late == last is not None
    assert early[1] == 100
    assert [member for member, _, _ in early[0].members] == ["a1", "a2"]
    assert late is not None
    assert late[1] == 300
    assert late[0].size == 3
    assert "genome" not in late[0].detail
    assert store.ring_at("r", 99) is None
    assert store.ring_at("other") is None
    assert store.ring_versions("r") == {1: 100, 2: 300}


def test_a_ring_that_is_gone_is_still_told_as_it_was_last(store: GraphStore) -> None:
    filled(store)
    store.publish(ring(1, 1, ["a1", "a2"], []))

    store.publish(Generation(2, 200))

    last = store.ring_at("r")
    assert last is not None
    assert last[0].size == 2
    assert not store.rings()


def test_only_so_many_versions_of_a_ring_are_kept(store: GraphStore) -> None:
    filled(store)

    for number in range(1, VERSIONS_KEPT + 4):
        store.publish(ring(number, number, ["a1"], []))

    assert len(store.ring_versions("r")) == VERSIONS_KEPT
    assert min(store.ring_versions("r")) == 4


def test_a_cleared_store_remembers_no_version(store: GraphStore) -> None:
    filled(store)
    store.publish(ring(1, 1, ["a1"], [Flag("a1", 0.4, None, 7)]))

    store.clear()

    assert store.ring_versions("r") == {}
    assert store.flags() == []
