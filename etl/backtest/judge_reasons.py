"""Reasons of a back-test against the truth: are they why, and do they point at the ring?

Two figures. *Deletion*: how far scores fall without the values that reasons name, beside as many
values drawn at random. *Links*: how often the thing that carried a reason about others is shared
with an account of the same campaign, beside one of the account's other shared things. Both are
asked of the graph network's part by itself as well, where there is one: how far it falls without
the entities it names, and where the first of them leads. It knows nothing of how reasons are made:
that is ``gnn.explain``, the tests of them ``gnn.fidelity``.
"""

from typing import Any

import numpy as np
import polars as pl

from etl.backtest.outcome import Truth
from gnn.explained import heard_of
from gnn.fidelity import Carried, carried, deletion, kept_company, strongest
from gnn.mates import Links
from gnn.scorer import AccountScores, Scorer
from graph.snapshot import Snapshot

LOOKED_AT = 60
REASONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "account_id": pl.String,
    "named": pl.Float64,
    "others": pl.Float64,
    "link": pl.String,
    "mates": pl.List(pl.String),
    "chance": pl.List(pl.String),
    "company_named": pl.Float64,
    "company_others": pl.Float64,
    "company_mates": pl.List(pl.String),
    "company_chance": pl.List(pl.String),
}


def reasons_tested(
    scorer: Scorer, scores: AccountScores, snapshot: Snapshot, rng: np.random.Generator
) -> pl.DataFrame:
    """A row for each of the highest scores: :data:`REASONS`, falls in log odds, ids of accounts."""
    links, places = Links.of(snapshot), strongest(scores, LOOKED_AT)
    heard = {one.place: one for one in heard_of(scorer, scores, links, places)}
    rows = []
    for place in places:
        fell = deletion(scorer, scores, place, rng)
        behind = carried(scorer, scores, links, place, rng)
        company = kept_company(heard[place], links, rng) if place in heard else None
        if fell is None:
            continue
        row = {"account_id": scores.keys[place], "named": fell.named, "others": fell.others}
        row |= {"link": None, "mates": [], "chance": []}
        if behind is not None:
            row |= {"link": behind.link, **_ids(scores, behind, "")}
        if company is not None:
            without, by = company
            row |= {"company_named": without.named, "company_others": without.others}
            row |= _ids(scores, by, "company_")
        rows.append(row)
    return pl.DataFrame(rows, schema=REASONS, orient="row")


def _ids(scores: AccountScores, behind: Carried, prefix: str) -> dict[str, object]:
    """The accounts behind a reason and those drawn at random, by id."""
    groups = {"mates": behind.mates, "chance": behind.others}
    return {f"{prefix}{n}": [scores.keys[row] for row in g.tolist()] for n, g in groups.items()}


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
        **_company(guilty.filter(pl.col("company_named").is_not_null()), campaign),
    }


def _company(asked: pl.DataFrame, campaign: dict[str, str | None]) -> dict[str, Any]:
    """The figures of the graph network's part; nothing where no account had one to ask of."""
    if not asked.height:
        return {}
    return {
        "company_asked": asked.height,
        "company_fall_without_named": _mean(asked["company_named"]),
        "company_fall_without_others": _mean(asked["company_others"]),
        "company_hit": _hits(asked, "company_mates", campaign),
        "company_hit_by_chance": _hits(asked, "company_chance", campaign),
    }


def _mean(values: pl.Series) -> float:
    return float(values.to_numpy().mean())


def _hits(linked: pl.DataFrame, column: str, campaign: dict[str, str | None]) -> float | None:
    """The share of accounts of which one of ``column`` serves the same campaign."""
    pairs = linked.select("account_id", column).iter_rows()
    hits = [any(campaign.get(mate) == campaign[own] for mate in mates) for own, mates in pairs]
    return float(np.mean(hits)) if hits else None
