"""The panel and the slices of a back-test against the truth; the judge's part for them.

Every detector is judged on the same accounts with the same resampled rings, so the lead of the
whole system over each of them has an interval. It knows nothing of how scores came to be.
"""

from typing import Any

import numpy as np
import polars as pl

from etl.backtest.outcome import Board, Outcome
from gnn import evaluate
from gnn.evaluate import NEVER, Floats, Interval

FALSE_POSITIVE_LIMIT = 0.001
ROUNDS = 60
LEAST_FRAUD = 5  # a slice with fewer is not shown: its figures would be chance
THE_WHOLE = "full stack"


def panel(seen: Board, outcome: Outcome, rng: np.random.Generator) -> list[dict[str, Any]]:
    """A row for each detector, the whole system last; empty where no panel was run."""
    if outcome.panel is None or not seen.fraud.any():
        return []
    order = pl.DataFrame({"account_id": seen.account_id})
    table = order.join(outcome.panel, on="account_id", how="left", maintain_order="left")
    scores = {
        name: table[name].fill_null(float(table[name].min() or 0.0)).to_numpy()  # type: ignore[arg-type]
        for name in table.columns[1:]
    }
    scores[THE_WHOLE] = seen.score
    return [_row(seen, name, score, rng) for name, score in scores.items()]


def _row(seen: Board, name: str, score: Floats, rng: np.random.Generator) -> dict[str, Any]:
    fraud, whole = seen.fraud, seen.score

    def lead(weight: Floats) -> float:
        return evaluate.average_precision(fraud, whole, weight) - evaluate.average_precision(
            fraud, score, weight
        )

    ahead = None if name == THE_WHOLE else evaluate.bootstrap(seen.groups, lead, rng, ROUNDS)
    return {
        "detector": name,
        "average_precision": evaluate.average_precision(fraud, score),
        "recall_at_0_1pct_fpr": evaluate.recall_at_fpr(fraud, score, FALSE_POSITIVE_LIMIT),
        "ahead": None if ahead is None else _bounds(ahead),
    }


def _bounds(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


def slices(seen: Board, outcome: Outcome) -> list[dict[str, Any]]:
    """What was flagged in each slice of the accounts: fraud and honest, and the ranking within."""
    if outcome.traits is None:
        return []
    order = pl.DataFrame({"account_id": seen.account_id})
    table = order.join(outcome.traits, on="account_id", how="left", maintain_order="left")
    flagged = seen.flagged_at != NEVER
    found = []
    for trait in table.columns[1:]:
        values = table[trait].fill_null("unknown")
        for value in values.unique().sort().to_list():
            here = (values == value).to_numpy()
            if int(seen.fraud[here].sum()) >= LEAST_FRAUD:
                found.append({"by": trait, "slice": value, **_figures(seen, here, flagged)})
    return found


def _figures(
    seen: Board, here: np.ndarray[Any, np.dtype[np.bool_]], flagged: np.ndarray[Any, Any]
) -> dict[str, Any]:
    fraud, honest = seen.fraud & here, ~seen.fraud & here
    return {
        "fraud": int(fraud.sum()),
        "fraud_flagged": float(flagged[fraud].mean()),
        "honest": int(honest.sum()),
        "honest_flagged": float(flagged[honest].mean()) if honest.any() else 0.0,
        "average_precision": evaluate.average_precision(seen.fraud[here], seen.score[here]),
    }
