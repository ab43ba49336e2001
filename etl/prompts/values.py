"""Texts that fill slots, told from templates: what strangers send under templates of their own.

A document that goes round (an article, a benchmark's passage) is sent often enough to look like a
template. But who sends it asks of it what he always asks: each such prompt is all of a template
besides, and not always of the same one. So such a group is none, and its prompts are left to the
templates they stand under; unless the same accounts carry it from template to template, which is
one hand's doing.
Knows nothing of ids. Read :mod:`etl.prompts.split` for the groups.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Labels = NDArray[np.int64]
AT_ONCE = 20_000
"""Prompts that are laid beside all templates at a time."""


@dataclass(frozen=True, slots=True)
class Carried:
    """When a group of prompts has a value in common, and no template.

    Attributes:
        rows: a group of more prompts is no value.
        share: share (0..1) of its prompts that must stand under other templates,
        templates: of which there are so many at least,
        one: and none carries more than this share (0..1) of those.
        whole: a prompt stands under a template of which it shows this much (0..1), measured as the
            template's own prompts show it, 1 on average.
        larger: a template that carries has so many times the prompts of the value,
        shingles: and shows so many shingles in a prompt,
        typical: of those that are in this share (0..1) of its prompts or more.
        by_one_hand: so many accounts that each send it under several templates are one hand.
    """

    rows: int = 150
    share: float = 0.5
    templates: int = 3
    one: float = 0.5
    whole: float = 0.7
    larger: float = 2.0
    shingles: float = 6.0
    typical: float = 0.2
    by_one_hand: int = 2


def without_values(shown: csr_matrix, owner: Labels, template: Labels, carried: Carried) -> Labels:
    """``template`` without values, whose prompts are of none: what they share is no template's.

    Args:
        shown: [r, h], 1 where a sampled prompt shows a heavy shingle.
        owner: [r] account of each prompt.
        template: [r] template of each prompt from 0, -1 for none.
        carried: when a template is a value.

    Returns:
        [r], numbered from 0 anew.
    """
    size = np.bincount(template[template >= 0])
    rows = np.flatnonzero((template >= 0) & (np.append(size, 0) <= carried.rows)[template])
    if not len(rows):
        return template
    under = _under(shown, template, rows, carried)
    out = template.copy()
    order = np.argsort(template[rows], kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(template[rows[order]])) + 1):
        if _is_value(under[group], owner[rows[group]], carried):
            # Given to the templates they stand under they would bring them the value's shingles.
            out[rows[group]] = -1
    out[out >= 0] = np.unique(out[out >= 0], return_inverse=True)[1].reshape(-1)
    return out


def _under(shown: csr_matrix, template: Labels, rows: Labels, carried: Carried) -> Labels:
    """The larger template that each of ``rows`` is most like besides its own, -1 for none."""
    kept = np.flatnonzero(template >= 0)
    size = np.bincount(template[kept])
    members = csr_matrix(
        (1.0 / size[template[kept]], (template[kept], kept)), shape=(len(size), len(template))
    )
    typical = (members @ shown).tocsr()
    typical.data[typical.data < carried.typical] = 0.0
    typical.eliminate_zeros()
    length = np.asarray(typical.multiply(typical).sum(axis=1)).reshape(-1)
    out = np.full(len(rows), -1, np.int64)
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        alike = (shown[part] @ typical.T).tocoo()
        row, other, mine = alike.row, alike.col, template[part][alike.row]
        good = (other != mine) & (size[other] >= carried.larger * size[mine])
        good &= (length >= carried.shingles)[other] & (alike.data >= carried.whole * length[other])
        row, other, likeness = row[good], other[good], (alike.data / np.sqrt(length[other]))[good]
        order = np.lexsort((-other, likeness, row))  # the last of a row is the most alike
        out[start + row[order]] = other[order]
    return out


def _is_value(under: Labels, owner: Labels, carried: Carried) -> bool:
    """Whether prompts that stand ``under`` these templates, -1 for none, have a value in common."""
    found = under[under >= 0]
    if len(found) < max(carried.templates, carried.share * len(under)):
        return False
    counts = np.unique(found, return_counts=True)[1]
    pairs = np.unique(np.stack([owner[under >= 0], found]), axis=1)
    several = np.count_nonzero(np.unique(pairs[0], return_counts=True)[1] > 1)
    return bool(
        len(counts) >= carried.templates
        and counts.max() <= carried.one * len(found)
        and several < carried.by_one_hand
    )
