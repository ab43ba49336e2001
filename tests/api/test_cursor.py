"""Keyset cursors: whole lists in pages, rows that come and go, and cursors that are none."""

import base64
import json

import pytest

from api.cursor import page
from graph.errors import InputError

ROWS = [(-0.9, "a"), (-0.5, "b"), (-0.5, "c"), (-0.1, "d"), (0.0, "e")]


def _key(row: tuple[float, str]) -> tuple[float, str]:
    return row


def _walk(limit: int) -> list[tuple[float, str]]:
    seen: list[tuple[float, str]] = []
    cursor = None
    while True:
        rows, cursor = page(ROWS, _key, limit, cursor)
        seen += rows
        if cursor is None:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 9])
def test_pages_put_together_are_the_list(limit: int) -> None:
    assert _walk(limit) == ROWS


def test_a_row_that_left_meanwhile_makes_none_repeat_or_vanish() -> None:
    _, cursor = page(ROWS, _key, 2, None)

    rows, _ = page([row for row in ROWS if row[1] != "b"], _key, 2, cursor)

    assert [name for _, name in rows] == ["c", "d"]


@pytest.mark.parametrize(
    "cursor",
    [
        "!",
        "a",
        "bm90IGpzb24",
        base64.urlsafe_b64encode(b"{}").decode(),
        base64.urlsafe_b64encode(b"[null]").decode(),
        base64.urlsafe_b64encode(json.dumps(["text", 1]).encode()).decode(),
    ],
)
def test_a_cursor_of_somebody_elses_making_is_refused(cursor: str) -> None:
    with pytest.raises(InputError):
        page(ROWS, _key, 2, cursor)
