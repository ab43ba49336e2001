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


@dataclass(frozen=True, slots=True, eq=False)
class PromptColumns:
    """Marks of ``n`` requests, in the order of time.

    Shapes and units, all [n] unless said: ``account`` int64, any number that stands for the
    account; ``at`` int64 microseconds; ``sketches`` of ``n`` prompts; ``since`` int64, when the
    account signed up (0 unknown); ``network`` int64, the /24, /48 or autonomous system the request
    came from (0 unknown); ``model`` int32 and ``language`` int16, codes of the caller's choice;
    ``answer_tokens`` int32; ``intent`` float32 [n, 7] logits.
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
        )

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
