"""Wrappings undone before a text is read: escapes, base64, digits in place of letters.

A form that travels inside JSON or HTML, or that is spelt ``R4te th3 r3sponse``, is the same form.
What is undone here is what any reader would see through; nothing is guessed from meaning. Knows
nothing of words or keys. Most texts hold none of it, so each step first asks a cheap question. Read
:mod:`graph.prompts.normalise` for letters that merely look alike.
"""

import binascii
import html
import re

_ESCAPED = re.compile(r"\\(?:([nrt])|([\"'/])|u([0-9a-fA-F]{4}))")
_CODED = re.compile(r"[A-Za-z0-9+/]{48,}={0,2}")
"""So long a run without a space is no word of any language; a shorter one hides no template."""
_LONG_WORD = re.compile(r"(?:[^ ]{0,47}+ )*+[^ ]{48}")
_FIGURES = str.maketrans("013457@$", "oleastas")
_AMONG_LETTERS = re.compile(r"[013457@$](?<=[A-Za-z].)(?=[A-Za-z])")
_WORD = re.compile(r"[\w@$]+")
LEET_LEAST = 3
"""A text with fewer figures among letters has names in it (``h2o``), not a spelling."""


def _unescaped(match: re.Match[str]) -> str:
    space, mark, code = match.groups()
    if space:
        return "\n"
    return mark or chr(int(code, 16))


def _decoded(match: re.Match[str]) -> str:
    """What a run of base64 says; itself where that is no text."""
    run = match[0].rstrip("=")
    try:
        data = binascii.a2b_base64(run[: len(run) // 4 * 4])
    except binascii.Error:
        return match[0]
    text = data.decode("utf-8", "ignore")
    seen = sum(len(one.encode()) for one in text if one.isprintable() or one.isspace())
    return text if " " in text and seen >= 0.95 * len(data) else match[0]


def _spelt(match: re.Match[str]) -> str:
    """A word with letters for figures; a number stays one."""
    word = match[0]
    return word.translate(_FIGURES) if word.lower() != word.upper() else word


def undone(text: str) -> str:
    r"""``text`` as its reader would read it; most texts come back as they are.

    >>> undone(r'{"ask": "Rate the answer.\nSay \"why\"."}')
    '{"ask": "Rate the answer.\nSay "why"."}'
    >>> undone("R4te th3 b3st 4nsw3r")
    'Rate the best answer'
    """
    if _LONG_WORD.match(text):
        text = _CODED.sub(_decoded, text)
    if "\\" in text:
        text = _ESCAPED.sub(_unescaped, text)
    if "&" in text:
        text = html.unescape(text)
    if len(_AMONG_LETTERS.findall(text)) >= LEET_LEAST:
        text = _WORD.sub(_spelt, text)
    return text
