"""Training of the intent model that ships: ``python -m etl.prompts.intent FAMILIES PROMPTS OUT``.

It learns from what may ship: the families written for this purpose (``origin`` of ``written``), the
packaged sample of prompts, and sentences written for each intent. Calibration is read on clusters
of whole families and of texts that were held out, because clusters are what is judged; the same
input gives the same file. Read :mod:`etl.prompts.intent_examples` for what is taught, and
:mod:`etl.bench.intent` for what has been learnt.
"""

import random
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags

from etl.bench.prompt_streams import Corpus, Family, read_corpus, read_families
from etl.prompts.intent_examples import Cluster, campaigns, composed, honest, part, singles
from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.intent import BITS, INTENTS, ORDINARY, READ_WORDS, IntentModel, buckets_into

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 3
PUBLIC = 150
"""Honest templates that are taught, and as many that are held out."""
ORDINARY_SHARE = 0.7
"""Of clusters that are looked at, so many (0..1) are ordinary: probabilities are calibrated so."""
INVERSE_PENALTY = 10.0
MIN_PROMPTS = 3
"""A word that fewer prompts use is not learnt."""
SEED = 11


def features(texts: Sequence[str]) -> csr_matrix:
    """Hashed words, each 1 over the root of their number. Shape [n, 2 ** BITS]."""
    reader = Fingerprinter(b"words are not keyed here")
    out, columns, bounds = np.empty(READ_WORDS, np.int64), [np.empty(0, np.int64)], [0]
    values = [np.empty(0)]
    for text in texts:
        words = reader.words(text)
        number = buckets_into(words, len(words), out)
        columns.append(out[:number].copy())
        values.append(np.full(number, 1 / np.sqrt(max(1, number))))
        bounds.append(bounds[-1] + number)
    shape = (len(texts), 1 << BITS)
    return csr_matrix((np.concatenate(values), np.concatenate(columns), bounds), shape=shape)


def intents_by(clusters: Sequence[Cluster]) -> Ints:
    """The intent of each cluster. Shape [n]."""
    return np.array([one.intent for one in clusters], np.int64)


def taught(families: Sequence[Family], corpus: Corpus, seed: int = SEED) -> list[Cluster]:
    """All that the model learns from these families and texts."""
    rng = random.Random(seed)  # noqa: S311 (chance, not secrecy)
    return [
        *campaigns(families, corpus, rng),
        *composed(corpus, rng),
        *honest(corpus, rng, PUBLIC),
        *singles(corpus, rng),
    ]


def asked_about(families: Sequence[Family], corpus: Corpus, seed: int = SEED) -> list[Cluster]:
    """Clusters of these families, and honest ones, to judge a model by."""
    rng = random.Random(seed)  # noqa: S311 (chance, not secrecy)
    return [*campaigns(families, corpus, rng), *honest(corpus, rng, PUBLIC)]


def fitted(clusters: Sequence[Cluster]) -> tuple[Floats, Floats]:
    """Multinomial logistic regression on words by rarity. Shapes [2 ** BITS, 7] and [7]."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 (heavy)

    intent = np.repeat(intents_by(clusters), [len(one.texts) for one in clusters])
    known = features([text for one in clusters for text in one.texts])
    used = np.asarray((known > 0).sum(axis=0)).reshape(-1)
    rarity = np.where(used >= MIN_PROMPTS, np.log((1 + len(intent)) / (1 + used)) / 4, 0.0)
    model = LogisticRegression(C=INVERSE_PENALTY, class_weight="balanced", max_iter=150)
    model.fit(known @ diags(rarity), intent)
    return np.asarray(model.coef_.T * rarity[:, None]), np.asarray(model.intercept_)


def mean_logits(weights: Floats, bias: Floats, clusters: Sequence[Cluster]) -> Floats:
    """The mean logits of each cluster's prompts. Shape [clusters, 7]."""
    sizes = [len(one.texts) for one in clusters]
    logits = features([text for one in clusters for text in one.texts]) @ weights + bias
    owner = np.repeat(np.arange(len(clusters)), sizes)
    mean = csr_matrix((np.ones(len(owner)), (owner, np.arange(len(owner)))))
    return np.asarray(np.asarray(mean @ logits) / np.array(sizes)[:, None], np.float64)


def balance(intent: Ints) -> Floats:
    """Weights of clusters, together 1: ordinary ones have their share, other intents alike.

    Shape [n] -> [n].
    """
    count = np.bincount(intent, minlength=len(INTENTS))
    others = int((np.delete(count, ORDINARY) > 0).sum())
    share = np.full(len(INTENTS), (1 - ORDINARY_SHARE) / max(1, others))
    share[ORDINARY] = ORDINARY_SHARE
    each = (share / np.maximum(1, count))[intent]
    return np.asarray(each / each.sum())


def calibration_of(logits: Floats, intent: Ints) -> Floats:
    """A slope and an offset for each intent, under which a softmax is calibrated. Shape [7, 2].

    The slope is one for all intents: with a few families each, more would be learnt by heart.
    Guo et al., *On Calibration of Modern Neural Networks* (2017).
    """
    weight, wanted = balance(intent), np.eye(len(INTENTS))[intent]

    def loss(values: Floats) -> float:
        margin = values[0] * logits + values[1:]
        top = margin.max(axis=1, keepdims=True)
        log = margin - top - np.log(np.exp(margin - top).sum(axis=1, keepdims=True))
        held = 0.01 * ((values[0] - 1) ** 2 + float((values[1:] ** 2).mean()))
        return float(-(weight[:, None] * wanted * log).sum() + held)

    start = np.concatenate([[1.0], np.zeros(len(INTENTS))])
    best = minimize(loss, start, method="L-BFGS-B", bounds=[(0.05, 5), *[(-6, 6)] * len(INTENTS)])
    return np.stack([np.full(len(INTENTS), best.x[0]), best.x[1:]], axis=1)


def calibrated(families: Sequence[Family], corpus: Corpus) -> Floats:
    """:func:`calibration_of` clusters whose family and whose texts were held out. Shape [7, 2]."""
    logits, intents = [], []
    for fold in range(FOLDS):
        rest, held = part(corpus, fold, FOLDS)
        weights, bias = fitted(taught(_without(families, fold), rest))
        clusters = asked_about(families[fold::FOLDS], held)
        logits.append(mean_logits(weights, bias, clusters))
        intents.append(intents_by(clusters))
    return calibration_of(np.concatenate(logits), np.concatenate(intents))


def _without(families: Sequence[Family], fold: int) -> list[Family]:
    return [one for i, one in enumerate(families) if i % FOLDS != fold]


def trained(families: Sequence[Family], corpus: Corpus) -> IntentModel:
    """The model for these families and texts, rounded as it is kept."""
    weights, bias = fitted(taught(families, corpus))
    small = weights.round(2).astype(np.float16).astype(np.float32)
    calibration = calibrated(families, corpus).round(3).astype(np.float32)
    return IntentModel(small, bias.round(3).astype(np.float32), calibration)


def written_families(path: Path) -> list[Family]:
    """The families of a file that were written for this purpose; public toolkits' only test."""
    single, reworded = read_families(path, only="written")
    return [*single, *reworded]


def train_intent(families: Path, prompts: Path) -> IntentModel:
    """The model for the written families of a file and ordinary prompts."""
    return trained(written_families(families), read_corpus(prompts))


if __name__ == "__main__":
    with Path(sys.argv[3]).open("wb") as file:
        train_intent(Path(sys.argv[1]), Path(sys.argv[2])).save(file)
