"""How far the clusterer goes on one machine: ``ringsight bench prompts --scale 10000000``.

Marks of generated text are written to a folder, as the journal would, and clusters fitted from
there: memory, rates, the ratio to reading and hashing the same text alone, and how long the index
takes to assign one prompt. Text is generated, in Zipf's proportions, because no corpus of this size
may ship; campaigns and public templates stand in it. Times are CPU seconds of one core but for the
latency, which is a median.
"""

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path

import numpy as np

from etl.prompts.columns import PromptColumns
from etl.prompts.counts import Floors
from etl.prompts.fit import FitParams, fit
from graph.prompts.fingerprint import Fingerprinter, Sketches
from graph.prompts.index import ClusterIndex

CHUNK = 50_000
KEY = b"a key for generated text"
ASSIGNED = 2_000
"""Prompts that are assigned one by one."""
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
    made, reader = Generated(prompts), Fingerprinter(KEY)
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


def assign_us(index: ClusterIndex, reader: Fingerprinter, texts: Sequence[str]) -> dict[str, float]:
    """Median microseconds to fingerprint a text, and to find its cluster; ratio to hashing it."""
    spent: dict[str, list[int]] = {"hash": [], "fingerprint": [], "assign": []}
    index.assign(reader.sketch(texts[0]))
    for text in texts:
        at = [time.perf_counter_ns()]
        blake2b(text.encode(), digest_size=8).digest()
        at.append(time.perf_counter_ns())
        sketch = reader.sketch(text)
        at.append(time.perf_counter_ns())
        index.assign(sketch)
        at.append(time.perf_counter_ns())
        for name, before, after in zip(spent, at, at[1:], strict=False):
            spent[name].append(after - before)
    median = {name: float(np.median(taken)) / 1_000 for name, taken in spent.items()}
    whole = median["fingerprint"] + median["assign"]
    return {
        "fingerprint_median_us": median["fingerprint"],
        "assign_median_us": median["assign"],
        "online_times_hash": whole / median["hash"],
    }


def bench_scale(prompts: int, folder: Path) -> dict[str, dict[str, float]]:
    """The whole of it: memory, streaming and online figures of one run.

    Args:
        prompts: how many to generate.
        folder: gets their marks, some 230 bytes each.
    """
    spent = write_marks(prompts, folder)
    buckets = int(np.clip(np.ceil(np.log2(prompts * 25)), 20, 28))
    params = FitParams(floors=Floors(buckets_log2=buckets))
    before = time.process_time()
    result = fit(OnDisk(folder), ClusterIndex.empty("bench"), _START + _WEEK_US, params)
    fitted = time.process_time() - before
    worked = spent["fingerprint_s"] + spent["write_s"] + fitted
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    texts, _ = Generated(prompts).texts(ASSIGNED)
    return {
        "memory": {"prompts": prompts, "peak_rss_gb": peak / 1e9},
        "found": {"clusters": len(result.index), "templates_planted": TEMPLATES},
        "cpu seconds": {**spent, "fit_s": fitted},
        "rates": {
            "fingerprints_per_s": prompts / spent["fingerprint_s"],
            "prompts_per_s": prompts / worked,
            "times_read_and_hash": worked / spent["read_and_hash_s"],
        },
        "online": assign_us(result.index, Fingerprinter(KEY), texts),
    }
