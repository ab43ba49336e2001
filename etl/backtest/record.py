"""What happens during a replay, written down as it happens; the outcome is read off it.

Flags only ever come first once, and a trace keeps each account's score whenever it was higher than
ever. It decides nothing.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

import polars as pl

from etl.refreshed import RefreshReport
from gnn.assess import Decision
from gnn.booster import Floats

DECISIONS = {
    "account_id": pl.String, "occurred_at": pl.Int64, "score": pl.Float64, "decision": pl.String,
}  # fmt: skip
FLAGS = {
    "account_id": pl.String, "flagged_at": pl.Int64, "score": pl.Float64, "ring_id": pl.String,
}  # fmt: skip
TRACE = {"account_id": pl.String, "at": pl.Int64, "score": pl.Float64}


@dataclass
class Record:
    """Decisions at sign-up, first flags, and rising scores (0..1) of accounts; moments in us."""

    decisions: list[tuple[str, int, float, str]] = field(default_factory=list)
    flags: dict[str, tuple[int, float, str | None]] = field(default_factory=dict)
    trace: list[tuple[str, int, float]] = field(default_factory=list)
    highest: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of_tables(
        cls, decisions: pl.DataFrame, flags: pl.DataFrame, trace: pl.DataFrame
    ) -> "Record":
        """The record that :meth:`tables` gave."""
        rises = trace.rows()
        return cls(
            decisions.rows(),
            {account: (at, score, ring) for account, at, score, ring in flags.rows()},
            rises,
            {account: score for account, _, score in rises},
        )

    def tables(self) -> dict[str, pl.DataFrame]:
        """``decisions``, ``flags`` (by account) and ``trace`` as tables."""
        flags = [(account, *flag) for account, flag in sorted(self.flags.items())]
        return {
            "decisions": pl.DataFrame(self.decisions, schema=DECISIONS, orient="row"),
            "flags": pl.DataFrame(flags, schema=FLAGS, orient="row"),
            "trace": pl.DataFrame(self.trace, schema=TRACE, orient="row"),
        }

    def decided(self, account: str, at: int, score: float, decision: Decision) -> None:
        """A sign-up was scored; a denial is a flag."""
        self.decisions.append((account, at, score, decision.value))
        if decision is Decision.DENY:
            self.flags.setdefault(account, (at, score, None))

    def looked(
        self,
        at: int,
        found: tuple[Sequence[str], Floats],
        threshold: float,
        spared: Container[str] = (),
    ) -> None:
        """Accounts were looked at between refreshes: ``found`` has them and their scores.

        No score flags those in ``spared``.
        """
        for account, score in zip(found[0], found[1].tolist(), strict=True):
            if score >= threshold and account not in spared:
                self.flags.setdefault(account, (at, score, None))
            self._rose(account, at, score)

    def refreshed(self, report: RefreshReport) -> None:
        """A refresh ended: who calls for action, and whose score is higher than ever."""
        for account, score, ring in report.flags.iter_rows():
            self.flags.setdefault(account, (report.as_of, score, ring))
        if report.scores is None:
            return
        for account, score in zip(report.scores.keys, report.score.tolist(), strict=True):
            self._rose(account, report.as_of, score)

    def _rose(self, account: str, at: int, score: float) -> None:
        if score > self.highest.get(account, -1.0):
            self.highest[account] = score
            self.trace.append((account, at, score))
