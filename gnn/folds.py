"""Folds that keep rings whole, for labels that seldom say which ring an account was in.

A campaign that labels name is one group. Known accounts without a name, and the unlabelled users of
an entity of which known accounts are a good part (three of them and a tenth of its users: of a ring
seldom more than a third is ever labelled), join the campaign that has most of the known ones there;
where no campaign is named they are tied by such entities alone. Two named campaigns are never tied:
a public toolkit or a VPN exit that both used would make one ring of all, and nothing would be left
to learn from when it is held out. It knows nothing of models.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gnn.mates import Links, Ties
from gnn.training_rows import Ints, Mask, Roll

WIDEST = 50  # an entity with more accounts ties nobody
LEAST_KNOWN, LEAST_SHARE = 3, 0.1
LONE = 0.25
STRICTER = (LEAST_SHARE, 0.25, 0.5)
LEAST_SHARE_OF_PAIR = 0.2  # where only two are known more of the others must be


@dataclass(frozen=True)
class Groups:
    """``group`` [A] numbers each account's group; ``shadow`` [A] are the unlabelled in bad ones."""

    group: Ints
    shadow: Mask


def groups_of(roll: Roll, links: Links, seat: Ints) -> Groups:
    """Groups by the ``links`` of the last moment, whose accounts have the numbers ``seat``."""
    size = len(roll.number)
    shadow = np.zeros(size, bool)
    near = _near(roll, links, seat, LEAST_SHARE)
    shadow[near.row] = True
    group = _named(roll)
    campaigns = int(group.max(initial=-1)) + 1
    joined = _joined(near.tocsr(), group, campaigns)
    group[group < 0] = joined[group < 0]
    loose = group < 0
    group[loose] = campaigns + _tied(roll, links, seat, loose)[loose]
    return Groups(group, shadow & ~roll.fraud & ~roll.legitimate)


def _named(roll: Roll) -> Ints:
    """The number of each account's campaign, -1 where no label names one, [A]."""
    names = {name: n for n, name in enumerate(sorted({c for c in roll.campaign if c is not None}))}
    held = [-1 if name is None else names[name] for name in roll.campaign]
    return np.array(held or [-1] * len(roll.number), np.int64)


def _near(roll: Roll, links: Links, seat: Ints, share: float) -> sp.coo_array:
    """Who touches an entity of which known accounts are a good part, [A, such entities]."""
    pairs: list[tuple[Ints, Ints]] = []
    offset = 0
    for ties in links.ties:
        accounts = seat[ties.accounts]
        near = _bad_entities(ties, roll.fraud[accounts], share)[ties.entities]
        pairs.append((accounts[near], offset + ties.entities[near]))
        offset += ties.size
    rows = np.concatenate([p[0] for p in pairs])
    bad, columns = np.unique(np.concatenate([p[1] for p in pairs]), return_inverse=True)
    return sp.coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(roll.number), len(bad)))


def _joined(near: sp.csr_array, group: Ints, campaigns: int) -> Ints:
    """The campaign that has most of the known at most of an account's bad entities, or -1, [A]."""
    if not campaigns:
        return np.full(len(group), -1, np.int64)
    named = np.flatnonzero(group >= 0)
    ends = (named, group[named])
    member = sp.csr_array((np.ones(len(named)), ends), shape=(len(group), campaigns))
    there = near.T @ member
    most = sp.csr_array(there == there.max(axis=1).toarray()[:, None]).multiply(there)
    votes = sp.csr_array(near @ most)
    return np.where(votes.max(axis=1).toarray().ravel() > 0, votes.argmax(axis=1), -1)


def _tied(roll: Roll, links: Links, seat: Ints, loose: Mask) -> Ints:
    """A number for each account, the same for those that bad entities tie without any name, [A].

    Where one component would hold more than half of the loose known accounts, ties must be
    stronger: it is held together by something that many rings share.
    """
    size = len(loose)
    component = np.arange(size)
    for share in STRICTER:
        near = _near(roll, links, seat, share)
        kept = loose[near.row]
        ends = near.row[kept], size + near.col[kept]
        shape = (size + near.shape[1], size + near.shape[1])
        graph = sp.coo_array((np.ones(int(kept.sum()), np.int8), ends), shape=shape)
        _, found = sp.csgraph.connected_components(graph.tocsr(), directed=False)
        component = np.asarray(found[:size], np.int64)
        known = np.bincount(component[loose & roll.fraud])
        if known.max(initial=0) <= max(known.sum() / 2, LEAST_KNOWN):
            break
    return component


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
    """A weight for each known account so that every ring counts alike (their mean is 1), [A].

    One that stands alone then counts a quarter: bans by mistake have no mates.
    """
    weight = np.zeros(len(fraud))
    rings, place, sizes = np.unique(group[fraud], return_inverse=True, return_counts=True)
    if len(rings):
        # a ring counts by the square root of its size
        share = np.sqrt(sizes) / sizes
        weight[fraud] = share[place] * fraud.sum() / np.sqrt(sizes).sum()
        weight[fraud] *= np.where(sizes[place] == 1, LONE, 1.0)
    return weight


def _bad_entities(ties: Ties, fraud: Mask, share: float) -> Mask:
    """The entities with many known accounts, or that tie two of them and few others, [size]."""
    crowd = np.bincount(ties.entities, minlength=ties.size)
    known = np.bincount(ties.entities, weights=fraud, minlength=ties.size)
    many = (known >= LEAST_KNOWN) & (known >= share * crowd)
    of_pair = max(share, LEAST_SHARE_OF_PAIR)
    narrow = (known >= 2) & (crowd <= WIDEST) & (known >= of_pair * crowd)
    return np.asarray(many | narrow, bool)
