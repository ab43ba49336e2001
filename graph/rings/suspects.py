"""Telling rings apart among suspects: average linkage over everything that ties or parts two.

Only accounts that something unusual has already picked out come here (rare templates in common, a
talk handed over, a model's suspicion), so that dense work stays small: all pairs of a block, where
a block is what is connected at all. Two groups join while the mean pair between them is worth more
than the odds against two random accounts being tied (``Links.chance``): a toolkit in common just
reaches that, so time, sign-up and possessions decide.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from graph.rings import communities, timing
from graph.rings.inputs import Bools, Floats, Ints
from graph.rings.links import Links
from graph.rings.model import Family
from graph.rings.timing import Moments
from graph.rings.traits import TraitModel

BOTH_SUSPECT = 2.0
"""Nats that two certain frauds are nearer each other than two accounts picked for their kit."""
ONE_SUSPECT = 1.0
"""Nats that a certain fraud and an ordinary account are further apart."""
MAX_BLOCK = 3_000
SUSPICION = 0.2
"""A probability from which a model's word alone makes a suspect."""
KIT = 0.9
"""Share of what templates can be worth at most (``Links.chance``) that makes a pair suspects."""
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
    def held(self) -> sparse.csr_array:
        """Nats between all pairs by what they hold and by their templates.

        How rare a template is and whether its users go together are two things: a public kit has
        only the first, and many strangers have it in common.
        """
        held = self.links.without(Family.PROMPTS).sum
        return (held + self.links.kit + self.links.one_hand).tocsr()

    def block(self, accounts: Ints) -> Floats:
        """Nats between each two of ``accounts``, dense [n, n], zero diagonal."""
        total = np.asarray(self.held[accounts][:, accounts].toarray(), np.float64)
        scales = (timing.lockstep_pairs(moments, accounts).toarray() for moments in self.moments)
        total += np.maximum.reduce(list(scales))
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
        found = average_linkage(ties.block(accounts), ties.links.chance)
        label[accounts] = found + free
        free += int(found.max(initial=0)) + 1
    sizes = np.bincount(label[label >= 0], minlength=1)
    label[(label >= 0) & (sizes[label] < 3)] = -1
    return label


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
