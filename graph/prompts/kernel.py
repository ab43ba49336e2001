"""The inner loop of prompt clusters: bytes to words, words to keyed shingles.

Knows nothing of accounts, clusters or Arrow. A word is a run of letters and digits (lower case,
each run of digits read as one ``0``); in scripts without spaces every character is a word. A
shingle is three words in a row, hashed by SipHash-2-4 (Aumasson and Bernstein, 2012) under the
deployment's key: a plain hash of three words falls to a dictionary, a keyed one does not. One
function serves the single prompt and the batch, so that both give the same sketch.
Read :mod:`graph.prompts.fingerprint` next.
"""

import numpy as np
from numpy.typing import NDArray

from graph.prompts.jit import compiled

Words = NDArray[np.uint64]
"""Hashes of words in reading order, FNV-1a 64 bit. Never stored: they are not keyed."""
Shingles = NDArray[np.uint64]
"""Keyed hashes of three words in a row, ascending and distinct."""
Bytes = NDArray[np.uint8]

HEAD_WORDS = 512
TAIL_WORDS = 256
"""A sketch is bounded: of a longer prompt the first and the last words count."""
SPAN = 3
"""Words in a shingle. Four were measured too: purer, but they break under more edits."""

_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)


@compiled
def _is_alone(code: int) -> bool:
    """Whether a character of this script is a word by itself (no spaces between words)."""
    return (
        0x2E80 <= code < 0x3000
        or 0x3040 <= code < 0xA4D0
        or 0xF900 <= code < 0xFB00
        or 0x20000 <= code < 0x40000
        or 0x0E00 <= code < 0x0F00
        or 0x1000 <= code < 0x10A0
        or 0x1780 <= code < 0x1800
    )


@compiled
def _is_space(code: int) -> bool:
    """Whether a character separates words: punctuation, symbols, emoji."""
    if code < 0x80:
        return not (97 <= code <= 122 or 65 <= code <= 90 or 48 <= code <= 57)
    return (
        code < 0xC0
        or 0x2000 <= code < 0x2C00
        or 0x3000 <= code < 0x3040
        or 0xFE10 <= code < 0xFE70
        or code == 0xFFFD
        or 0x1F000 <= code < 0x1FB00
    )


@compiled
def _width(byte: int) -> int:
    """How many bytes the UTF-8 character that starts with ``byte`` has (at least 1)."""
    if byte < 0xC0:
        return 1
    if byte < 0xE0:
        return 2
    return 3 if byte < 0xF0 else 4


@compiled
def _code(data: Bytes, at: int, width: int) -> int:
    """The code point at ``at``; the bytes are valid UTF-8."""
    if width == 1:
        return int(data[at])
    code = int(data[at]) & (0x7F >> width)
    for i in range(1, width):
        code = (code << 6) | (int(data[at + i]) & 0x3F)
    return code


@compiled
def _absorb(word: np.uint64, data: Bytes, at: int, width: int) -> np.uint64:
    """The hash of a word grown by one character; capitals as small letters, digits as ``0``."""
    for i in range(width):
        byte = int(data[at + i])
        if 65 <= byte <= 90:
            byte += 32
        elif 48 <= byte <= 57:
            byte = 48
        word = (word ^ np.uint64(byte)) * _FNV_PRIME
    return word


@compiled
def words_into(data: Bytes, start: int, stop: int, out: Words) -> int:
    """Write the hashes of the words of ``data[start:stop]`` to ``out``; gives their number.

    ``out`` holds at least ``stop - start`` values.
    """
    count, at, before = 0, start, 0
    word = _FNV_OFFSET
    while at < stop:
        width = min(_width(int(data[at])), stop - at)
        code = _code(data, at, width)
        space, alone = _is_space(code), _is_alone(code)
        if (space or alone) and word != _FNV_OFFSET:
            out[count] = word
            count += 1
            word = _FNV_OFFSET
        digit = 48 <= code <= 57
        if not (space or (digit and before == 48 and word != _FNV_OFFSET)):
            word = _absorb(word, data, at, width)
        if alone:
            out[count] = word
            count += 1
            word = _FNV_OFFSET
        before = 48 if digit else code
        at += width
    if word != _FNV_OFFSET:
        out[count] = word
        count += 1
    return count


@compiled
def bounded(words: Words, count: int) -> int:
    """Keep the first and last words of a long prompt, in place; gives how many are left."""
    limit = HEAD_WORDS + TAIL_WORDS
    if count <= limit:
        return count
    for i in range(TAIL_WORDS):
        words[HEAD_WORDS + i] = words[count - TAIL_WORDS + i]
    return limit


@compiled
def _turn(value: np.uint64, bits: int) -> np.uint64:
    return (value << np.uint64(bits)) | (value >> np.uint64(64 - bits))


@compiled
def _round(
    a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """One SipRound."""
    a = a + b
    b = _turn(b, 13) ^ a
    a = _turn(a, 32)
    c = c + d
    d = _turn(d, 16) ^ c
    a = a + d
    d = _turn(d, 21) ^ a
    c = c + b
    b = _turn(b, 17) ^ c
    c = _turn(c, 32)
    return a, b, c, d


@compiled
def siphash(words: Words, start: int, count: int, key: Words) -> int:
    """SipHash-2-4 of ``words[start:start + count]``, eight bytes each, under ``key`` (2 words)."""
    a = key[0] ^ np.uint64(0x736F6D6570736575)
    b = key[1] ^ np.uint64(0x646F72616E646F6D)
    c = key[0] ^ np.uint64(0x6C7967656E657261)
    d = key[1] ^ np.uint64(0x7465646279746573)
    for i in range(count + 1):
        last = np.uint64((count * 8) & 0xFF) << np.uint64(56)
        block = words[start + i] if i < count else last
        d ^= block
        a, b, c, d = _round(a, b, c, d)
        a, b, c, d = _round(a, b, c, d)
        a ^= block
    c ^= np.uint64(0xFF)
    for _ in range(4):
        a, b, c, d = _round(a, b, c, d)
    return int(a ^ b ^ c ^ d)


@compiled
def sketch_into(words: Words, count: int, key: Words, out: Shingles) -> int:
    """Write the distinct shingles of ``words[:count]``, ascending, to ``out``; gives their number.

    The words are taken as they are: call :func:`bounded` first.
    """
    total = max(0, count - SPAN + 1)
    for i in range(total):
        out[i] = siphash(words, i, SPAN, key)
    ordered = np.sort(out[:total])
    distinct = 0
    for i in range(total):
        if i == 0 or ordered[i] != ordered[i - 1]:
            out[distinct] = ordered[i]
            distinct += 1
    return distinct


@compiled
def sketches(data: Bytes, bounds: NDArray[np.int64], key: Words) -> tuple[Words, NDArray[np.int64]]:
    """Sketches of many texts.

    Args:
        data: UTF-8 bytes of all texts, already folded.
        bounds: [n + 1] where each text begins and ends in ``data``.
        key: [2] the SipHash key.

    Returns:
        values [m] and offsets [n + 1]: text ``i`` has ``values[offsets[i]:offsets[i + 1]]``.
    """
    number = len(bounds) - 1
    longest = 1
    for i in range(number):
        longest = max(longest, bounds[i + 1] - bounds[i])
    words = np.empty(longest + 1, np.uint64)
    shingles = np.empty(HEAD_WORDS + TAIL_WORDS, np.uint64)
    values = np.empty(max(1024, (bounds[number] - bounds[0]) // 4), np.uint64)
    offsets = np.zeros(number + 1, np.int64)
    for i in range(number):
        count = bounded(words, words_into(data, bounds[i], bounds[i + 1], words))
        distinct = sketch_into(words, count, key, shingles)
        start = offsets[i]
        if start + distinct > len(values):
            grown = np.empty(2 * (start + distinct), np.uint64)
            grown[:start] = values[:start]
            values = grown
        values[start : start + distinct] = shingles[:distinct]
        offsets[i + 1] = start + distinct
    return values[: offsets[number]].copy(), offsets
