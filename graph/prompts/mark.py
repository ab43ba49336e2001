"""What a request leaves in the journal in place of its text.

A mark holds keyed hashes of the prompt and of the system prompt beside it, two prefix digests, the
language, the length and seven intent logits: enough to cluster, weigh and rank, not enough to read.
It knows nothing of accounts; the journal puts it beside the request. Read
:mod:`graph.prompts.fingerprint` and :mod:`graph.prompts.intent`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.prompts.fingerprint import Fingerprinter, Sketches
from graph.prompts.intent import IntentModel, shipped
from graph.prompts.kernel import Shingles
from graph.prompts.language import language_of


@dataclass(frozen=True, slots=True)
class PromptMark:
    """One prompt, read and forgotten.

    Attributes:
        sketch: distinct keyed shingles, ascending, eight bytes each, little endian.
        system_digest: keyed int64 of the system prompt, 0 if none or too short to be anybody's own.
        first_turn_digest: keyed int64 of the conversation's first user turn, 0 if unknown.
        language: ISO 639-1, ``und`` if it cannot be told.
        words: length in words (bounded like the sketch).
        intent: logits in the order of :data:`graph.prompts.intent.INTENTS`; no bound.
        system_sketch: the same as ``sketch`` of the system prompt that came apart, under another
            key; empty if there was none, or too short a one to be anybody's own.
    """

    sketch: bytes
    system_digest: int
    first_turn_digest: int
    language: str
    words: int
    intent: tuple[float, ...]
    system_sketch: bytes = b""

    @property
    def shingles(self) -> Shingles:
        """The sketch as uint64 [s]."""
        return np.frombuffer(self.sketch, "<u8").astype(np.uint64)


class Marker:
    """Reads prompts into marks: ``Marker(Fingerprinter(key)).mark_of(text, system, turn)``."""

    def __init__(self, fingerprinter: Fingerprinter, intent: IntentModel | None = None) -> None:
        self.fingerprinter = fingerprinter
        self._intent = intent

    @cached_property
    def intent(self) -> IntentModel:
        """The intent model, the shipped one unless another was given."""
        return self._intent or shipped()

    def mark_of(
        self, text: str | None, system_prompt: str | None = None, turn: int | None = None
    ) -> PromptMark:
        """The mark of one request."""
        words = self.fingerprinter.words(text)
        system, first = self.fingerprinter.prefixes(system_prompt, text, turn)
        return PromptMark(
            sketch=self.fingerprinter.sketch_of(words).astype("<u8").tobytes(),
            system_digest=system,
            first_turn_digest=first,
            language=language_of(text or "", words),
            words=len(words),
            intent=tuple(round(float(logit), 4) for logit in self.intent.logits(words)),
            system_sketch=self.fingerprinter.system_sketch(system_prompt).astype("<u8").tobytes(),
        )


def sketches_of(marks: Sequence[PromptMark]) -> Sketches:
    """The sketches of many marks, as one batch."""
    offsets = np.zeros(len(marks) + 1, np.int64)
    np.cumsum([len(mark.sketch) // 8 for mark in marks], out=offsets[1:])
    values = np.frombuffer(b"".join(mark.sketch for mark in marks), "<u8").astype(np.uint64)
    return Sketches(offsets, values)


def intents_of(marks: Sequence[PromptMark]) -> NDArray[np.float32]:
    """The intent logits of many marks. Shape [n, 7]."""
    return np.array([mark.intent for mark in marks], np.float32).reshape(len(marks), -1)
