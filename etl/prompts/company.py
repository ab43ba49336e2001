"""How the accounts of a prompt cluster go together: in step, and in how many sittings.

Readers of a public template come when they please; one hand behind many accounts sends in volleys,
and a class in a few sittings. Timing is judged against the cluster's
own hours, so that a time zone is no lockstep. Columns in, columns out; knows nothing of weights.
Read :mod:`graph.prompts.weigh` for what is made of it, and Beutel et al., *CopyCatch* (2013), and
Cao et al., *SynchroTrap* (2014), for coordinated timing as evidence.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NEAR_US = 10 * 60_000_000
"""Prompts of two accounts this close are in step ..."""
AROUND_US = 6 * 3_600_000_000
"""... if there are more of them than the hours around would give."""
HOUR_US = 3_600_000_000
SITTING = 0.8
"""Share (0..1) of a cluster's prompts that its busiest clock hours must hold."""


def _within(group: Ints, at: Ints, reach_us: int) -> Ints:
    """How many rows of the same group lie within ``reach_us`` of each row, itself included."""
    span = int(at.max() - at.min()) + 2 * reach_us + 1
    place = np.unique(group, return_inverse=True)[1].reshape(-1) * span + (at - at.min())
    ordered = np.sort(place)
    after = np.searchsorted(ordered, place + reach_us, "right")
    return np.asarray(after - np.searchsorted(ordered, place - reach_us, "left"), np.int64)


def company(cluster: Ints, account: Ints, at: Ints) -> tuple[Ints, Floats]:
    """Of each prompt, prompts of other accounts in its cluster close by, and how many to expect.

    Args:
        cluster: [n] clusters.
        account: [n] accounts.
        at: [n] moments (us).

    Returns:
        others within ten minutes, [n]; others to expect there from the six hours around, [n].
    """
    if not len(at):
        return np.empty(0, np.int64), np.empty(0, np.float64)
    pair = cluster * (int(account.max()) + 1) + account
    near: Ints = _within(cluster, at, NEAR_US) - _within(pair, at, NEAR_US)
    around = _within(cluster, at, AROUND_US) - _within(pair, at, AROUND_US)
    return near, np.asarray(around * (NEAR_US / AROUND_US), np.float64)


def lockstep(prompts: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """How much more often than by chance prompts come in volleys of several accounts.

    ``prompts`` has ``near`` and ``expected``; gives ``lockstep`` (1 is chance) by group. A handful
    of coincidences says little: both sides are smoothed.
    """
    ratio = (pl.col("near").sum() + 2.0) / (pl.col("expected").sum() + 2.0)
    return prompts.group_by(by).agg(lockstep=ratio)


def sittings(prompts: pl.DataFrame) -> pl.DataFrame:
    """How many clock hours hold most of a cluster's prompts: ``cluster``, ``sittings``.

    A class or an event has a few; what runs by itself has many.
    """
    hours = prompts.group_by("cluster", hour=pl.col("at") // HOUR_US).len()
    share = pl.col("len").cum_sum() / pl.col("len").sum()
    busiest = hours.sort("cluster", "len", descending=[False, True])
    return busiest.group_by("cluster").agg(
        sittings=((share.shift(1, fill_value=0.0) < SITTING).sum()).cast(pl.Int64)
    )
