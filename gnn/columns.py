"""What a feature column is: a named function whose docstring an investigator reads.

The docstring's first line is the sentence shown as a reason, without its figures; the suffix of the
name says how a figure is written (``_share`` in per cent, ``_hours``, ``is_`` as yes or no). This
module knows nothing of any column; they are in :mod:`gnn.features_signup`,
:mod:`gnn.features_account` and :mod:`graph.activity`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Family(StrEnum):
    """Kinds of evidence; no decision for action rests on one of them alone."""

    IDENTIFIERS = "identifiers"
    PAYMENT = "payment"
    PROMPTS = "prompts"
    TIMING = "timing"
    SIGNUP = "signup_pattern"
    NETWORK = "network"
    HISTORY = "history"
    MATES = "mates"


@dataclass(frozen=True, slots=True)
class Column(Generic[T, R]):
    """One feature: its name, family, what an investigator reads, and how it is computed."""

    name: str
    family: Family
    sentence: str
    compute: Callable[[T], R]


class Register(Generic[T, R]):
    """The columns of one kind of row, in the order in which they were written down."""

    def __init__(self) -> None:
        self.columns: list[Column[T, R]] = []

    def column(self, family: Family) -> Callable[[Callable[[T], R]], Callable[[T], R]]:
        """Decorator: the function is a column of ``family``; its docstring is the sentence."""

        def register(function: Callable[[T], R]) -> Callable[[T], R]:
            sentence = first_sentence(function.__doc__)
            self.columns.append(Column(function.__name__, family, sentence, function))
            return function

        return register

    def add(self, column: Column[T, R]) -> None:
        """Take in a column made elsewhere, such as one per kind of link."""
        self.columns.append(column)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)


def first_sentence(docstring: str | None) -> str:
    """The first line of a docstring, without its full stop."""
    return (docstring or "").strip().split("\n")[0].rstrip(".")


def written(name: str, value: float) -> str:
    """A figure of column ``name`` as people write it; ``unknown`` for NaN."""
    if math.isnan(value):
        return "unknown"
    if name.startswith(("is_", "has_")):
        return "yes" if value >= 0.5 else "no"
    for suffix, form in _FORMS.items():
        if name.endswith(suffix):
            return form(value)
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.1f}"


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


_FORMS: dict[str, Callable[[float], str]] = {
    "_share": lambda value: f"{100 * value:.0f} %",
    "_score": lambda value: f"{100 * value:.0f} %",
    "_minutes": lambda value: _duration(value / 60),
    "_hours": _duration,
    "_days": lambda value: _duration(24 * value),
    "_usd": lambda value: f"{value:,.0f} USD",
}


def names_of(columns: Sequence[Column[T, R]]) -> tuple[str, ...]:
    """The names of ``columns``, in order."""
    return tuple(column.name for column in columns)
