"""Heavy shingles into communities: which belong to one template.

Two steps, both on prompts sampled so that every heavy shingle is seen often enough. *Phrases*:
shingles whose prompts mostly coincide (Jaccard) are one component; a shingle is compared with a
bounded number of partners, always the same ones, so long templates cost no more than short ones.
*Refinement*: prompts vote for the phrase they show most of, then each shingle goes where most of
its prompts voted, or nowhere if they disagree, a few rounds long. This joins the phrases of one
template, gathers its rare wordings and drops everyday language, where joining phrases by overlap
or by Leiden merged sibling templates. Before it, phrases that show in each other's prompts are
joined, for of a short template edited hard no phrase has a majority; and what would hold more
prompts than can be compared is joined by more, for sentences in common chain template to template.
Knows nothing of accounts or ids.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

from etl.prompts.columns import PromptSource
from etl.prompts.counts import Floors, Gate
from etl.prompts.tables import Counts, Keys, fill_rows, find_rows, new_keys, slot_of
from graph.prompts.index import ClusterIndex
from graph.prompts.jit import compiled

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
AT_ONCE = 4_000_000
"""Shingles of prompts that are counted at a time, some 40 bytes each."""
TIGHTER = 0.15
"""By how much more (0..1) phrases must coincide where too many prompts would be one community,"""
TIGHTEST = 0.9
"""and no more from here on."""


@dataclass(frozen=True, slots=True)
class Joining:
    """When shingles and phrases are one template.

    Attributes:
        per_shingle: prompts sampled for each heavy shingle.
        partners: shingles of a prompt that one shingle is compared with, about.
        phrase_jaccard: shingles with this overlap of their prompts (0..1) are one phrase. Below .5
            a sentence may join two templates that share it: :mod:`etl.prompts.split` parts them.
        company: phrases whose prompts show this share (0..1) of what each other's own show, both
            ways, are one community: a template edited so hard that no phrase of it has a majority.
        purity: share (0..1) of a shingle's voting prompts that must agree on its template.
        rounds: of refinement.
        min_shingles: a smaller template is chance.
        most: a component of phrases with more prompts than can be compared is parted.
        pairs_at_once: pairs of shingles counted in one turn, some 30 bytes each where no two are
            the same; more take more turns, and the same is found.
    """

    per_shingle: int = 150
    partners: int = 24
    phrase_jaccard: float = 0.35
    company: float = 0.15
    purity: float = 0.6
    rounds: int = 5
    min_shingles: int = 3
    most: int = 3_000
    pairs_at_once: int = 80_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Heavy shingles of sampled prompts, as positions in the list of heavy shingles.

    Row ``r`` is ``hits[bounds[r]:bounds[r + 1]]``, sent by account ``owner[r]``, and was in
    cluster ``before[r]`` of the last index, -1 for none.
    """

    hits: NDArray[np.int32]
    bounds: NDArray[np.int64]
    shingles: int
    owner: Labels
    before: Labels

    def __len__(self) -> int:
        return len(self.bounds) - 1


@compiled
def _sampled(
    offsets: NDArray[np.int64],
    values: Keys,
    table: tuple[Keys, NDArray[np.int32]],
    seen: NDArray[np.int64],
    enough: int,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Positions of heavy shingles in those prompts that show three of them not yet seen enough."""
    hits = np.empty(len(values), np.int32)
    bounds, taken = np.zeros(len(offsets), np.int64), np.empty(len(offsets), np.int64)
    rows, total = 0, 0
    for r in range(len(offsets) - 1):
        mine = values[offsets[r] : offsets[r + 1]]
        found = find_rows(table[0], table[1], mine, hits[total:])
        needed = 0
        for i in range(found):
            needed += seen[hits[total + i]] < enough
        if needed >= max(3, found // 8):
            for i in range(found):
                seen[hits[total + i]] += 1
            total += found
            taken[rows] = r
            rows += 1
            bounds[rows] = total
    return hits[:total].copy(), bounds[: rows + 1].copy(), taken[:rows].copy()


def sample(
    source: PromptSource, floors: Floors, shingles: Keys, enough: int, last: ClusterIndex
) -> Sample:
    """Prompts of ``source`` that together show every heavy shingle about ``enough`` times."""
    keys = new_keys(len(shingles))
    positions = np.zeros(len(keys), np.int32)
    fill_rows(keys, positions, shingles)
    seen, gate = np.zeros(len(shingles), np.int64), Gate(floors)
    hits, bounds, owner, total = [], [np.zeros(1, np.int64)], [np.empty(0, np.int64)], 0
    before = [np.empty(0, np.int64)]
    for chunk in source.chunks():
        admitted = gate.admit(chunk)
        part = admitted.sketches
        some, ends, taken = _sampled(part.offsets, part.values, (keys, positions), seen, enough)
        hits.append(some)
        bounds.append(ends[1:] + total)
        owner.append(admitted.owner[taken].astype(np.int64))
        if len(last):
            before.append(last.assign_many(part).cluster[taken].astype(np.int64))
        else:
            before.append(np.full(len(taken), -1, np.int64))
        total += len(some)
    shown = np.concatenate([*hits, np.empty(0, np.int32)])
    columns = (np.concatenate(one) for one in (owner, before))
    return Sample(shown, np.concatenate(bounds), len(seen), *columns)


@compiled
def _scattered(key: np.uint64) -> np.uint64:
    mixed = (key ^ (key >> np.uint64(29))) * np.uint64(0xD6E8FEB86659FD93)
    return (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)


@compiled
def _count_one(keys: Keys, counts: Counts, key: np.uint64) -> int:
    at = slot_of(keys, key)
    new = keys[at] == np.uint64(0)
    keys[at] = key
    counts[at] += np.uint32(1)
    return 1 if new else 0


@compiled
def _count_pairs(
    sampled: tuple[NDArray[np.int32], NDArray[np.int64]],
    keys: Keys,
    counts: Counts,
    at_row: int,
    partners: int,
    turn: tuple[int, int],
) -> tuple[int, int]:
    """Count pairs of shingles from row ``at_row`` on; gives the row it stopped at and keys used.

    Of ``turn[1]`` turns (a power of two) this is number ``turn[0]``: the lower shingle decides in
    which one a pair is counted.
    """
    hits, bounds = sampled
    used = int(np.count_nonzero(keys))
    for r in range(at_row, len(bounds) - 1):
        size = bounds[r + 1] - bounds[r]
        if used + size * min(size, 2 * partners) > len(keys) // 3 * 2:
            return r, used
        # A pair is compared or not by its own hash, so that every prompt compares the same pairs.
        share = np.uint64(0xFFFFFFFFFFFFFFFF)
        left = size
        while left > partners:
            share, left = share >> np.uint64(1), left // 2
        for a in range(bounds[r], bounds[r + 1]):
            for b in range(a + 1, bounds[r + 1]):
                lower = min(hits[a], hits[b])
                if lower & (turn[1] - 1) != turn[0]:
                    continue
                low, high = np.uint64(lower), np.uint64(max(hits[a], hits[b]))
                key = ((low << np.uint64(32)) | high) + np.uint64(1)
                if _scattered(key) <= share:
                    used += _count_one(keys, counts, key)
    return len(bounds) - 1, used


@compiled
def _rehashed(keys: Keys, counts: Counts, new: Keys, fresh: Counts) -> None:
    for i in range(len(keys)):
        if keys[i] != np.uint64(0):
            at = slot_of(new, keys[i])
            new[at], fresh[at] = keys[i], counts[i]


def _pairs(sampled: Sample, joining: Joining) -> tuple[Labels, Labels, Labels]:
    """Pairs of shingles that three prompts show, in order, and how many do, three of [e]."""
    size, partners = np.diff(sampled.bounds), joining.partners
    pairs = int((size * np.minimum(size, 2 * partners)).sum()) // 2
    turns = 1 << max(0, (pairs - 1) // joining.pairs_at_once).bit_length()
    found = [_pairs_of_turn(sampled, partners, (number, turns)) for number in range(turns)]
    keys, counts = (np.concatenate(one) for one in zip(*found, strict=True))
    order = np.argsort(keys)
    key = keys[order] - np.uint64(1)
    low, high = key >> np.uint64(32), key & np.uint64(0xFFFFFFFF)
    return low.astype(np.int64), high.astype(np.int64), counts[order].astype(np.int64)


def _pairs_of_turn(sampled: Sample, partners: int, turn: tuple[int, int]) -> tuple[Keys, Counts]:
    keys = np.zeros(1 << 20, np.uint64)
    counts = np.zeros(len(keys), np.uint32)
    row = 0
    while row < len(sampled):
        rows = (sampled.hits, sampled.bounds)
        row, _ = _count_pairs(rows, keys, counts, row, partners, turn)
        if row < len(sampled):
            larger = np.zeros(2 * len(keys), np.uint64)
            fresh = np.zeros(len(larger), np.uint32)
            _rehashed(keys, counts, larger, fresh)
            keys, counts = larger, fresh
    often = counts >= 3
    return keys[often], counts[often]


def _bounded(
    ends: tuple[Labels, Labels],
    strength: Floats,
    floor: Floats,
    sizes: Callable[[Labels], Labels],
    most: int,
) -> Labels:
    """Components of what is tied firmly enough; those that grow too large are tied by more.

    Sentences in common chain template to template until one component holds half of the traffic.

    Args:
        ends: what each tie joins, two of [e].
        strength: of each tie (0..1), [e].
        floor: a weaker tie than this joins nothing there, [n].
        sizes: the prompts of each component.
        most: a component of more is parted.
    """
    low, high = ends
    while True:
        kept = strength >= np.maximum(floor[low], floor[high])
        edges = (np.ones(kept.sum(), np.int8), (low[kept], high[kept]))
        graph = coo_matrix(edges, shape=(len(floor), len(floor)))
        label: Labels = connected_components(graph, directed=False)[1].astype(np.int64)
        large = (sizes(label) > most)[label] & (floor < TIGHTEST)
        if not large.any():
            return label
        floor = np.where(large, floor + TIGHTER, floor)


def phrases(sampled: Sample, joining: Joining) -> Labels:
    """Components of shingles whose prompts mostly coincide. Shape [h], from 0, -1 for none."""
    seen = np.bincount(sampled.hits, minlength=sampled.shingles)
    low, high, both = _pairs(sampled, joining)
    strength = both / (seen[low] + seen[high] - both)
    floor = np.full(sampled.shingles, joining.phrase_jaccard)

    def prompts(label: Labels) -> Labels:
        vote = _votes(sampled, label, joining)
        return np.bincount(vote[vote >= 0], minlength=int(label.max(initial=-1)) + 1)

    label = _bounded((low, high), strength, floor, prompts, joining.most)
    return without_small(label, joining.min_shingles)


def _votes(sampled: Sample, label: Labels, joining: Joining) -> Labels:
    """The label that each prompt shows most of, -1 for none. Shape [rows]."""
    return _vote_rows(sampled.hits, sampled.bounds, label, joining.min_shingles)


def _shown(sampled: Sample, vote: Labels, column: Labels, shape: tuple[int, int]) -> csr_matrix:
    """How often prompts that voted for a label show a column of shingles, counted block by block.

    Args:
        sampled: prompts and their shingles.
        vote: the label of each prompt, -1 for none, [rows].
        column: of each shingle, -1 for none, [h].
        shape: labels and columns.
    """
    total = csr_matrix(shape, dtype=np.int32)
    marks = np.arange(0, len(sampled.hits) + AT_ONCE, AT_ONCE)
    cuts = np.unique(np.append(np.searchsorted(sampled.bounds, marks), len(sampled)))
    for start, stop in pairwise(np.minimum(cuts, len(sampled)).tolist()):
        bounds = sampled.bounds[start : stop + 1]
        voter = np.repeat(vote[start:stop], np.diff(bounds))
        where = column[sampled.hits[bounds[0] : bounds[-1]]]
        counted = (voter >= 0) & (where >= 0)
        ones = np.ones(int(counted.sum()), np.int32)
        total = total + coo_matrix((ones, (voter[counted], where[counted])), shape=shape).tocsr()
    return total


def in_company(sampled: Sample, label: Labels, joining: Joining) -> Labels:
    """Phrases that go together as one, [h]: everyday language goes with all, none with it."""
    number = int(label.max(initial=-1)) + 1
    vote = _votes(sampled, label, joining)
    shown = _shown(sampled, vote, label, (number, number))
    voters = np.bincount(vote[vote >= 0], minlength=number)
    mean = shown.multiply(1 / np.maximum(1, voters)[:, None]).tocsr()
    share = mean.multiply(1 / np.maximum(1e-9, mean.diagonal())[None]).tocsr()
    both = share.minimum(share.T).tocoo()

    def prompts(joined: Labels) -> Labels:
        return np.bincount(joined, voters).astype(np.int64)

    floor = np.full(number, joining.company)
    joined = _bounded((both.row, both.col), both.data, floor, prompts, joining.most)
    return np.where(label >= 0, np.append(joined, -1)[label], -1)


def without_small(labels: Labels, smallest: int) -> Labels:
    """``labels`` renumbered from 0, with groups of fewer than ``smallest`` as -1."""
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    kept = (labels >= 0) & (sizes[labels] >= smallest)
    out = np.full(len(labels), -1, np.int64)
    out[kept] = np.unique(labels[kept], return_inverse=True)[1].reshape(-1)
    return out


@compiled
def _vote_rows(
    hits: NDArray[np.int32], bounds: NDArray[np.int64], label: Labels, least: int
) -> Labels:
    out = np.full(len(bounds) - 1, -1, np.int64)
    for r in range(len(out)):
        mine = np.sort(label[hits[bounds[r] : bounds[r + 1]]])
        best, run = 0, 0
        for i in range(len(mine)):
            run = run + 1 if i > 0 and mine[i] == mine[i - 1] else 1
            if mine[i] >= 0 and run > best:
                best = run
                if run >= least:
                    out[r] = mine[i]
    return out


def refined(sampled: Sample, label: Labels, joining: Joining) -> Labels:
    """Each shingle moved to the template its prompts voted for. Shape [h], -1 for none."""
    every = np.arange(sampled.shingles)
    for _ in range(joining.rounds):
        label = without_small(label, joining.min_shingles)
        vote = _votes(sampled, label, joining)
        shape = (int(label.max(initial=0)) + 1, sampled.shingles)
        shown = _shown(sampled, vote, every, shape)
        total = np.asarray(shown.sum(axis=0)).reshape(-1)
        cells = shown.tocoo()
        agreed = (cells.data >= joining.purity * total[cells.col]) & (cells.data >= 3)
        label = np.full(sampled.shingles, -1, np.int64)
        label[cells.col[agreed]] = cells.row[agreed]
    return without_small(label, joining.min_shingles)


def communities(sampled: Sample, joining: Joining) -> Labels:
    """The community of each sampled prompt, numbered from 0, -1 for none. Shape [rows]."""
    phrase = in_company(sampled, phrases(sampled, joining), joining)
    return _votes(sampled, refined(sampled, phrase, joining), joining)
