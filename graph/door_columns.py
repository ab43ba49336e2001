"""A scalar cleaning step applied to a whole column: once a distinct value, then laid out again.

Columns that are clean already by their type (Arrow integers, aware timestamps) or at a glance
(plain ids) are passed on whole. The answer is the one that the scalar step would give row by row;
a test says so. It knows nothing of what the columns mean. Read :mod:`graph.door`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph import normalise
from graph.contract import Column, ColumnType
from graph.reasons import Reason, Refused, shape_of

Refusals = list[tuple[int, Reason, str]]


class ColumnStep(Protocol):
    """What of a step is needed here; :class:`graph.door.Step` is one."""

    @property
    def column(self) -> Column:
        """The column of the contract."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the cleaned columns."""

    @property
    def clean(self) -> Callable[[Any], tuple[Any, ...]]:
        """One value in, a value an output out; raises Refused."""

    @property
    def empty(self) -> tuple[Any, ...]:
        """The outputs of an empty value."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A column's outputs, an array each (null where refused), and the refusals by row."""

    outputs: tuple[pa.Array, ...]
    refused: Refusals


def is_empty(value: Any, *, money: bool = False) -> bool:
    """Whether a value says nothing: null, blank text, or NaN (which of money is an error)."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value or value.isspace()
    return isinstance(value, float) and math.isnan(value) and not money


def clean_column(step: ColumnStep, given: "pa.Array | Sequence[Any]") -> Cleaned:
    """What ``step`` makes of every row of ``given``."""
    if isinstance(given, pa.ChunkedArray):
        given = given.combine_chunks()
    if isinstance(given, pa.Array):
        quick = _by_type(step, given) or _at_a_glance(step, given)
        if quick is not None:
            return quick
    values, codes = _distinct(given)
    return _laid_out(step, values, codes)


# ------------------------------------------------------------------------------- whole columns
def _by_type(step: ColumnStep, given: pa.Array) -> Cleaned | None:
    """Aware timestamps and integers, checked as arrays; None for anything else."""
    if step.column.type is ColumnType.TIME and pa.types.is_timestamp(given.type):
        return _timestamps(step, given)
    if step.column.type is ColumnType.INTEGER and pa.types.is_signed_integer(given.type):
        numbers = np.asarray(pc.fill_null(given.cast(pa.int64()), 0))
        good = (numbers >= 0) & (numbers <= normalise.MAX_COUNT)
        return _checked(step, given, numbers, good)
    return None


_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def _timestamps(step: ColumnStep, given: pa.Array) -> Cleaned:
    if given.type.tz is None:
        refused: Refusals = [
            (int(i), Reason.NO_OFFSET, "timestamp") for i in np.flatnonzero(given.is_valid())
        ]
        return Cleaned((pa.nulls(len(given), pa.int64()),), refused + _holes(step, given))
    per_second = _PER_SECOND[given.type.unit]
    ticks = np.asarray(pc.fill_null(given.cast(pa.int64()), 0))
    earliest, latest = (
        edge // 1_000_000 * per_second for edge in (normalise.EARLIEST, normalise.LATEST)
    )
    good = (ticks >= earliest) & (ticks < latest)
    kept = np.where(good, ticks, 0)
    if per_second > 1_000_000:
        micros = kept // (per_second // 1_000_000)
    else:
        micros = kept * (1_000_000 // per_second)
    return _checked(step, given, micros, good, Reason.TIME_RANGE)


def _checked(
    step: ColumnStep,
    given: pa.Array,
    values: npt.NDArray[np.int64],
    good: npt.NDArray[np.bool_],
    reason: Reason = Reason.RANGE,
) -> Cleaned:
    known = np.asarray(given.is_valid())
    shape = "timestamp" if step.column.type is ColumnType.TIME else "integer"
    refused: Refusals = [(int(i), reason, shape) for i in np.flatnonzero(known & ~good)]
    column = pa.array(values, pa.int64(), mask=~(known & good))
    return Cleaned((column,), refused + _holes(step, given))


def _holes(step: ColumnStep, given: pa.Array) -> Refusals:
    if not step.column.required or not given.null_count:
        return []
    return [(int(i), Reason.MISSING, "empty") for i in np.flatnonzero(given.is_null())]


_PLAIN_ID = r"^[!-~]{1,256}$"


def _at_a_glance(step: ColumnStep, given: pa.Array) -> Cleaned | None:
    """Ids of printable ASCII without a space stay as they are; None if any row is not one."""
    plain = step.column.type is ColumnType.TEXT and not step.column.codes
    if not plain or step.outputs != (step.column.name,) or step.column.personal:
        return None
    if step.column.name in ("user_agent", "organisation") or not pa.types.is_string(given.type):
        return None
    if given.null_count or not pc.all(pc.match_substring_regex(given, _PLAIN_ID)).as_py():
        return None
    return Cleaned((given,), [])


# ------------------------------------------------------------------------------ distinct values
def _distinct(
    given: "pa.Array | Sequence[Any]",
) -> tuple[Sequence[Any], npt.NDArray[np.int64]]:
    """Distinct values, and for each row the number of its value; -1 where it is null."""
    if isinstance(given, pa.Array) and _has_dictionary(given.type):
        encoded = given if pa.types.is_dictionary(given.type) else given.dictionary_encode()
        codes = np.asarray(pc.fill_null(encoded.indices.cast(pa.int64()), -1))
        return _as_values(encoded.dictionary), codes
    rows = given.to_pylist() if isinstance(given, pa.Array) else given
    numbers: dict[tuple[type, Any], int] = {}
    values: list[Any] = []
    codes = np.empty(len(rows), np.int64)
    for i, value in enumerate(rows):
        if value is None:
            codes[i] = -1
            continue
        mark = (type(value), value if isinstance(value, str | int | float) else i)
        codes[i] = numbers.setdefault(mark, len(values))
        if codes[i] == len(values):
            values.append(value)
    return values, codes


def _has_dictionary(kind: pa.DataType) -> bool:
    simple = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
    others = (pa.types.is_floating, pa.types.is_boolean, pa.types.is_binary)
    dictionary = pa.types.is_dictionary(kind)
    return dictionary or any(check(kind) for check in (*simple, *others))


def _as_values(dictionary: pa.Array) -> Sequence[Any]:
    return list(dictionary.to_pylist())


def _laid_out(step: ColumnStep, values: Sequence[Any], codes: npt.NDArray[np.int64]) -> Cleaned:
    """The step on each distinct value, then each row's outputs by the number of its value."""
    cleaned: list[tuple[Any, ...]] = []
    wrong: dict[int, tuple[Reason, str]] = {}
    blank = (None,) * len(step.outputs)
    money = step.column.type is ColumnType.MONEY
    for number, value in enumerate(values):
        try:
            empty = is_empty(value, money=money)
            cleaned.append(step.empty if empty else step.clean(value))
            if empty and step.column.required:
                raise Refused(Reason.MISSING)
        except Refused as refusal:
            wrong[number] = (refusal.reason, shape_of(value))
            del cleaned[number:]
            cleaned.append(blank)
    cleaned.append(step.empty)  # for null, whose code is -1
    if step.column.required:
        wrong[-1] = (Reason.MISSING, "empty")
    refused = _refused_rows(codes, wrong)
    positions = pa.array(np.where(codes < 0, len(values), codes))
    columns = zip(*cleaned, strict=True)
    return Cleaned(tuple(_array(column).take(positions) for column in columns), refused)


def _refused_rows(codes: npt.NDArray[np.int64], wrong: dict[int, tuple[Reason, str]]) -> Refusals:
    if not wrong:
        return []
    rows = np.flatnonzero(np.isin(codes, np.fromiter(wrong, np.int64, len(wrong))))
    return [(int(row), *wrong[int(codes[row])]) for row in rows]


def _array(values: Sequence[Any]) -> pa.Array:
    found = pa.array(values)
    return found.cast(pa.string()) if pa.types.is_null(found.type) else found
