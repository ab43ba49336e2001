"""Free text for prompts and slots: fresh wordings from a sample of real prompts.

A few thousand real prompts cannot speak for a million requests: sent verbatim each would be sent by
hundreds of accounts, and every one would look like a template. So a prompt lends its skeleton (its
function words and punctuation) and its content words are drawn anew, among words of the same
shape, from the part of the vocabulary its author likes. Some are sent verbatim, as public prompts
are. It knows nothing of accounts or templates; read :mod:`graph.simulate.repertoire` next.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from graph.errors import InputError

PACKAGED_PROMPTS = Path(__file__).parent / "data" / "prompts.parquet"

_TOKEN = re.compile(r"[぀-ヿ一-鿿가-힯]|[^\W_]+(?:['’][^\W_]+)*\s*|[^\w\s]\s*|_\s*|\s+")
_CJK = re.compile(r"[぀-ヿ一-鿿가-힯]")
_SOURCES = {
    "math": ("gsm8k/train", "gsm8k/test"),
    "code": ("mbpp+", "humaneval"),
    "bench": (
        "gsm8k/test", "gsm8k/train", "mbpp+", "humaneval", "commonsenseqa", "bbh", "strategyqa",
        "ifeval", "arena-hard-v0.1", "mt-bench",
    ),
}  # fmt: skip
_COMMON_WORDS = 160
_TOPIC_SPAN = 700


def tokens_of(text: str) -> list[str]:
    """The text in pieces that join back to it: words keep the space behind them."""
    return _TOKEN.findall(text)


def _shape(token: str) -> str:
    word = token.strip()
    behind = repr(token[len(word) :])
    if _CJK.match(word):
        return "cjk"
    if not word or not word[0].isalnum():
        return "fixed"
    if word[0].isdigit():
        return f"digits{min(len(word), 4)}{behind}"
    ending = next((e for e in ("ing", "ed", "ly", "tion", "s") if word.lower().endswith(e)), "")
    return ("Title" if word[0].isupper() else "lower") + ending + behind


@dataclass(frozen=True, slots=True)
class _Pool:
    """Interchangeable words: positions ``first`` .. ``first + size`` of the ordered vocabulary."""

    first: int
    size: int


class Lexicon:
    """Draws texts; built once from prompts, their languages and their sources."""

    def __init__(self, texts: Sequence[str], langs: Sequence[str], origins: Sequence[str]) -> None:
        split = [tokens_of(text)[:120] for text in texts]
        if not any(split):
            raise InputError("the prompt sample holds no words")
        counts = Counter(token.strip() for tokens in split for token in tokens)
        common = {word for word, _ in counts.most_common(_COMMON_WORDS)}
        self.texts = pa.array(texts, pa.large_string())
        self.langs = np.array(langs)
        self._origins = np.array(origins)
        self._index(split, common)

    @classmethod
    def load(cls, path: Path | None = None, limit: int = 40_000) -> "Lexicon":
        """The packaged sample, or a larger Parquet file of the same columns.

        Raises:
            InputError: if the file lacks a column or rows.
        """
        table = pq.read_table(path or PACKAGED_PROMPTS, columns=["text", "lang", "source"])
        table = table.slice(0, limit) if table.num_rows <= limit else _thinned(table, limit)
        columns = (table[name].to_pylist() for name in ("text", "lang", "source"))
        texts, langs, origins = ([str(value) for value in column] for column in columns)
        return cls(texts, langs, origins)

    def _index(self, split: list[list[str]], common: set[str]) -> None:
        """Orders the vocabulary by shape so that a word's alternatives are a range."""
        shape_of = {
            token: "fixed" if token.strip() in common else _shape(token)
            for tokens in split
            for token in tokens
        }
        vocabulary = sorted(shape_of, key=lambda token: (shape_of[token], token))
        number = {token: i for i, token in enumerate(vocabulary)}
        first = np.zeros(len(vocabulary), np.int64)
        size = np.ones(len(vocabulary), np.int64)
        for pool, members in _pools(vocabulary, shape_of):
            for i in members:
                fixed = shape_of[vocabulary[i]] == "fixed"
                first[i], size[i] = (i, 1) if fixed else (pool.first, pool.size)
        self._words = pa.array(vocabulary, pa.string())
        self._first, self._size = first, size
        self._tokens = np.array([number[t] for tokens in split for t in tokens], np.int64)
        lengths = np.array([len(tokens) for tokens in split], np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        self._lengths = lengths

    def rows(self, lang: str | None = None) -> NDArray[np.int64]:
        """The prompts in a language (all when None), as row numbers for :meth:`fresh`."""
        if lang is None:
            return np.arange(len(self.langs))
        return np.flatnonzero(self.langs == lang)

    def sources(self, group: str) -> NDArray[np.int64]:
        """The prompts of some sources: ``math``, ``code`` or ``bench`` (public test items)."""
        return np.flatnonzero(np.isin(self._origins, _SOURCES[group]))

    def quoted(self, rows: NDArray[np.int64], count: int, rng: np.random.Generator) -> list[str]:
        """``count`` of these prompts word for word."""
        picked = rows[rng.integers(0, len(rows), count)]
        return [str(text) for text in self.texts.take(pa.array(picked)).to_pylist()]

    def fresh(
        self,
        rows: NDArray[np.int64],
        words: NDArray[np.int64],
        topics: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> list[str]:
        """One new text a row.

        Args:
            rows: int64 [N], the prompts that lend their skeletons.
            words: int64 [N], at most so many tokens (> 0).
            topics: int64 [N], which part of the vocabulary the author likes (any number).
            rng: the chance.

        Returns:
            N texts.
        """
        lengths = np.minimum(self._lengths[rows], words)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        owner = np.repeat(np.arange(len(rows)), lengths)
        inside = np.arange(offsets[-1]) - offsets[owner]
        drawn = self._redrawn(self._tokens[self._starts[rows][owner] + inside], topics[owner], rng)
        lists = pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()), self._words.take(pa.array(drawn))
        )
        joined = pc.utf8_trim_whitespace(pc.binary_join(lists, ""))
        return [str(text) for text in joined.to_pylist()]

    def _redrawn(
        self, tokens: NDArray[np.int64], topics: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        """Every content token exchanged for one of its shape: half of them near the topic."""
        first, size = self._first[tokens], self._size[tokens]
        near = topics * 7919 + np.floor(rng.random(len(tokens)) ** 2 * _TOPIC_SPAN).astype(np.int64)
        anywhere = np.floor(rng.random(len(tokens)) * size).astype(np.int64)
        local = rng.random(len(tokens)) < 0.5
        return np.asarray(first + np.where(local, near % size, anywhere), np.int64)


def _pools(vocabulary: Sequence[str], shape_of: dict[str, str]) -> Iterable[tuple[_Pool, range]]:
    start = 0
    for end in range(1, len(vocabulary) + 1):
        if end == len(vocabulary) or shape_of[vocabulary[end]] != shape_of[vocabulary[start]]:
            yield _Pool(start, end - start), range(start, end)
            start = end


def _thinned(table: pa.Table, limit: int) -> pa.Table:
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, limit).astype(np.int64)))
