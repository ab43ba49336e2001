"""Sign-ups that wait are scored together, a step of each at a time, and none is worse for it."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import pytest

from api.schemas.signup import AssessmentOut, SignupIn
from api.serving import pending, scoring
from api.serving.job import Caller
from api.serving.service import Service
from gnn.assess import Moment
from graph.snapshot import Snapshot
from tests.api.small_home import Home, newcomer

Put = Callable[..., "list[bytes | Exception]"]


@pytest.fixture
def steps(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first and the last of the steps that were taken for sign-ups, in their order."""
    taken: list[str] = []
    read, judged = service.store.neighbourhoods, scoring.rendered

    def reading(asks: Sequence[Sequence[str]], *, per_id: int = 100) -> Sequence[Snapshot]:
        taken.append(f"read for {len(asks)}")
        return read(asks, per_id=per_id)

    def rendering(*args: Any, **more: Any) -> bytes:
        taken.append("told")
        return judged(*args, **more)

    monkeypatch.setattr(service.store, "neighbourhoods", reading)
    monkeypatch.setattr(scoring, "rendered", rendering)
    return taken


@pytest.fixture
def at_once(service: Service, home: Home) -> Put:
    """Put sign-ups in while the thread that scores is held up, and wait for their answers."""

    def put(count: int, hosts: Sequence[str] = (), **shared: Any) -> list[bytes | Exception]:
        service.warm()
        told: dict[int, bytes | Exception] = {}
        held, go = Event(), Event()

        def holding(_: object) -> None:
            held.set()
            go.wait(10)

        service.submit(_body(home, "dry", dry_run=True), Caller(), holding)
        assert held.wait(10)
        for n in range(count):
            own = {"device_id": f"own {n}", **({"ip": hosts[n]} if hosts else {})}
            body = _body(home, f"a{n}", **{**own, **shared})
            service.submit(body, Caller(), lambda reply, n=n: told.__setitem__(n, reply))
        go.set()
        until = time.monotonic() + 20
        while len(told) < count and time.monotonic() < until:
            time.sleep(0.01)
        return [told[n] for n in range(count)]

    return put


def _body(home: Home, name: str, **more: Any) -> SignupIn:
    apart = {"ip": f"198.51.{ord(name[-1])}.7", "email": f"{name}@gmail.com", "phone": None}
    whole = {**newcomer(home), **apart, "account_id": name, "budget_ms": 20_000, **more}
    return SignupIn.model_validate(whole)


def test_each_step_is_taken_for_all_who_wait_before_the_next(
    steps: list[str], at_once: Put
) -> None:
    replies = at_once(3)

    assert all(isinstance(reply, bytes) for reply in replies)
    assert steps[-4:] == ["read for 3"] + ["told"] * 3


def test_where_those_who_wait_cannot_be_read_for_as_one_each_is_read_for_alone(
    service: Service, at_once: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = service.store.neighbourhoods

    def broken(asks: Sequence[Sequence[str]], *, per_id: int = 100) -> Sequence[Snapshot]:
        if any("ip:" + at("198.51.49.7") in ids for ids in asks):
            raise KeyError("a1")
        return whole(asks, per_id=per_id)

    def at(address: str) -> str:
        return service.door.pseudonyms.of("ip", address)

    monkeypatch.setattr(service.store, "neighbourhoods", broken)

    replies = [AssessmentOut.model_validate_json(reply) for reply in at_once(3)]  # type: ignore[arg-type]

    assert [reply.degraded for reply in replies] == [False, True, False]


def test_a_fault_in_one_leaves_the_others_their_score(
    service: Service, at_once: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gnn import assess  # noqa: PLC0415 - the name that is replaced

    whole = assess.assessed

    def broken(moment: Moment, *args: Any) -> Any:
        if moment.event.account_id == "a1":
            raise KeyError("a1")
        return whole(moment, *args)

    monkeypatch.setattr(assess, "assessed", broken)

    replies = [AssessmentOut.model_validate_json(reply) for reply in at_once(3)]  # type: ignore[arg-type]

    assert [reply.degraded for reply in replies] == [False, True, False]
    assert service.settled()
    assert len(service.scoring.pending) == 0


def test_one_that_cannot_be_told_is_an_error_and_holds_up_nobody_after_it(
    service: Service, at_once: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = scoring.rendered

    def broken(job: Any, *args: Any, **more: Any) -> bytes:
        if job.ask.event.account_id == "a0":
            raise KeyError("a0")
        return whole(job, *args, **more)

    monkeypatch.setattr(scoring, "rendered", broken)

    first, second = at_once(2)

    assert isinstance(first, KeyError)
    assert isinstance(second, bytes)
    assert service.settled()
    assert len(service.scoring.pending) == 0


def test_of_two_on_one_device_that_come_together_the_second_sees_the_first(
    service: Service, at_once: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "PUT_OFF_MOST_S", 10.0)  # a busy machine enters it late
    seen: list[set[str]] = []
    read = service.store.neighbourhoods

    def reading(asks: Sequence[Sequence[str]], *, per_id: int = 100) -> Sequence[Snapshot]:
        found = read(asks, per_id=per_id)
        seen.extend(set(one.near.accounts) for one in found)
        return found

    monkeypatch.setattr(service.store, "neighbourhoods", reading)

    at_once(2, device_id="one for both")

    assert "a0" in seen[-1]


def test_nobody_waits_for_a_stranger_of_the_same_network_prefix(
    service: Service, at_once: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_off: list[bool] = []
    whole = pending.Pending.put_off

    def putting(self: pending.Pending, *args: Any) -> bool:
        put_off.append(whole(self, *args))
        return put_off[-1]

    monkeypatch.setattr(pending.Pending, "put_off", putting)

    at_once(2, ip="203.0.113.7", device_id=None)
    on_one_address = list(put_off)
    put_off.clear()
    assert service.settled()
    at_once(2, hosts=("203.0.113.8", "203.0.113.9"))

    assert on_one_address == [True]
    assert put_off == []
