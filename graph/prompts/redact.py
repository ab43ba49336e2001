"""The template of a cluster as people may read it: the words many accounts sent, and gaps.

A word is shown only inside a shingle that the cluster owns and that at least ``k`` distinct
accounts sent; everything else, slots above all, is a gap. Words are shown as the kernel reads them
(lower case, digits as ``0``), never as they were typed. Made while a prompt's text is at hand, from
one prompt; nothing else of that prompt is kept. Read :mod:`graph.prompts.index` for the counts.
"""

import re

import numpy as np
from numpy.typing import NDArray

from graph.prompts.fingerprint import Fingerprinter
from graph.prompts.index import ClusterIndex
from graph.prompts.kernel import HEAD_WORDS, SPAN, TAIL_WORDS
from graph.prompts.normalise import readable

GAP = "…"
MIN_ACCOUNTS = 5
"""Fewer accounts than this and a wording stays unread (k-anonymity)."""

_ALONE = "\u2e80-\u2fff\u3040-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f"
_WORDS = re.compile(
    rf"[{_ALONE}\u1780-\u17ff]"
    rf"|(?:(?![{_ALONE}\u1780-\u17ff\u0080-\u00bf\u2000-\u2bff\u3000-\u303f\ufe10-\ufe6f\ufffd"
    r"\U0001f000-\U0001faff])[a-z0-9\u0080-\U0010ffff])+"
)


def read_words(text: str) -> list[str]:
    """The words of ``text`` just as the kernel reads and bounds them."""
    words = [re.sub(r"\d+", "0", word) for word in _WORDS.findall(readable(text).decode().lower())]
    if len(words) > HEAD_WORDS + TAIL_WORDS:
        return words[:HEAD_WORDS] + words[-TAIL_WORDS:]
    return words


def redacted(
    text: str,
    fingerprinter: Fingerprinter,
    index: ClusterIndex,
    cluster_id: str,
    min_accounts: int = MIN_ACCOUNTS,
) -> str | None:
    """The words of ``text`` that are its cluster's, with gaps; None if nothing may be shown.

    ``min_accounts`` below 2 is read as 2: a wording of one account is never shown.
    """
    words, hashes = read_words(text), fingerprinter.in_order(text)
    if len(hashes) != max(0, len(words) - SPAN + 1):
        return None  # The two readings of the text disagree: show nothing rather than guess.
    known = np.isin(hashes, index.shingles_of(cluster_id, max(2, min_accounts)))
    return _with_gaps(words, known) if known.any() else None


def _with_gaps(words: list[str], known: NDArray[np.bool_]) -> str:
    shown = np.zeros(len(words), bool)
    for at in np.flatnonzero(known):
        shown[at : at + SPAN] = True
    parts: list[str] = []
    for word, one in zip(words, shown, strict=True):
        if one:
            parts.append(word)
        elif not parts or parts[-1] != GAP:
            parts.append(GAP)
    return " ".join(parts)
