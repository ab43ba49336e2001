"""An earlier table beside a later one: which rows came, and where those that stood say otherwise.

Rows only ever come, and what came is dated so, so an earlier table mostly lies in the later one row
for row once what came is left out. Both are then read once, in blocks that stay in the processor's
cache, and nothing as long as a table is made. Rows are looked up only where that fails. It knows
nothing of accounts: read :mod:`graph.rings.changes` next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.rings.inputs import Bools, Ints

BLOCK = 1 << 16
"""Rows that are compared at a time."""


@dataclass(frozen=True)
class Laid:
    """Where the rows of an earlier table are in a later one of ``size`` rows.

    ``fresh`` int64 [F] are the later rows that came, ascending; the rest are the earlier ones in
    their order, or else ``found`` int64 [n] gives the later row of each.
    """

    size: int
    fresh: Ints
    found: Ints | None = None

    @property
    def stayed(self) -> bool:
        """Whether every row is where it was, and none came."""
        return self.found is None and not len(self.fresh)

    @cached_property
    def stood(self) -> Bools:
        """The later rows that did not come, [size]."""
        there = np.ones(self.size, np.bool_)
        there[self.fresh] = False
        return there

    @cached_property
    def place(self) -> Ints:
        """The later row of every earlier one, [n]."""
        return np.flatnonzero(self.stood) if self.found is None else self.found

    @cached_property
    def narrow(self) -> npt.NDArray[np.int32]:
        """``place`` as snapshots store rows."""
        return self.place.astype(np.int32)

    def rows(self, earlier: Ints) -> Ints:
        """The later rows of a few earlier ones."""
        if self.found is not None:
            return self.found[earlier]
        before = self.fresh - np.arange(len(self.fresh))  # earlier rows ahead of each that came
        return earlier + np.searchsorted(before, earlier, side="right")

    def blocks(self, was: pa.Array, now: pa.Array) -> Iterator[tuple[int, pa.Array, pa.Array]]:
        """An earlier column and the same rows of the later one, piece by piece, and where each is.

        A piece that the tables share is told from itself without being read.
        """
        if self.found is not None:
            yield 0, was, now.take(pa.array(self.found))
        elif not len(self.fresh):
            yield 0, was, now
        else:
            there, at = self._marked, 0
            for start in range(0, self.size, BLOCK):
                kept = now.slice(start, BLOCK).filter(there.slice(start, BLOCK))
                yield at, was.slice(at, len(kept)), kept
                at += len(kept)

    @cached_property
    def _marked(self) -> pa.Array:
        return pa.array(self.stood)

    def otherwise(self, was: pa.Array, now: pa.Array) -> Ints:
        """The later rows of which a column says something else than it did, ascending by block."""
        found = [np.empty(0, np.int64)]
        for at, before, after in self.blocks(was, now):
            if not before.equals(after):
                found.append(np.flatnonzero(~alike(before, after)) + at)
        return self.rows(np.concatenate(found))

    def same(self, was: pa.Array, now: pa.Array, ends: "Laid | None" = None) -> bool:
        """Whether a column is what it was; where it holds rows, of a table that lies as ``ends``.

        Lengths have to agree: the later column has ``size`` rows, the earlier one those that stood.
        """
        for _, before, after in self.blocks(was, now):
            if ends is None or ends.stayed:
                if not before.equals(after):
                    return False
            elif not np.array_equal(ends.narrow[np.asarray(before)], np.asarray(after)):
                return False
        return True


def alike(was: pa.Array, now: pa.Array) -> Bools:
    """Where two columns agree; unknown agrees with unknown."""
    # A column of nothing but nulls has no type.
    if was.type != now.type or pa.types.is_null(was.type):
        was, now = (values.cast(pa.string()) for values in (was, now))
    if pa.types.is_floating(was.type):
        was, now = (pc.if_else(pc.is_nan(v), pa.scalar(None, v.type), v) for v in (was, now))
    same = pc.or_(pc.fill_null(pc.equal(was, now), False), pc.and_(was.is_null(), now.is_null()))
    return np.asarray(same, np.bool_)
