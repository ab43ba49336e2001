"""The truth of a simulated world, for the reports of back-tests and benchmarks and nothing else.

Whatever scores, trains or serves must not import this module; a test of the project holds that.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from graph.errors import InputError

_COLUMNS = ("account_id", "kind", "campaign", "operator", "active_from")


@dataclass(frozen=True, slots=True)
class TrueAccount:
    """What an account really was; ``active_from`` (us): when it began to work for its campaign."""

    account_id: str
    kind: str
    campaign: str | None
    operator: str | None
    active_from: int | None

    @property
    def fraudulent(self) -> bool:
        """Whether it belongs to a campaign."""
        return self.campaign is not None


def load_truth(path: Path) -> dict[str, TrueAccount]:
    """The truth by account id.

    Args:
        path: a world's folder, its ``truth`` folder, or the Parquet file itself.

    Raises:
        InputError: if there is no such file or it lacks a column.
    """
    tried = [path, path / "accounts.parquet", path / "truth" / "accounts.parquet"]
    found = next((option for option in tried if option.is_file()), None)
    if found is None:
        raise InputError(f"no truth at {path}; looked for {', '.join(map(str, tried[1:]))}")
    table = pq.read_table(found)
    lacking = set(_COLUMNS) - set(table.column_names)
    if lacking:
        raise InputError(f"the truth at {found} lacks {', '.join(sorted(lacking))}")
    moments = table["active_from"].cast("int64").to_pylist()
    rows = zip(*(table[name].to_pylist() for name in _COLUMNS[:4]), moments, strict=True)
    return {row[0]: TrueAccount(*row) for row in rows}
