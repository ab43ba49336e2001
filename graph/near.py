"""A neighbourhood as plain rows: what stands around a few nodes, before any table is made of it.

Arrow tables are the right form for a whole graph and a slow one for thirty accounts; a score reads
these rows instead. A :class:`~graph.snapshot.Snapshot` gives them, from its tables or from the rows
a store read (``graph.stores.piece``), and both are the same (a test of the store contract). It
knows nothing of scores.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Entity:
    """One node that is no account, and what is tied to it in this piece.

    ``degree`` counts its ties in the whole store; ``holders`` are the accounts tied to it (verb,
    key, first time in us), ascending by key; ``leading_on`` counts its ties to other entities.
    """

    first_seen: int
    degree: int
    holders: list[tuple[str, str, int]] = field(default_factory=list)
    leading_on: int = 0


@dataclass(frozen=True, slots=True)
class Near:
    """Accounts and entities of a piece.

    ``accounts`` maps keys, ascending, to their cells; ``columns`` says at which place the cell of a
    column is (a property, or what the visible generation published); None is unknown. ``entities``
    maps node ids. ``as_of`` and ``generation`` are the snapshot's.
    """

    as_of: int
    generation: int
    columns: Mapping[str, int]
    accounts: Mapping[str, Sequence[object]]
    entities: Mapping[str, Entity]

    def column(self, name: str) -> list[object]:
        """The cells of a column, in the order of accounts; None where it is unknown or absent."""
        place = self.columns.get(name)
        if place is None:
            return [None] * len(self.accounts)
        return [cells[place] for cells in self.accounts.values()]


EMPTY = Near(0, 0, {}, {}, {})
