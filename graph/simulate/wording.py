"""From streams to text: prompts and system prompts, a chunk of requests at a time.

Free talk comes from the lexicon, templates get their slots filled, a conversation taken over or
logged without an id carries its transcript. It knows nothing of accounts but a topic number each.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.simulate.lexicon import Lexicon
from graph.simulate.paraphrase import Variant
from graph.simulate.repertoire import Stream

_SLOT_WORDS: Final[dict[str, tuple[str, int]]] = {
    # slot: group of the lexicon, median words
    "q": ("en", 22), "qm": ("math", 40), "qc": ("code", 45), "qz": ("zh", 40), "r": ("en", 45),
    "r2": ("en", 45), "ctx": ("en", 80), "aside": ("en", 14), "bench": ("bench", 60),
    "topic": ("en", 3), "sens": ("en", 10),
}  # fmt: skip
_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "n": ("2", "3", "4", "5", "6", "8", "10", "12", "20"),
    "crit": (
        "accuracy, clarity, depth", "correctness; completeness; style", "truth, tone, brevity",
        "factuality, usefulness, harmlessness", "logic, coverage, fluency",
        "relevance and evidence",
    ),
    "dom": (
        "law", "medicine", "physics", "accounting", "chemistry", "history", "nursing", "logistics",
        "agronomy", "linguistics", "statistics", "civil engineering", "marine biology", "economics",
    ),
    "persona": (
        "a night nurse", "a retired tram driver", "a bee keeper", "a school librarian",
        "a first-year law student", "a ship's cook", "an insurance clerk", "a violin maker",
        "a goat farmer", "a data analyst", "a parent of twins", "a museum guard",
    ),
    "lang": ("French", "Japanese", "Swahili", "Polish", "Hindi", "Portuguese", "Turkish", "Thai"),
    "tool": (
        "search(query), open(url), calc(expr)", "read_file, write_file, run_tests",
        "sql(query), plot(table)", "get_weather(city), book(flight)",
        "shell(cmd), edit(path, text)",
    ),
}  # fmt: skip


_REPLIES: Final = (
    "Understood.", "Here it is.", "Sure, see above.", "Done.", "Yes.", "One moment, then: fine.",
    "I would say so.", "That depends.", "OK", "No, not quite.", "Let me explain.", "As you wish.",
)  # fmt: skip


def transcript(before: str, prompt: str) -> str:
    """A prompt that carries the talk before it, as clients without conversation ids send it."""
    reply = _REPLIES[len(before) % len(_REPLIES)]
    return f"User: {before}\n\nAssistant: {reply}\n\nUser: {prompt}"


class Wording:
    """Writes prompts for streams of one repertoire."""

    def __init__(self, lexicon: Lexicon, streams: Sequence[Stream]) -> None:
        self._lexicon = lexicon
        self._streams = streams
        rows = lexicon.rows
        by_group = {
            group: rows(group) for group in ("en", "zh", "de", "fr", "es", "pt", "ja", "ko")
        }
        by_group |= {group: lexicon.sources(group) for group in ("math", "code", "bench")}
        self._rows = {g: found if len(found) else rows() for g, found in by_group.items()}

    def lines(
        self, streams: NDArray[np.int64], topics: NDArray[np.int64], rng: np.random.Generator
    ) -> tuple[list[str], list[str | None]]:
        """One prompt and one system prompt (None for most) a request.

        Args:
            streams: int64 [N], numbers in the repertoire.
            topics: int64 [N], the author's part of the vocabulary.
            rng: the chance.
        """
        said: list[str] = [""] * len(streams)
        template = np.array([bool(s.variants) for s in self._streams])[streams]
        for row, text in self._talk(streams, topics, np.flatnonzero(~template), rng):
            said[row] = text
        for row, text in self._filled(streams, topics, np.flatnonzero(template), rng):
            said[row] = text
        return said, [self._streams[s].system for s in streams.tolist()]

    def _talk(
        self, streams: NDArray[np.int64], topics: NDArray[np.int64], rows: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Iterator[tuple[int, str]]:  # fmt: skip
        """Free talk by language; a few of them verbatim from the sample."""
        langs = np.array([s.lang for s in self._streams])[streams[rows]]
        words = np.array([s.words for s in self._streams], np.float64)[streams[rows]]
        for lang in np.unique(langs).tolist():
            mine = np.flatnonzero(langs == lang)
            drawn = self._drawn(lang, words[mine], topics[rows[mine]], rng)
            verbatim = rng.random(len(mine)) < self._verbatim(lang)
            quoted = self._lexicon.quoted(self._rows[lang], int(verbatim.sum()), rng)
            for place, text in zip(np.flatnonzero(verbatim).tolist(), quoted, strict=True):
                drawn[place] = text
            yield from zip(rows[mine].tolist(), drawn, strict=True)

    def _verbatim(self, lang: str) -> float:
        """Share of free talk sent word for word: the more prompts there are, the more can be."""
        return float(min(0.04, 2e-5 * len(self._rows[lang])))

    def _drawn(
        self, group: str, words: NDArray[np.float64], topics: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> list[str]:  # fmt: skip
        if group == "bench":
            return self._lexicon.quoted(self._rows[group], len(words), rng)
        skeletons = self._rows[group][rng.integers(0, len(self._rows[group]), len(words))]
        limit = np.maximum(3, words * np.exp(0.6 * rng.standard_normal(len(words))))
        return self._lexicon.fresh(skeletons, limit.astype(np.int64), topics, rng)

    def _filled(
        self, streams: NDArray[np.int64], topics: NDArray[np.int64], rows: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Iterator[tuple[int, str]]:  # fmt: skip
        """Templates, each in one of its wordings, with fresh slots."""
        draws = rng.random(len(rows))
        chosen: list[Variant] = []
        needs: dict[str, list[int]] = {}
        for place, stream in enumerate(streams[rows].tolist()):
            wordings = self._streams[stream].variants
            variant = wordings[int(draws[place] * len(wordings))]
            chosen.append(variant)
            for slot in variant.slots:
                needs.setdefault(slot, []).append(place)
        fills = {
            slot: self._fill(slot, topics[rows[at]], rng) for slot, at in sorted(needs.items())
        }
        for row, variant in zip(rows.tolist(), chosen, strict=True):
            yield row, _assembled(variant, fills)

    def _fill(
        self, slot: str, topics: NDArray[np.int64], rng: np.random.Generator
    ) -> Iterator[str]:
        """Fresh contents for one kind of slot, in order of need."""
        size = len(topics)
        if slot in _SLOT_WORDS:
            group, words = _SLOT_WORDS[slot]
            anywhere = rng.integers(0, 1_000_000, size)
            return iter(self._drawn(group, np.full(size, float(words)), anywhere, rng))
        if slot in _LISTS:
            options = _LISTS[slot]
            return iter([options[i] for i in rng.integers(0, len(options), size).tolist()])
        return iter([f"{number:05d}" for number in rng.integers(0, 99_999, size).tolist()])


def _assembled(variant: Variant, fills: Mapping[str, Iterator[str]]) -> str:
    pieces = [variant.parts[0]]
    for slot, part in zip(variant.slots, variant.parts[1:], strict=True):
        pieces.append(next(fills[slot]))
        pieces.append(part)
    return "".join(pieces)
