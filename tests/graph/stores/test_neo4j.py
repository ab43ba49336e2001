"""What only the Neo4j adapter has: the driver's errors, one round trip a read, absent servers."""

import logging
import socket
import threading
import time

import pytest
from neo4j import GraphDatabase, exceptions

from graph.errors import RingError, SettingsError, StoreError, StoreUnavailable
from graph.facts import Edge, Facts
from graph.schema import NodeType
from graph.store import GraphStore
from graph.stores import neo4j_text, open_store
from graph.stores.neo4j import Neo4jStore
from graph.stores.neo4j_link import TRANSLATIONS, Link, translated, translation_of

Address = tuple[str, str, str]


def tree(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(found for child in root.__subclasses__() for found in tree(child))]


DRIVER_ERRORS = tree(exceptions.Neo4jError) + tree(exceptions.DriverError)


@pytest.mark.parametrize("theirs", DRIVER_ERRORS, ids=lambda c: c.__name__)
def test_every_error_of_the_driver_becomes_one_of_ours(theirs: type[Exception]) -> None:
    ours = translation_of(theirs)

    assert ours is not None
    assert issubclass(ours, StoreError | SettingsError)


@pytest.mark.parametrize("theirs", DRIVER_ERRORS, ids=lambda c: c.__name__)
def test_what_the_driver_would_try_again_is_called_unavailable(theirs: type[Exception]) -> None:
    error = theirs.__new__(theirs)
    Exception.__init__(error, "no")

    if error.is_retryable():
        assert translation_of(theirs) is StoreUnavailable


def test_the_most_specific_class_is_named_first() -> None:
    for i, (theirs, _) in enumerate(TRANSLATIONS):
        assert not any(issubclass(theirs, earlier) for earlier, _ in TRANSLATIONS[:i]), theirs


def test_a_translated_error_keeps_its_cause_and_names_the_server() -> None:
    with pytest.raises(RingError, match="bolt://host: gone") as caught, translated("bolt://host"):
        raise exceptions.ServiceUnavailable("gone")

    assert isinstance(caught.value.__cause__, exceptions.ServiceUnavailable)


def test_a_server_that_is_not_there_is_unavailable_at_once() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = time.monotonic()

    with pytest.raises(StoreUnavailable):
        open_store(f"bolt://127.0.0.1:{port}", "neo4j", "secret-word")

    assert time.monotonic() - started < 10


def test_a_server_that_never_answers_is_unavailable_in_the_time_given() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(StoreUnavailable):
            Neo4jStore(f"bolt://127.0.0.1:{silent.getsockname()[1]}", "neo4j", "x", wait_s=0.5)


def test_a_server_that_is_gone_is_told_in_one_line_and_by_nobody_else() -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        url = f"bolt://127.0.0.1:{gone.getsockname()[1]}"

    with pytest.raises(StoreUnavailable) as told:
        Neo4jStore(url, "neo4j", "x", wait_s=0.5)

    assert str(told.value).startswith(f"{url}: ")
    assert len(str(told.value).splitlines()) == 1
    handlers = logging.getLogger("neo4j").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


def test_a_password_is_in_no_representation() -> None:
    link = Link("bolt://host", ("neo4j", "secret-word"), 1.0)

    assert "secret-word" not in repr(link)


@pytest.mark.neo4j
def test_a_wrong_password_is_a_wrong_setting(neo4j_address: Address) -> None:
    url, user, _ = neo4j_address

    with pytest.raises(SettingsError) as caught:
        open_store(url, user, "not-the-word")

    assert "not-the-word" not in str(caught.value)


@pytest.mark.neo4j
def test_a_neighbourhood_is_one_round_trip_however_much_is_asked(neo4j_store: GraphStore) -> None:
    assert isinstance(neo4j_store, Neo4jStore)
    ties = [Edge(f"account:a{i}", "SEEN_AT", f"ip:x{i % 7}", 1, i) for i in range(60)]
    ties += [Edge(f"account:a{i}", "USED", f"device:d{i % 9}", 1, i) for i in range(60)]
    neo4j_store.write(Facts((), tuple(ties)))
    ids = ["ip:x1", "ip:x2", "device:d3", "account:a5", "phone:unknown"]

    for hops in (1, 2):
        before = neo4j_store.round_trips
        neo4j_store.neighbourhood(ids, hops=hops)
        assert neo4j_store.round_trips == before + 1


@pytest.mark.neo4j
def test_a_hubs_neighbours_come_from_the_index_in_order(
    neo4j_store: GraphStore, neo4j_address: Address
) -> None:
    """No operator of the plan sorts or expands the address: its degree cannot matter."""
    url, user, password = neo4j_address
    ties = [Edge(f"account:a{i}", "SEEN_AT", "ip:x", 1, i) for i in range(50)]
    neo4j_store.write(Facts((), tuple(ties)))
    statement = neo4j_text.neighbourhood(frozenset({NodeType.IP}), 1)

    with GraphDatabase.driver(url, auth=(user, password)) as driver:
        summary = driver.execute_query(
            "EXPLAIN " + statement, {"ip": [["x", 1]], "limit": 5}
        ).summary

    operators = names(summary.plan)
    assert any("DirectedRelationshipIndexSeek" in name for name in operators)
    assert any("PartialTop" in name for name in operators)
    expanded = [n for n in operators if n.startswith("Expand") and "SEEN_AT" in n]
    assert expanded == []


def names(plan: dict[str, object]) -> list[str]:
    """Operators of a plan with their details."""
    details = plan["args"].get("Details", "")
    found = [f"{plan['operatorType']} {details}"]
    for child in plan.get("children", []):
        found += names(child)
    return found


@pytest.mark.neo4j
def test_writers_at_once_lose_nothing_and_leave_true_degrees(
    neo4j_store: GraphStore, neo4j_address: Address
) -> None:
    failures: list[Exception] = []

    def tell(part: int) -> None:
        try:
            with open_store(*neo4j_address) as store:
                for i in range(12):
                    tie = Edge(f"account:a{part}-{i}", "SEEN_AT", "ip:x", 1, i)
                    same = Edge("account:both", "SEEN_AT", "ip:x", 1, 5, i, i)
                    store.write(Facts((), (tie, same)))
        except RingError as error:
            failures.append(error)

    threads = [threading.Thread(target=tell, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    piece = neo4j_store.neighbourhood(["ip:x"], per_id=100)
    assert len(piece.edges["SEEN_AT"]) == 37
    assert piece.nodes[next(k for k in piece.nodes if k == "ip")]["degree"].to_pylist() == [37]


@pytest.mark.neo4j
def test_what_is_not_ours_on_the_server_is_left_alone(
    neo4j_store: GraphStore, neo4j_address: Address
) -> None:
    url, user, password = neo4j_address
    with GraphDatabase.driver(url, auth=(user, password)) as driver:
        driver.execute_query("CREATE (:Foreign {name: 'theirs'})")

        neo4j_store.clear()

        left = driver.execute_query("MATCH (n:Foreign) DELETE n RETURN count(n)").records[0][0]
    assert left == 1
    assert neo4j_store.counts() == {}
