"""Keyset cursors: where the next page begins, as an opaque text.

A cursor names the last row that was shown, not a position, so that rows which come or go meanwhile
are neither repeated nor skipped. It knows nothing of what is listed.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from graph.errors import InputError

Row = TypeVar("Row")
Key = tuple[float | str, ...]


def page(
    rows: Sequence[Row],
    key: Callable[[Row], Key],
    limit: int,
    cursor: str | None,
    order: str = "",
) -> tuple[Sequence[Row], str | None]:
    """The ``limit`` rows after ``cursor`` of ``rows`` sorted by ``key``, and the next cursor.

    ``order`` names the order where a list has several: a cursor is of one of them.

    Raises:
        InputError: if ``cursor`` is none that an earlier page gave.
    """
    after = place_after(cursor, order) if cursor else None
    try:
        left = [row for row in rows if after is None or key(row) > after]
    except TypeError:
        raise InputError("the cursor belongs to another list") from None
    shown = left[:limit]
    return shown, cursor_at(key(shown[-1]), order) if len(left) > limit else None


def cursor_at(key: Key, order: str = "") -> str:
    """The cursor after the row that stands at ``key`` in a list of this order."""
    return _write((order, *key))


def place_after(cursor: str, order: str = "") -> Key:
    """The key that :func:`cursor_at` wrote.

    Raises:
        InputError: if ``cursor`` is none of ours, or of a list in another order.
    """
    named, *key = _read(cursor)
    if named != order or not key:
        raise InputError("the cursor belongs to another list")
    return tuple(key)


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> Key:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise InputError("the cursor is none that an earlier page gave") from None
    plain = isinstance(key, list) and all(isinstance(part, float | int | str) for part in key)
    if not plain or not key:
        raise InputError("the cursor is none that an earlier page gave")
    return tuple(key)
