"""Folds that keep rings whole, for labels that seldom say which ring an account was in.

Accounts known to be fraud are tied into one group by campaign, by a narrow entity they share, or by
a template of which known accounts are a good part (three of them and a tenth of its users: of a
ring seldom more than a third is ever labelled). The unlabelled users of such a template join the
group: whether they are mates or bystanders is not known, so they must not stand on the other side.
It knows nothing of models.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gnn.mates import Links, Ties
from gnn.training_rows import Ints, Mask, Roll

WIDEST = 50  # an entity with more accounts ties nobody
LEAST_KNOWN, LEAST_SHARE = 3, 0.1
LEAST_SHARE_OF_PAIR = 0.2  # where only two are known more of the others must be


@dataclass(frozen=True)
class Groups:
    """``group`` [A] numbers each account's group; ``shadow`` [A] are the unlabelled in bad ones."""

    group: Ints
    shadow: Mask


def groups_of(roll: Roll, links: Links, seat: Ints) -> Groups:
    """Groups by the ``links`` of the last moment, whose accounts have the numbers ``seat``."""
    size = len(roll.number)
    fraud = roll.fraud
    pairs: list[tuple[Ints, Ints]] = [_campaigns(roll)]
    offset = size + len(pairs[0][1])
    shadow = np.zeros(size, bool)
    for ties in links.ties:
        accounts = seat[ties.accounts]
        bad = _bad_entities(ties, fraud[accounts])
        near = bad[ties.entities]
        pairs.append((accounts[near], offset + ties.entities[near]))
        shadow[accounts[near]] = True
        offset += ties.size
    ends = np.concatenate([p[0] for p in pairs]), np.concatenate([p[1] for p in pairs])
    joined = sp.coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(offset, offset))
    _, component = sp.csgraph.connected_components(joined.tocsr(), directed=False)
    return Groups(component[:size].astype(np.int64), shadow & ~fraud & ~roll.legitimate)


def fold_of(roll: Roll, groups: Groups, count: int, rng: np.random.Generator) -> Ints:
    """The fold of each account, int64 [A]: groups with known fraud spread evenly, others by lot.

    With fewer groups of known fraud than folds some folds hold none; with a single one it is split
    by account, since nothing could be learnt otherwise.
    """
    fold = rng.permutation(int(groups.group.max()) + 1 if len(groups.group) else 0) % count
    result = np.asarray(fold[groups.group], np.int64)
    rings, sizes = np.unique(groups.group[roll.fraud], return_counts=True)
    if len(rings) < 2:
        return np.asarray(rng.permutation(len(groups.group)) % count, np.int64)
    load = np.zeros(count)
    for place in np.lexsort((rings, -sizes)):
        lightest = int(load.argmin())
        result[groups.group == rings[place]] = lightest
        load[lightest] += sizes[place]
    return result


def ring_weights(fraud: Mask, group: Ints) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A weight for each known account so that every ring counts alike (their mean is 1), [A]."""
    weight = np.zeros(len(fraud))
    rings, place, sizes = np.unique(group[fraud], return_inverse=True, return_counts=True)
    if len(rings):
        # a ring counts by the square root of its size: a lone account may be a wrong label
        share = np.sqrt(sizes) / sizes
        weight[fraud] = share[place] * fraud.sum() / np.sqrt(sizes).sum()
    return weight


def _campaigns(roll: Roll) -> tuple[Ints, Ints]:
    """Each account that a label put into a campaign, and the campaign's node."""
    held = [(place, name) for place, name in enumerate(roll.campaign) if name is not None]
    names = {name: place for place, name in enumerate(sorted({name for _, name in held}))}
    size = len(roll.number)
    accounts = np.array([place for place, _ in held], np.int64)
    return accounts, np.array([size + names[name] for _, name in held], np.int64)


def _bad_entities(ties: Ties, fraud: Mask) -> Mask:
    """The entities with many known accounts, or that tie two of them and few others, [size]."""
    crowd = np.bincount(ties.entities, minlength=ties.size)
    known = np.bincount(ties.entities, weights=fraud, minlength=ties.size)
    many = (known >= LEAST_KNOWN) & (known >= LEAST_SHARE * crowd)
    narrow = (known >= 2) & (crowd <= WIDEST) & (known >= LEAST_SHARE_OF_PAIR * crowd)
    return np.asarray(many | narrow, bool)
