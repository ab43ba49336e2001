"""A hub costs no more than another node: measured on a graph with an address of 50,000 accounts.

Times are CPU times of interleaved runs and only their ratios are asserted; what a read touches is
asserted as a number of statements, which no busy machine can change.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.facts import Edge, Facts
from graph.retell import retell
from graph.schema import NodeType
from graph.simulate.bulk import bulk
from graph.snapshot import Snapshot
from graph.stores.sqlite import SqliteStore

pytestmark = pytest.mark.slow
HUB = 50_000
SHOWN = 25


@pytest.fixture(scope="module")
def graph() -> Snapshot:
    return bulk(accounts=100_000, edges=400_000, hub=HUB, seed=3)


@pytest.fixture(scope="module")
def loaded(
    graph: Snapshot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SqliteStore, Path]]:
    path = tmp_path_factory.mktemp("scale") / "graph.db"
    with SqliteStore(path) as store:
        store.load(retell(graph))
        yield store, path


def plain(graph: Snapshot) -> str:
    """An address with about twice as many accounts as are shown."""
    table = graph.nodes[NodeType.IP]
    for key, degree in zip(table["key"].to_pylist(), table["degree"].to_pylist(), strict=True):
        if SHOWN < degree < 4 * SHOWN:
            return f"ip:{key}"
    raise AssertionError("the graph has no address of middling degree")


def ratio(store: SqliteStore, hub: str, other: str, hops: int) -> float:
    """Median CPU time of reading around ``hub`` over that of ``other``."""
    spent: dict[str, list[float]] = {hub: [], other: []}
    for _ in range(60):
        for identity, times in spent.items():
            started = time.process_time()
            store.neighbourhood([identity], per_id=SHOWN, hops=hops)
            times.append(time.process_time() - started)
    return statistics.median(spent[hub]) / statistics.median(spent[other])


def test_the_store_holds_the_bulk_graph(graph: Snapshot, loaded: tuple[SqliteStore, Path]) -> None:
    found = loaded[0].snapshot()

    assert found.edges == graph.edges
    for kind, table in graph.nodes.items():
        assert found.nodes[kind].select(table.column_names) == table


def test_a_hub_of_fifty_thousand_reads_like_an_address_of_fifty(
    graph: Snapshot, loaded: tuple[SqliteStore, Path]
) -> None:
    store = loaded[0]
    other = plain(graph)

    assert ratio(store, "ip:hub", other, hops=1) < 1.5
    assert ratio(store, "ip:hub", other, hops=2) < 2.0


def test_a_read_takes_as_many_statements_for_a_hub_as_for_another(
    graph: Snapshot, loaded: tuple[SqliteStore, Path]
) -> None:
    store = loaded[0]

    def statements(identity: str) -> int:
        seen: list[str] = []
        with store._link.reading() as db:
            db.set_trace_callback(seen.append)
            store.neighbourhood([identity], per_id=SHOWN)
            db.set_trace_callback(None)
        return len(seen)

    assert statements("ip:hub") == statements(plain(graph)) <= 10


def test_a_page_of_a_hub_and_its_total_do_not_read_the_hub(
    loaded: tuple[SqliteStore, Path],
) -> None:
    """The virtual machine's steps grow with the page, not with the 50,000."""
    store = loaded[0]

    def steps(limit: int) -> int:
        counted = [0]

        def tick() -> int:
            counted[0] += 1
            return 0

        with store._link.reading() as db:
            db.set_progress_handler(tick, 100)
            page = store.neighbours("ip:hub", kind="account", limit=limit, cursor=None)
            db.set_progress_handler(None, 0)
        assert page.total >= HUB
        return counted[0] * 100

    assert steps(50) < 50_000


def test_writing_one_signup_to_a_hub_does_not_read_the_hub(
    loaded: tuple[SqliteStore, Path],
) -> None:
    store = loaded[0]
    before = store.neighbourhood(["ip:hub"], per_id=1).nodes[NodeType.IP]["degree"][0].as_py()
    counted = [0]

    def tick() -> int:
        counted[0] += 1
        return 0

    with store._link.writing() as db:
        db.set_progress_handler(tick, 100)
    store.write(Facts((), (Edge("account:new", "SEEN_AT", "ip:hub", 1, 2**60),)))
    with store._link.writing() as db:
        db.set_progress_handler(None, 0)

    piece = store.neighbourhood(["ip:hub"], per_id=1)
    assert piece.keys(NodeType.ACCOUNT).to_pylist() == ["new"]
    assert piece.nodes[NodeType.IP]["degree"][0].as_py() == before + 1
    assert counted[0] * 100 < 20_000
