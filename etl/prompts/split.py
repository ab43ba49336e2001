"""Templates told apart inside a community of shingles: by whole prompts, and by who sends them.

Public toolkits copy each other's sentences, so a shingle may belong to ten templates and what
tells them apart is which sentences stand together. Prompts of one community are joined by average
linkage on the Jaccard of their heavy shingles: much alike is one template, and so is what is nearly
as alike as the prompts of either side are among themselves, for heavy edits make everything
unlike; unless strangers to one side send all of it and a whole passage more. Somewhat alike is one
template reworded if the same accounts send both sides, and two templates if strangers do. What is
left of each is a profile: how typical a shingle is of it, and how much of the shingle is its own.
Knows nothing of ids. Read :mod:`etl.prompts.graph` for the communities, and
:mod:`graph.prompts.index` for the vote.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage
from scipy.sparse import csr_matrix

from etl.prompts.values import Carried, without_values

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
MOST, HARDLY = 0.6, 0.05
"""Shares (0..1) of a side's prompts that show a shingle of a passage, and that may by chance."""
STRAY_SHINGLES = 3
"""Fewer shingles of its own than this, and a side is wholly contained in the other."""


@dataclass(frozen=True, slots=True)
class Telling:
    """When two groups of prompts are one template.

    Attributes:
        alike: mean Jaccard (0..1) from which they are, whoever sends them,
        evenly: or this share (0..1) of the mean Jaccard within the looser side: there is no gap.
        passage: unless the accounts differ and one side shows all of the other and so many
            shingles more: a private template under a public one.
        akin: from here on they are if the same accounts send both; what is less alike is not even.
        same_accounts: share (0..1) of the smaller side's accounts that must send both, two at
            least.
        few: a side of fewer prompts has no say of its own: ``stray`` is enough for it.
        stray: mean Jaccard (0..1) from which such a side is taken along.
        rows: prompts of a community that are compared, at most.
        own: a shingle is kept for a template that has this share (0..1) of its prompts,
        typical: or that shows it in this share of its own.
        min_rows: a smaller template is chance.
        together: so much (0..1) is added to the Jaccard of two prompts that were in one cluster
            at the last fit,
        apart: and so much taken from it if they were in two: at the border nothing changes.
        local: prompts are compared by shingles that show in this share (0..1) of cases in their
            community: a text that fills the slots of many templates tells nothing of any.
        carried: when a text that fills slots is a group of its own, and so no template.
    """

    alike: float = 0.38
    evenly: float = 0.7
    passage: int = 9
    akin: float = 0.06
    same_accounts: float = 0.15
    few: int = 8
    stray: float = 0.1
    rows: int = 3_000
    own: float = 0.5
    typical: float = 0.2
    min_rows: int = 6
    local: float = 0.2
    together: float = 0.18
    apart: float = 0.3
    carried: Carried = field(default_factory=Carried)


@dataclass(frozen=True, slots=True)
class Profiles:
    """Which shingle belongs to which template, one row a pair.

    Shapes, all [p], ascending by ``shingle`` then ``template``: ``shingle`` a position in the list
    of heavy shingles; ``template`` from 0; ``typical`` the share (0..1) of the template's prompts
    that show the shingle; ``own`` the share (0..1) of the shingle's prompts that are the
    template's.
    """

    shingle: Labels
    template: Labels
    typical: Floats
    own: Floats


def _similar(rows: csr_matrix, before: Labels, telling: Telling) -> Floats:
    """One minus Jaccard of each pair of rows, nearer to what was, condensed as SciPy has it."""
    dense = rows[:, np.flatnonzero(_sum(rows) >= 2)].toarray()
    both = dense @ dense.T
    size = dense.sum(axis=1)
    either = np.maximum(1.0, size[:, None] + size[None] - both)
    upper = np.triu_indices(len(size), 1)
    far = np.asarray(1.0 - (both / either)[upper], np.float64)
    one, other = before[upper[0]], before[upper[1]]
    known = (one >= 0) & (other >= 0)
    far += np.where(known, np.where(one == other, -telling.together, telling.apart), 0.0)
    return np.clip(far, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Group:
    """Prompts of one community by row, their accounts, and how alike all pairs are, summed."""

    rows: list[int]
    accounts: frozenset[int]
    inside: float = 0.0

    @property
    def coherence(self) -> float:
        """Mean Jaccard (0..1) of its pairs."""
        number = len(self.rows)
        return self.inside / max(1.0, number * (number - 1) / 2)

    def joined(self, other: "_Group", alike: float) -> "_Group":
        """Both in one; ``alike`` is the mean Jaccard between them."""
        return _Group(
            self.rows + other.rows,
            self.accounts | other.accounts,
            self.inside + other.inside + alike * len(self.rows) * len(other.rows),
        )


def _stands_under(shown: csr_matrix, one: _Group, other: _Group, telling: Telling) -> bool:
    """Whether one side is all of the other and a whole passage more, sent again and again.

    Accounts that send a thing once had no chance to show that they send the other, too.
    """
    mine, theirs = (_sum(shown[side.rows]) / len(side.rows) for side in (one, other))
    more, less = (
        int(np.count_nonzero((a >= MOST) & (b <= HARDLY)))
        for a, b in ((mine, theirs), (theirs, mine))
    )
    longer = one if more > less else other
    again = len(longer.rows) >= 2 * len(longer.accounts)
    return again and max(more, less) >= telling.passage and min(more, less) < STRAY_SHINGLES


def _joins(
    shown: csr_matrix, height: float, small: _Group, large: _Group, telling: Telling
) -> bool:
    """Whether two groups at this distance are one."""
    alike, rows = 1.0 - height, len(small.rows)
    shared = len(small.accounts & large.accounts)
    if rows < telling.few and alike < telling.alike:
        return alike >= telling.stray
    looser = min(small.coherence, large.coherence)
    if alike >= min(telling.alike, max(telling.akin, telling.evenly * looser)):
        strangers = shared < 2 and rows >= 2 * telling.few
        return not (strangers and _stands_under(shown, small, large, telling))
    enough = max(2.0, telling.same_accounts * min(len(small.accounts), len(large.accounts)))
    return alike >= telling.akin and shared >= enough


def told_apart(
    rows: csr_matrix, owner: Labels, telling: Telling, before: Labels | None = None
) -> Labels:
    """The group of each prompt of one community, numbered from 0.

    Args:
        rows: [n, shingles], 1 where a prompt shows a heavy shingle.
        owner: [n] account of each prompt.
        telling: when groups are one.
        before: [n] cluster of each prompt at the last fit, -1 for none.
    """
    number = rows.shape[0]
    if number < 2:
        return np.zeros(number, np.int64)
    before = np.full(number, -1, np.int64) if before is None else before
    group: list[_Group | None] = [_Group([i], frozenset([int(one)])) for i, one in enumerate(owner)]
    done: list[list[int]] = []
    for left, right, height, _ in linkage(_similar(rows, before, telling), "average"):
        small, large = sorted((group[int(left)], group[int(right)]), key=_size)
        if small is None or large is None:
            group.append(small or large)
        elif _joins(rows, height, small, large, telling):
            group.append(small.joined(large, 1.0 - height))
        elif len(small.rows) < telling.few:
            done.append(small.rows)
            group.append(large)
        else:
            done += [small.rows, large.rows]
            group.append(None)
    if group[-1] is not None:
        done.append(group[-1].rows)
    label = np.empty(number, np.int64)
    for i, members in enumerate(done):
        label[members] = i
    return label


def _size(group: _Group | None) -> int:
    return 0 if group is None else len(group.rows)


def _sum(shown: csr_matrix) -> Floats:
    """How many of the prompts show each shingle."""
    return np.asarray(shown.sum(axis=0), np.float64).reshape(-1)


def _spread(rows: Labels, limit: int) -> Labels:
    """At most ``limit`` of the rows, evenly through time."""
    if len(rows) <= limit:
        return rows
    return rows[np.linspace(0, len(rows) - 1, limit).astype(np.int64)]


def profiles(
    shown: csr_matrix,
    owner: Labels,
    community: Labels,
    telling: Telling,
    before: Labels | None = None,
) -> Profiles:
    """The templates of all communities.

    Args:
        shown: [r, h], 1 where a sampled prompt shows a heavy shingle.
        owner: [r] account of each prompt.
        community: [r] community of each prompt, -1 for none.
        telling: when groups are one.
        before: [r] cluster of each prompt at the last fit, -1 for none.
    """
    before = np.full(len(community), -1, np.int64) if before is None else before
    template = np.full(len(community), -1, np.int64)
    compared = np.zeros(len(community), bool)
    found, everywhere = 0, np.maximum(1.0, _sum(shown))
    order = np.argsort(community, kind="stable")
    bounds = np.searchsorted(community[order], np.arange(community.max(initial=-1) + 2))
    for start, stop in pairwise(bounds.tolist()):
        local = np.flatnonzero(_sum(shown[order[start:stop]]) >= telling.local * everywhere)
        rows = _spread(order[start:stop], telling.rows)
        compared[rows] = True
        group = told_apart(shown[rows][:, local], owner[rows], telling, before[rows])
        large = np.flatnonzero(np.bincount(group, minlength=1) >= telling.min_rows)
        place = np.full(int(group.max(initial=0)) + 1, -1, np.int64)
        place[large] = found + np.arange(len(large))
        template[rows] = place[group]
        found += len(large)
    template = without_values(shown, owner, template, telling.carried)
    found = int(template.max(initial=-1)) + 1
    return _counted(shown, template, compared | (community < 0), found, telling)


def _counted(
    shown: csr_matrix, template: Labels, counts: NDArray[np.bool_], number: int, telling: Telling
) -> Profiles:
    """Profiles from the template of each row; rows that do not count were not compared."""
    kept = template >= 0
    members = csr_matrix(
        (np.ones(kept.sum()), (template[kept], np.flatnonzero(kept))),
        shape=(number, len(template)),
    )
    both = (members @ shown).tocsc().tocoo()
    total = _sum(shown[counts])
    size = np.bincount(template[kept], minlength=number)
    typical, own = both.data / size[both.row], both.data / total[both.col]
    good = (both.data >= 3) & ((own >= telling.own) | (typical >= telling.typical))
    return Profiles(
        both.col[good].astype(np.int64), both.row[good].astype(np.int64), typical[good], own[good]
    )
