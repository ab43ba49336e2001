"""Why a row cannot be taken: one code a reason, each with the sentence an operator reads.

The quarantine holds these codes and never the value itself; :func:`shape_of` is what of a value
may be shown. It knows nothing of tables or files; the checks that raise are in
``graph.normalise`` and ``graph.door``, the record is in ``graph.quarantine``.
"""

import unicodedata
from enum import StrEnum


class Reason(StrEnum):
    """What is wrong with a row, by the first column (in contract order) that is wrong."""

    MISSING = "missing_value"
    WRONG_TYPE = "wrong_type"
    BAD_TEXT = "bad_text"
    TOO_LONG = "too_long"
    BAD_TIME = "bad_time"
    NO_OFFSET = "time_without_offset"
    TIME_RANGE = "time_out_of_range"
    BAD_IP = "bad_ip"
    BAD_EMAIL = "bad_email"
    BAD_PHONE = "bad_phone"
    BAD_COUNTRY = "bad_country"
    UNKNOWN_CODE = "unknown_code"
    BAD_INTEGER = "bad_integer"
    BAD_AMOUNT = "bad_amount"
    RANGE = "out_of_range"
    UNREADABLE = "unreadable_row"
    CONFLICT = "conflict"

    @property
    def sentence(self) -> str:
        """The reason as an operator reads it."""
        return SENTENCES[self]


SENTENCES: dict[Reason, str] = {
    Reason.MISSING: "a value that every row must fill is empty or missing",
    Reason.WRONG_TYPE: "the value has a type that the column cannot hold",
    Reason.BAD_TEXT: "the text holds control characters or bytes that are not UTF-8",
    Reason.TOO_LONG: "the text is longer than the column allows",
    Reason.BAD_TIME: "the time is not ISO 8601, or is no real moment",
    Reason.NO_OFFSET: "the time says no offset from UTC; write one, or name a zone in the mapping",
    Reason.TIME_RANGE: "the time lies before 1990 or after 2100",
    Reason.BAD_IP: "the value is no IPv4 or IPv6 address of a peer",
    Reason.BAD_EMAIL: "the value is no e-mail address",
    Reason.BAD_PHONE: "the value is no phone number in E.164 form (+ and country code)",
    Reason.BAD_COUNTRY: "the value is no ISO 3166-1 alpha-2 country code",
    Reason.UNKNOWN_CODE: "the value is none of the column's codes",
    Reason.BAD_INTEGER: "the value is no whole number",
    Reason.BAD_AMOUNT: "the value is no finite amount of money",
    Reason.RANGE: "the number lies outside what the column may hold",
    Reason.UNREADABLE: "the row does not parse as a row of this file",
    Reason.CONFLICT: "another row has the same key and other content, and its digest is smaller",
}


class Refused(ValueError):
    """A value cannot be taken; carries the code, never the value."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.sentence)
        self.reason = reason


_SHOWN_CODEPOINTS = 24


def shape_of(value: object) -> str:
    """What of a value may be shown: ``"aa9@aaa.aaa"``, ``"text(312)"``, ``"empty"``, ``"list"``.

    Letters become ``a``, digits ``9``; punctuation stays; text of more than 24 codepoints is only
    counted. The result never holds a letter or a digit of the value.
    """
    if value is None or value == "":
        return "empty"
    if isinstance(value, bytes):
        return f"bytes({len(value)})"
    if not isinstance(value, str):
        return _kind_of(value)
    if len(value) > _SHOWN_CODEPOINTS:
        return f"text({len(value)})"
    return "".join(_shape_of_character(character) for character in value)


def _kind_of(value: object) -> str:
    names = {bool: "truth value", int: "integer", float: "number", list: "list", dict: "object"}
    return names.get(type(value), type(value).__name__)


def _shape_of_character(character: str) -> str:
    if character.isalpha():
        return "a"
    if character.isnumeric():
        return "9"
    return character if unicodedata.category(character)[0] in "PSZ" else "?"
