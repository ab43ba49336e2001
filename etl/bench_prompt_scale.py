"""How far the clusterer goes on one machine: millions of generated prompts, streamed.

``python -m etl.bench_prompt_scale PROMPTS FOLDER`` writes marks of generated text to a folder, as
the journal would, fits clusters from there, and prints memory, rates, and the ratio to reading and
hashing the same text alone. Text is generated, in Zipf's proportions, because no corpus of this
size may ship; campaigns and public templates stand in it.
"""

import json
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np

from etl.prompt_columns import PromptColumns
from etl.prompts import FitParams, fit
from graph.prompts.fingerprint import Fingerprinter, Sketches
from graph.prompts.index import ClusterIndex

CHUNK = 50_000
WORDS = 50_000
TEMPLATES = 400
_START = 1_750_000_000_000_000
_WEEK_US = 7 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class OnDisk:
    """Chunks of marks in a folder, in the order of their names."""

    folder: Path

    def chunks(self) -> Iterator[PromptColumns]:
        """The chunks, one in memory at a time."""
        for path in sorted(self.folder.glob("*.npz")):
            with np.load(path) as file:
                arrays = {name: file[name] for name in file.files}
            sketches = Sketches(arrays.pop("offsets"), arrays.pop("values"))
            yield PromptColumns(sketches=sketches, **arrays)


def write_chunk(chunk: PromptColumns, path: Path) -> None:
    """One chunk to one file."""
    arrays = {one.name: getattr(chunk, one.name) for one in fields(chunk) if one.name != "sketches"}
    offsets, values = chunk.sketches.offsets, chunk.sketches.values
    np.savez(path, offsets=offsets, values=values, **arrays)


class Generated:
    """Prompts as generated text: a Zipf vocabulary, and templates that some accounts send."""

    def __init__(self, prompts: int, seed: int = 5) -> None:
        self.prompts = prompts
        self.rng = np.random.default_rng(seed)
        letters = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))
        lengths = self.rng.integers(2, 10, WORDS)
        self.words = np.array(["".join(self.rng.choice(letters, n)) for n in lengths])
        chance = 1 / np.arange(1, WORDS + 1) ** 1.05
        self.chance = np.cumsum(chance / chance.sum())
        self.templates = [
            " ".join(self.rng.choice(self.words, self.rng.integers(15, 60)))
            for _ in range(TEMPLATES)
        ]

    def texts(self, number: int) -> tuple[list[str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
        """So many prompts, and the account of each; one in ten comes from a template."""
        rng, sizes = self.rng, self.rng.geometric(1 / 45, number) + 4
        drawn = np.searchsorted(self.chance, rng.random(int(sizes.sum())))
        words = self.words[np.minimum(drawn, WORDS - 1)]
        ends = np.cumsum(sizes)
        rows = [" ".join(words[b - n : b]) for b, n in zip(ends, sizes, strict=True)]
        account = rng.integers(1, max(2, self.prompts // 40), number)
        for i in np.flatnonzero(rng.random(number) < 0.1):
            template = int(rng.integers(TEMPLATES))
            rows[i] = self.templates[template] + "\n" + rows[i]
            account[i] = self.prompts + template * 1000 + int(rng.integers(100))
        return rows, account


def write_marks(prompts: int, folder: Path) -> dict[str, float]:
    """Generate, fingerprint and write ``prompts`` marks; seconds (CPU) by step."""
    folder.mkdir(parents=True, exist_ok=True)
    made, reader = Generated(prompts), Fingerprinter(b"a key for generated text")
    reader.sketches(["warm the compiler up"])
    spent = {"generate_s": 0.0, "fingerprint_s": 0.0, "read_and_hash_s": 0.0, "write_s": 0.0}
    for start in range(0, prompts, CHUNK):
        number = min(CHUNK, prompts - start)
        at = [time.process_time()]
        texts, account = made.texts(number)
        at.append(time.process_time())
        sketches = reader.sketches(texts)
        at.append(time.process_time())
        for text in texts:
            blake2b(text.encode(), digest_size=8).digest()
        at.append(time.process_time())
        moment = _START + (start + np.arange(number)) * _WEEK_US // prompts
        write_chunk(
            PromptColumns.of(account, moment, sketches), folder / f"{start // CHUNK:06d}.npz"
        )
        at.append(time.process_time())
        for name, before, after in zip(spent, at, at[1:], strict=False):
            spent[name] += after - before
    return spent


def bench_scale(prompts: int, folder: Path) -> dict[str, float]:
    """The whole of it: figures of one run, times in CPU seconds of one core."""
    spent = write_marks(prompts, folder)
    params = FitParams()
    buckets = int(np.clip(np.ceil(np.log2(prompts * 25)), 24, 28))
    params = replace(params, floors=replace(params.floors, buckets_log2=buckets))
    before = time.process_time()
    result = fit(OnDisk(folder), ClusterIndex.empty("bench"), _START + _WEEK_US, params)
    fitted = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "prompts": prompts,
        "clusters": len(result.index),
        "templates_planted": TEMPLATES,
        "peak_rss_gb": round(peak / 1e9, 2),
        **{name: round(value, 1) for name, value in spent.items()},
        "fit_s": round(fitted, 1),
        "fingerprint_per_s": round(prompts / spent["fingerprint_s"]),
        "prompts_per_s": round(prompts / (spent["fingerprint_s"] + spent["write_s"] + fitted)),
        "times_read_and_hash": round(
            (spent["fingerprint_s"] + fitted) / spent["read_and_hash_s"], 1
        ),
    }


if __name__ == "__main__":
    print(json.dumps(bench_scale(int(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201
