"""How well clusters of prompts match the templates they came from.

B-cubed is read on the prompts of campaigns only: precision counts every honest prompt that sits in
their clusters, recall asks whether a template's prompts sit together. A prompt in no cluster is a
cluster of its own. Knows nothing of how the clusters were made.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Quality:
    """How clusters stand to planted templates.

    Attributes:
        precision, recall, f1: B-cubed over the prompts of the campaigns asked for (0..1).
        found: share of those campaigns with half of their prompts in clusters 90 % their own.
        pieces: clusters a campaign's prompts lie in, mean, counting those with 2 % of them.
        ari: adjusted Rand index over all prompts of the stream (-1..1).
    """

    precision: float
    recall: float
    f1: float
    found: float
    pieces: float
    ari: float


def alone(labels: Labels) -> Labels:
    """``labels`` with each -1 made a label of its own, all numbered from 0."""
    out = labels.copy()
    lone = out < 0
    out[lone] = out.max(initial=0) + 1 + np.arange(lone.sum())
    return np.unique(out, return_inverse=True)[1].reshape(-1)


def _table(left: Labels, right: Labels) -> tuple[Labels, Labels, Labels]:
    """The cells of the contingency of two labellings: (left, right, count)."""
    width = int(right.max(initial=0)) + 1
    cells, counts = np.unique(left * width + right, return_counts=True)
    return cells // width, cells % width, counts


def adjusted_rand(truth: Labels, found: Labels) -> float:
    """Adjusted Rand index (Hubert and Arabie, 1985) of two labellings without -1."""
    _, _, both = _table(truth, found)
    pairs = [
        (n.astype(float) * (n - 1)).sum() / 2 for n in (np.bincount(truth), np.bincount(found))
    ]
    together = float((both.astype(float) * (both - 1)).sum() / 2)
    expected = pairs[0] * pairs[1] / (len(truth) * (len(truth) - 1) / 2)
    ceiling = (pairs[0] + pairs[1]) / 2
    return 1.0 if ceiling == expected else float((together - expected) / (ceiling - expected))


def quality(truth: Labels, campaign: Labels, cluster: Labels, asked: Labels) -> Quality:
    """Judge clusters on the campaigns ``asked`` for.

    Args:
        truth: [n] template of each prompt, -1 for none.
        campaign: [n] planted family of each prompt, -1 for none.
        cluster: [n] cluster of each prompt, -1 for none.
        asked: the numbers of the families to judge on.
    """
    cluster = alone(cluster)
    mine = np.isin(campaign, asked)
    family, where, count = _table(campaign[mine], cluster[mine])
    size = np.bincount(cluster)[where]
    total = np.bincount(campaign[mine])[family]
    weight = count / count.sum()
    precision = float((weight * count / size).sum())
    recall = float((weight * count / total).sum())
    pure = np.bincount(family, np.where(count >= 0.9 * size, count, 0) * (size > 1))
    pieces = np.bincount(family, count >= np.maximum(2, 0.02 * total))
    sent = np.bincount(campaign[mine])
    return Quality(
        precision,
        recall,
        2 * precision * recall / (precision + recall),
        float((pure[sent > 0] >= 0.5 * sent[sent > 0]).mean()),
        float(pieces[sent > 0].mean()),
        adjusted_rand(alone(truth), cluster),
    )
