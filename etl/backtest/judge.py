"""Holding a back-test against what was true: from its tables to the figures of the report.

Without a truth it is held against labels, and the report says so. Nothing that detects may import
this module; the figures themselves are defined in ``gnn.evaluate``, the tables that they are read
off in ``etl.backtest.outcome``, the pictures made in ``etl.backtest.report``.
"""

import math
from typing import Any

import numpy as np
import polars as pl

from etl.backtest import judge_newcomers, judge_panel, judge_reasons
from etl.backtest.outcome import Board, Outcome, Truth, board
from gnn import evaluate
from gnn.evaluate import NEVER, Bools, Ints

FALSE_POSITIVE_LIMIT = 0.001
REVIEW_BUDGET = 0.01
REQUESTS_TO_KNOW = 3
CURVE_POINTS = 60
US_PER_DAY = 86_400_000_000


def judge(outcome: Outcome, truth: Truth, rng: np.random.Generator) -> dict[str, Any]:
    """Every figure of the report as one JSON-able object; intervals resample whole campaigns."""
    seen = board(outcome, truth)
    found = {
        "against": truth.against,
        "train_until": outcome.train_until,
        "until": outcome.until,
        "refreshes": list(outcome.refreshes),
        "accounts": _accounts(seen, rng),
        "exchanges": _exchanges(seen, outcome, rng),
        "honest": _honest(seen, rng),
        "rings": _rings(seen, outcome),
        "signups": _signups(outcome, truth),
        "flagged_by": _flagged_by(seen, outcome),
        "campaigns": _campaigns(seen, outcome),
        "newcomers": judge_newcomers.newcomers(seen, outcome),
        "operating_curve": _operating_curve(seen, outcome),
        "calibration": _calibration(seen),
        "daily": _daily(seen, outcome),
        "score_histogram": _score_histogram(seen),
        "panel": judge_panel.panel(seen, outcome, rng),
        "slices": judge_panel.slices(seen, outcome),
        "reasons": judge_reasons.fidelity(outcome.reasons, truth),
    }
    known: dict[str, Any] = _without_nan(found)
    return known


def _accounts(seen: Board, rng: np.random.Generator) -> dict[str, Any]:
    fraud, score = seen.fraud, seen.score
    ap = evaluate.bootstrap(seen.groups, lambda w: evaluate.average_precision(fraud, score, w), rng)
    recall = evaluate.bootstrap(
        seen.groups, lambda w: evaluate.recall_at_fpr(fraud, score, FALSE_POSITIVE_LIMIT, w), rng
    )
    return {
        "active": len(fraud),
        "fraud": int(fraud.sum()),
        "average_precision": _interval(ap),
        "recall_at_0_1pct_fpr": _interval(recall),
    }


def _exchanges(seen: Board, outcome: Outcome, rng: np.random.Generator) -> dict[str, Any]:
    counted = seen.prevented()
    live = seen.prevented(_third_requests(seen))
    refreshed = seen.prevented(_refreshed_after(_third_requests(seen), outcome))
    flagged = seen.fraud & (seen.flagged_at != NEVER)
    return {
        "fraudulent": int(counted.fraudulent.sum()),
        "prevented": _interval(evaluate.bootstrap(seen.groups, counted.share, rng)),
        "bound_live": live.share(),
        "bound_with_refreshes_only": refreshed.share(),
        "fraud_accounts_flagged": float(flagged.sum() / max(1, seen.fraud.sum())),
        "requests_before_flag_median": _median(counted.before_flag[flagged]),
    }


def _honest(seen: Board, rng: np.random.Generator) -> dict[str, Any]:
    honest = ~seen.fraud
    flagged = (seen.flagged_at != NEVER)[honest]
    kinds = [kind for kind, mine in zip(seen.kind, honest, strict=True) if mine]
    share = evaluate.bootstrap(
        np.arange(len(flagged)), lambda w: float(w @ flagged / max(w.sum(), 1)), rng
    )
    rows = evaluate.honest_flagged(kinds, flagged)
    return {
        "accounts": len(flagged),
        "flagged": int(flagged.sum()),
        "share": _interval(share),
        "by_kind": [
            {"kind": r.kind, "accounts": r.accounts, "flagged": r.flagged, "share": r.share}
            for r in rows
        ],
    }


def _rings(seen: Board, outcome: Outcome) -> dict[str, Any]:
    figures = evaluate.b_cubed(seen.ring, seen.campaign)
    return {
        "reported": outcome.rings["ring_id"].n_unique(),
        "accounts": outcome.rings.height,
        "precision": figures.precision,
        "recall": figures.recall,
        "f1": figures.f1,
    }


def _flagged_by(seen: Board, outcome: Outcome) -> list[dict[str, Any]]:
    """What flagged accounts first: the decision at sign-up, a ring, or the account's own score."""
    denied = outcome.decisions.filter(pl.col("decision") == "deny")["account_id"]
    first = (
        pl.when(pl.col("ring_id").is_not_null())
        .then(pl.lit("ring"))
        .when(pl.col("account_id").is_in(denied.to_list()))
        .then(pl.lit("sign-up"))
        .otherwise(pl.lit("score"))
    )
    fraud = pl.DataFrame({"account_id": seen.account_id, "fraud": seen.fraud})
    counted = (
        outcome.flags.with_columns(reason=first)
        .join(fraud, on="account_id")
        .group_by("reason")
        .agg(fraud=pl.col("fraud").sum(), honest=(~pl.col("fraud")).sum())
        .sort("reason")
    )
    return [{**row, "honest": int(row["honest"])} for row in counted.iter_rows(named=True)]


def _signups(outcome: Outcome, truth: Truth) -> dict[str, Any]:
    """Fraudulent sign-ups are those that served a campaign from the start, not those bought."""
    frame = outcome.decisions.join(truth.accounts, on="account_id", how="left")
    known = frame.join(
        outcome.exchanges.group_by("account_id").agg(pl.col("at").min().alias("first_use")),
        on="account_id",
        how="left",
    )
    fraud = known["campaign"].is_not_null() & (
        (known["active_from"] <= known["occurred_at"])
        | (known["active_from"] <= known["first_use"]).fill_null(False)
    )
    is_fraud = fraud.to_numpy().astype(bool)
    scores = known["score"].to_numpy().astype(np.float64)
    counts = dict(outcome.decisions.group_by("decision").len().iter_rows())
    return {
        "scored": frame.height,
        "fraud": int(is_fraud.sum()),
        "decisions": {name: int(counts.get(name, 0)) for name in ("allow", "review", "deny")},
        "average_precision": evaluate.average_precision(is_fraud, scores),
        "recall_within_1pct_review": evaluate.recall_within_budget(is_fraud, scores, REVIEW_BUDGET),
        "most_within_1pct_review": evaluate.most_within_budget(is_fraud, REVIEW_BUDGET),
        "stopped": _stopped(is_fraud, known["decision"].to_numpy() != "allow"),
    }


def _stopped(fraud: Bools, held: Bools) -> dict[str, float | None]:
    """What was not simply allowed, by score or tie: its share of fraud, and fraud in it."""
    caught = int((fraud & held).sum())
    return {
        "recall": caught / int(fraud.sum()) if fraud.any() else None,
        "precision": caught / int(held.sum()) if held.any() else None,
    }


def _campaigns(seen: Board, outcome: Outcome) -> list[dict[str, Any]]:
    """One row a campaign, most exchanges first."""
    counted, bound = seen.prevented(), seen.prevented(_third_requests(seen))
    names = np.array([c or "" for c in seen.campaign], dtype=object)
    rows = []
    for name in sorted({c for c in seen.campaign if c is not None}):
        mine = names == name
        flagged = mine & (seen.flagged_at != NEVER)
        rows.append(
            {
                "campaign": name,
                "accounts": int(mine.sum()),
                "accounts_flagged": int(flagged.sum()),
                "starts_at": int(seen.active_from[mine].min()),
                "exchanges": int(counted.fraudulent[mine].sum()),
                "prevented": counted.share(mine.astype(float)),
                "bound": bound.share(mine.astype(float)),
                "requests_before_flag_median": _median(counted.before_flag[flagged]),
                "rings": len({r for r, m in zip(seen.ring, mine, strict=True) if m and r}),
            }
        )
    return sorted(rows, key=lambda row: -row["exchanges"])


def _operating_curve(seen: Board, outcome: Outcome) -> list[dict[str, float]]:
    """Prevented against honest flagged if the account threshold alone decided."""
    rows = {account: i for i, account in enumerate(seen.account_id)}
    trace = outcome.trace.filter(pl.col("account_id").is_in(seen.account_id)).sort("at")
    account = np.array([rows[name] for name in trace["account_id"]], dtype=np.int64)
    at, score = trace["at"].to_numpy(), trace["score"].to_numpy()
    if not len(score):
        return []
    points = []
    for threshold in np.unique(np.quantile(score, 1 - np.geomspace(1e-4, 1.0, CURVE_POINTS))):
        over = score >= threshold
        flagged_at = np.full(len(seen.account_id), NEVER, dtype=np.int64)
        np.minimum.at(flagged_at, account[over], at[over])
        honest = (flagged_at != NEVER)[~seen.fraud]
        points.append(
            {
                "threshold": float(threshold),
                "honest_flagged": float(honest.mean()) if len(honest) else 0.0,
                "prevented": seen.prevented(flagged_at).share(),
            }
        )
    return sorted(points, key=lambda point: point["honest_flagged"])


def _calibration(seen: Board) -> list[dict[str, float]]:
    """Mean score and share of fraud in ten bands of the score."""
    band = np.minimum((seen.score * 10).astype(int), 9)
    return [
        {
            "score": float(seen.score[band == b].mean()),
            "fraud": float(seen.fraud[band == b].mean()),
            "accounts": int((band == b).sum()),
        }
        for b in range(10)
        if (band == b).any()
    ]


def _daily(seen: Board, outcome: Outcome) -> list[dict[str, int]]:
    """Fraudulent exchanges of each day after T: all, prevented, and by a perfect detector."""
    account, at = seen.exchange_account, seen.exchange_at
    fraud = at >= seen.active_from[account]
    day = ((at - outcome.train_until) // US_PER_DAY).astype(np.int64)
    days = int((outcome.until - outcome.train_until) // US_PER_DAY) + 1
    bound = _third_requests(seen)
    counts = [
        np.bincount(day[rows], minlength=days)
        for rows in (fraud, fraud & (at > seen.flagged_at[account]), fraud & (at > bound[account]))
    ]
    names = ("fraudulent", "prevented", "bound")
    return [
        {"day": d, **{name: int(c[d]) for name, c in zip(names, counts, strict=True)}}
        for d in range(days)
    ]


def _score_histogram(seen: Board) -> dict[str, list[float]]:
    edges = np.linspace(0, 1, 26)
    scores = np.clip(seen.score, 0, 1)
    return {
        "edges": edges.tolist(),
        "honest": np.histogram(scores[~seen.fraud], edges)[0].tolist(),
        "fraud": np.histogram(scores[seen.fraud], edges)[0].tolist(),
    }


def _third_requests(seen: Board) -> Ints:
    """Flags of a detector that knows every ring and watches every event: the third exchange."""
    fraudulent = seen.exchange_at >= seen.active_from[seen.exchange_account]
    account, at = seen.exchange_account[fraudulent], seen.exchange_at[fraudulent]
    return evaluate.nth_exchange(account, at, len(seen.account_id), REQUESTS_TO_KNOW)


def _refreshed_after(moments: Ints, outcome: Outcome) -> Ints:
    """The same detector if it were woken by refreshes only."""
    refreshes = np.array(sorted(outcome.refreshes), dtype=np.int64)
    return evaluate.first_refresh_after(moments, refreshes)


def _interval(interval: evaluate.Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def _median(values: Ints) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _without_nan(found: Any) -> Any:
    """The same object with None for what is undefined: JSON knows no NaN."""
    if isinstance(found, dict):
        return {name: _without_nan(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_without_nan(value) for value in found]
    if isinstance(found, float) and math.isnan(found):
        return None
    return found
