"""Where cases stand, for the read side: the ledger's cases as fields of a ring on the wire.

Asked at every call, one read whatever the number of rings: cases change between refreshes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api.schemas.answers import moment
from graph.ledger import cases, gathered
from graph.ledger.port import Case, Ledger
from graph.store import GraphStore, RingRow


class LedgerCases:
    """The cases of a ledger as of a clock (us): a snooze that has ended is over."""

    def __init__(self, ledger: Ledger, clock: Callable[[], int]) -> None:
        self._ledger = ledger
        self._clock = clock

    def cases(self, ring_ids: Sequence[str] | None = None) -> Mapping[str, Mapping[str, Any]]:
        """``status``, ``assignee``, ``snoozed_until``, ``case_version`` by ring (None: all)."""
        now = self._clock()
        with self._ledger.reading() as book:
            found = cases.every(book) if ring_ids is None else cases.of(book, ring_ids)
        return {ring_id: _fields(cases.awake(case, now)) for ring_id, case in found.items()}

    def gathered(self) -> Sequence[RingRow]:
        """Cases that were made by hand, without members."""
        with self._ledger.reading() as book:
            return gathered.all_of(book)

    def gathered_mark(self) -> object:
        """What differs as soon as :meth:`gathered` does."""
        with self._ledger.reading() as book:
            return gathered.mark_of(book)

    def ring(self, store: GraphStore, ring_id: str) -> RingRow:
        """A ring with its members, found by a refresh or made by hand."""
        with self._ledger.reading() as book:
            return gathered.ring_of(book, store, ring_id)


def _fields(case: Case) -> Mapping[str, Any]:
    return {
        "status": case.status.value,
        "assignee": case.assignee,
        "snoozed_until": None if case.snooze_until is None else moment(case.snooze_until),
        "case_version": case.version,
    }
