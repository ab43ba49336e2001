"""How far the intent of a cluster can be trusted: ``ringsight bench intent PATH --families PATH``.

Two tests. *Held out*: written families, a quarter at a time, with a quarter of the texts, by models
that saw neither. *Toolkit*: families of public toolkits, which nobody wrote for this purpose and no
model learnt from, by the model that ships, among ordinary prompts outside the packaged sample.
Clusters are judged, each by the mean of a dozen prompts; figures weigh clusters so that seven in
ten are ordinary. Read :mod:`etl.prompts.intent` for the training.
"""

from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from etl.bench.prompt_streams import Corpus, Family, read_corpus, read_families
from etl.prompts.intent import (
    asked_about,
    balance,
    intents_by,
    mean_logits,
    trained,
    written_families,
)
from etl.prompts.intent_examples import Cluster, part
from graph.errors import InputError
from graph.flush import Told
from graph.prompts.intent import INTENTS, ORDINARY, IntentModel, shipped

Floats = NDArray[np.float64]
Figures = dict[str, dict[str, float]]

FOLDS = 4
BINS = 10


def chances(model: IntentModel, clusters: Sequence[Cluster]) -> Floats:
    """Calibrated probabilities of each cluster. Shape [clusters, 7]."""
    weights, bias = model.weights.astype(np.float64), model.bias.astype(np.float64)
    logits = mean_logits(weights, bias, clusters)
    return model.probabilities(logits.astype(np.float32))


def calibration_error(chance: Floats, wanted: NDArray[np.bool_], weight: Floats) -> float:
    """Mean distance (0..1) of what was said from what was so, over ten bins of what was said."""
    bins = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    said = np.bincount(bins, weight * chance, BINS)
    was = np.bincount(bins, weight * wanted, BINS)
    return float(np.abs(said - was).sum() / weight.sum())


def figures(chance: Floats, intent: NDArray[np.int64]) -> Figures:
    """A row an intent that occurs, and one of any campaign against ordinary use.

    Shapes: chance [n, 7], intent [n]. ``brier_of_nothing`` is the score of the base rate alone.
    """
    weight = balance(intent)
    rows = {
        name: _row(chance[:, i], intent == i, weight)
        for i, name in enumerate(INTENTS)
        if (intent == i).any()
    }
    rows["any but ordinary"] = _row(1 - chance[:, ORDINARY], intent != ORDINARY, weight)
    return rows


def _row(chance: Floats, wanted: NDArray[np.bool_], weight: Floats) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: PLC0415 (heavy)

    base = float(weight[wanted].sum())
    return {
        "clusters": float(wanted.sum()),
        "base_rate": base,
        "ap": float(average_precision_score(wanted, chance, sample_weight=weight)),
        "auroc": float(roc_auc_score(wanted, chance, sample_weight=weight)),
        "brier": float((weight * (chance - wanted) ** 2).sum()),
        "brier_of_nothing": base * (1 - base),
        "ece": calibration_error(chance, wanted, weight),
    }


def held_out(families: Sequence[Family], corpus: Corpus, progress: Told) -> Figures:
    """Written families by models that saw neither them nor the texts they are filled with."""
    found, intents = [], []
    for fold in range(FOLDS):
        rest, held = part(corpus, fold, FOLDS)
        model = trained([one for i, one in enumerate(families) if i % FOLDS != fold], rest)
        clusters = asked_about(families[fold::FOLDS], held, seed=fold)
        found.append(chances(model, clusters))
        intents.append(intents_by(clusters))
        progress("intent models trained", fold + 1, FOLDS)
    return figures(np.concatenate(found), np.concatenate(intents))


def of_toolkits(
    families: Sequence[Family], corpus: Corpus, model: IntentModel | None = None
) -> Figures:
    """Families of public toolkits by the model that ships (or ``model``)."""
    clusters = asked_about(families, corpus)
    return figures(chances(model or shipped(), clusters), intents_by(clusters))


def bench_intent(prompts: Path, families: Path, progress: Told) -> dict[str, Figures]:
    """Both tests; toolkit families are those of ``families`` whose origin is no ``written`` one.

    Raises:
        InputError: if the file has no written families to hold out.
    """
    with as_file(files("graph.simulate").joinpath("data/prompts.parquet")) as path:
        sample = read_corpus(path)
        known = set(pq.read_table(path, columns=["text"])["text"].to_pylist())
    written = written_families(families)
    if len(written) < 2 * FOLDS:
        raise InputError(f"{families}: {len(written)} written families; {2 * FOLDS} are needed")
    found = {"written families, held out": held_out(written, sample, progress)}
    single, reworded = read_families(families, only="toolkit")
    if single or reworded:
        others = _unknown(read_corpus(prompts), known)
        found["toolkit families"] = of_toolkits([*single, *reworded], others)
    return found


def _unknown(corpus: Corpus, known: set[str]) -> Corpus:
    """The corpus without texts that a model may have learnt from."""
    parts = (corpus.slots, corpus.passages, corpus.traffic)
    return Corpus(*(tuple(text for text in texts if text not in known) for texts in parts))
