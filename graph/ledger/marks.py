"""Counters that say "something of this kind has changed", for those who keep a copy in memory.

Whoever changes lists or keys bumps the counter in the same transaction; whoever holds a copy looks
at the counter often and reads again when it moved.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Integer, String, cast, select
from sqlalchemy.dialects import postgresql, sqlite

from graph.ledger.tables import mark


def bump(book: Connection, name: str) -> int:
    """Count one change of what ``name`` stands for; gives the count, which is this change's."""
    kind = sqlite if book.dialect.name == "sqlite" else postgresql
    fresh = kind.insert(mark).values(name=name, value="1")
    grown = cast(cast(mark.c.value, Integer) + 1, String)
    book.execute(fresh.on_conflict_do_update(index_elements=["name"], set_={"value": grown}))
    return int(book.execute(select(mark.c.value).where(mark.c.name == name)).scalar_one())


def standing(book: Connection, names: Sequence[str]) -> tuple[str, ...]:
    """Where each counter stands, in the order of ``names``."""
    found = book.execute(select(mark.c.name, mark.c.value).where(mark.c.name.in_(names)))
    values = {row.name: row.value for row in found}
    return tuple(values.get(name, "0") for name in names)
