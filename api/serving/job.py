"""One sign-up on its way through the service: who asked, by when, what was found, what was sent.

A job is answered once: by its score, or by the stated policy when its time is up, whoever comes
first. It knows neither HTTP nor the graph. Read :mod:`api.serving.scoring` for the way it takes.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from uuid import UUID

from gnn.assess import Assessment
from graph.facts import Payment, Signup


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the ledger's name of them, and whether answers to them may name evidence."""

    id: str = "console"
    reasons: bool = True


@dataclass(frozen=True, slots=True)
class Ask:
    """A sign-up as it was asked about.

    ``digest`` is of the body; ``key`` the caller's Idempotency-Key; ``ids`` are the nodes that the
    sign-up names, whose surroundings are read.
    """

    event: Signup
    payment: Payment | None
    ids: tuple[str, ...]
    caller: Caller
    digest: str
    key: str | None = None
    dry_run: bool = False


Done = Callable[["bytes | Exception"], None]
_DRAWN = 256
_ids: list[str] = []


def fresh_id() -> str:
    """An id that nobody can guess: a random UUID (version 4), 32 hexadecimal digits.

    Chance is drawn for some hundred at a time; for each, a thread would give up the interpreter.
    """
    try:
        return _ids.pop()
    except IndexError:
        drawn = os.urandom(16 * _DRAWN)
        made = [UUID(bytes=drawn[n : n + 16], version=4).hex for n in range(0, len(drawn), 16)]
        _ids.extend(made[1:])
        return made[0]


@dataclass(slots=True, eq=False)
class Job:
    """One ask; ``done`` is told the reply's text, or the error, exactly once.

    ``began_ns`` and ``end_ns`` are moments of ``time.perf_counter_ns``; ``stages`` the seconds that
    each stage took; ``packed`` is the parcel's body, once it is recorded.
    """

    ask: Ask
    done: Done
    end_ns: int
    request_id: str
    began_ns: int = field(default_factory=time.perf_counter_ns)
    found: Assessment | None = None
    reply: bytes = b""
    packed: bytes = b""
    waited: bool = False
    stages: dict[str, float] = field(default_factory=dict)
    _answered: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def answered(self) -> bool:
        """Whether ``done`` was told."""
        return self._answered

    def propose(self, found: Assessment, reply: bytes) -> None:
        """What is to be sent, unless something was sent already."""
        with self._lock:
            if not self._answered:
                self.found, self.reply = found, reply

    def answer(self, reply: "bytes | Exception", found: Assessment | None = None) -> bool:
        """Tell ``done``; False if it was told before. What was sent is what is recorded."""
        with self._lock:
            if self._answered:
                return False
            self._answered = True
            if isinstance(reply, bytes):
                self.reply = reply
            self.found = found or self.found
        self.done(reply)
        return True

    def left_s(self) -> float:
        """Seconds until its time is up, 0 when it is."""
        return max(0.0, (self.end_ns - time.perf_counter_ns()) / 1e9)

    def elapsed_ms(self) -> float:
        """Milliseconds since it came."""
        return round((time.perf_counter_ns() - self.began_ns) / 1e6, 3)
