"""Text as the clusterer reads it: one spelling for what looks alike to a reader.

Knows nothing of shingles, keys or clusters. Plain ASCII is left to :mod:`graph.prompts.kernel`
(lower case, digit runs to one ``0``, punctuation as space); this module undoes what ASCII cannot
hold: compatibility forms, accents, zero-width characters, Cyrillic and Greek look-alikes; wrappings
are undone before, by :mod:`graph.prompts.undo`. Fold
first, hash later: every disguise undone here is a template that needs no second cluster.
"""

import unicodedata

from graph.prompts.undo import undone

HEAD_CHARACTERS = 4096
TAIL_CHARACTERS = 2048
"""What of a long prompt is read. Instructions stand before or after a long document, not inside."""

_LOOK_ALIKES = str.maketrans(
    # Cyrillic, then Greek, after case folding: a capital В or Ν imitates B or N.
    "авсԁеһіјкӏмнорԛѕтѵԝху" + "αβγεζηικμνορτυχ",
    "abcdehijklmhopqstvwxy" + "abyezhikmnoptux",
)
_ACCENTS = dict.fromkeys(range(0x0300, 0x0370))
_INVISIBLE: dict[int, None] = {
    code: None
    for start, stop in (
        (0x00AD, 0x00AE),
        (0x034F, 0x0350),
        (0x061C, 0x061D),
        (0x115F, 0x1161),
        (0x17B4, 0x17B6),
        (0x180B, 0x180F),
        (0x200B, 0x2010),
        (0x202A, 0x202F),
        (0x2060, 0x2070),
        (0x3164, 0x3165),
        (0xFE00, 0xFE10),
        (0xFEFF, 0xFF00),
        (0xE0000, 0xE0200),
    )
    for code in range(start, stop)
}
_DROPPED = {**_ACCENTS, **_INVISIBLE}


def clip(text: str) -> str:
    """The head and the tail of a long text, whole if it is short."""
    if len(text) <= HEAD_CHARACTERS + TAIL_CHARACTERS:
        return text
    return text[:HEAD_CHARACTERS] + "\n" + text[-TAIL_CHARACTERS:]


def fold(text: str) -> str:
    r"""``text`` with its disguises undone; plain ASCII comes back as it is.

    >>> fold("Rаte thе\u200b ｒｅｓｐｏｎｓｅ")
    'rate the response'
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text).translate(_DROPPED)
    text = unicodedata.normalize("NFC", text.casefold())
    return text.translate(_LOOK_ALIKES)


def readable(text: str | None) -> bytes:
    """The bytes the kernel reads: clipped, unwrapped, folded; lone surrogates become ``?``."""
    return fold(undone(clip(text or ""))).encode("utf-8", "replace")
