"""Hash tables for counting shingles by the hundred million in bounded memory.

Arrays and compiled functions only; knows nothing of prompts beyond 64-bit hashes. Keys are keyed
hashes already, so the low bits of a key are its slot, and a key of 0 marks an empty one (a shingle
of hash 0 is lost once in 2**64). Read :mod:`etl.prompts.counts` next.
"""

import numpy as np
from numpy.typing import NDArray

from graph.prompts.jit import compiled

Keys = NDArray[np.uint64]
Counts = NDArray[np.uint32]

_MIX = np.uint64(0x9E3779B97F4A7C15)


@compiled
def slot_of(keys: Keys, key: np.uint64) -> int:
    """Where ``key`` is in a table of 2**b slots, or the empty slot where it would go."""
    mask = np.uint64(len(keys) - 1)
    at = (key * _MIX >> np.uint64(17)) & mask
    while keys[at] != np.uint64(0) and keys[at] != key:
        at = (at + np.uint64(1)) & mask
    return int(at)


def new_keys(capacity: int) -> Keys:
    """An empty table that holds ``capacity`` keys at most two thirds full."""
    return np.zeros(1 << max(10, int(np.ceil(np.log2(1.5 * capacity + 1)))), np.uint64)


@compiled
def survey(
    values: Keys,
    owners: Counts,
    offsets: NDArray[np.int64],
    last: Counts,
    changes: NDArray[np.uint8],
) -> None:
    """Count, per bucket of shingles, how often the account changes (never below the accounts).

    A bucket's changes are at least the distinct accounts of each of its shingles, so a bucket with
    few changes holds no shingle worth an exact count. ``owners`` [n] is the account of each prompt
    (1 and up); ``last`` and ``changes`` have 2**b buckets and are updated.
    """
    mask = np.uint64(len(last) - 1)
    for row in range(len(owners)):
        for i in range(offsets[row], offsets[row + 1]):
            bucket = (values[i] * _MIX >> np.uint64(23)) & mask
            if last[bucket] != owners[row]:
                last[bucket] = owners[row]
                if changes[bucket] < 255:
                    changes[bucket] += 1


@compiled
def promising(value: np.uint64, changes: NDArray[np.uint8], floor: int) -> bool:
    """Whether a shingle may have ``floor`` accounts, as far as :func:`survey` can tell."""
    return bool(changes[(value * _MIX >> np.uint64(23)) & np.uint64(len(changes) - 1)] >= floor)


@compiled
def _note(accounts: Counts, account: np.uint32) -> None:
    """Add an account to the first distinct ones of a key, while there is room."""
    for k in range(len(accounts)):
        if accounts[k] == account:
            return
        if accounts[k] == np.uint32(0):
            accounts[k] = account
            return


@compiled
def count_exactly(
    values: Keys,
    owners: Counts,
    offsets: NDArray[np.int64],
    sieve: tuple[NDArray[np.uint8], int, int],
    table: tuple[Keys, Counts, Counts],
    used: int,
) -> tuple[int, int]:
    """Count prompts and distinct accounts of promising shingles; stops when the table is full.

    Args:
        values: sketches of a chunk of prompts.
        owners: the account of each prompt, 1 and up.
        offsets: where each prompt's sketch begins and ends in ``values``.
        sieve: what :func:`survey` left; and which part of all hashes is counted, of how many.
        table: keys [2**b]; prompts [2**b]; accounts [2**b, k], the first ``k`` distinct accounts
            of each key, 0 where there are fewer. Updated.
        used: how many keys the table holds.

    Returns:
        how many prompts were read, and how many keys the table holds now.
    """
    keys, prompts, accounts = table
    changes, part, parts = sieve
    room = len(keys) // 3 * 2
    floor = accounts.shape[1]
    for row in range(len(owners)):
        if used + (offsets[row + 1] - offsets[row]) > room:
            return row, used
        for i in range(offsets[row], offsets[row + 1]):
            if (values[i] >> np.uint64(7)) % np.uint64(parts) != np.uint64(part):
                continue
            if not promising(values[i], changes, min(5, floor)):
                continue
            at = slot_of(keys, values[i])
            used += keys[at] == np.uint64(0)
            keys[at] = values[i]
            prompts[at] += np.uint32(1)
            _note(accounts[at], owners[row])
    return len(owners), used


@compiled
def moved(old: tuple[Keys, Counts, Counts], new: tuple[Keys, Counts, Counts]) -> None:
    """Copy a table into an emptier, larger one."""
    for i in range(len(old[0])):
        if old[0][i] != np.uint64(0):
            at = slot_of(new[0], old[0][i])
            new[0][at] = old[0][i]
            new[1][at] = old[1][i]
            new[2][at] = old[2][i]


@compiled
def find_rows(keys: Keys, rows: NDArray[np.int32], values: Keys, out: NDArray[np.int32]) -> int:
    """Write the rows of those ``values`` that the table knows to ``out``; gives how many."""
    found = 0
    for i in range(len(values)):
        at = slot_of(keys, values[i])
        if keys[at] != np.uint64(0):
            out[found] = rows[at]
            found += 1
    return found


@compiled
def fill_rows(keys: Keys, rows: NDArray[np.int32], values: Keys) -> None:
    """Make a table that gives the position of each of ``values`` (distinct, none of them 0)."""
    for i in range(len(values)):
        at = slot_of(keys, values[i])
        keys[at] = values[i]
        rows[at] = i
