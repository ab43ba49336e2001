"""Which cluster a prompt belongs to: a sorted table of shingles and a vote.

The same ``assign`` serves the sign-up service, the back-test and the batch. The index is made by
``etl.prompts`` and never changes; it holds keyed hashes, cluster ids and counts, no text. It knows
nothing of accounts. Read :mod:`graph.prompts.weigh` for what a shared cluster is worth.
"""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from graph.errors import BundleCorrupt, KeyRefused, ModelMismatch
from graph.prompts.fingerprint import Sketches
from graph.prompts.jit import compiled
from graph.prompts.kernel import Shingles

FORMAT = 1


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
    """When a vote counts: at least ``min_votes`` shingles and ``min_share`` of the prompt's."""

    min_votes: int = 3
    min_share: float = 0.02


@compiled
def _ballot(
    sketch: Shingles, table: Shingles, owner: NDArray[np.int32], hits: NDArray[np.int32]
) -> tuple[int, int]:
    """The cluster with most shingles of ``sketch`` (the smaller number wins a tie), and its votes.

    ``hits`` is scratch of at least ``len(sketch)``.
    """
    found = 0
    for i in range(len(sketch)):
        at = np.searchsorted(table, sketch[i])
        if at < len(table) and table[at] == sketch[i]:
            hits[found] = owner[at]
            found += 1
    ordered = np.sort(hits[:found])
    best, votes, run = -1, 0, 0
    for i in range(found):
        run = run + 1 if i > 0 and ordered[i] == ordered[i - 1] else 1
        if run > votes:
            best, votes = int(ordered[i]), run
    return best, votes


@compiled
def _ballots(
    offsets: NDArray[np.int64], values: Shingles, table: Shingles, owner: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    number = len(offsets) - 1
    cluster, votes = np.empty(number, np.int32), np.empty(number, np.int32)
    longest = 1
    for i in range(number):
        longest = max(longest, offsets[i + 1] - offsets[i])
    hits = np.empty(longest, np.int32)
    for i in range(number):
        cluster[i], votes[i] = _ballot(values[offsets[i] : offsets[i + 1]], table, owner, hits)
    return cluster, votes


@dataclass(frozen=True, eq=False)
class ClusterIndex:
    """Shingles, each owned by one cluster.

    Shapes: shingles uint64 [s] ascending; owner int32 [s] into ``ids``; accounts uint32 [s], how
    many distinct accounts were seen with the shingle (counted up to a cap well above the privacy
    threshold).
    """

    shingles: Shingles
    owner: NDArray[np.int32]
    accounts: NDArray[np.uint32]
    ids: tuple[str, ...]
    key_id: str
    as_of: int
    rule: VoteRule = field(default_factory=VoteRule)

    def __post_init__(self) -> None:
        if not len(self.shingles) == len(self.owner) == len(self.accounts):
            raise ModelMismatch("the index's columns differ in length")
        for array in (self.shingles, self.owner, self.accounts):
            array.setflags(write=False)

    @classmethod
    def empty(cls, key_id: str, as_of: int = 0) -> "ClusterIndex":
        """An index that assigns nothing: what a new deployment starts with."""
        none = np.empty(0, np.int32)
        return cls(none.astype(np.uint64), none, none.astype(np.uint32), (), key_id, as_of)

    def __len__(self) -> int:
        return len(self.ids)

    def assign(self, sketch: Shingles) -> Assignment:
        """The cluster of one prompt, by the shingles it shares with each."""
        best, votes = _ballot(sketch, self.shingles, self.owner, np.empty(len(sketch), np.int32))
        share = votes / max(1, len(sketch))
        counts = votes >= self.rule.min_votes and share >= self.rule.min_share
        return Assignment(self.ids[best] if counts else None, votes, share)

    def assign_many(self, sketches: Sketches) -> Assignments:
        """:meth:`assign` for a batch, with cluster numbers in place of ids."""
        cluster, votes = _ballots(sketches.offsets, sketches.values, self.shingles, self.owner)
        share = votes / np.maximum(1, np.diff(sketches.offsets))
        lost = (votes < self.rule.min_votes) | (share < self.rule.min_share)
        return Assignments(
            np.where(lost, -1, cluster).astype(np.int32), votes, share.astype(np.float32)
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
        for array in (self.shingles, self.owner, self.accounts):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _head(self) -> str:
        head = {
            "format": FORMAT,
            "key_id": self.key_id,
            "as_of": self.as_of,
            "min_votes": self.rule.min_votes,
            "min_share": self.rule.min_share,
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
            VoteRule(int(str(head["min_votes"])), float(str(head["min_share"]))),
        )


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("ids are not a list")
    return value
