"""Sign-ups that wait at one moment are read together, and answered as if they had come alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from api.schemas.signup import AssessmentOut, SignupIn
from api.serving.job import Ask, Caller, Job
from api.serving.service import Service
from api.serving.together import strangers
from graph.errors import StoreError, StoreUnavailable
from graph.snapshot import Snapshot
from graph.store import GraphStore
from tests.api.small_home import Home, newcomer

APART = {"request_id", "latency_ms"}


class Gate:
    """A real store that holds the first read until it is opened, and notes what is asked for."""

    def __init__(self, store: GraphStore, trouble: StoreError | None = None) -> None:
        self._store = store
        self._trouble = trouble
        self.opened = threading.Event()
        self.reached = threading.Event()
        self.together: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100, hops: int = 1) -> Snapshot:
        self.reached.set()
        assert self.opened.wait(30)
        return self._store.neighbourhood(ids, per_id=per_id, hops=hops)

    def neighbourhoods(self, asks: Sequence[Sequence[str]], *, per_id: int = 100) -> list[Snapshot]:
        self.together.append(len(asks))
        if self._trouble is not None:
            raise self._trouble
        return self._store.neighbourhoods(asks, per_id=per_id)


def bodies(home: Home, count: int) -> list[SignupIn]:
    """Sign-ups of strangers, all dry, with time to spare."""
    return [
        SignupIn.model_validate(
            newcomer(
                home, account_id=f"w{n}", ip=f"93.{n + 10}.7.9", device_id=f"a device {n}",
                email=f"w{n}@gmail.com", phone=f"+4915112345{n:02d}", payment=None, dry_run=True,
                budget_ms=60_000,
            )
        )
        for n in range(count)
    ]  # fmt: skip


def crowd(service: Service, gate: Gate, waiting: Sequence[SignupIn]) -> list[AssessmentOut]:
    """The answers to ``waiting``, which came while another sign-up was being read."""
    service.store = gate  # type: ignore[assignment]
    answers: list[Future[bytes | Exception]] = [Future() for _ in waiting]
    first: Future[bytes | Exception] = Future()
    service.submit(waiting[0], Caller(), first.set_result)
    assert gate.reached.wait(30)
    for body, answer in zip(waiting, answers, strict=True):
        service.submit(body, Caller(), answer.set_result)
    gate.opened.set()
    return [AssessmentOut.model_validate_json(answer.result(30)) for answer in answers]  # type: ignore[arg-type]


def test_who_waits_is_read_together_and_answered_as_alone(service: Service, home: Home) -> None:
    waiting = bodies(home, 5)
    alone = [service.score(body) for body in waiting]
    gate = Gate(service.store)

    found = crowd(service, gate, waiting)

    assert gate.together == [5]
    told = [answer.model_dump(exclude=APART) for answer in found]
    assert told == [answer.model_dump(exclude=APART) for answer in alone]


@pytest.mark.parametrize("trouble", [StoreUnavailable("gone"), StoreError("a fault")])
def test_a_read_that_fails_for_many_fails_no_answer(
    service: Service, home: Home, trouble: StoreError
) -> None:
    gate = Gate(service.store, trouble)

    found = crowd(service, gate, bodies(home, 3))

    # Without a store the policy answers; after a fault each is read for itself.
    gone = isinstance(trouble, StoreUnavailable)
    assert [answer.degraded for answer in found] == [gone] * 3


def test_who_names_what_another_names_is_read_after_it() -> None:
    jobs = [
        job("ip:1", "phone:1"),
        job("ip:2"),
        job("ip:1"),
        job("ip:3"),
        job("ip:hub"),
        job("ip:hub"),
    ]

    runs = strangers(jobs, {"ip:hub"})

    assert [[jobs.index(one) for one in run] for run in runs] == [[0, 1], [2, 3, 4, 5]]


def job(*ids: str) -> Job:
    ask = Ask(None, None, ids, Caller(), "")  # type: ignore[arg-type]
    return Job(ask, lambda _: None, 0, "r")
