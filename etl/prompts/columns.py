"""Marks of many requests as columns: what the fit of prompt clusters reads, chunk by chunk.

The journal yields them in the order of time; nothing here knows where they come from. A source can
be read more than once, because a fit in bounded memory is several passes. Read
:mod:`etl.prompts.fit` for what is made of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from graph.errors import InputError
from graph.prompts.fingerprint import Sketches
from graph.prompts.jit import compiled

Keys = NDArray[np.uint64]


@compiled
def digests(offsets: NDArray[np.int64], values: Keys) -> Keys:
    """A digest of each whole sketch, to tell different prompts from repeats. Shape [n]."""
    out = np.empty(len(offsets) - 1, np.uint64)
    for i in range(len(out)):
        digest = np.uint64(offsets[i + 1] - offsets[i])
        for j in range(offsets[i], offsets[i + 1]):
            digest = (digest ^ values[j]) * np.uint64(0x9E3779B97F4A7C15)
        out[i] = digest
    return out


@compiled
def _taken(
    offsets: NDArray[np.int64], values: Keys, rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Keys]:
    bounds = np.zeros(len(rows) + 1, np.int64)
    for i in range(len(rows)):
        bounds[i + 1] = bounds[i] + offsets[rows[i] + 1] - offsets[rows[i]]
    out = np.empty(bounds[-1], np.uint64)
    for i in range(len(rows)):
        out[bounds[i] : bounds[i + 1]] = values[offsets[rows[i]] : offsets[rows[i] + 1]]
    return bounds, out


def taken(sketches: Sketches, rows: NDArray[np.int64]) -> Sketches:
    """The sketches at ``rows``, in the order of ``rows``."""
    return Sketches(*_taken(sketches.offsets, sketches.values, rows))


@dataclass(frozen=True, slots=True, eq=False)
class PromptColumns:
    """Marks of ``n`` requests, in the order of time.

    Shapes and units, all [n] unless said: ``account`` int64, any number that stands for the
    account; ``at`` int64 microseconds; ``sketches`` of ``n`` prompts; ``since`` int64, when the
    account signed up (0 unknown); ``network`` int64, the /24, /48 or autonomous system the request
    came from (0 unknown); ``model`` int32 and ``language`` int16, codes of the caller's choice;
    ``answer_tokens`` int32; ``intent`` float32 [n, 7] logits; ``text`` uint64, what tells different
    prompts from repeats; ``system`` bool, a row that is the system prompt of another row's request:
    its ``text`` is that row's, for a system prompt goes with ever new turns.
    """

    account: NDArray[np.int64]
    at: NDArray[np.int64]
    sketches: Sketches
    since: NDArray[np.int64]
    network: NDArray[np.int64]
    model: NDArray[np.int32]
    language: NDArray[np.int16]
    answer_tokens: NDArray[np.int32]
    intent: NDArray[np.float32]
    text: Keys
    system: NDArray[np.bool_]

    def __post_init__(self) -> None:
        rows = {name: len(getattr(self, name)) for name in self.__slots__}
        if len(set(rows.values())) > 1:
            raise InputError(f"columns of prompts differ in length: {rows}")

    def __len__(self) -> int:
        return len(self.account)

    @classmethod
    def of(
        cls, account: NDArray[np.int64], at: NDArray[np.int64], sketches: Sketches
    ) -> "PromptColumns":
        """Columns of which only the asking is known; everything else is blank."""
        number = len(account)
        blank = np.zeros(number, np.int64)
        return cls(
            account.astype(np.int64),
            at.astype(np.int64),
            sketches,
            blank,
            blank,
            blank.astype(np.int32),
            blank.astype(np.int16),
            blank.astype(np.int32),
            np.zeros((number, 7), np.float32),
            digests(sketches.offsets, sketches.values),
            np.zeros(number, np.bool_),
        )

    def with_systems(self, systems: Sketches) -> "PromptColumns":
        """These prompts, and after each the system prompt that came with it, if it has a sketch.

        ``systems`` has a sketch for each of the ``n`` prompts.
        """
        has = np.diff(systems.offsets) > 0
        if not has.any():
            return self
        rows = np.repeat(np.arange(len(self)), 1 + has)
        system = np.zeros(len(rows), np.bool_)
        system[1:] = rows[1:] == rows[:-1]
        turns = self.sketches
        pool = Sketches(
            np.concatenate([turns.offsets, turns.offsets[-1] + systems.offsets[1:]]),
            np.concatenate([turns.values, systems.values]),
        )
        both = taken(pool, np.where(system, rows + len(self), rows))
        kept = {
            n: getattr(self, n)[rows] for n in self.__slots__ if n not in ("sketches", "system")
        }
        return PromptColumns(sketches=both, system=system, **kept)

    def rows(self, start: int, stop: int) -> "PromptColumns":
        """The rows from ``start`` to before ``stop``."""
        offsets = self.sketches.offsets[start : stop + 1]
        values = self.sketches.values[offsets[0] : offsets[-1]]
        cut = {
            name: getattr(self, name)[start:stop] for name in self.__slots__ if name != "sketches"
        }
        return PromptColumns(sketches=Sketches(offsets - offsets[0], values), **cut)


class PromptSource(Protocol):
    """Marks that can be read again and again, always the same and in the same order."""

    def chunks(self) -> Iterator[PromptColumns]:
        """The marks, in the order of time, at most some 100,000 in a chunk."""
        ...


@dataclass(frozen=True, slots=True)
class InMemory:
    """A source whose chunks are at hand: tests, benchmarks and small deployments."""

    parts: Sequence[PromptColumns]

    def chunks(self) -> Iterator[PromptColumns]:
        """The chunks as they were given."""
        yield from self.parts
