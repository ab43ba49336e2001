"""Which shingles are heavy: used by enough prompts of enough accounts, counted in bounded memory.

Two passes. The first counts changes of account per hash bucket, which no shingle's accounts can
exceed; the second counts exactly, and only what the first left. No account speaks too often: its
prompts beyond a cap per day and per window are not counted (they are still assigned later). Knows
nothing of graphs; read :mod:`etl.prompts.graph` next.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from etl.prompts.columns import PromptColumns, PromptSource, taken
from etl.prompts.tables import Counts, Keys, count_exactly, moved, new_keys, survey
from graph.prompts.fingerprint import Sketches
from graph.prompts.jit import compiled

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Floors:
    """When a shingle is heavy, and how often an account may speak.

    Attributes:
        min_prompts, min_accounts: at least so many use the shingle.
        max_accounts_share: a shingle used by more than this share (0..1) of all accounts is
            everyday language.
        per_account_day, per_account: prompts of one account that count, in a day and in all.
        buckets_log2: size of the first pass' table; 2**24 serves a million prompts, 2**28 ten.
        accounts_counted: distinct accounts are told apart up to this many.
        keys_at_once: shingles in memory while they are counted, about; more are counted in parts,
            each of which is a pass over the source. Some 180 bytes each.
    """

    min_prompts: int = 20
    min_accounts: int = 5
    max_accounts_share: float = 0.1
    per_account_day: int = 24
    per_account: int = 200
    buckets_log2: int = 24
    accounts_counted: int = 12
    keys_at_once: int = 4_000_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A chunk's prompts that count: their sketches, accounts (1 and up) and row numbers."""

    sketches: Sketches
    owner: Counts
    row: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeavyShingles:
    """Shapes, all [h], ascending by shingle: prompts and accounts that use each one."""

    shingles: Keys
    prompts: Counts
    accounts: Counts


@compiled
def _admit(
    slots: NDArray[np.int64],
    day: NDArray[np.int64],
    digest: Keys,
    state: NDArray[np.int64],
    caps: tuple[int, int],
) -> NDArray[np.bool_]:
    """Which prompts count; ``state`` [slots, 4] is total, day, of the day, last digest."""
    keep = np.zeros(len(slots), np.bool_)
    for i in range(len(slots)):
        mine = state[slots[i]]
        if mine[1] != day[i]:
            mine[1], mine[2] = day[i], 0
        again = np.int64(digest[i]) == mine[3]
        if not again and mine[0] < caps[1] and mine[2] < caps[0]:
            keep[i] = True
            mine[0] += 1
            mine[2] += 1
            mine[3] = np.int64(digest[i])
    return keep


class Gate:
    """Lets each account speak only so often; the same rows pass in every pass over a source."""

    def __init__(self, floors: Floors) -> None:
        self._caps = (floors.per_account_day, floors.per_account)
        self._number: dict[int, int] = {}
        self._state = np.zeros((1024, 4), np.int64)

    @property
    def accounts(self) -> int:
        """How many accounts were seen."""
        return len(self._number)

    def admit(self, chunk: PromptColumns) -> Admitted:
        """The rows of ``chunk`` that count. Chunks come in the order of the source."""
        distinct, inverse = np.unique(chunk.account, return_inverse=True)
        numbers = [self._number.setdefault(one, len(self._number)) for one in distinct.tolist()]
        if 2 * len(self._number) > len(self._state):
            grown = np.zeros((4 * len(self._number), 4), np.int64)
            grown[: len(self._state)] = self._state
            self._state = grown
        owner = np.array(numbers, np.int64)[inverse.reshape(-1)]
        # A system prompt speaks beside the turns it came with, not in place of one.
        slots = 2 * owner + chunk.system
        keep = _admit(slots, chunk.at // DAY_US, chunk.text, self._state, self._caps)
        rows = np.flatnonzero(keep)
        return Admitted(taken(chunk.sketches, rows), (owner[rows] + 1).astype(np.uint32), rows)


def _surveyed(source: PromptSource, floors: Floors) -> tuple[NDArray[np.uint8], int]:
    last = np.zeros(1 << floors.buckets_log2, np.uint32)
    changes = np.zeros(1 << floors.buckets_log2, np.uint8)
    gate = Gate(floors)
    for chunk in source.chunks():
        part = gate.admit(chunk)
        survey(part.sketches.values, part.owner, part.sketches.offsets, last, changes)
    return changes, gate.accounts


def _counted(
    source: PromptSource, floors: Floors, sieve: tuple[NDArray[np.uint8], int, int]
) -> tuple[Keys, Counts, Counts]:
    table = _new_table(1 << 16, floors)
    gate, used = Gate(floors), 0
    for chunk in source.chunks():
        part = gate.admit(chunk)
        start = 0
        while start < len(part.owner):
            offsets = part.sketches.offsets[start:]
            read, used = count_exactly(
                part.sketches.values, part.owner[start:], offsets, sieve, table, used
            )
            start += read
            if start < len(part.owner):
                table = _grown(table, floors)
    return table


def _new_table(capacity: int, floors: Floors) -> tuple[Keys, Counts, Counts]:
    keys = new_keys(capacity)
    accounts = np.zeros((len(keys), floors.accounts_counted), np.uint32)
    return keys, np.zeros(len(keys), np.uint32), accounts


def _grown(table: tuple[Keys, Counts, Counts], floors: Floors) -> tuple[Keys, Counts, Counts]:
    larger = _new_table(len(table[0]), floors)
    moved(table, larger)
    return larger


def _heavy(table: tuple[Keys, Counts, Counts], floors: Floors, accounts_seen: int) -> HeavyShingles:
    keys, prompts, accounts = table
    distinct = (accounts > 0).sum(axis=1).astype(np.uint32)
    heavy = (prompts >= floors.min_prompts) & (distinct >= floors.min_accounts)
    ceiling = max(200.0, floors.max_accounts_share * accounts_seen)
    heavy &= (keys > 0) & (prompts <= ceiling * floors.per_account_day)
    chosen = np.flatnonzero(heavy)
    return HeavyShingles(keys[chosen], prompts[chosen], distinct[chosen])


def heavy_shingles(source: PromptSource, floors: Floors) -> HeavyShingles:
    """The heavy shingles of a source, by exact counts of prompts and accounts."""
    changes, accounts_seen = _surveyed(source, floors)
    many = int((changes >= min(5, floors.accounts_counted)).sum())
    parts = max(1, -(-many // floors.keys_at_once))
    found = [
        _heavy(_counted(source, floors, (changes, part, parts)), floors, accounts_seen)
        for part in range(parts)
    ]
    keys, prompts, accounts = (
        np.concatenate([getattr(one, name) for one in found])
        for name in ("shingles", "prompts", "accounts")
    )
    order = np.argsort(keys)
    return HeavyShingles(keys[order], prompts[order], accounts[order])
