"""What a prompt leaves behind: a sketch of keyed shingles, and digests of how it begins.

``Fingerprinter(key)`` is the one door from text to fingerprint, for one prompt and for a batch.
It keeps no text and knows nothing of clusters. Read :mod:`graph.prompts.kernel` for how a word is
read, :mod:`graph.prompts.mark` for what a request leaves in the journal and
:mod:`graph.prompts.index` for what a sketch is looked up in.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.errors import KeyMissing
from graph.prompts import kernel
from graph.prompts.normalise import readable
from graph.prompts.prefixes import openings

MIN_PREFIX_WORDS = 8
"""A shorter opening ("You are a helpful assistant.") is nobody's own: its digest is 0."""


@dataclass(frozen=True, slots=True)
class Sketches:
    """Sketches of a batch: text ``i`` has ``values[offsets[i]:offsets[i + 1]]``.

    Shapes: offsets int64 [n + 1]; values uint64 [m], ascending and distinct within a text.
    """

    offsets: NDArray[np.int64]
    values: kernel.Shingles

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> kernel.Shingles:
        return self.values[self.offsets[i] : self.offsets[i + 1]]


def subkey(key: bytes, purpose: bytes) -> NDArray[np.uint64]:
    """A 128-bit key of its own for one purpose, derived from the deployment's key. Shape [2]."""
    digest = blake2b(key, digest_size=16, person=purpose).digest()
    return np.frombuffer(digest, "<u8").astype(np.uint64)


def packed(texts: Sequence[str | None]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Texts as the kernel takes them: folded UTF-8 bytes and bounds [n + 1]."""
    rows = [readable(text) for text in texts]
    bounds = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=bounds[1:])
    return np.frombuffer(b"".join(rows), np.uint8), bounds


class Fingerprinter:
    """Turns text into keyed fingerprints; equal text and key give equal fingerprints, always.

    >>> fingerprinter = Fingerprinter(b"a secret of the deployment, 16+ bytes")
    >>> fingerprinter.sketch("Rate the response below.").shape
    (2,)
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise KeyMissing(f"the key has {len(key)} bytes; prompts need at least 16")
        self._shingle_key = subkey(key, b"prompt.shingle")
        self._prefix_key = subkey(key, b"prompt.prefix")
        self._system_key = subkey(key, b"prompt.system")
        self.key_id = blake2b(key, digest_size=6, person=b"prompt.key_id").hexdigest()

    def __repr__(self) -> str:
        return f"Fingerprinter(key_id={self.key_id!r})"

    @cached_property
    def systems(self) -> "Fingerprinter":
        """The reader of system prompts that events carry apart: shingles under a key of their own.

        So one index holds templates of both kinds, and no shingle of the one is the other's.
        """
        reader = copy(self)
        reader._shingle_key = self._system_key
        return reader

    def system_sketch(self, text: str | None) -> kernel.Shingles:
        """The sketch of a system prompt; empty if it is too short to be anybody's own."""
        words = self.words(text)
        return self.systems.sketch_of(words if len(words) >= MIN_PREFIX_WORDS else words[:0])

    def words(self, text: str | None) -> kernel.Words:
        """Unkeyed word hashes of ``text``, bounded. Use and forget: never store them."""
        data = np.frombuffer(readable(text), np.uint8)
        words = np.empty(len(data) + 1, np.uint64)
        count = kernel.words_into(data, 0, len(data), words)
        return words[: kernel.bounded(words, count)]

    def sketch_of(self, words: kernel.Words) -> kernel.Shingles:
        """The sketch of a text given as its :meth:`words`."""
        out = np.empty(max(1, len(words)), np.uint64)
        return out[: kernel.sketch_into(words, len(words), self._shingle_key, out)]

    def sketch(self, text: str | None) -> kernel.Shingles:
        """Distinct keyed hashes of each three words in a row of ``text``, ascending.

        At most 766 values (the first 512 and the last 256 words count); empty under three words.
        """
        return self.sketch_of(self.words(text))

    def in_order(self, text: str | None) -> kernel.Shingles:
        """The shingle at each word, in reading order, repeats kept. Shape [max(0, words - 2)]."""
        words = self.words(text)
        return np.array(
            [
                kernel.siphash(words, i, kernel.SPAN, self._shingle_key)
                for i in range(len(words) - kernel.SPAN + 1)
            ],
            np.uint64,
        )

    def sketches(self, texts: Any) -> Sketches:
        """Sketches of an Arrow string array (or chunked array, or sequence of ``str | None``)."""
        rows = texts.to_pylist() if hasattr(texts, "to_pylist") else texts
        data, bounds = packed(rows)
        values, offsets = kernel.sketches(data, bounds, self._shingle_key)
        return Sketches(offsets, values)

    def digest(self, text: str | None) -> int:
        """A keyed digest of the words of ``text`` as int64; 0 for fewer than 8 words."""
        words = self.words(text)
        if len(words) < MIN_PREFIX_WORDS:
            return 0
        return int(
            np.uint64(kernel.siphash(words, 0, len(words), self._prefix_key)).astype(np.int64)
        )

    def prefixes(self, system: str | None, prompt: str | None, turn: int | None) -> tuple[int, int]:
        """Digests of how a conversation begins: (system prompt, first user turn), 0 if unknown.

        Where ``system`` is missing or ``prompt`` carries the whole conversation, the prompt's own
        text is parsed. A later turn that does not carry the first one has first digest 0.
        """
        system, first = openings(system, prompt, turn)
        return self.digest(system), self.digest(first)
