"""The process that enters sign-ups into the graph: real, started, killed and done without."""

import io
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest

from api.schemas.signup import SignupIn
from api.serving.beside import Beside, answers
from api.serving.intake import EVENTS, packed
from api.serving.service import Service
from api.serving.taking import Load, Taking, unpacked
from graph.errors import StoreError, StoreUnavailable
from graph.ledger.hot import Parcel
from tests.api.small_home import Home, newcomer


class Never(Taking):
    """Stands where the service's own way would; a load must not come here."""

    def take(self, batch: object) -> None:
        raise AssertionError(f"taken in by the service itself: {batch!r}")


def waited(beside: Beside) -> Beside:
    """``beside`` once its process answers."""
    until = time.monotonic() + 60
    while not beside.ready and time.monotonic() < until:
        time.sleep(0.01)
    assert beside.ready
    return beside


@pytest.fixture
def beside(service: Service, home: Home) -> Iterator[Beside]:
    """A process beside that service, which answers; the service itself takes nothing in."""
    settings, never = home.settings, Never(service.journal, service.store)
    found = Beside(settings.store_url, settings.journal_path, never)
    service.applier.takes = found
    yield waited(found)
    found.close()


def scored(service: Service, home: Home, name: str) -> None:
    service.score(SignupIn.model_validate(newcomer(home, account_id=name)))
    assert service.applier.settled(60)


def known(service: Service, name: str) -> bool:
    return name in service.store.neighbourhood([f"account:{name}"]).near.accounts


def test_a_sign_up_enters_the_graph_through_the_process_beside(
    service: Service, home: Home, beside: Beside
) -> None:
    before = service.journal.version

    scored(service, home, "beside-1")

    assert known(service, "beside-1")
    assert service.journal.version > before


def test_what_the_service_took_in_itself_is_the_same_as_what_the_process_takes_in(
    service: Service, home: Home
) -> None:
    scored(service, home, "alike-1")
    own = service.store.neighbourhood(["account:alike-1"], hops=2).near
    service.enter_beside()
    assert isinstance(service.applier.takes, Beside)
    waited(service.applier.takes)

    scored(service, home, "alike-2")

    theirs = service.store.neighbourhood(["account:alike-2"], hops=2).near
    assert own.accounts["alike-1"][1:] == theirs.accounts["alike-2"][1:]
    assert set(own.entities) == set(theirs.entities)


def test_a_process_that_is_killed_loses_nothing_and_the_service_goes_on_itself(
    service: Service, home: Home
) -> None:
    service.enter_beside()
    found = service.applier.takes
    assert isinstance(found, Beside)
    process = waited(found)._process
    assert process is not None

    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    scored(service, home, "killed-1")

    assert known(service, "killed-1")
    assert not found.ready


def test_signals_of_a_supervisor_do_not_end_it_before_its_input_does(
    service: Service, home: Home, beside: Beside
) -> None:
    process = beside._process
    assert process is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        process.send_signal(number)

    scored(service, home, "signalled-1")
    assert process.poll() is None
    beside.close()

    assert process.returncode == 0


def test_a_batch_that_cannot_be_taken_in_is_told_and_the_next_one_is_taken(
    service: Service,
) -> None:
    said = io.BytesIO(b"take 1\nsignup {broken\nlevel\n")
    told = io.BytesIO()

    answers(said, Taking(service.journal, service.store), told)

    first, second = told.getvalue().splitlines()
    assert first.startswith(b"StoreError JSONDecodeError at ")
    assert second == b"ok"


def test_what_the_process_cannot_do_is_raised_here_as_what_it_is(
    service: Service, home: Home, beside: Beside
) -> None:
    event, _ = service.events_of(SignupIn.model_validate(newcomer(home)))
    load = Load(
        1, (event,), kind="signup", body=json.dumps({"signup": 1, "payment": None}).encode()
    )
    process = beside._process
    assert process is not None

    # Calls come one at a time; the applier's thread makes some as well.
    with service.applier._lock:
        with pytest.raises(StoreError, match="TypeError at") as broken:
            beside.take([load])
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        with pytest.raises(StoreUnavailable):
            beside.take([load])

    assert type(broken.value) is StoreError


def test_events_of_every_table_come_out_of_a_parcel_as_they_went_in(
    service: Service, home: Home
) -> None:
    events = tuple(event for event, _ in zip(service.journal.events(marks=True), range(300)))  # noqa: B905

    found = unpacked(Parcel(EVENTS, packed(events), 0))

    assert found.events == events
