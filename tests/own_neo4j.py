"""A Neo4j server of one test's own, started and killed by the script that the tests are given."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ENVIRONMENT = os.environ  # noqa: TID251  the script's; tests have one look at it
Address = tuple[str, str, str]


class Server:
    """A Neo4j server of one test's own, which may be killed and comes back at its old address."""

    def __init__(self, script: Path, home: Path) -> None:
        self._script, self._home = script, home
        self.address: Address = ("", "", "")

    def start(self) -> None:
        port = [str(self._port)] if self.address[0] else []
        lines = self._do("start", *port).splitlines()
        told = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        url, user, password = (
            told[f"RINGSIGHT_TEST_NEO4J_{n}"] for n in ("URI", "USER", "PASSWORD")
        )
        self.address = (url, user, password)

    def kill(self) -> None:
        """``kill -9``, until it is gone.

        The signal comes back before its threads have ended, and until then they hold the port and
        the lock of the store: a start at once would be refused. The process itself may stay in the
        table for good, as a zombie nobody asks after, so the port is what tells.
        """
        self._do("kill")
        deadline = time.monotonic() + 60
        while self.address[0] and self._answers():
            assert time.monotonic() < deadline, "the killed server still answers"
            time.sleep(0.05)

    def stop(self) -> None:
        """A clean shutdown."""
        self._do("stop")

    def admin(self, *arguments: str) -> str:
        """``neo4j-admin`` on the stopped server's home."""
        return self._do("admin", *arguments)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=5).close()
        except ConnectionRefusedError:
            return False
        return True

    @property
    def _port(self) -> int:
        return urlsplit(self.address[0]).port or 7687

    def _do(self, verb: str, *more: str) -> str:
        done = subprocess.run(
            [self._script, verb, self._home, *more],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={"NEO4J_HEAP": "512m", **ENVIRONMENT},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def own_server(script: Path, home: Path) -> Iterator[Server]:
    """A running server with an empty graph, gone afterwards."""
    server = Server(script, home)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)
