"""Neighbour aggregates for the boosted baseline: what earlier users of the same things look like.

For every thing an account touched by a row's moment (card, device, address, block, issuer, mail
domain, phone, conversation, first words), the mean of a few columns over those who had touched it
before, averaged over its things. Nothing of a later moment enters, but a neighbour is described by
its first ten requests, some of which may come later: the baseline is flattered, never wronged.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.simulate.hardness.columns import Rows
from graph.simulate.hardness.links import LINKS, touches
from graph.simulate.hardness.observed import Observed

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
DESCRIBED_BY: Final = (
    "age_days", "mail_public", "mail_digits", "mail_disposable", "agent_program", "ip_hosting",
    "ip_vpn", "ip_abroad", "pathway_self_serve", "plan_free", "pay_declined_share", "pay_abroad",
    "pay_by_virtual", "pay_delay_days", "log_gap", "night", "a_day", "abroad", "from_hosting",
    "behind_newest", "heads_share", "log_length", "first_use_days", "turn", "head_young",
)  # fmt: skip
_HUB: Final = 200


def neighbour_means(seen: Observed, rows: Rows) -> NDArray[np.float32]:
    """The aggregates of every row of a table.

    Args:
        seen: the events the table was built from.
        rows: the table.

    Returns:
        float32 [rows, len(LINKS) * (len(DESCRIBED_BY) + 1)]: means, and how many neighbours.
    """
    described = _described(seen.accounts, rows)
    parts = [_of_link(*touches(seen, link), described, rows) for link in LINKS]
    return np.concatenate(parts, axis=1)


def _described(accounts: int, rows: Rows) -> Floats:
    early = np.flatnonzero(rows.requests_seen <= 10)
    latest = np.zeros(accounts, np.int64)
    latest[rows.account[early]] = early
    chosen = [rows.names.index(name) for name in DESCRIBED_BY if name in rows.names]
    return np.nan_to_num(rows.values[latest][:, chosen].astype(np.float64))


def _of_link(
    owner: Ints, at: Ints, thing: Ints, described: Floats, rows: Rows
) -> NDArray[np.float32]:
    owner, at, thing = _first_touches(owner, at, thing)
    before, count = _means_before(owner, thing, described)
    order = np.lexsort((at, owner))
    owner, at, before, count = owner[order], at[order], before[order], count[order]
    key = owner * 2**42 + at // 1_000_000
    last = np.searchsorted(key, rows.account * 2**42 + rows.at // 1_000_000, side="right")
    begin = np.searchsorted(owner, rows.account)
    weighed = np.concatenate([before * (count > 0)[:, None], count[:, None]], axis=1)
    running = np.concatenate([np.zeros((1, weighed.shape[1])), np.cumsum(weighed, axis=0)])
    shared = np.concatenate([[0], np.cumsum(count > 0)])
    sums = running[last] - running[begin]
    sums[:, :-1] /= np.maximum(shared[last] - shared[begin], 1)[:, None]
    return np.asarray(sums, np.float32)


def _first_touches(owner: Ints, at: Ints, thing: Ints) -> tuple[Ints, Ints, Ints]:
    """Each account's first touch of each thing, ordered by thing and time."""
    known = thing >= 0
    owner, at = owner[known], at[known]
    thing = np.unique(thing[known], return_inverse=True)[1].astype(np.int64)
    order = np.lexsort((at, owner, thing))
    pair = (thing * 2**24 + owner)[order]
    order = order[np.diff(pair, prepend=-1) != 0]
    order = order[np.lexsort((at[order], thing[order]))]
    return owner[order], at[order], thing[order]


def _means_before(owner: Ints, thing: Ints, described: Floats) -> tuple[Floats, Ints]:
    """Mean description and number of those who touched the thing before; hubs say nothing."""
    values = described[owner]
    running = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    begin = np.searchsorted(thing, thing)
    rank = np.arange(len(thing)) - begin
    means = (running[:-1] - running[begin]) / np.maximum(rank, 1)[:, None]
    return means, np.where(rank > _HUB, 0, rank)
