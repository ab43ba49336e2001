"""What was known of accounts at a moment: who was found to be fraud, by whom, in which campaign.

Labels and enforcements are few, late and partly wrong, and most fraud carries none: an account that
is not known is unlabelled, never innocent. It knows nothing of features or models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

NEVER = 2**62


@dataclass(frozen=True)
class Known:
    """Verdicts as of a moment.

    ``fraud`` maps an account to when that became known (us): by its latest label, or by a ban that
    was not taken back. ``banned`` are the ones with such a ban; ``legitimate`` those whose latest
    label says so. ``campaign`` names an account's campaign where a label did. ``weight`` says how
    much an account's rows count in training where that is not 1: one whose verdict was overturned
    counts more.
    """

    fraud: Mapping[str, int] = field(default_factory=dict)
    legitimate: frozenset[str] = frozenset()
    banned: frozenset[str] = frozenset()
    campaign: Mapping[str, str] = field(default_factory=dict)
    weight: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, labels: pa.Table | None, enforcements: pa.Table | None, as_of: int) -> "Known":
        """What cleaned ``labels`` and ``enforcements`` say, nothing later than ``as_of`` (us)."""
        verdict: dict[str, tuple[str, int]] = {}
        campaign: dict[str, str] = {}
        for row in _until(labels, as_of):
            first = verdict.get(row["account_id"], ("", row["at"]))
            at = first[1] if first[0] == row["verdict"] else row["at"]
            verdict[row["account_id"]] = (row["verdict"], at)
            if row.get("campaign_id"):
                campaign[row["account_id"]] = row["campaign_id"]
        bans = _bans(enforcements, as_of)
        legitimate = frozenset(a for a, (said, _) in verdict.items() if said == "legitimate")
        fraud = {account: at for account, (said, at) in verdict.items() if said == "fraud"}
        for account, at in bans.items():
            if account not in legitimate:
                fraud[account] = min(at, fraud.get(account, NEVER))
        return cls(fraud, legitimate, frozenset(bans), campaign)


def _bans(enforcements: pa.Table | None, as_of: int) -> dict[str, int]:
    """Accounts under a ban that was not taken back, and since when."""
    bans: dict[str, int] = {}
    for row in _until(enforcements, as_of):
        if row["action"] == "ban":
            bans.setdefault(row["account_id"], row["at"])
        elif row["action"] == "reinstate":
            bans.pop(row["account_id"], None)
    return bans


def _until(table: pa.Table | None, as_of: int) -> list[dict[str, Any]]:
    """The rows up to ``as_of``, in the order of time."""
    if table is None or table.num_rows == 0:
        return []
    early = table.filter(pc.less_equal(table["at"], as_of))
    order = [("at", "ascending"), ("account_id", "ascending")]
    if "source" in early.column_names:
        order.append(("source", "ascending"))
    rows: list[dict[str, Any]] = early.sort_by(order).to_pylist()
    return rows
