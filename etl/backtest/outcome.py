"""What a back-test did, what was true, and both side by side: the tables that figures are read off.

The truth is a simulated world's, or, without one, the labels of the source, which are few, late
and partly wrong. Nothing that detects may import this module. Read :mod:`etl.backtest.judge` next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from gnn import evaluate
from gnn.evaluate import NEVER, Bools, Floats, Ints, Prevented
from graph.simulate.truth import TrueAccount

HONEST_KIND_WITHOUT_TRUTH = "unlabelled"
_TRUTH = {
    "account_id": pl.String,
    "kind": pl.String,
    "campaign": pl.String,
    "active_from": pl.Int64,
}


@dataclass(frozen=True)
class Truth:
    """Who was what: one row an account.

    ``accounts`` has ``account_id``, ``kind``, ``campaign`` (null = honest) and ``active_from``
    (us; from when its exchanges are fraud). ``against`` is ``truth`` or ``labels``.
    """

    accounts: pl.DataFrame
    against: str = "truth"

    @classmethod
    def of_world(cls, accounts: Mapping[str, TrueAccount]) -> "Truth":
        """The truth of a simulated world, as ``graph.simulate.truth`` reads it."""
        rows = [(a.account_id, a.kind, a.campaign, a.active_from) for a in accounts.values()]
        return cls(pl.DataFrame(rows, schema=_TRUTH, orient="row"))

    @classmethod
    def of_labels(cls, signups: pa.Table, labels: pa.Table) -> "Truth":
        """What the last label of each account says; an account without one counts as honest."""
        last = (
            pl.DataFrame(pl.from_arrow(labels))
            .sort("at")
            .group_by("account_id", maintain_order=True)
            .last()
        )
        fraud = pl.col("verdict") == "fraud"
        frame = (
            pl.DataFrame(pl.from_arrow(signups))
            .select("account_id", active_from="at")
            .join(last.select("account_id", "verdict", "campaign_id"), on="account_id", how="left")
            .select(
                "account_id",
                kind=pl.col("verdict").fill_null(HONEST_KIND_WITHOUT_TRUTH),
                campaign=pl.when(fraud).then(pl.col("campaign_id").fill_null("no campaign named")),
                active_from=pl.when(fraud).then(pl.col("active_from")),
            )
        )
        return cls(frame, "labels")


@dataclass(frozen=True)
class Outcome:
    """What a back-test did, as the tables of the event contract, and what happened meanwhile.

    ``decisions``, ``flags``, ``scores`` and ``rings`` are the contract's tables with times in us.
    ``trace`` (``account_id``, ``at``, ``score``) holds every moment at which an account's score
    rose above all its earlier ones. ``exchanges`` (``account_id``, ``at``) and ``active`` (the
    accounts with any event) are of the replayed span, after ``train_until`` up to ``until``.
    ``panel`` holds what simpler detectors say of each account at the end (``account_id``, a column
    each), ``traits`` what accounts are sliced by, ``reasons`` what became of scores without the
    values that reasons name (``etl.backtest.judge_reasons``); None where that was not asked for.
    """

    train_until: int
    until: int
    refreshes: Sequence[int]
    decisions: pl.DataFrame
    flags: pl.DataFrame
    scores: pl.DataFrame
    rings: pl.DataFrame
    trace: pl.DataFrame
    exchanges: pl.DataFrame
    active: pl.Series
    panel: pl.DataFrame | None = None
    traits: pl.DataFrame | None = None
    reasons: pl.DataFrame | None = None


@dataclass(frozen=True)
class Board:
    """Truth and outcome side by side, a row an account active after T; what figures are read off.

    Shapes: every array [N]; ``exchange_account`` [E] holds rows of the accounts.
    """

    account_id: list[str]
    kind: list[str]
    campaign: list[str | None]
    ring: list[str | None]
    score: Floats
    flagged_at: Ints
    active_from: Ints
    exchange_account: Ints
    exchange_at: Ints

    @property
    def fraud(self) -> Bools:
        """Which accounts work for a campaign, bool [N]."""
        return np.asarray(self.active_from != NEVER, dtype=np.bool_)

    @property
    def groups(self) -> Ints:
        """A number per campaign, and one of its own per honest account, int64 [N]."""
        own = [c if c is not None else f"\0{i}" for i, c in enumerate(self.campaign)]
        return np.unique(np.array(own, dtype=object).astype(str), return_inverse=True)[1]

    def prevented(self, flagged_at: Ints | None = None) -> Prevented:
        """Exchanges prevented by these flags, or by other ones."""
        when = self.flagged_at if flagged_at is None else flagged_at
        return evaluate.exchanges_prevented(
            self.exchange_account, self.exchange_at, when, self.active_from
        )


def board(outcome: Outcome, truth: Truth) -> Board:
    """Line up every account active after T with its truth, score, first flag and ring."""
    frame = (
        pl.DataFrame({"account_id": outcome.active.unique().sort()})
        .join(truth.accounts, on="account_id", how="left")
        .join(outcome.scores.select("account_id", "score"), on="account_id", how="left")
        .join(outcome.flags.select("account_id", "flagged_at"), on="account_id", how="left")
        .join(outcome.rings.select("account_id", "ring_id"), on="account_id", how="left")
        .sort("account_id")
        .with_columns(
            pl.col("kind").fill_null("unknown"),
            pl.when(pl.col("campaign").is_null()).then(None).otherwise(pl.col("active_from")),
            pl.col("score").fill_null(0.0),
        )
        .with_row_index("row")
    )
    made = outcome.exchanges.join(frame.select("account_id", "row"), on="account_id").sort("at")
    return Board(
        frame["account_id"].to_list(),
        frame["kind"].to_list(),
        frame["campaign"].to_list(),
        frame["ring_id"].to_list(),
        frame["score"].to_numpy().astype(np.float64),
        frame["flagged_at"].fill_null(NEVER).to_numpy().astype(np.int64),
        frame["active_from"].fill_null(NEVER).to_numpy().astype(np.int64),
        made["row"].to_numpy().astype(np.int64),
        made["at"].to_numpy().astype(np.int64),
    )
