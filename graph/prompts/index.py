"""Which cluster a prompt belongs to: a sorted table of shingles and a vote.

A prompt goes to the cluster whose typical prompt it is most like, if enough of what they share is
the cluster's own. The same ``assign`` serves the sign-up service, the back-test and the batch. The
index is made by ``etl.prompts.fit`` and never changes; it holds keyed hashes, cluster ids and
counts, no text. It knows nothing of accounts. Read :mod:`graph.prompts.weigh` for what a shared
cluster is worth.
"""

import hashlib
import json
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from graph.errors import BundleCorrupt, KeyRefused, ModelMismatch
from graph.prompts.fingerprint import Sketches
from graph.prompts.jit import compiled
from graph.prompts.kernel import Shingles

FORMAT = 2
PLENTY = 8
"""So many votes count in a prompt of any length: ten words in a row are no coincidence."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The outcome of one vote.

    Attributes:
        cluster_id: the cluster, or None if too few shingles agree.
        votes: shingles of the prompt that the winning cluster owns (also when it lost the vote).
        share: ``votes`` over the shingles of the prompt (0..1).
    """

    cluster_id: str | None
    votes: int
    share: float


@dataclass(frozen=True, slots=True)
class Assignments:
    """Votes of a batch. Shapes: all [n]; ``cluster`` indexes ``ClusterIndex.ids``, -1 is none."""

    cluster: NDArray[np.int32]
    votes: NDArray[np.int32]
    share: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VoteRule:
    """When a vote counts.

    At least ``min_votes`` shingles and ``min_share`` of the prompt's, or :data:`PLENTY` after a
    long document; and the cluster's share (0..1) of each of them, summed, is ``min_own`` times
    ``min_votes``: three phrases that everybody says are no template.
    """

    min_votes: int = 3
    min_share: float = 0.02
    min_own: float = 0.6


Table = tuple[
    Shingles,
    NDArray[np.int32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.int64],
    np.uint64,
]
"""Shingles, and for each its owner, its strength there and the owner's share of it, all [s]; and
where each drawer of :func:`_drawers` begins, [2^b + 1], and by how many bits a shingle is shifted
to give the number of its drawer."""
Count = tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float64], NDArray[np.int32]]
"""A count under way: votes, likeness and own share of each cluster, all [c] and zero between two
prompts; and the clusters that have a vote, in their first places, [c]."""


def _drawers(shingles: Shingles) -> tuple[NDArray[np.int64], np.uint64]:
    """Where shingles of each leading bit pattern begin: keyed hashes fill drawers evenly.

    About one shingle a drawer, so that finding one costs a look or two whatever their number; a
    binary search costs fifteen that no processor can foresee.
    """
    bits = max(1, len(shingles).bit_length())
    shift = np.uint64(64 - bits)
    leading = np.arange(1 << bits, dtype=np.uint64) << shift
    begins = np.append(np.searchsorted(shingles, leading), len(shingles))
    return begins.astype(np.int64), shift


@compiled
def _counted(sketch: Shingles, table: Table, count: Count) -> int:
    """Count the votes of one prompt into ``count``; the number of clusters that have one."""
    shingles, owner, strength, own, drawers, shift = table
    votes, like, mine, voted = count
    number = 0
    for shingle in sketch:
        drawer = shingle >> shift
        for at in range(drawers[drawer], drawers[drawer + np.uint64(1)]):
            if shingles[at] != shingle:
                continue
            one = owner[at]
            if not votes[one]:
                voted[number] = one
                number += 1
            votes[one] += 1
            like[one] += strength[at]
            mine[one] += own[at]
    return number


@compiled
def _ballot(
    sketch: Shingles, table: Table, least: tuple[int, float], count: Count
) -> tuple[int, int, bool]:
    """The cluster that ``sketch`` is most like, its votes, and whether they count.

    Likeness is the cosine between the prompt and the cluster's typical prompt. ``least`` is how
    many votes count, and how much of them must be the cluster's own. A smaller number wins a tie.
    """
    votes, like, mine, voted = count
    number = _counted(sketch, table, count)
    voted[:number].sort()
    best, best_votes, best_like, best_counts = -1, 0, 0.0, False
    for one in voted[:number]:
        counts = votes[one] >= least[0] and mine[one] >= least[1]
        better = counts == best_counts and like[one] > best_like + 1e-9
        if (counts and not best_counts) or better:
            best, best_votes, best_like, best_counts = int(one), votes[one], like[one], counts
        votes[one], like[one], mine[one] = 0, 0.0, 0.0
    return best, best_votes, best_counts


@compiled
def _ballots(
    offsets: NDArray[np.int64],
    values: Shingles,
    table: Table,
    least: tuple[int, float],
    count: Count,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
    number = len(offsets) - 1
    cluster, votes = np.empty(number, np.int32), np.empty(number, np.int32)
    counts = np.empty(number, np.bool_)
    for i in range(number):
        sketch = values[offsets[i] : offsets[i + 1]]
        cluster[i], votes[i], counts[i] = _ballot(sketch, table, least, count)
    return cluster, votes, counts


@dataclass(frozen=True, eq=False)
class ClusterIndex:
    """Shingles, and the clusters whose templates show them.

    One row a shingle and cluster: toolkits copy each other's sentences, so a shingle may stand in
    several rows. Shapes: shingles uint64 [s] ascending; owner int32 [s] into ``ids``; accounts
    uint32 [s], how many distinct accounts were seen with the shingle (counted up to a cap well
    above the privacy threshold); typical float32 [s], the share (0..1) of the cluster's prompts
    that show it; own float32 [s], the share (0..1) of the shingle's prompts that are the cluster's.
    Without the last two every shingle is wholly its owner's.
    """

    shingles: Shingles
    owner: NDArray[np.int32]
    accounts: NDArray[np.uint32]
    ids: tuple[str, ...]
    key_id: str
    as_of: int
    rule: VoteRule = field(default_factory=VoteRule)
    typical: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    own: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def __post_init__(self) -> None:
        for name in ("typical", "own"):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.ones(len(self.shingles), np.float32))
        arrays = (self.shingles, self.owner, self.accounts, self.typical, self.own)
        if len({len(array) for array in arrays}) > 1:
            raise ModelMismatch("the index's columns differ in length")
        for array in arrays:
            array.setflags(write=False)

    @cached_property
    def _table(self) -> Table:
        length = np.bincount(self.owner, self.typical.astype(np.float64) ** 2, len(self.ids))
        strength = self.typical / np.sqrt(np.maximum(1e-12, length))[self.owner]
        drawers, shift = _drawers(self.shingles)
        return self.shingles, self.owner, strength.astype(np.float32), self.own, drawers, shift

    @cached_property
    def _counts(self) -> threading.local:
        return threading.local()

    def _count(self) -> Count:
        """A count of this thread's own, all zero: many threads ask one index."""
        held: Count | None = getattr(self._counts, "count", None)
        if held is None:
            votes, voted = np.zeros((2, len(self.ids)), np.int32)
            like, mine = np.zeros((2, len(self.ids)), np.float64)
            held = self._counts.count = (votes, like, mine, voted)
        return held

    @property
    def _least(self) -> tuple[int, float]:
        return self.rule.min_votes, float(self.rule.min_own * self.rule.min_votes)

    @classmethod
    def empty(cls, key_id: str, as_of: int = 0) -> "ClusterIndex":
        """An index that assigns nothing: what a new deployment starts with."""
        none = np.empty(0, np.int32)
        return cls(none.astype(np.uint64), none, none.astype(np.uint32), (), key_id, as_of)

    def __len__(self) -> int:
        return len(self.ids)

    def assign(self, sketch: Shingles) -> Assignment:
        """The cluster of one prompt, by the shingles it shares with each."""
        best, votes, counts = _ballot(sketch, self._table, self._least, self._count())
        share = votes / max(1, len(sketch))
        found = counts and (share >= self.rule.min_share or votes >= PLENTY)
        return Assignment(self.ids[best] if found else None, votes, share)

    def assign_many(self, sketches: Sketches) -> Assignments:
        """:meth:`assign` for a batch, with cluster numbers in place of ids."""
        cluster, votes, counts = _ballots(
            sketches.offsets, sketches.values, self._table, self._least, self._count()
        )
        share = votes / np.maximum(1, np.diff(sketches.offsets))
        found = counts & ((share >= self.rule.min_share) | (votes >= PLENTY))
        return Assignments(
            np.where(found, cluster, -1).astype(np.int32), votes, share.astype(np.float32)
        )

    def shingles_of(self, cluster_id: str, min_accounts: int = 0) -> Shingles:
        """The shingles a cluster owns, ascending; only those of ``min_accounts`` or more."""
        if cluster_id not in self.ids:
            return np.empty(0, np.uint64)
        mine = self.owner == self.ids.index(cluster_id)
        kept: Shingles = self.shingles[mine & (self.accounts >= min_accounts)]
        return kept

    @property
    def digest(self) -> str:
        """SHA-256 over everything the index decides by."""
        digest = hashlib.sha256(self._head().encode())
        for array in (self.shingles, self.owner, self.accounts, self.typical, self.own):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _head(self) -> str:
        head = {
            "format": FORMAT,
            "key_id": self.key_id,
            "as_of": self.as_of,
            "min_votes": self.rule.min_votes,
            "min_share": self.rule.min_share,
            "min_own": self.rule.min_own,
            "ids": self.ids,
        }
        return json.dumps(head, sort_keys=True)

    def save(self, path: Path) -> None:
        """Write the index to one ``.npz`` file, whole or not at all."""
        head = np.frombuffer(self._head().encode(), np.uint8)
        digest = np.frombuffer(self.digest.encode(), np.uint8)
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            np.savez(
                file,
                head=head,
                digest=digest,
                shingles=self.shingles,
                owner=self.owner,
                accounts=self.accounts,
                typical=self.typical,
                own=self.own,
            )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, key_id: str | None = None) -> "ClusterIndex":
        """Read an index; refuses a damaged one, and one of another key if ``key_id`` is given."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            head = json.loads(arrays["head"].tobytes())
            index = cls._of(head, arrays)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as exc:
            raise BundleCorrupt(f"{path.name} is not a prompt index: {type(exc).__name__}") from exc
        if index.digest != arrays["digest"].tobytes().decode("ascii", "replace"):
            raise BundleCorrupt(f"{path.name}: the digest does not match the content")
        if key_id is not None and key_id != index.key_id:
            raise KeyRefused(f"{path.name} was made under key {index.key_id}, this one is {key_id}")
        return index

    @classmethod
    def _of(cls, head: dict[str, object], arrays: dict[str, NDArray[np.generic]]) -> "ClusterIndex":
        if head["format"] != FORMAT:
            raise ModelMismatch(f"prompt index of format {head['format']}, not {FORMAT}")
        return cls(
            arrays["shingles"].astype(np.uint64),
            arrays["owner"].astype(np.int32),
            arrays["accounts"].astype(np.uint32),
            tuple(str(one) for one in _listed(head["ids"])),
            str(head["key_id"]),
            int(str(head["as_of"])),
            VoteRule(
                int(str(head["min_votes"])),
                float(str(head["min_share"])),
                float(str(head["min_own"])),
            ),
            arrays["typical"].astype(np.float32),
            arrays["own"].astype(np.float32),
        )


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("ids are not a list")
    return value
