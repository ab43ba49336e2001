"""What a sign-up costs, counted: statements, transactions and rows, never seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Connection

from api.schemas.signup import SignupIn
from api.serving import applier, pending
from api.serving.job import Caller
from api.serving.service import Service
from api.serving.taking import Load
from gnn.vicinity import ids_of
from graph.facts import Edge, Facts
from graph.ledger import hot
from graph.store import Generation
from graph.stores import open_store
from graph.stores.sqlite_hop import NAMED
from graph.stores.sqlite_read import around
from tests.api.small_home import Home, newcomer


@contextmanager
def statements(connection: Any) -> Iterator[list[str]]:
    """What is executed on a connection of SQLite meanwhile."""
    found: list[str] = []
    connection.set_trace_callback(found.append)
    yield found
    connection.set_trace_callback(None)


def loads_of(service: Service, home: Home, count: int) -> list[Load]:
    found = []
    for n in range(count):
        body = {**newcomer(home), "account_id": f"costs-{n}", "email": f"one.{n}@example.org"}
        event, payment = service.events_of(SignupIn.model_validate(body))
        offers = () if payment is None else (payment,)
        found.append(Load(0, (event,), offers, ids_of(event, payment)))
    return found


@pytest.fixture
def taking_in(service: Service, home: Home) -> Callable[[int], tuple[list[str], list[str]]]:
    """The statements of journal and store while so many sign-ups are taken in at once."""

    def measured(count: int) -> tuple[list[str], list[str]]:
        loads = loads_of(service, home, count)
        journal = service.journal._link.connection()
        store = service.store._link._open_writer()  # type: ignore[attr-defined]
        with statements(journal) as of_journal, statements(store) as of_store:
            service.applier.takes.take(loads)
        return of_journal, of_store

    return measured


def test_answers_that_are_ready_together_share_one_transaction_of_the_ledger(
    service: Service, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.warm()
    bodies = [
        SignupIn.model_validate({**newcomer(home), "account_id": f"group-{n}"}) for n in range(8)
    ]
    told: list[object] = []
    groups: list[int] = []

    def recording(book: Connection, answers: Sequence[hot.Answer]) -> list[Any]:
        groups.append(len(answers))
        return record(book, answers)

    record = hot.record
    monkeypatch.setattr(hot, "record", recording)
    # The recorder's thread waits for this one, so the answers pile up before it.
    with service.office.ledger.writing():
        for body in bodies:
            service.submit(body, Caller(), told.append)
        until = time.monotonic() + 5
        while service.recorder._queue.qsize() == 0 and time.monotonic() < until:
            time.sleep(0.01)
    until = time.monotonic() + 20
    while len(told) < len(bodies) and time.monotonic() < until:
        time.sleep(0.01)

    assert len(told) == sum(groups) == len(bodies)
    assert len(groups) <= 3


@pytest.mark.parametrize("count", [1, 20])
def test_however_many_sign_ups_come_in_together_two_transactions_take_them(
    taking_in: Callable[[int], tuple[list[str], list[str]]], count: int
) -> None:
    of_journal, of_store = taking_in(count)

    written = [s for s in of_journal if s.startswith("BEGIN IMMEDIATE")]
    assert len(written) == 1
    assert of_store.count("BEGIN IMMEDIATE") == of_store.count("COMMIT") == 1


def test_taking_in_twenty_costs_far_less_than_twenty_times_one(
    taking_in: Callable[[int], tuple[list[str], list[str]]],
) -> None:
    # What one sign-up must pay by itself are its own rows: about thirty in both files.
    alone = sum(map(len, taking_in(1)))
    together = sum(map(len, taking_in(20)))

    assert together < 20 * alone * 0.75


@pytest.mark.parametrize("named", [1, 3, 8])
def test_however_much_a_sign_up_names_its_read_takes_two_statements_of_one_row(
    service: Service, home: Home, named: int
) -> None:
    accounts = [row["account_id"] for row in home.signups[:named]]
    service.store.generation()  # this thread's connection is open
    connection = service.store._link._open_reader()  # type: ignore[attr-defined]

    with statements(connection) as found:
        service.store.neighbourhood([f"account:{account}" for account in accounts])

    # The first is not read to its end before the second is: no transaction has to say more.
    assert [text.split()[0] for text in found] == ["SELECT", "SELECT"]


def test_the_ties_of_what_a_sign_up_names_are_read_from_the_index_alone(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/graph.db") as store:
        connection = store._link._open_reader()  # type: ignore[attr-defined]
        plan = connection.execute(f"EXPLAIN QUERY PLAN {NAMED}", {"asked": "[]", "limit": 3})
        looks = [row[3] for row in plan if "edge" in row[3]]

    assert sorted(looks) == [
        "SEARCH edge USING COVERING INDEX edge_in (target=?)",
        "SEARCH edge USING COVERING INDEX edge_out (source=?)",
    ]


def test_a_hub_ten_times_as_large_costs_its_read_no_step_more(tmp_path: Path) -> None:
    steps = {}
    for size in (500, 5_000):
        ties = (Edge(f"account:a{n}", "SEEN_AT", "ip:hub", n + 1, n + 1) for n in range(size))
        with open_store(f"sqlite:///{tmp_path}/{size}.db") as store:
            store.write(Facts((), tuple(ties)))
            store.neighbourhood(["ip:hub"])
            connection = store._link._open_reader()  # type: ignore[attr-defined]
            counted = []
            # Told at every hundredth step of SQLite's machine.
            connection.set_progress_handler(lambda seen=counted: seen.append(1), 100)
            store.neighbourhood(["ip:hub"])
            connection.set_progress_handler(None, 100)
        steps[size] = len(counted)

    assert steps[500] > 10
    assert steps[5_000] <= steps[500] * 1.05


@pytest.mark.parametrize("asked", [["ip:x"], ["ip:x", "account:a7", "device:d1"], ["account:a3"]])
def test_the_read_of_a_sign_up_gives_what_the_walk_of_the_graph_gives(
    tmp_path: Path, asked: list[str]
) -> None:
    # Three in a moment, so that a cut falls among equals; a referral, so that both ways are walked.
    ties = [Edge(f"account:a{n}", "SEEN_AT", "ip:x", n // 3, n // 3) for n in range(60)]
    ties += [Edge(f"account:a{n}", "USED", f"device:d{n % 4}", n, n) for n in range(60)]
    ties += [Edge(f"account:a{n}", "REFERRED_BY", "account:a7", n, n) for n in range(30, 60)]
    scores = pa.table({"key": ["a3", "a58"], "score": [0.1 + 0.2, None]})

    with open_store(f"sqlite:///{tmp_path}/graph.db") as store:
        store.write(Facts((), tuple(ties)))
        store.publish(Generation(3, 77, {"account": scores}))
        quick = store.neighbourhood(asked, per_id=10)
        with store._link.reading() as db:  # type: ignore[attr-defined]
            walked = around(db, store._words, asked, 10, 1)  # type: ignore[attr-defined]

        assert quick.digest == walked.digest
        assert quick.near == walked.near
        assert list(quick.near.accounts) == list(walked.near.accounts)


def test_loads_that_come_one_after_the_other_are_taken_in_together(
    service: Service, home: Home
) -> None:
    store = service.store._link._open_writer()  # type: ignore[attr-defined]

    with statements(store) as found:
        for load in loads_of(service, home, 12):
            service.applier.put(load)
        assert service.settled()

    assert found.count("BEGIN IMMEDIATE") <= 4


def test_nothing_is_gathered_while_a_sign_up_waits_for_it(
    service: Service, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applier, "GATHER_S", 60.0)
    monkeypatch.setattr(pending, "PUT_OFF_MOST_S", 30.0)  # a busy machine enters it late
    first, second = (
        SignupIn.model_validate({**newcomer(home), "account_id": name, "budget_ms": 60_000})
        for name in ("costs-first", "costs-second")
    )

    service.score(first)
    service.score(second)

    assert "costs-first" in service.store.neighbourhood(["account:costs-first"]).near.accounts


def test_on_a_crowded_address_a_sign_up_waits_for_nobody_who_is_on_the_way(
    service: Service, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An address leads on to its network and operator, which take places among the ties read of it.
    crowd = (Edge(f"account:crowd-{n}", verb, "", 1, 1) for n in range(120) for verb in _PLACES)
    first, second = (_of_one_address(home, name) for name in ("first", "second"))
    service.score(first)
    assert service.settled()
    event, _ = service.events_of(first)
    places = {"SEEN_AT": f"ip:{event.place.ip}", "SEEN_IN": f"subnet:{event.place.subnet}"}
    service.store.write(Facts((), tuple(replace(one, target=places[one.verb]) for one in crowd)))
    monkeypatch.setattr(applier, "GATHER_S", 60.0)

    service.score(_of_one_address(home, "still-on-its-way"))
    told: list[object] = []
    job = service.submit(second, Caller(), told.append)
    _wait_for(lambda: bool(told))

    assert not job.waited
    assert service.scoring.pending.among(ids_of(event)) != []


_PLACES = ("SEEN_AT", "SEEN_IN")


def _of_one_address(home: Home, name: str) -> SignupIn:
    """Sign-ups that share an address and its network, and nothing else."""
    kept = ("created_at", "ip", "pathway")
    body = {key: value for key, value in newcomer(home).items() if key in kept}
    more = {"account_id": name, "email": f"{name}@gmail.com", "budget_ms": 60_000}
    return SignupIn.model_validate({**body, **more})


def _wait_for(comes: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not comes() and time.monotonic() < until:
        time.sleep(0.01)
