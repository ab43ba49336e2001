"""The language of a prompt, coarsely: enough to see a cluster that speaks one tongue or ten.

By script where the script decides, else by common words of a few Latin and Cyrillic languages.
Knows nothing of clusters. A sum over clusters is what is used, never one prompt's verdict.
"""

import numpy as np
from numpy.typing import NDArray

from graph.prompts.kernel import Words, words_into
from graph.prompts.normalise import readable

UNDETERMINED = "und"
_SAMPLE = 400
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x3040, 0x3100, "ja"),
    (0xAC00, 0xD7B0, "ko"),
    (0x4E00, 0xA000, "zh"),
    (0x0600, 0x0700, "ar"),
    (0x0590, 0x0600, "he"),
    (0x0900, 0x0980, "hi"),
    (0x0980, 0x0A00, "bn"),
    (0x0E00, 0x0E80, "th"),
    (0x0370, 0x0400, "el"),
)
_COMMON = {
    "en": "the of and to in is that for with this what are how you your it be on as a from or",
    "es": "el los las que una para con por del es como qué más su sus esta este y en lo al",
    "fr": "le les des une est que pour dans avec sur qui pas vous ce cette au aux et du comment",
    "de": "der die das und ist nicht ein eine mit für auf den dem von zu wie ich sie wird im",
    "pt": "o os as que uma para com não por mais como você em do da dos das é ao sua",
    "it": "il gli che una per con non del della di sono come è nel più questo questa si",
    "nl": "de het een van en dat niet voor met zijn op te deze wat hoe je naar aan ook",
    "tr": "bir ve bu için ile ne olarak daha da de mi nasıl çok olan gibi",
    "pl": "i w na nie się z do jest że to jak co dla po czy od",
    "vi": "của và là có cho không một được các những với trong này",
    "id": "yang dan di untuk dengan ini itu dari tidak apa pada adalah",
    "ru": "и в не на что с как это по для из от я вы мне он",
    "uk": "і в не на що з як це та для від ви мені є",
}


def _hashes(text: str) -> Words:
    data = np.frombuffer(readable(text), np.uint8)
    out = np.empty(len(data) + 1, np.uint64)
    return out[: words_into(data, 0, len(data), out)]


def _lexicon() -> tuple[Words, NDArray[np.int64]]:
    pairs = sorted({(one, i) for i, line in enumerate(_COMMON.values()) for one in _hashes(line)})
    return (
        np.array([word for word, _ in pairs], np.uint64),
        np.array([language for _, language in pairs], np.int64),
    )


class _Lexicon:
    """Common words by hash; a word of several languages counts for each. Built at first use."""

    built: tuple[Words, NDArray[np.int64]] | None = None


def _by_words(words: Words) -> str:
    if _Lexicon.built is None:
        _Lexicon.built = _lexicon()
    known, language = _Lexicon.built
    left = np.searchsorted(known, words, "left")
    hits = np.searchsorted(known, words, "right") - left
    # Row numbers of all hits at once: a loop over the words took a third of reading a prompt.
    rows = np.repeat(left - np.cumsum(hits) + hits, hits) + np.arange(hits.sum())
    votes = np.bincount(language[rows], minlength=len(_COMMON))
    best = int(votes.argmax())
    return list(_COMMON)[best] if votes[best] else UNDETERMINED


def language_of(text: str, words: Words) -> str:
    """ISO 639-1 code of ``text`` whose word hashes are ``words``; ``und`` if nothing tells.

    >>> language_of("请给出下面词语的同义词", np.empty(0, np.uint64))
    'zh'
    """
    sample = text[:_SAMPLE]
    if not sample.isascii():
        codes = np.frombuffer(sample.encode("utf-32-le", "replace"), "<u4")
        for start, stop, language in _SCRIPTS:
            if 5 * np.count_nonzero((codes >= start) & (codes < stop)) > len(codes):
                return language
    return _by_words(words[:100])
