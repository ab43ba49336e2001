"""How soon who joins a known ring is flagged: the figure that live matching stands or falls by.

A campaign is known from the moment at which three of its accounts stand flagged for a ring; its
newcomers are those who began to serve it after that, and sent something. One that was never flagged
counts with everything it sent, so that missing the slow ones does not look like speed. Read
:mod:`etl.backtest.judge` for the other figures.
"""

from typing import Any

import numpy as np
import polars as pl

from etl.backtest.outcome import Board, Outcome
from gnn.evaluate import NEVER, Bools, Ints

KNOWN_FROM = 3


def newcomers(seen: Board, outcome: Outcome) -> dict[str, Any]:
    """``all`` newcomers of known rings, and a row a campaign that has some, most of them first.

    Each has ``accounts``, ``flagged`` and the median and 90th percentile of the exchanges that
    went through for it (``requests_before_flag_median``, ``_p90``); NaN without a newcomer.
    """
    counted = seen.prevented()
    sent, before = counted.fraudulent > 0, counted.before_flag
    names = np.array([c or "" for c in seen.campaign], dtype=object)
    everybody = np.zeros(len(names), np.bool_)
    rows = []
    for name in sorted({c for c in seen.campaign if c is not None}):
        mine = names == name
        late = mine & sent & (seen.active_from > _known_at(seen, outcome, mine))
        if late.any():
            everybody |= late
            rows.append({"campaign": name, **_figures(seen, before, late)})
    rows.sort(key=lambda row: -row["accounts"])
    return {"all": _figures(seen, before, everybody), "campaigns": rows}


def _figures(seen: Board, before: Ints, late: Bools) -> dict[str, Any]:
    counts = before[late]
    return {
        "accounts": int(late.sum()),
        "flagged": int((seen.flagged_at[late] != NEVER).sum()),
        "requests_before_flag_median": float(np.median(counts)) if len(counts) else np.nan,
        "requests_before_flag_p90": float(np.quantile(counts, 0.9)) if len(counts) else np.nan,
    }


def _known_at(seen: Board, outcome: Outcome, mine: Bools) -> int:
    """When the third of these accounts was flagged for a ring, ``NEVER`` if none was."""
    ours = [name for name, of_it in zip(seen.account_id, mine, strict=True) if of_it]
    tied = outcome.flags.filter(pl.col("ring_id").is_not_null() & pl.col("account_id").is_in(ours))
    moments = sorted(tied["flagged_at"].to_list())
    return moments[KNOWN_FROM - 1] if len(moments) >= KNOWN_FROM else NEVER
