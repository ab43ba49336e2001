"""Training of the intent model that ships: ``python -m etl.intent FAMILIES PROMPTS OUT``.

It learns from what may ship, the families written for this purpose and the packaged sample of
prompts, and gives the same file bit by bit for the same input. Ordinary prompts are disguised just
as campaigns are: where only one side carries typos, typos are what is learnt. Calibration is read
on whole families held out, as means over a family, because clusters are what is judged.
"""

import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from etl.prompt_noise import LEVELS, dressed
from etl.prompt_streams import Corpus, Family, filled, planted, read_corpus, read_families
from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.intent import BITS, INTENTS, ORDINARY, READ_WORDS, IntentModel, buckets_into

Floats = NDArray[np.float64]

MEANS = {
    "cot": "reasoning_elicitation",
    "rubric": "reward_grading",
    "grade": "reward_grading",
    "synth": "synthetic_data",
    "evol": "synthetic_data",
    "qa": "synthetic_data",
    "persona": "synthetic_data",
    "sweep": "capability_sweep",
    "agentic": "agentic_trajectory",
    "tool": "agentic_trajectory",
    "censor": "sensitive_rewriting",
    "cens": "sensitive_rewriting",
}
"""Which intent a family's own word for it means."""
PER_FAMILY = 20
FOLDS = 3
STEPS = 80
RATE = 0.5
DECAY = 2e-5


@dataclass(frozen=True, slots=True)
class Examples:
    """Features [n, 2 ** BITS], intent [n], and the family each comes from (-1: ordinary)."""

    features: csr_matrix
    intent: NDArray[np.int64]
    family: NDArray[np.int64]

    def of(self, mask: NDArray[np.bool_]) -> "Examples":
        """The rows of ``mask``."""
        return Examples(self.features[mask], self.intent[mask], self.family[mask])


def _features(texts: list[str]) -> csr_matrix:
    reader = Fingerprinter(b"words are not keyed here")
    out, columns, bounds = np.empty(3 * READ_WORDS, np.int64), [], [0]
    values = []
    for text in texts:
        words = reader.words(text)
        number = buckets_into(words, len(words), out)
        columns.append(out[:number].copy())
        values.append(np.full(number, 1 / np.sqrt(max(1, number))))
        bounds.append(bounds[-1] + number)
    shape = (len(texts), 1 << BITS)
    return csr_matrix((np.concatenate(values), np.concatenate(columns), bounds), shape=shape)


def examples(families: list[Family], corpus: Corpus, seed: int = 11) -> Examples:
    """Prompts of every family at levels 1 to 3, and ordinary prompts disguised as often."""
    rng = random.Random(seed)  # noqa: S311 (chance, not secrecy)
    texts, intent, family = [], [], []
    for number, one in enumerate(families):
        for level in (1, 2, 3):
            prompt = planted(one, level, corpus, rng)
            for _ in range(PER_FAMILY):
                wording = filled(rng.choice(one.variants), corpus, rng) if one.variants else ""
                texts.append(wording or prompt())
                intent.append(INTENTS.index(MEANS[one.intent]))
                family.append(number)
    for text in corpus.traffic:
        for level in (1, 2, 3):
            around = (rng.choice(corpus.slots), rng.choice(corpus.slots))
            texts.append(dressed(text, LEVELS[level], around, rng))
            intent.append(ORDINARY)
            family.append(-1)
    return Examples(_features(texts), np.array(intent), np.array(family))


def _fitted(known: Examples) -> tuple[Floats, Floats]:
    """A logistic regression per intent, by Adam over all rows. Shapes [2 ** BITS, 7] and [7]."""
    wanted = np.eye(len(INTENTS))[known.intent]
    each = 1 / np.maximum(1, np.bincount(known.intent, minlength=len(INTENTS)))[known.intent]
    each = each / each.sum()
    weights = np.zeros((1 << BITS, len(INTENTS)))
    bias = np.zeros(len(INTENTS))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    turned = known.features.T.tocsr()
    for step in range(1, STEPS + 1):
        margin = known.features @ weights + bias
        error = (1 / (1 + np.exp(-margin)) - wanted) * each[:, None]
        slope = turned @ error + DECAY * weights
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        moved = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights -= RATE * moved
        bias -= RATE * error.sum(axis=0)
    return weights, bias


def _platt(margin: Floats, wanted: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset that make means of a family's logits probabilities (Newton's method)."""
    slope, offset = 1.0, 0.0
    for _ in range(25):
        chance = 1 / (1 + np.exp(-np.clip(slope * margin + offset, -30, 30)))
        error, spread = chance - wanted, chance * (1 - chance) + 1e-6
        gradient = np.array([(error * margin).mean() + 0.01 * (slope - 1), error.mean()])
        cross = (spread * margin).mean()
        hessian = np.array([[(spread * margin**2).mean() + 0.01, cross], [cross, spread.mean()]])
        change = np.linalg.solve(hessian, gradient)
        slope, offset = slope - change[0], offset - change[1]
    return float(max(0.05, slope)), float(offset)


def _calibrated(known: Examples) -> Floats:
    """Platt's slope and offset for each intent, on families that were held out. Shape [7, 2]."""
    ordinary = np.flatnonzero(known.family < 0)
    group = known.family.copy()
    group[ordinary] = known.family.max() + 1 + np.arange(len(ordinary)) // PER_FAMILY
    margins, intents = [], []
    for fold in range(FOLDS):
        held = group % FOLDS == fold
        weights, bias = _fitted(known.of(~held))
        logits = known.features[held] @ weights + bias
        for one in np.unique(group[held]):
            margins.append(logits[group[held] == one].mean(axis=0))
            intents.append(int(known.intent[group == one][0]))
    margin, intent = np.array(margins), np.array(intents)
    pairs = [_platt(margin[:, i], intent == i) for i in range(len(INTENTS))]
    return np.array(pairs)


def train_intent(families: Path, prompts: Path) -> IntentModel:
    """The model for these families and ordinary prompts; the same input gives the same model."""
    single, reworded = read_families(families)
    known = examples([*single, *reworded], read_corpus(prompts))
    weights, bias = _fitted(known)
    used = np.asarray((known.features > 0).sum(axis=0)).reshape(-1) >= 3
    small = np.where(used[:, None], weights, 0.0).round(2).astype(np.float16)
    calibration = _calibrated(known).round(3).astype(np.float32)
    return IntentModel(small.astype(np.float32), bias.round(3).astype(np.float32), calibration)


if __name__ == "__main__":
    with Path(sys.argv[3]).open("wb") as file:
        train_intent(Path(sys.argv[1]), Path(sys.argv[2])).save(file)
