"""Taking loads into journal and store in a process beside the service's own.

Entering the graph costs as much Python as scoring, and two threads of one interpreter take turns:
whoever signs up while twenty others are being entered would wait for each of their statements. So
a service that listens lets a second process enter them. It reads parcels on its standard input, a
batch at a time, and answers each with a line; it ends when its input does, so nothing outlives a
service that was killed, and what it had not answered is in the ledger's outbox. While there is no
such process the service enters loads itself. It is told no key and knows neither HTTP nor scores.
"""

import logging
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from api.garbage import keep_what_is_loaded
from api.manners import give_way
from api.places import place_of
from api.serving.taking import Load, Takes, Taking, unpacked
from graph.errors import StoreCorrupt, StoreError, StoreUnavailable
from graph.journal.journal import Journal
from graph.ledger.hot import Parcel
from graph.stores import open_store

log = logging.getLogger("ringsight.service")

TAKE_S = 60.0
"""How long a batch may take before the process is given up: the longest lock, twice."""
AGAIN_S = 10.0
"""How long after one ended the next is started."""
END_S = 5.0
NICE = 5
"""How far it stands back for the service: few answers wait for what it does."""
_READY, _LEVEL, _OK = b"ready\n", b"level\n", b"ok\n"
_ERRORS: dict[str, type[StoreError]] = {
    kind.__name__: kind for kind in (StoreError, StoreUnavailable, StoreCorrupt)
}


class Beside:
    """``Beside(store_url, journal_path, taking)``; ``taking`` does it where no process does.

    The store is embedded: its URL, which other programs of this machine can read, holds no secret.
    """

    def __init__(self, store_url: str, journal: Path, taking: Takes) -> None:
        self._command = [sys.executable, "-m", __name__, store_url, str(journal)]
        self._taking = taking
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._ended_at: float | None = None
        self._start()

    @property
    def ready(self) -> bool:
        """Whether the process answers."""
        if self._process is not None and not self._ready and self._says(0.0):
            if self._line() == _READY:
                self._ready = True
            else:
                self._give_up()
        return self._ready

    def take(self, batch: Sequence[Load]) -> None:
        """The law of :class:`~api.serving.taking.Takes`."""
        whole = all(load.kind for load in batch)
        if not whole or not self._here():
            self._taking.take(batch)
            return
        lines = [b"%s %s\n" % (load.kind.encode(), load.body) for load in batch]
        self._ask(b"take %d\n%s" % (len(batch), b"".join(lines)))

    def level(self) -> None:
        """The law of :class:`~api.serving.taking.Takes`."""
        if self._here():
            self._ask(_LEVEL)
        else:
            self._taking.level()

    def close(self) -> None:
        """End the process; it finishes what it was told."""
        process, self._process, self._ready = self._process, None, False
        if process is None:
            return
        _let_go(process)

    def _here(self) -> bool:
        """Whether the process answers; one that ended a while ago is started again."""
        ended_at = self._ended_at
        if ended_at is not None and time.monotonic() - ended_at >= AGAIN_S:
            self._start()
        return self.ready

    def _start(self) -> None:
        self._ended_at = None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            log.warning("no process to enter sign-ups beside: %s", type(error).__name__)
            self._ended_at = time.monotonic()

    def _ask(self, said: bytes) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(said)
            process.stdin.flush()
            answer = self._line() if self._says(TAKE_S) else b""
        except OSError:
            answer = b""
        if answer == _OK:
            return
        if not answer:
            self._give_up()
            raise StoreUnavailable("the process that enters sign-ups into the graph ended")
        name, _, text = answer.decode().strip().partition(" ")
        raise _ERRORS.get(name, StoreError)(text)

    def _says(self, within_s: float) -> bool:
        """Whether there is something to read, or an end, within so many seconds."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        return bool(select.select([process.stdout], [], [], within_s)[0])

    def _line(self) -> bytes:
        process = self._process
        assert process is not None
        assert process.stdout is not None
        return process.stdout.readline()

    def _give_up(self) -> None:
        process, self._process, self._ready = self._process, None, False
        self._ended_at = time.monotonic()
        if process is not None:
            process.kill()
            _let_go(process)
            log.error("the process that enters sign-ups ended: %s", process.returncode)


def _let_go(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with suppress(OSError):  # what was not written is in the outbox
            pipe.close()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# -- the process ---------------------------------------------------------------------------------


def answers(said: IO[bytes], taking: Taking, told: IO[bytes]) -> None:
    """Do what is ``said``, a line or a batch at a time, until it ends."""
    for line in iter(said.readline, b""):
        parcels = [said.readline() for _ in range(int(line[5:]))] if line != _LEVEL else None
        try:
            if parcels is None:
                taking.level()
            else:
                taking.take([_load(parcel) for parcel in parcels])
            answer = _OK
        except StoreError as error:
            answer = f"{type(error).__name__} {' '.join(str(error).split())}\n".encode()
        except Exception as error:  # a fault of one batch must not end the others'
            answer = f"StoreError {type(error).__name__} at {place_of(error)}\n".encode()
        told.write(answer)
        told.flush()


def _load(line: bytes) -> Load:
    kind, _, body = line.rstrip(b"\n").partition(b" ")
    return unpacked(Parcel(kind.decode(), body, 0))


def main(store_url: str, journal: Path) -> None:
    """Enter into the store at ``store_url`` what standard input tells, until it ends."""
    # Ctrl+C and a supervisor's signal go to both processes: this one ends after the other.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    give_way(NICE)
    with Journal(journal) as events, open_store(store_url) as store:
        keep_what_is_loaded()
        sys.stdout.buffer.write(_READY)
        sys.stdout.buffer.flush()
        answers(sys.stdin.buffer, Taking(events, store), sys.stdout.buffer)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
