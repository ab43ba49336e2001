"""Reasons of a back-test against the truth: are they why, and do they point at the ring?

Two figures. *Deletion*: how far scores fall without the values that reasons name, beside as many
values drawn at random. *Links*: how often the thing that carried a reason about others is shared
with an account of the same campaign, beside one of the account's other shared things. It knows
nothing of how reasons are made: that is ``gnn.explain``, the tests of them ``gnn.fidelity``.
"""

from typing import Any

import numpy as np
import polars as pl

from etl.backtest.outcome import Truth
from gnn.fidelity import carried, deletion, strongest
from gnn.mates import Links
from gnn.scorer import AccountScores, Scorer
from graph.snapshot import Snapshot

LOOKED_AT = 60
NOBODY = np.empty(0, np.int64)
REASONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "account_id": pl.String,
    "named": pl.Float64,
    "others": pl.Float64,
    "link": pl.String,
    "mates": pl.List(pl.String),
    "chance": pl.List(pl.String),
}


def reasons_tested(
    scorer: Scorer, scores: AccountScores, snapshot: Snapshot, rng: np.random.Generator
) -> pl.DataFrame:
    """A row for each of the highest scores: :data:`REASONS`, falls in log odds, ids of accounts."""
    links = Links.of(snapshot)
    rows = []
    for place in strongest(scores, LOOKED_AT):
        fell = deletion(scorer, scores, place, rng)
        behind = carried(scorer, scores, links, place, rng)
        if fell is None:
            continue
        link, mates, chance = None, NOBODY, NOBODY
        if behind is not None:
            link, mates, chance = behind.link, behind.mates, behind.others
        ids = ([scores.keys[row] for row in group.tolist()] for group in (mates, chance))
        rows.append((scores.keys[place], fell.named, fell.others, link, *ids))
    return pl.DataFrame(rows, schema=REASONS, orient="row")


def fidelity(tested: pl.DataFrame | None, truth: Truth) -> dict[str, Any]:
    """The figures of the report; empty where nothing was tested."""
    if tested is None or not tested.height:
        return {}
    campaign = dict(truth.accounts.select("account_id", "campaign").iter_rows())
    guilty = tested.filter(
        pl.col("account_id").is_in([a for a, c in campaign.items() if c is not None])
    )
    linked = guilty.filter(pl.col("link").is_not_null())
    drawn = linked.filter(pl.col("chance").list.len() > 0)
    return {
        "accounts": tested.height,
        "fall_without_named": _mean(tested["named"]),
        "fall_without_others": _mean(tested["others"]),
        "named_weigh_more": float((tested["named"] > tested["others"]).to_numpy().mean()),
        "links_named": linked.height,
        "links_hit": _hits(linked, "mates", campaign),
        "links_hit_by_chance": _hits(drawn, "chance", campaign),
    }


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean())


def _hits(linked: pl.DataFrame, column: str, campaign: dict[str, str | None]) -> float | None:
    """The share of accounts of which one of ``column`` serves the same campaign."""
    pairs = linked.select("account_id", column).iter_rows()
    hits = [any(campaign.get(mate) == campaign[own] for mate in mates) for own, mates in pairs]
    return float(np.mean(hits)) if hits else None
