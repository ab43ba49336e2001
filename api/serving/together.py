"""Sign-ups that wait at the same moment, read together: the price of one read for all of them.

SQLite lets go of the interpreter several times at each statement, and whoever scores waits for it
each time while others are answered: eight reads as one are eight times fewer of those pauses. A
sign-up that names what another of them names is not read with it, for it must see it first. It
knows nothing of scores.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from api.serving.job import Job
from graph.errors import StoreUnavailable
from graph.snapshot import Snapshot
from graph.store import GraphStore

Ids = tuple[str, ...]


class Read:
    """What was read for some sign-ups, or why it could not be; what a score asks for."""

    def __init__(self, pieces: Mapping[Ids, Snapshot], trouble: StoreUnavailable | None) -> None:
        self._pieces = pieces
        self._trouble = trouble

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100) -> Snapshot:
        """The piece that was read for ``ids``, as many mates as were read.

        Raises:
            StoreUnavailable: if the store did not answer.
        """
        if self._trouble is not None:
            raise self._trouble
        return self._pieces[tuple(ids)]


def read_together(store: GraphStore, asks: Iterable[Ids], per_id: int) -> Read:
    """The neighbourhoods of ``asks``, by one read of ``store``."""
    each = list(dict.fromkeys(asks))
    try:
        pieces = store.neighbourhoods(each, per_id=per_id)
    except StoreUnavailable as error:
        return Read({}, error)
    return Read(dict(zip(each, pieces, strict=True)), None)


def strangers(jobs: Sequence[Job], crowded: Collection[str]) -> list[list[Job]]:
    """``jobs`` in their order, in runs of which no two name the same.

    What is ``crowded`` does not count: one account more on it would not be seen.
    """
    runs: list[list[Job]] = []
    named: set[str] = set()
    for job in jobs:
        ids = job.ask.ids
        if not runs or not named.isdisjoint(ids):
            runs.append([])
            named = set()
        runs[-1].append(job)
        named.update(identity for identity in ids if identity not in crowded)
    return runs
