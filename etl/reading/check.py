"""What a file's columns say before its rows do: which the contract ignores, which it misses.

Said once a file in the run's report; a missing column is no reason to stop, each of its rows is
then refused with its own record. It knows nothing of values.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from etl.mapping import TableMapping


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a file's columns that somebody should know."""

    file: str
    table: str
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def check_columns(file: str, mapping: TableMapping, seen: Iterable[str]) -> Finding | None:
    """What is ignored and what required columns cannot be made; None if nothing."""
    known = frozenset(seen)
    ignored = tuple(sorted(known - mapping.wanted))
    missing = tuple(
        column
        for column in mapping.table.required_columns
        if not _can_be_made(mapping, column, known)
    )
    if not ignored and not missing:
        return None
    return Finding(file, mapping.table.name, ignored, missing)


def _can_be_made(mapping: TableMapping, column: str, known: frozenset[str]) -> bool:
    rule = mapping.rules[column]
    constant = rule.constant is not None or rule.default is not None
    return constant or known.issuperset(rule.sources)
