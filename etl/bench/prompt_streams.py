"""Streams of prompts with campaigns planted in them, for ``ringsight bench prompts``.

Real prompts are the honest traffic: singles, applications of one to five accounts that send one
form over and over, and public templates that many unrelated accounts use. Campaigns are families of
templates filled with real text and disguised at a level of :mod:`etl.bench.prompt_noise`. Families
whose wording overlaps by a quarter are one family in truth (public toolkits copy each other) and
only one of them is planted. Half of the corpus fills slots, the other half is traffic, so that no
slot text is shared with honest traffic; a text that is itself made from a form fills no slot, for
then the prompt would truly have two templates. Knows nothing of the clusterer.
"""

import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from etl.bench.prompt_noise import LEVELS, dressed, edited
from graph.errors import SourceError
from graph.prompts.fingerprint import Fingerprinter

DAY_US = 86_400_000_000
_START = 1_750_000_000_000_000
_SAME_FAMILY = 0.25
FORM = 15
"""So many texts that begin alike are an application's form; a form never fills a slot."""
_REWORDED = 4


@dataclass(frozen=True, slots=True)
class Family:
    """One campaign's template: sentences with ``{slots}``, or whole rewordings of it."""

    name: str
    intent: str
    sentences: tuple[str, ...]
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What to plant.

    Attributes:
        level: 1 to 3 as in :mod:`etl.bench.prompt_noise`; 4 plants independent rewordings.
        unrelated: share (0..1) of the campaign accounts' traffic that is ordinary.
        benign: honest prompts.
        campaign_prompts: bounds of a campaign's prompts, drawn log-uniformly.
        campaign_accounts: bounds of a campaign's accounts, drawn log-uniformly.
        seed: of everything drawn.
    """

    level: int = 2
    unrelated: float = 0.0
    benign: int = 120_000
    campaign_prompts: tuple[int, int] = (120, 1200)
    campaign_accounts: tuple[int, int] = (20, 200)
    seed: int = 7


@dataclass(slots=True)
class Stream:
    """Prompts in the order of time.

    Attributes:
        texts, account, at: the prompts, [n]; accounts are numbers, times microseconds.
        truth: [n] the template a prompt comes from, -1 if it stands alone.
        campaign: [n] the number of the planted family, -1 for honest and unrelated traffic.
        families: the planted families, in the order of ``campaign``.
        bad_accounts: accounts of campaigns.
        operator, since: by account number, who runs it, and when it signed up (us).
    """

    texts: list[str] = field(default_factory=list)
    account: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    at: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    truth: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    campaign: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    families: tuple[Family, ...] = ()
    bad_accounts: frozenset[int] = frozenset()
    operator: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    since: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, slots=True)
class Corpus:
    """Real prompts by use: ``slots`` fill templates, ``traffic`` is what honest people send."""

    slots: tuple[str, ...]
    passages: tuple[str, ...]
    traffic: tuple[str, ...]


def read_corpus(path: Path, seed: int = 7) -> Corpus:
    """The prompts of a Parquet file with a ``text`` column, split in two halves by chance."""
    try:
        texts = pq.read_table(path, columns=["text"])["text"].to_pylist()
    except (OSError, KeyError, ValueError) as exc:
        raise SourceError(f"{path}: not a Parquet file with a column `text`") from exc
    texts = [text for text in dict.fromkeys(texts) if text and text.strip()]
    if len(texts) < 200:
        raise SourceError(f"{path}: {len(texts)} different prompts; at least 200 are needed")
    random.Random(seed).shuffle(texts)  # noqa: S311 (chance, not secrecy)
    half = len(texts) // 2
    slots = [text for text in _own_words(texts)[:half] if len(text) <= 1500]
    taken = set(slots)
    passages = [text for text in slots if len(text) > 250] or slots
    return Corpus(tuple(slots), tuple(passages), tuple(t for t in texts if t not in taken))


def _own_words(texts: Sequence[str]) -> list[str]:
    """Texts that stand alone: at most a third of their word triples occur in eight texts."""
    sketches = Fingerprinter(b"public corpus, nothing to hide").sketches(texts)
    _, inverse, count = np.unique(sketches.values, return_inverse=True, return_counts=True)
    common = np.concatenate([[0], np.cumsum(count[inverse.reshape(-1)] >= FORM // 2 + 1)])
    found = common[sketches.offsets[1:]] - common[sketches.offsets[:-1]]
    share = found / np.maximum(1, np.diff(sketches.offsets))
    return [text for text, one in zip(texts, share.tolist(), strict=True) if one <= 1 / 3]


def _form(text: str) -> str:
    return " ".join(text.split()[:4])


def forms(texts: Iterable[str]) -> dict[str, list[str]]:
    """Texts by their first four words."""
    found: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        found[_form(text)].append(text)
    return found


def read_families(path: Path, only: str = "") -> tuple[list[Family], list[Family]]:
    """The families of a JSON Lines file: (those of one template, those with full rewordings).

    Args:
        path: the file.
        only: take those alone whose ``origin`` begins so.
    """
    single: list[Family] = []
    reworded: list[Family] = []
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        for row in rows:
            if not str(row.get("origin", "")).startswith(only):
                continue
            variants = tuple(row.get("variants") or ())
            sentences = tuple(row.get("sentences") or variants[:1])
            family = Family(str(row["id"]), str(row["intent"]), sentences, variants)
            (reworded if variants else single).append(family)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SourceError(f"{path}: not JSON Lines of families with `id` and `intent`") from exc
    return distinct(single), reworded


def _threes(family: Family) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", re.sub(r"\{\w+\}", " | ", " ".join(family.sentences)).lower())
    return set(zip(words, words[1:], words[2:], strict=False))


def distinct(families: Sequence[Family]) -> list[Family]:
    """One of each group of families that share a quarter of the shorter one's word triples."""
    kept: list[tuple[Family, set[tuple[str, ...]]]] = []
    for family in families:
        mine = _threes(family)
        if mine and all(
            len(mine & other) < _SAME_FAMILY * min(len(mine), len(other)) for _, other in kept
        ):
            kept.append((family, mine))
    return [family for family, _ in kept]


_SHORT: dict[str, Callable[[random.Random], str]] = {
    "n": lambda rng: str(rng.randrange(2, 40)),
    "id": lambda rng: str(rng.randrange(10**6)),
    "lang": lambda rng: rng.choice(("Python", "Rust", "Go", "Java", "C", "Haskell", "SQL")),
}
_LONG = ("ctx", "r", "r2")
_PHRASE = ("topic", "crit", "persona", "tool", "dom", "sens")


def filled(template: str, corpus: Corpus, rng: random.Random) -> str:
    """``template`` with every slot filled: questions, passages, or a random span of words."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name in _SHORT:
            return _SHORT[name](rng)
        if name in _PHRASE:
            words = rng.choice(corpus.slots).split()
            start = rng.randrange(max(1, len(words) - 4))
            return " ".join(words[start : start + rng.randrange(2, 6)])
        return rng.choice(corpus.passages if name in _LONG else corpus.slots)

    return re.sub(r"\{(\w+)\}", fill, template).replace("{{", "{").replace("}}", "}")


def planted(family: Family, level: int, corpus: Corpus, rng: random.Random) -> Callable[[], str]:
    """A source of prompts of one campaign at a level."""
    disguise = LEVELS[min(level, 3)] if level < _REWORDED else LEVELS[1]

    def one() -> str:
        if level == _REWORDED:
            return filled(rng.choice(family.variants), corpus, rng)
        text = filled(edited(list(family.sentences), disguise, rng), corpus, rng)
        around = (rng.choice(corpus.slots), rng.choice(corpus.slots))
        return dressed(text, disguise, around, rng)

    return one


class _Builder:
    """Rows of a stream as they are drawn."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rows: list[tuple[int, str, int, int, int]] = []
        self.operator: list[int] = []
        self.since: list[int] = []
        self.templates = 0

    def new_accounts(self, number: int, together: bool = False, age_days: int = 400) -> range:
        """Accounts that signed up within ``age_days``, of one operator if ``together``."""
        first = len(self.operator)
        for account in range(first, first + number):
            self.operator.append(first if together else account)
            self.since.append(_START - self.rng.randrange(age_days * DAY_US))
        return range(first, first + number)

    def new_template(self) -> int:
        self.templates += 1
        return self.templates - 1

    def add(self, text: str, account: int, truth: int = -1, campaign: int = -1) -> None:
        at = _START + self.rng.randrange(14 * DAY_US)
        self.rows.append((at, text, account, truth, campaign))

    def stream(self, families: Iterable[Family], bad: Iterable[int]) -> Stream:
        self.rows.sort(key=lambda row: (row[0], row[2]))
        at, texts, account, truth, campaign = zip(*self.rows, strict=True)
        return Stream(
            list(texts),
            np.array(account, np.int64),
            np.array(at, np.int64),
            np.array(truth, np.int64),
            np.array(campaign, np.int64),
            tuple(families),
            frozenset(bad),
            np.array(self.operator, np.int64),
            np.array(self.since, np.int64),
        )


def _log_uniform(bounds: tuple[int, int], rng: random.Random) -> int:
    low, high = bounds
    return round(low * math.exp(math.log(high / low) * rng.random()))


def _honest(build: _Builder, corpus: Corpus, number: int) -> None:
    """Honest traffic: applications, then public templates (7 %), then singles."""
    rng = build.rng
    singles: list[str] = []
    for texts in forms(corpus.traffic).values():
        if len(texts) < FORM:
            singles.extend(texts)
            continue
        users, truth = build.new_accounts(rng.randrange(1, 6), together=True), build.new_template()
        for text in texts[: number // 50]:
            build.add(text, rng.choice(users), truth)
    for _ in range(30):
        _public_template(build, corpus, number)
    while len(build.rows) < number:
        account = build.new_accounts(1)[0]
        for _ in range(rng.randrange(1, 9)):
            build.add(rng.choice(singles or list(corpus.traffic)), account)


def _public_template(build: _Builder, corpus: Corpus, number: int) -> None:
    """A template that unrelated honest accounts found on the web: 10 to some 1,000 of them."""
    rng = build.rng
    words = rng.choice(corpus.passages).split()
    body = " ".join(words[: rng.randrange(20, 90)])
    truth = build.new_template()
    users = build.new_accounts(_log_uniform((10, max(20, number // 150)), rng))
    for account in users:
        for _ in range(rng.randrange(1, 3)):
            build.add(f"{body}\n{rng.choice(corpus.slots)}", account, truth)


def plant(families: Sequence[Family], corpus: Corpus, spec: StreamSpec) -> Stream:
    """A stream with every family planted once.

    Same arguments, same stream. At level 4 the families need ``variants``.
    """
    rng = random.Random(spec.seed * 10 + spec.level)  # noqa: S311 (chance, not secrecy)
    build = _Builder(rng)
    _honest(build, corpus, spec.benign)
    bad: list[int] = []
    for number, family in enumerate(families):
        number_of = _log_uniform(spec.campaign_accounts, rng)
        users = build.new_accounts(number_of, together=True, age_days=20)
        bad.extend(users)
        truth, prompt = build.new_template(), planted(family, spec.level, corpus, rng)
        sent = max(len(users), _log_uniform(spec.campaign_prompts, rng))
        for i in range(sent):
            build.add(prompt(), users[i % len(users)], truth, number)
        for _ in range(round(sent * spec.unrelated / (1 - spec.unrelated))):
            build.add(rng.choice(corpus.traffic), rng.choice(users))
    return build.stream(families, bad)
