"""What labels say about themselves: how late they come, how often they are taken back, audits.

Shares carry Wilson's interval and the number they were seen on. Slices are many, so that one of
them always looks bad: which really are is asked of all together (Benjamini and Hochberg, 1995). It
knows nothing of models.
"""

from typing import Any

import numpy as np
import polars as pl

from etl.backtest.outcome import Board
from etl.replay.timeline import HEAVY, Timeline
from etl.weekly.exam import SLICED_BY
from etl.weekly.gate import wilson
from gnn.evaluate import NEVER

DAY_US = 86_400_000_000
RECENT_DAYS = 28
LEAST = 5
APART = 0.05  # of slices called apart, the share that may be wrong


def delays(timeline: Timeline, until: int) -> list[dict[str, Any]]:
    """Days from an account's sign-up to its first verdict, by source, lately and before."""
    labels, signups = _frame(timeline, "labels"), _frame(timeline, "signups")
    if not labels.height:
        return []
    opened = signups.select("account_id", opened="at")
    first = (
        labels.sort("at")
        .group_by("account_id", "source", maintain_order=True)
        .first()
        .join(opened, on="account_id")
        .with_columns(days=(pl.col("at") - pl.col("opened")) / DAY_US)
        .with_columns(lately=pl.col("at") > until - RECENT_DAYS * DAY_US)
    )
    found = []
    for (source,), rows in first.group_by("source", maintain_order=True):
        days, late = rows["days"], rows.filter(pl.col("lately"))["days"]
        found.append(
            {
                "source": str(source),
                "labels": rows.height,
                "median_days": _number(days.median()),
                "low_days": _number(days.quantile(0.25)),
                "high_days": _number(days.quantile(0.75)),
                "lately": late.len(),
                "median_days_lately": _number(late.median()),
            }
        )
    return sorted(found, key=lambda row: row["source"])


def overturned(timeline: Timeline) -> list[dict[str, Any]]:
    """Verdicts of fraud and bans taken back later: all, by source, country, pathway and network.

    ``apart``: the slice's are taken back more often than all others', beyond chance.
    """
    labels, acts = _frame(timeline, "labels"), _frame(timeline, "enforcements")
    fraud = labels.filter(pl.col("verdict") == "fraud").select("account_id", "at", "source")
    banned = acts.filter(pl.col("action") == "ban").select("account_id", "at", source=pl.lit("ban"))
    cleared = pl.concat(
        [
            labels.filter(pl.col("verdict") == "legitimate").select("account_id", cleared="at"),
            acts.filter(pl.col("action") == "reinstate").select("account_id", cleared="at"),
        ]
    )
    last = cleared.group_by("account_id").agg(pl.col("cleared").max())
    said = pl.concat([fraud, banned]).join(last, on="account_id", how="left")
    signups = _frame(timeline, "signups").select("account_id", *SLICED_BY)
    said = said.with_columns(back=(pl.col("cleared") > pl.col("at")).fill_null(False))
    joined = said.join(signups, on="account_id", how="left").with_columns(every=pl.lit("verdict"))
    return _apart([row for by in ("every", "source", *SLICED_BY) for row in _shares(joined, by)])


def _apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same rows with ``apart``, by Fisher's test of each slice against all the others."""
    from scipy.stats import false_discovery_control, fisher_exact  # noqa: PLC0415

    if not rows:
        return rows
    every, back = rows[0]["verdicts"], rows[0]["overturned"]
    chances = []
    for row in rows:
        rest, rest_back = every - row["verdicts"], back - row["overturned"]
        table = [[row["overturned"], row["verdicts"] - row["overturned"]],
                 [rest_back, rest - rest_back]]  # fmt: skip
        chances.append(float(fisher_exact(table, alternative="greater").pvalue) if rest else 1.0)
    adjusted = false_discovery_control(chances)
    return [{**row, "apart": bool(at <= APART)} for row, at in zip(rows, adjusted, strict=True)]


def _shares(joined: pl.DataFrame, by: str) -> list[dict[str, Any]]:
    counted = joined.group_by(by).agg(verdicts=pl.len(), back=pl.col("back").sum()).sort(by)
    found = []
    for name, verdicts, back in counted.iter_rows():
        if verdicts < LEAST:
            continue
        low, high = wilson(int(back), int(verdicts))
        found.append(
            {"by": by, "name": name or "unknown", "verdicts": verdicts, "overturned": int(back),
             "share": int(back) / verdicts, "low": low, "high": high}
        )  # fmt: skip
    return found


def audited(timeline: Timeline, seen: Board) -> dict[str, Any]:
    """The share of honest accounts flagged, from accounts that auditors drew at random.

    Other labels are chosen because of what an account did, so only these can say how often honest
    people are hurt. An account that was flagged for its audit's sake counts like any other.
    """
    labels = _frame(timeline, "labels").filter(pl.col("source") == "audit").sort("at")
    last = labels.group_by("account_id", maintain_order=True).last()
    honest = set(last.filter(pl.col("verdict") == "legitimate")["account_id"])
    rows = [row for row, account in enumerate(seen.account_id) if account in honest]
    if not rows:
        return {"audited": last.height, "honest": 0}
    flagged = int((seen.flagged_at[np.array(rows)] != NEVER).sum())
    low, high = wilson(flagged, len(rows))
    return {"audited": last.height, "honest": len(rows), "flagged": flagged,
            "share": flagged / len(rows), "low": low, "high": high}  # fmt: skip


def _frame(timeline: Timeline, name: str) -> pl.DataFrame:
    light = [c for c in timeline.read(name).column_names if c not in HEAVY]
    return pl.DataFrame(pl.from_arrow(timeline.read(name).select(light)))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
