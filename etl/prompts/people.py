"""Every account of a window: since when, how much it asks, and whether it moves about.

Honest newcomers may share a template and use it steadily, but each is at home somewhere. One hand
behind many accounts goes out by whatever network is at hand. Who roams is judged against
established accounts that ask as much, so that a busy account is no roamer, and where everybody is
mobile nobody is. Knows nothing of clusters. Read :mod:`etl.prompts.statistics` for who asks.
"""

import numpy as np
import polars as pl

from etl.prompts.columns import PromptColumns
from graph.prompts.fingerprint import Sketches
from graph.prompts.weigh import ESTABLISHED_DAYS

DAY_US = 86_400_000_000
FOLDED_ROWS = 1_000_000
"""Rows of accounts by chunk that are folded into one row an account at the latest."""
SETTLED = 0.9
"""An account roams that came from more networks than this share (0..1) of its like."""
LIKE = 20
"""So many established accounts that ask as much are enough to compare with."""

_NO_PROMPTS = PromptColumns.of(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    Sketches(np.zeros(1, np.int64), np.empty(0, np.uint64)),
)


def old(at: str) -> pl.Expr:
    """Whether an account was established at the moment in column ``at`` (us)."""
    aged = pl.col(at) - pl.col("since") >= round(ESTABLISHED_DAYS * DAY_US)
    return (pl.col("since") > 0) & aged


def _by_network(chunk: PromptColumns) -> pl.DataFrame:
    columns = {name: getattr(chunk, name) for name in ("account", "network", "at", "since")}
    turns = pl.DataFrame(columns).filter(pl.Series(~chunk.system))
    return _folded(turns.with_columns(sent=pl.lit(1, pl.Int64)))


def _folded(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an account and network."""
    return rows.group_by("account", "network").agg(
        pl.col("at").min(), pl.col("since").max(), pl.col("sent").sum()
    )


class Everyone:
    """Every account of the window, folded as its prompts come."""

    def __init__(self) -> None:
        self._parts = [_by_network(_NO_PROMPTS)]
        self._rows = self._known = 0

    def add(self, chunk: PromptColumns) -> None:
        """Count the prompts of ``chunk``."""
        self._parts.append(_by_network(chunk))
        self._rows += len(self._parts[-1])
        if self._rows > 2 * self._known + FOLDED_ROWS:
            self._parts = [_folded(pl.concat(self._parts))]
            self._rows = self._known = len(self._parts[0])

    def table(self) -> pl.DataFrame:
        """One row an account: ``account``, ``at`` (first prompt), ``since``, ``sent``, ``roams``.

        ``since`` is the sign-up (us, 0 unknown), ``roams`` whether it came from more networks than
        nine in ten established accounts that sent as much.
        """
        people = (
            pl.concat(self._parts)
            .group_by("account")
            .agg(
                pl.col("at").min(),
                pl.col("since").max(),
                pl.col("sent").sum(),
                networks=(pl.col("network") != 0).sum().cast(pl.Int64),
            )
        )
        return _roaming(people)


def _roaming(people: pl.DataFrame) -> pl.DataFrame:
    """``people`` with ``roams``; nobody does where there is nobody to compare with."""
    asks = people.with_columns(asks=pl.col("sent").log(2).floor())
    settled = asks.filter(old("at") & (pl.col("networks") > 0))
    if len(settled) < LIKE:
        return people.with_columns(roams=pl.lit(False)).drop("networks")
    usual = settled["networks"].quantile(SETTLED)
    like = settled.group_by("asks").agg(
        usual=pl.when(pl.len() >= LIKE).then(pl.col("networks").quantile(SETTLED)).otherwise(usual)
    )
    more = pl.col("networks") > pl.col("usual").fill_null(usual)
    judged = asks.join(like, on="asks", how="left").with_columns(roams=more)
    return judged.drop("asks", "usual", "networks")
