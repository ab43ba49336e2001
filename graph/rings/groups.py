"""Groups of accounts as arrays, and evidence about all of them at once.

A refresh looks at tens of thousands of candidate groups, nearly all of them households, so evidence
is columns over groups; words are made only for those that are kept. Knows nothing of what counts as
evidence: that is ``graph.rings.evidence_*``.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from graph.rings.inputs import Bools, Floats, Ints
from graph.rings.model import Family, Reason


@dataclass(frozen=True)
class Groups:
    """A partition of some accounts: ``label`` [N] is a group from 0 to G - 1, or -1."""

    label: Ints

    @cached_property
    def count(self) -> int:
        """The number of groups, G."""
        return int(self.label.max(initial=-1)) + 1

    @cached_property
    def sizes(self) -> Ints:
        """Members of each group, [G]."""
        return np.bincount(self.label[self.label >= 0], minlength=self.count)

    @cached_property
    def _ordered(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.label, kind="stable")
        return order, np.searchsorted(self.label[order], np.arange(self.count + 1))

    def members(self, group: int) -> Ints:
        """Account rows of a group, ascending."""
        order, bounds = self._ordered
        return order[bounds[group] : bounds[group + 1]]

    def mean(self, values: Floats) -> Floats:
        """Mean of ``values`` [N] over each group's members, [G]; NaN values are left out."""
        inside = np.flatnonzero((self.label >= 0) & ~np.isnan(values))
        total = np.bincount(self.label[inside], weights=values[inside], minlength=self.count)
        known = np.bincount(self.label[inside], minlength=self.count)
        return np.where(known > 0, total / np.maximum(known, 1), np.nan)

    def share(self, which: Bools) -> Floats:
        """Share of each group's members that ``which`` [N] marks, [G]."""
        inside = self.label >= 0
        hits = np.bincount(self.label[inside & which], minlength=self.count)
        share: Floats = hits / np.maximum(self.sizes, 1)
        return share

    def pair_mean(self, weights: sparse.csr_array) -> Floats:
        """Mean weight over all pairs of each group (a missing link is 0), [G]."""
        coo = weights.tocoo()
        same = (self.label[coo.row] == self.label[coo.col]) & (self.label[coo.row] >= 0)
        total = np.bincount(self.label[coo.row[same]], weights=coo.data[same], minlength=self.count)
        mean: Floats = total / np.maximum(self.sizes * (self.sizes - 1), 1)
        return mean


@dataclass(frozen=True)
class Evidence:
    """One kind of evidence about every group.

    ``weight`` (nats), ``observed`` and ``usual`` are [G]; ``sentence`` is a format string that may
    name ``{observed}``, ``{usual}`` and ``{size}``; ``entities`` gives the node ids behind it.
    """

    code: str
    family: Family | None
    weight: Floats
    observed: Floats
    usual: Floats
    sentence: str
    entities: Callable[[int], tuple[str, ...]] | None = None

    def reason(self, group: int, size: int) -> Reason:
        """The evidence about one group, in words."""
        observed, usual = float(self.observed[group]), float(self.usual[group])
        return Reason(
            self.code,
            self.sentence.format(observed=observed, usual=usual, size=size),
            round(observed, 6),
            round(usual, 6),
            round(float(self.weight[group]), 4),
            self.family,
            self.entities(group) if self.entities else (),
        )

    def times(self, factor: Floats) -> "Evidence":
        """The same evidence with its weight scaled by ``factor`` [G]."""
        return replace(self, weight=self.weight * factor)

    def where_heavier(self, other: "Evidence") -> "Evidence":
        """This evidence, or for groups where it weighs more ``other``, of the same code."""
        more = other.weight > self.weight
        chosen = {
            name: np.where(more, getattr(other, name), getattr(self, name))
            for name in ("weight", "observed", "usual")
        }
        return replace(self, **chosen)
