"""A mixed load through three kill -9s: nothing lost, nothing doubled, the chain whole.

A real server process over a real home. The callers do what callers must: a request that was not
answered is sent again under its key. At the end ledger, journal and store agree on who there is.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from api.desk.office import Office, full_key
from api.serving.service import Service
from graph.ledger import hot
from tests.api.small_home import KEY, Home, build, newcomer

KILLS = 3
WORKERS = 8
PATIENCE_S = 120
_SERVE = """
import sys
from pathlib import Path
import socket
from api.listen import listen
from api.serving.service import Service
from api.settings import Settings
home, port, key = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
service = Service.of(Settings(home=home, key=key, rate_per_s=0, budget_ms=60_000), key.encode())
listen(service, socket.create_server(("127.0.0.1", port)), loopback=True)
"""


class Server:
    """The service in a process of its own, to be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.create_server(("127.0.0.1", 0)) as gate:
            self.port = int(gate.getsockname()[1])
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-c", _SERVE, str(self.home), str(self.port), KEY.decode()]
        self._process = subprocess.Popen(command)

    def kill(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)


class Caller:
    """One kept connection that tries again until it is answered."""

    def __init__(self, port: int, bearer: str) -> None:
        self._port, self._bearer = port, bearer
        self._line: HTTPConnection | None = None

    def post(self, path: str, body: bytes, **headers: str) -> dict[str, object]:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer, text = self._once(path, body, headers)
                if answer < 500:
                    assert answer == 200, text
                    return json.loads(text)  # type: ignore[no-any-return]
            except (OSError, HTTPException):
                self._line = None
            assert time.monotonic() < until, "the server did not come back"
            time.sleep(0.05)

    def _once(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self._line = self._line or HTTPConnection("127.0.0.1", self._port, timeout=90)
        given = {"Authorization": self._bearer, "Content-Type": "application/json", **headers}
        self._line.request("POST", path, body, given)
        answer = self._line.getresponse()
        return answer.status, answer.read()


@pytest.mark.slow
@pytest.mark.parametrize("requests", [300, 2_000, pytest.param(100_000, id="100000")])
def test_three_kills_lose_and_double_nothing(requests: int, tmp_path: Path) -> None:
    home = build(tmp_path / "home")
    with Office.of(home.settings, KEY, lambda: 1) as office:
        bearer = "Bearer " + office.new_key(full_key("load", 1, "test"), "test")
    with Service.of(home.settings, KEY) as service:
        before = dict(service.journal.counts())
    server = Server(home.settings.home)
    chance = random.Random(1)
    kills = sorted(chance.sample(range(requests // 10, requests), KILLS))

    replies = run(server, home, bearer, requests, kills)

    server.stop()
    signups = [n for n in range(requests) if n % 3]
    visits = [n for n in range(requests) if n % 3 == 0]
    with Service.of(home.settings, KEY) as service:
        assert service.settled()
        with service.office.ledger.reading() as book:
            assert hot.verify(book).broken_at is None
            assert hot.count(book) == len(signups)
            _, parked = hot.depth(book)
        after = service.journal.counts()
        accounts = service.store.counts()["account"]
        snapshot = service.journal.snapshot(2**62)
        assert after["sessions"] - before["sessions"] == len(visits)
        assert after["signups"] - before["signups"] == len(signups) - parked
        assert accounts == snapshot.size(next(k for k in snapshot.nodes if k == "account"))
    assert len({replies[n]["request_id"] for n in signups}) == len(signups)


def run(
    server: Server, home: Home, bearer: str, requests: int, kills: list[int]
) -> dict[int, dict[str, object]]:
    """Send everything, kill the server when as many were answered; the replies by number."""
    replies: dict[int, dict[str, object]] = {}

    def work(worker: int) -> None:
        caller = Caller(server.port, bearer)
        for number in range(worker, requests, WORKERS):
            replies[number] = send(caller, home, number)
            if number % 50 == 3:  # and again, as a caller does who is not sure
                assert send(caller, home, number) == replies[number] or number % 3 == 0

    with ThreadPoolExecutor(WORKERS) as pool:
        tasks = [pool.submit(work, worker) for worker in range(WORKERS)]
        for due in kills:
            while len(replies) < due and not all(task.done() for task in tasks):
                time.sleep(0.005)
            server.kill()
            server.start()
        for task in tasks:
            task.result()
    return replies


def send(caller: Caller, home: Home, number: int) -> dict[str, object]:
    """One request of the mix: two sign-ups, then an event."""
    if number % 3:
        body = newcomer(home, account_id=f"load-{number}", device_id=f"device {number % 997}")
        text = json.dumps(body).encode()
        return caller.post("/v1/signups/score", text, **{"Idempotency-Key": f"load-{number}"})
    row = {
        "event_id": f"load-{number}", "account_id": f"load-{max(number - 1, 1)}",
        "occurred_at": "2026-03-01T10:00:00Z", "ip": f"93.184.{number % 199}.{number % 251 + 1}",
    }  # fmt: skip
    return caller.post("/v1/events", json.dumps({"table": "sessions", "row": row}).encode())
