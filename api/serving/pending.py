"""What was answered and is not in the graph yet: which nodes those sign-ups name.

A sign-up that shares an identifier with one still on its way would not see it; so it is put off
until the graph has taken that one in, a few milliseconds. Nobody waits for a stranger of the same
network prefix or mail domain: one more of a crowd says little, and how fast such crowds grow is
counted at once (:mod:`graph.velocity`). It knows nothing of scores.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from api.serving.job import Job
from gnn.vicinity import LINKS, NARROW

PUT_OFF_MOST_S = 0.05
"""How long a sign-up is put off; after that it is scored with what the graph has."""
_BROAD = tuple(f"{link.name}:" for link in LINKS if link.name not in NARROW)


class Pending:
    """Node ids on their way, and the jobs that wait for them; ``again`` takes those up."""

    def __init__(self, again: Callable[[Job], None]) -> None:
        self._again = again
        self._lock = Lock()
        self._ids: Counter[str] = Counter()
        self._waiting: dict[Job, tuple[float, frozenset[str]]] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Iterable[str]) -> None:
        """A sign-up that names ``ids`` is on its way."""
        with self._lock:
            self._ids.update(_awaited(ids))

    def over(self, ids: Iterable[str]) -> None:
        """It arrived, or never will; whoever waited for the last of theirs goes on."""
        with self._lock:
            for identity in _awaited(ids):
                left = self._ids[identity] - 1
                if left > 0:
                    self._ids[identity] = left
                else:
                    del self._ids[identity]
            ready = [
                job
                for job, (_, wanted) in self._waiting.items()
                if not any(identity in self._ids for identity in wanted)
            ]
            for job in ready:
                del self._waiting[job]
        for job in ready:
            self._again(job)

    def among(self, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that a sign-up on its way names."""
        with self._lock:
            return [identity for identity in ids if identity in self._ids]

    def put_off(self, job: Job, ids: Iterable[str]) -> bool:
        """Whether ``job`` waits for some of ``ids``; it will be taken up again, once."""
        with self._lock:
            wanted = frozenset(identity for identity in ids if identity in self._ids)
            if not wanted:
                return False
            job.waited = True
            most_s = min(PUT_OFF_MOST_S, job.left_s() / 2)
            self._waiting[job] = (time.monotonic() + most_s, wanted)
        return True

    def sweep(self) -> None:
        """Take up again who has waited long enough."""
        if not self._waiting:
            return
        now = time.monotonic()
        with self._lock:
            late = [job for job, (until, _) in self._waiting.items() if until <= now]
            for job in late:
                del self._waiting[job]
        for job in late:
            self._again(job)


def _awaited(ids: Iterable[str]) -> Iterator[str]:
    """Those of the nodes that a sign-up names for whose sake another waits."""
    return (identity for identity in ids if not identity.startswith(_BROAD))
