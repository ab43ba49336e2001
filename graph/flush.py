"""Brings a graph store up to the journal, from wherever the store says it is.

The store keeps the journal's id and the version it has seen in full; the journal hands out what
changed since, as absolute values with versions. So a kill between any two steps costs a repetition
and nothing else, a new or emptied store is filled from the start, and many stores may follow one
journal. It knows nothing of sources.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from graph.errors import KeyRefused, StoreCorrupt
from graph.facts import Facts
from graph.journal.journal import Journal
from graph.store import GraphStore

FOLLOWS = "journal"
SEEN = "journal_version"
KEY = "key_id"
_MANY_FACTS = 20_000


class Told(Protocol):
    """Whoever is told how far a step is: ``told("graph", 40, 100)``."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """``done`` of ``total`` units of ``step``."""


def flush(journal: Journal, store: GraphStore, told: Told | None = None) -> int:
    """Write to ``store`` what the journal knows and it does not; returns the number of facts.

    Raises:
        KeyRefused: if the store was filled under another pseudonym key.
        StoreCorrupt: if the store knows more than the journal (an old journal was put back).
        StoreUnavailable: if the store cannot answer; calling again goes on.
    """
    since = seen_version(journal, store)
    upto = journal.version
    if since == upto:
        return 0
    changes = _Counted(journal.facts_since(since), journal.changes_since(since), told)
    if changes.total > _MANY_FACTS:
        store.load(changes)
    else:
        for facts in changes:
            store.write(facts)
    store.set_meta(SEEN, str(upto))
    return changes.done


def seen_version(journal: Journal, store: GraphStore) -> int:
    """The version up to which the store knows this journal; 0 if it never followed it.

    Raises:
        KeyRefused: if the store was filled under another pseudonym key.
        StoreCorrupt: if the store follows another journal, or knows more than this one.
    """
    known_key = store.meta(KEY)
    if known_key is not None and known_key != journal.key_id:
        raise KeyRefused(
            f"the graph store was filled with the key {known_key}, the journal has "
            f"{journal.key_id}: give the first key, or empty the store and build again"
        )
    followed, seen = store.meta(FOLLOWS), int(store.meta(SEEN) or 0)
    if followed is None:
        store.set_meta(FOLLOWS, journal.id)
        if journal.key_id is not None:
            store.set_meta(KEY, journal.key_id)
        return 0
    if followed != journal.id or seen > journal.version:
        raise StoreCorrupt(
            f"the graph store follows journal {followed} at version {seen}, this one is "
            f"{journal.id} at {journal.version}: put the right journal back, or empty the store"
        )
    return seen


class _Counted:
    """Batches of facts on their way, counted as they pass."""

    def __init__(self, batches: Iterable[Facts], total: int, told: Told | None) -> None:
        self._batches = batches
        self.total = total
        self.done = 0
        self._told = told

    def __iter__(self) -> Iterator[Facts]:
        for facts in self._batches:
            yield facts
            self.done += len(facts.nodes) + len(facts.edges)
            if self._told is not None:
                self._told("graph", self.done, max(self.total, self.done))
