"""Telling rings apart among suspects: average linkage over everything that ties or parts two.

Only accounts that something unusual has already picked out come here (rare templates in common, a
talk handed over, a model's suspicion), so that dense work stays small: all pairs of a block, where
a block is what is connected at all. Two groups join while the mean pair between them is worth more
than the odds against two random accounts being tied (``Links.chance``): a toolkit in common just
reaches that, so time, sign-up and possessions decide; and among those whom time does not tie, that
the users of the toolkit were seen to go together.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from graph.rings import communities, timing
from graph.rings.inputs import Bools, Floats, Ints
from graph.rings.links import MIN_LINK, Links
from graph.rings.model import Family
from graph.rings.timing import Moments
from graph.rings.traits import TraitModel

BOTH_SUSPECT = 2.0
"""Nats that two certain frauds are nearer each other than two accounts picked for their kit."""
ONE_SUSPECT = 2.0
"""Nats that a certain fraud and an ordinary account are further apart: as many, the other way."""
MAX_BLOCK = 3_000
SUSPICION = 0.2
"""A probability from which a model's word alone makes a suspect."""
KIT = 0.9
"""Share of what templates can be worth at most (``Links.chance``) that makes a pair suspects."""
IN_STEP = 1.0
"""Mean nats of moments in common from which time ties a group: templates need not."""
NEAR = 0.4
"""The same share that makes two suspects worth comparing."""


@dataclass(frozen=True)
class Ties:
    """What ties two suspects: links by shared things, moments at every scale."""

    links: Links
    model: TraitModel
    moments: tuple[Moments, ...]
    suspicion: Floats | None = None

    @cached_property
    def things(self) -> sparse.csr_array:
        """Nats between all pairs by what they hold, templates apart."""
        return self.links.without(Family.PROMPTS).sum

    @cached_property
    def held(self) -> sparse.csr_array:
        """Nats between all pairs by what they hold and by the rarity of their templates."""
        return (self.things + self.links.kit).tocsr()

    def in_step(self, accounts: Ints) -> Floats:
        """Nats by which moments in common tie each two of ``accounts``, dense [n, n]."""
        scales = (timing.lockstep_pairs(moments, accounts).toarray() for moments in self.moments)
        return np.asarray(np.maximum.reduce(list(scales)), np.float64)

    def one_hand(self, accounts: Ints) -> Floats:
        """Nats by which templates of one hand tie each two of ``accounts``, dense [n, n]."""
        return np.asarray(self.links.one_hand[accounts][:, accounts].toarray(), np.float64)

    def block(self, accounts: Ints, in_step: Floats) -> Floats:
        """Nats between each two of ``accounts``, dense [n, n], zero diagonal."""
        total = np.asarray(self.held[accounts][:, accounts].toarray(), np.float64)
        total += in_step
        total += self.model.pairs(accounts)
        if self.suspicion is not None:
            doubt = np.sqrt(np.nan_to_num(self.suspicion[accounts]))
            total += BOTH_SUSPECT * np.outer(doubt, doubt)
            total -= ONE_SUSPECT * (np.outer(doubt, 1 - doubt) + np.outer(1 - doubt, doubt))
        np.fill_diagonal(total, 0.0)
        return total


def suspects(links: Links, behaviour: sparse.csr_array, suspicion: Floats | None) -> Bools:
    """Accounts worth comparing with all of their block, [N].

    ``behaviour`` ties accounts by what they do (templates, talks): see :data:`KIT`.
    """
    picked = np.zeros(links.size, np.bool_)
    strong = behaviour.tocoo()
    picked[strong.row[strong.data >= KIT * links.chance]] = True
    if suspicion is not None:
        picked |= np.nan_to_num(suspicion) >= SUSPICION
    return picked


def tell_apart(picked: Bools, behaviour: sparse.csr_array, ties: Ties, seed: int) -> Ints:
    """Groups among the suspects, [N]: -1 for everybody else and for the lonely."""
    label = np.full(len(picked), -1, np.int64)
    free = 0
    for accounts in _blocks(picked, behaviour, ties.links, seed):
        found = _parted(ties, accounts)
        label[accounts] = found + free
        free += int(found.max(initial=0)) + 1
    sizes = np.bincount(label[label >= 0], minlength=1)
    label[(label >= 0) & (sizes[label] < 3)] = -1
    return label


def _parted(ties: Ties, accounts: Ints) -> Ints:
    """The groups of a block, [n]: first by all that ties, then, of the rest, by one hand as well.

    How rare a template is and whether its users go together are two things: a public kit has only
    the first. The second is asked of groups alone that neither time nor any thing ties: a ring in
    step is told by that from the honest users of its templates, and must not take them in; and one
    half of which has a wallet in common stays what it was.
    """
    in_step = ties.in_step(accounts)
    nats = ties.block(accounts, in_step)
    label = average_linkage(nats.copy(), ties.links.chance)
    hand = ties.one_hand(accounts)
    things = ties.things[accounts][:, accounts].toarray()
    also = ((things >= MIN_LINK) & (hand > 0)).any(axis=1)
    held = np.bincount(label, also)[label] >= 0.5 * np.bincount(label)[label]  # by most of a group
    taken = np.unique(label[held | (_mean_inside(in_step, label) >= IN_STEP)])
    left = np.flatnonzero(~np.isin(label, taken))
    left = left[hand[np.ix_(left, left)].any(axis=1)]
    if len(left) >= 3:
        inside = np.ix_(left, left)
        more = nats[inside] + hand[inside]
        label[left] = label.max() + 1 + average_linkage(more, ties.links.chance)
    return np.unique(label, return_inverse=True)[1].astype(np.int64)


def _mean_inside(nats: Floats, label: Ints) -> Floats:
    """The mean pair within each one's group, [n]; 0 for who is alone."""
    row, column = np.nonzero(nats)
    same = label[row] == label[column]
    total = np.bincount(label[row[same]], nats[row[same], column[same]], label.max() + 1)
    sizes = np.bincount(label, minlength=label.max() + 1)
    mean: Floats = (total / np.maximum(sizes * (sizes - 1), 1))[label]
    return mean


def _blocks(picked: Bools, behaviour: sparse.csr_array, links: Links, seed: int) -> Iterator[Ints]:
    nodes = np.flatnonzero(picked)
    if not len(nodes):
        return
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - as below

    near = behaviour[nodes][:, nodes].tocsr()
    near.data[near.data < NEAR * links.chance] = 0.0
    near.eliminate_zeros()
    held = links.without(Family.PROMPTS).total
    near = (near + held[nodes][:, nodes]).tocsr()
    _, component = connected_components(near, directed=False)
    large = np.bincount(component)[component] > MAX_BLOCK
    if large.any():
        inside = np.flatnonzero(large)
        parts = communities.communities(near[inside][:, inside].tocsr(), seed, smallest=1)
        component = component.copy()
        component[inside] = parts + component.max() + 1
    order = np.argsort(component, kind="stable")
    bounds = np.flatnonzero(np.diff(component[order])) + 1
    for rows in np.split(order, bounds):
        if 3 <= len(rows) <= 2 * MAX_BLOCK:
            yield nodes[np.sort(rows)]


def average_linkage(nats: Floats, join: float) -> Ints:
    """Groups whose parts were each tied to the rest by ``join`` nats or more on average, [n]."""
    # Half a second that a service, which finds no rings, must not pay at its start.
    from scipy.cluster.hierarchy import fcluster, linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    highest = float(nats.max(initial=0.0)) + 1.0
    distance = highest - nats
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    return np.asarray(fcluster(tree, highest - join, criterion="distance"), np.int64) - 1
