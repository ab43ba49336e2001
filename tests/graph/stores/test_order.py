"""Any order of arrival gives the same graph, and both stores the same answers: drawn at random.

Graphs are drawn small and with few distinct moments and versions, so that conflicts, ties at a cut,
tombstones and repeats are common rather than rare.
"""

import random
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from graph.facts import NEVER, Edge, Facts, Node
from graph.retell import retell
from graph.schema import EDGE_OF, NodeType, node_id
from graph.simulate.bulk import bulk
from graph.snapshot import Snapshot
from graph.store import GraphStore
from graph.stores import open_store
from graph.stores.batch import WRITTEN_VERBS

KEYS = st.sampled_from(["a", "b", "c", "d"])
MOMENTS = st.integers(0, 6)
VERBS = st.sampled_from(["SEEN_AT", "PAID_WITH", "ISSUED_BY", "REFERRED_BY", "ROUTED_BY"])


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    kind = draw(st.sampled_from([NodeType.ACCOUNT, NodeType.IP]))
    name = {NodeType.ACCOUNT: "plan", NodeType.IP: "ip_class"}[kind]
    known = draw(st.sampled_from([{}, {name: "x"}, {name: "y"}, {"country": "DE"}]))
    version = draw(st.integers(0, 2))
    first = draw(st.one_of(MOMENTS, st.just(NEVER))) if version else draw(MOMENTS)
    return Node(kind, draw(KEYS), first, known, version)


@st.composite
def edges(draw: st.DrawFn) -> Edge:
    spec = EDGE_OF[draw(VERBS)]
    first = draw(MOMENTS)
    ends = node_id(spec.source, draw(KEYS)), spec.verb, node_id(spec.target, draw(KEYS))
    count = draw(st.integers(0, 3))
    return Edge(*ends, first, first + draw(MOMENTS), count, draw(st.integers(0, 2)))


FACTS = st.lists(st.one_of(nodes(), edges()), max_size=30)
SEVERAL = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def told(facts: list[Node | Edge]) -> Facts:
    return Facts(
        tuple(fact for fact in facts if isinstance(fact, Node)),
        tuple(fact for fact in facts if isinstance(fact, Edge)),
    )


def everything(store: GraphStore) -> list[object]:
    """All that can be asked, as values to compare."""
    ids = [node_id(kind, key) for kind in NodeType for key in "abcd"]
    found: list[object] = [store.snapshot().digest, store.snapshot(3).digest, dict(store.counts())]
    found += [store.neighbourhood(ids, per_id=n, hops=h).digest for n in (1, 2, 9) for h in (1, 2)]
    piece = store.snapshot()
    for kind in piece.nodes:
        for key in piece.keys(kind).to_pylist():
            found += pages(store, node_id(kind, key))
    return found


def pages(store: GraphStore, identity: str) -> list[object]:
    shown: list[object] = []
    cursor = None
    while True:
        page = store.neighbours(identity, kind=None, limit=2, cursor=cursor)
        shown.append((page.total, page.piece.digest, page.next_cursor))
        cursor = page.next_cursor
        if cursor is None:
            return shown


@given(facts=FACTS, seed=st.integers(0, 99))
@SEVERAL
def test_any_order_and_grouping_of_writes_gives_the_same_graph(
    sqlite_store: GraphStore, facts: list[Node | Edge], seed: int
) -> None:
    sqlite_store.clear()
    sqlite_store.write(told(facts))
    once = everything(sqlite_store)
    chance = random.Random(seed)
    shuffled = chance.sample(facts, len(facts)) + chance.sample(facts, len(facts) // 2)

    sqlite_store.clear()
    while shuffled:
        cut = chance.randint(1, 4)
        sqlite_store.write(told(shuffled[:cut]))
        shuffled = shuffled[cut:]

    assert everything(sqlite_store) == once


@given(facts=FACTS)
@SEVERAL
def test_degrees_and_counts_are_those_of_the_edges_there_are(
    sqlite_store: GraphStore, facts: list[Node | Edge]
) -> None:
    sqlite_store.clear()
    for fact in facts:
        # The journal takes a node out only with its edges; without them degrees say more.
        if fact.first_seen < NEVER:
            sqlite_store.write(told([fact]))

    piece = sqlite_store.snapshot()

    assert degrees(piece) == {
        (kind, key): degree
        for kind, table in piece.nodes.items()
        for key, degree in zip(*table.select(["key", "degree"]).to_pydict().values(), strict=True)
    }


def degrees(piece: Snapshot) -> dict[tuple[NodeType, str], int]:
    """Degrees counted the slow way."""
    counted = {(kind, key): 0 for kind in piece.nodes for key in piece.keys(kind).to_pylist()}
    for verb in piece.edges:
        spec = EDGE_OF[verb]
        for source, target in zip(*piece.ends(verb), strict=True):
            ends = {
                (spec.source, piece.keys(spec.source)[int(source)].as_py()),
                (spec.target, piece.keys(spec.target)[int(target)].as_py()),
            }
            for end in ends:
                counted[end] += 1
    return counted


@pytest.mark.neo4j
@given(facts=FACTS, seed=st.integers(0, 99))
@settings(SEVERAL, max_examples=6)
def test_both_stores_answer_alike_whatever_they_were_told(
    sqlite_store: GraphStore, neo4j_store: GraphStore, facts: list[Node | Edge], seed: int
) -> None:
    for store in (sqlite_store, neo4j_store):
        store.clear()
    sqlite_store.write(told(facts))
    shuffled = random.Random(seed).sample(facts, len(facts))
    for start in range(0, len(shuffled), 7):
        neo4j_store.write(told(shuffled[start : start + 7]))

    assert everything(neo4j_store) == everything(sqlite_store)


def test_a_bulk_graph_comes_back_from_the_store_as_it_was_made(store: GraphStore) -> None:
    made = bulk(accounts=400, edges=1_200, hub=150, seed=5)

    store.load(retell(made, 500))

    found = store.snapshot()
    assert found.edges == made.edges
    for kind, table in made.nodes.items():
        assert found.nodes[kind].select(table.column_names) == table


def test_a_snapshot_told_to_another_store_is_the_same_snapshot(
    sqlite_store: GraphStore, tmp_path: Path
) -> None:
    sqlite_store.load(retell(bulk(accounts=100, edges=300, hub=50, seed=1)))
    piece = sqlite_store.snapshot()

    with open_store(f"sqlite:///{tmp_path}/other.db") as other:
        other.load(retell(piece, 77))
        assert other.snapshot().digest == piece.digest


def test_the_same_bulk_arguments_give_the_same_digest() -> None:
    first = bulk(1_000, 3_000, 100, seed=3)

    assert bulk(1_000, 3_000, 100, seed=3).digest == first.digest
    assert bulk(1_000, 3_000, 100, seed=4).digest != first.digest
    assert sum(len(table) for table in first.edges.values()) > 2_900
    hub = first.rows_of(NodeType.IP, ["hub"])[0]
    assert np.sum(first.ends("SEEN_AT")[1] == hub) == 100


def test_every_kind_is_tied_to_by_one_kind_alone() -> None:
    """Totals of neighbours by kind stand on it: edges in = degree less edges out."""
    for kind in NodeType:
        assert len({spec.source for spec in WRITTEN_VERBS.values() if spec.target is kind}) <= 1
