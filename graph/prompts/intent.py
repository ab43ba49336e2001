"""What a prompt is for, judged by its words: seven intents, as a hint for ranking clusters.

A linear model on hashed words; a small table ships with the package and is made again by ``python
-m etl.prompts.intent``. One prompt's logits mean little (templates, not prompts, are what the model
gets right or wrong); the mean over a cluster's accounts is calibrated. It knows nothing of
clusters, and is never decisive alone. Read ``etl.prompts.intent`` for how it is trained, and
``etl.bench.intent`` for how far it can be trusted.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import IO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from graph.errors import BundleCorrupt
from graph.prompts.jit import compiled
from graph.prompts.kernel import Words

INTENTS = (
    "reasoning_elicitation",
    "reward_grading",
    "synthetic_data",
    "capability_sweep",
    "agentic_trajectory",
    "sensitive_rewriting",
    "ordinary",
)
"""What a cluster can be for, in the order of every vector of logits or probabilities."""
ORDINARY = INTENTS.index("ordinary")
READ_WORDS = 256
"""The words that count: the first 192 and the last 64; instructions stand at the ends."""
HEAD_WORDS = 192
BITS = 15
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@compiled
def buckets_into(words: Words, count: int, out: NDArray[np.int64]) -> int:
    """Write the distinct hash buckets of the words to ``out``, ascending; gives how many.

    ``out`` holds at least ``READ_WORDS`` values; a bucket lies in 0 .. 2 ** BITS - 1.
    """
    kept = min(count, READ_WORDS)
    for i in range(kept):
        at = i if i < HEAD_WORDS or count <= READ_WORDS else count - READ_WORDS + i
        out[i] = np.int64((words[at] * _SPREAD) >> np.uint64(64 - BITS))
    ordered = np.sort(out[:kept])
    distinct = 0
    for i in range(kept):
        if i == 0 or ordered[i] != ordered[i - 1]:
            out[distinct] = ordered[i]
            distinct += 1
    return distinct


@compiled
def logits_of(
    words: Words, count: int, weights: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Logits of one text. Shapes: words [count]; weights [2 ** BITS, 7]; bias [7] -> [7]."""
    buckets = np.empty(READ_WORDS, np.int64)
    number = buckets_into(words, count, buckets)
    total = np.zeros(weights.shape[1], np.float32)
    for i in range(number):
        total += weights[buckets[i]]
    return (total / np.float32(np.sqrt(max(1, number))) + bias).astype(np.float32)


@dataclass(frozen=True, eq=False)
class IntentModel:
    """Shapes: weights float32 [2 ** BITS, 7], bias [7], calibration [7, 2] (slope, offset)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    calibration: NDArray[np.float32]

    def logits(self, words: Words) -> NDArray[np.float32]:
        """Raw logits [7] of one prompt given as its word hashes."""
        return logits_of(words, len(words), self.weights, self.bias)

    def probabilities(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated probabilities (0..1, together 1) of clusters' mean logits.

        They hold where seven clusters in ten are ordinary. Shapes: [..., 7] -> [..., 7].
        """
        margin = logits.astype(np.float64) * self.calibration[:, 0] + self.calibration[:, 1]
        odds = np.exp(margin - margin.max(axis=-1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=-1, keepdims=True))

    def digest(self) -> str:
        """SHA-256 of what the model computes with."""
        digest = hashlib.sha256()
        for array in (self.weights, self.bias, self.calibration):
            digest.update(np.ascontiguousarray(array, np.float32).tobytes())
        return digest.hexdigest()

    def save(self, file: IO[bytes]) -> None:
        """Write the model; weights are kept at half precision and most of them are zero."""
        np.savez_compressed(
            file,
            weights=self.weights.astype(np.float16),
            bias=self.bias,
            calibration=self.calibration,
            digest=np.frombuffer(self.digest().encode(), np.uint8),
        )

    @classmethod
    def load(cls, file: IO[bytes]) -> "IntentModel":
        """Read a model; refuses a damaged one."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                model = cls(
                    arrays["weights"].astype(np.float32), arrays["bias"], arrays["calibration"]
                )
                digest = arrays["digest"].tobytes().decode("ascii")
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as exc:
            raise BundleCorrupt(f"not an intent model: {type(exc).__name__}") from exc
        if digest != model.digest():
            raise BundleCorrupt("the intent model's digest does not match its weights")
        return model


@lru_cache(maxsize=1)
def shipped() -> IntentModel:
    """The model that comes with the package."""
    with files("graph.prompts").joinpath("data/intent.npz").open("rb") as file:
        return IntentModel.load(file)
