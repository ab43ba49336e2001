"""The campaign clock: when a ring's accounts began, were seen and were stopped, and what it cost.

What matters of a detector is how much it let through: the requests that members had made before
each moment are counted in the journal.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.schemas.answers import moment
from api.schemas.rings import ClockOut
from graph.journal.journal import Journal
from graph.store import RingRow


def clock_of(journal: Journal, row: RingRow, accounts: Sequence[str], as_of: int) -> ClockOut:
    """The clock of a ring as of a moment (us)."""
    detail: Mapping[str, Any] = row.detail
    events = journal.of_accounts(accounts)
    action = events.first_action()
    moments = {
        "first_signup": row.first_seen,
        "first_flag": detail.get("first_flag_at"),
        "ring_flag": detail.get("ring_flag_at"),
        "action": action if action is None or action <= as_of else None,
    }
    known = {name: int(at) for name, at in moments.items() if at is not None}
    counts = events.exchanges_before([*known.values(), as_of])
    before = dict(zip([*known, "now"], counts, strict=True))
    return ClockOut(
        **{name: moment(at) for name, at in known.items()}, exchanges_before_each=before
    )
