"""The comparison behind ``ringsight bench prompts PATH --families PATH``.

The product's clusters beside MinHash-LSH and embedding + HDBSCAN, on the same planted streams, at
every level of disguise and share of unrelated traffic. Thresholds were chosen on odd families; the
figures are of even ones. ``in_full`` is a stream of its own size; the rivals see a part of it where
they are too slow, and the table says so. Read :mod:`etl.bench.prompt_streams` for what is planted.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.bench.prompt_metrics import Quality, quality
from etl.bench.prompt_streams import (
    Corpus,
    Family,
    Stream,
    StreamSpec,
    plant,
    read_corpus,
    read_families,
)
from etl.prompts.columns import PromptColumns
from etl.prompts.fit import fit, in_chunks
from graph.errors import InputError
from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.index import ClusterIndex

Labels = NDArray[np.int64]
KEY = b"a key for benchmarks, no secret"
BARS = {1: 0.98, 2: 0.94, 3: 0.88}
"""F1 asked for at each level, with up to half of the traffic unrelated."""
LEVELS = (1, 2, 3, 4)
SHARES = (0.0, 0.5, 0.85)
EMBEDDED = 12_000
"""Prompts that embedding + HDBSCAN sees; it is quadratic in practice."""
EMBEDDED_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Row:
    """One method on one stream.

    ``honest_tied`` counts honest accounts that share a cluster with another operator's honest
    account, ``honest_linked`` those whose cluster weighs enough to link them (product only).
    """

    method: str
    level: int
    unrelated: float
    prompts: int
    precision: float
    recall: float
    f1: float
    found: float
    pieces: float
    ari: float
    honest_tied: int
    honest_linked: int | None
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """Cluster of each prompt (-1 none), and of each cluster whether it links accounts."""

    cluster: Labels
    links: NDArray[np.bool_] | None = None


def ringsight_clusters(stream: Stream) -> Found:
    """The product: fingerprints, a fit over everything, and the vote."""
    sketches = Fingerprinter(KEY).sketches(stream.texts)
    marks = PromptColumns.of(stream.account, stream.at, sketches)
    marks = replace(marks, since=stream.since[stream.account])
    result = fit(in_chunks(marks), ClusterIndex.empty("bench"), int(stream.at.max()))
    cluster = result.index.assign_many(sketches).cluster.astype(np.int64)
    table = result.statistics.clusters.select(["cluster_id", "weight"]).to_pydict()
    weight = dict(zip(table["cluster_id"], table["weight"], strict=True))
    links = np.array([weight.get(name, 0.0) >= 0.5 for name in result.index.ids], bool)
    return Found(cluster, links)


def minhash_clusters(stream: Stream) -> Found:
    """MinHash of word triples, LSH at Jaccard 0.5, components (rensa)."""
    from rensa import RMinHash, RMinHashLSH  # type: ignore[import-untyped]  # noqa: PLC0415

    lsh = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)
    parent = np.arange(len(stream.texts))
    signatures: list[Any] = []
    for i, text in enumerate(stream.texts):
        words = text.lower().split()
        signature = RMinHash(num_perm=128, seed=1)
        signature.update([" ".join(words[j : j + 3]) for j in range(max(1, len(words) - 2))])
        for other in lsh.query(signature)[:20]:
            if signature.jaccard(signatures[other]) >= 0.5:
                parent[_root(parent, i)] = _root(parent, other)
        lsh.insert(i, signature)
        signatures.append(signature)
    roots = np.array([_root(parent, i) for i in range(len(parent))], np.int64)
    return Found(_shared(roots))


def _root(parent: Labels, i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = int(parent[i])
    return i


def _shared(labels: Labels) -> Labels:
    """``labels`` with those that occur once as -1."""
    _, inverse, count = np.unique(labels, return_inverse=True, return_counts=True)
    out: Labels = np.where(count[inverse.reshape(-1)] > 1, inverse.reshape(-1), -1)
    return out


def embedding_clusters(stream: Stream) -> Found:
    """Static word vectors averaged (WordLlama, 256), their 20 main directions, HDBSCAN (leaf)."""
    import wordllama  # type: ignore[import-untyped]  # noqa: PLC0415 (an extra)
    from sklearn.cluster import HDBSCAN  # noqa: PLC0415
    from sklearn.decomposition import PCA  # noqa: PLC0415

    # The vectors come with the package, which looks for its tokenizer in the wrong folder.
    folder = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    vectors = model.embed([text[:EMBEDDED_CHARACTERS] for text in stream.texts], norm=True)
    main = PCA(20, random_state=1).fit_transform(np.asarray(vectors, np.float64))
    tree = HDBSCAN(min_cluster_size=8, cluster_selection_method="leaf", copy=True)
    return Found(np.asarray(tree.fit_predict(main), np.int64))


METHODS: dict[str, tuple[Callable[[Stream], Found], int | None, str]] = {
    "ringsight": (ringsight_clusters, None, ""),
    "minhash_lsh": (minhash_clusters, None, "rensa"),
    "embedding_hdbscan": (embedding_clusters, EMBEDDED, "wordllama"),
}
"""Name -> how it clusters, how many prompts of a stream it sees (None: all), what it needs."""


def missing() -> list[str]:
    """Methods whose package is not installed (``pip install 'ringsight[bench]'``)."""
    return [name for name, (_, _, needs) in METHODS.items() if needs and not find_spec(needs)]


def part_of(stream: Stream, number: int | None) -> Stream:
    """A stream thinned at random (seeded) to ``number`` prompts."""
    if number is None or number >= len(stream.texts):
        return stream
    rows = np.sort(np.random.default_rng(3).choice(len(stream.texts), number, replace=False))
    return Stream(
        [stream.texts[i] for i in rows],
        stream.account[rows],
        stream.at[rows],
        stream.truth[rows],
        stream.campaign[rows],
        stream.families,
        stream.bad_accounts,
        stream.operator,
        stream.since,
    )


def honest_tied(stream: Stream, found: Found) -> tuple[int, int | None]:
    """Honest accounts that share a cluster with another operator's honest account; those linked."""
    honest = (found.cluster >= 0) & ~np.isin(stream.account, list(stream.bad_accounts))
    cluster, account = np.unique(np.stack([found.cluster[honest], stream.account[honest]]), axis=1)
    owned = np.unique(np.stack([cluster, stream.operator[account]]), axis=1)
    strangers = np.bincount(owned[0], minlength=int(cluster.max(initial=0)) + 1)[cluster] > 1
    tied = len(np.unique(account[strangers]))
    if found.links is None:
        return tied, None
    return tied, len(np.unique(account[strangers & found.links[cluster]]))


def measured(method: str, stream: Stream, spec: StreamSpec) -> Row:
    """One method on one stream, judged on even families (all, where there is one family)."""
    cluster, limit, _ = METHODS[method]
    seen = part_of(stream, limit)
    before = time.process_time()
    found = cluster(seen)
    spent = time.process_time() - before
    even = np.arange(0, len(stream.families), 2)
    judged: Quality = quality(seen.truth, seen.campaign, found.cluster, even)
    tied, linked = honest_tied(seen, found)
    return Row(
        method=method,
        level=spec.level,
        unrelated=spec.unrelated,
        prompts=len(seen.texts),
        **{name: round(value, 4) for name, value in asdict(judged).items()},
        honest_tied=tied,
        honest_linked=linked,
        cpu_s=round(spent, 1),
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: ``Plan(levels=(2,), methods=("ringsight",))``; ``scale`` 1 is the full size."""

    levels: tuple[int, ...] = LEVELS
    shares: tuple[float, ...] = SHARES
    methods: tuple[str, ...] = tuple(METHODS)
    scale: float = 1.0
    seed: int = 7


def plan_of(
    levels: Sequence[int] = (), shares: Sequence[float] = (), methods: Sequence[str] = ()
) -> Plan:
    """The whole plan, or these parts of it alone; a row is the same whichever others are run.

    Raises:
        InputError: if there is no such level, share or method.
    """
    asked: tuple[tuple[str, Sequence[object], Sequence[object]], ...] = (
        ("level", levels, LEVELS),
        ("method", methods, tuple(METHODS)),
    )
    for name, given, known in asked:
        wrong = [one for one in given if one not in known]
        if wrong:
            raise InputError(f"no {name} {wrong[0]}: there are {', '.join(map(str, known))}")
    if not all(0 <= share < 1 for share in shares):
        raise InputError("a share of unrelated traffic is 0 or more and less than 1")
    return Plan(tuple(levels) or LEVELS, tuple(shares) or SHARES, tuple(methods) or tuple(METHODS))


def _spec(plan: Plan, level: int, share: float) -> StreamSpec:
    return StreamSpec(
        level=level, unrelated=share, benign=round(100_000 * plan.scale), seed=plan.seed
    )


def bench_prompts(
    prompts: Path,
    families: Path,
    plan: Plan | None = None,
    progress: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Every method of the plan on every stream of it; a rival without its package is left out.

    Args:
        prompts: Parquet with a column ``text``: honest traffic and slots.
        families: JSON Lines of templates.
        plan: levels, shares and methods.
        progress: told of each row as it is done.
    """
    plan = plan or Plan()
    corpus = read_corpus(prompts, plan.seed)
    single, reworded = read_families(families)
    rows: list[Row] = []
    for level in plan.levels:
        planted = reworded if level == 4 else single
        for share in plan.shares if planted else ():
            spec = _spec(plan, level, share)
            rows.extend(_stream_rows(planted, corpus, spec, plan, progress))
    if not rows:
        raise InputError("nothing to plant: the families file has no family of these levels")
    return rows


def _stream_rows(
    families: Sequence[Family],
    corpus: Corpus,
    spec: StreamSpec,
    plan: Plan,
    progress: Callable[[Row], None] | None,
) -> Iterable[Row]:
    stream = plant(families, corpus, spec)
    for method in plan.methods:
        if method in missing():
            continue
        row = measured(method, stream, spec)
        if progress is not None:
            progress(row)
        yield row


def as_table(rows: Sequence[Row]) -> str:
    """The rows as a table for a terminal, with the bars that hold for the product."""
    head = (
        "method             L unrelated  prompts     P     R    F1   bar  found pieces   ARI"
        "  honest tied linked   cpu s"
    )
    lines = [head]
    for row in rows:
        held = row.method == "ringsight" and row.unrelated <= 0.5 and row.level in BARS
        bar = f"{BARS[row.level]:.2f}" if held else "   -"
        linked = "-" if row.honest_linked is None else str(row.honest_linked)
        lines.append(
            f"{row.method:<18} {row.level} {row.unrelated:9.0%} {row.prompts:8,} "
            f"{row.precision:5.3f} {row.recall:5.3f} {row.f1:5.3f}  {bar} {row.found:6.2f} "
            f"{row.pieces:6.1f} {row.ari:5.3f} {row.honest_tied:12,} {linked:>6} {row.cpu_s:7.1f}"
        )
    lines.extend(f"{name} is left out: its package is not installed" for name in missing())
    lines.append("L4 is independent rewordings: reported, no bar. Judged on even families.")
    return "\n".join(lines)
