"""The quarantine record: what is kept of a row that cannot be taken. Never a value.

``graph.door`` makes refusals, ``etl.load`` adds where the row came from, ``graph.journal.journal``
keeps them until the row passes. It knows nothing of how rows are read.
"""

from dataclasses import dataclass

from graph.reasons import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was refused, by its number in the batch.

    ``column`` is the first broken one in contract order; ``key`` the pseudonym of the row's key,
    None where the key itself is broken; ``shape`` what of the value may be shown.
    """

    index: int
    column: str
    reason: Reason
    shape: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class QuarantineRecord:
    """One row in the quarantine: where it stands, what is wrong, and nothing of what it says.

    ``row`` counts as an editor does for text files (the header is line 1) and from 1 for Parquet.
    """

    source: str
    row: int
    table: str
    key: str | None
    column: str
    shape: str
    reason: Reason

    @property
    def sentence(self) -> str:
        """The reason as an operator reads it."""
        return self.reason.sentence
