"""Figures of prompt clusters: who uses them, since when, how widely, what for, and their weight.

One pass over the marks with a fitted index; rows are put aside by cluster, so that memory grows
with accounts and the largest cluster, not with prompts. Knows nothing of how the index was fitted.
Read :mod:`graph.prompts.weigh` for what the figures are worth between two accounts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from etl.prompts.columns import PromptColumns, PromptSource
from etl.prompts.company import HOUR_US, company, lockstep, sittings
from etl.prompts.people import DAY_US, Everyone, old
from etl.prompts.shelves import Shelves
from graph.prompts.index import ClusterIndex
from graph.prompts.intent import INTENTS, IntentModel, shipped
from graph.prompts.weigh import ESTABLISHED_DAYS, IN_STEP, ClusterFigures, weigh

WEEK_US = 7 * DAY_US
ROWS_AT_ONCE = 2_000_000
"""Prompts of clusters in memory, some 100 bytes each."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a pass over the marks found.

    Attributes:
        clusters: one row a cluster, see :data:`COLUMNS`.
        edges: ``cluster_id``, ``account``, ``first``, ``last`` (us), ``count``, ``share`` (0..1) of
            the account's prompts in the window.
    """

    clusters: pa.Table
    edges: pa.Table


COLUMNS = {
    "cluster_id": "lasting id",
    "weight": "nats >= 0 that two accounts sharing it are tied",
    "why": "the sentence that says why it counts or not",
    "accounts": "distinct accounts",
    "prompts": "prompts",
    "idf": "log of all accounts over its accounts (nats)",
    "growth": "prompts of the last seven days over those of the seven before, smoothed",
    "networks": "distinct networks",
    "burst": "share (0..1) of its accounts' first uses that fall on the busiest day",
    "languages": "distinct languages",
    "models": "distinct models",
    "answer_tokens": "median length of an answer (tokens)",
    "top_share": "share (0..1) of the prompts that the busiest account sent",
    "median_prompts": "prompts of its median account",
    "median_hours": "clock hours in which its median account sent any",
    "distinct_share": "different prompts over prompts (0..1)",
    "established": f"accounts {ESTABLISHED_DAYS:.0f} days old or more at first use, not in step",
    "lockstep": "volleys of several accounts over what chance gives (1 is chance)",
    "in_step": "share (0..1) of its accounts whose own prompts come in volleys with others'",
    "roaming": "share (0..1) of its accounts that came from more networks than their like",
    "sittings": "clock hours that hold most of its prompts",
    "first": "first prompt (us)",
    "last": "last prompt (us)",
    **{f"p_{name}": f"calibrated probability (0..1) of {name}" for name in INTENTS},
}
"""The columns of a table of clusters, and what they mean."""

_LOGITS = [f"logit_{name}" for name in INTENTS]


def _rows(chunk: PromptColumns, index: ClusterIndex) -> pl.DataFrame:
    """The prompts of a chunk that belong to a cluster, with all that figures are made of."""
    cluster = index.assign_many(chunk.sketches).cluster
    found = cluster >= 0
    columns: dict[str, npt.NDArray[np.generic]] = {
        "cluster": cluster,
        "account": chunk.account,
        "at": chunk.at,
        "since": chunk.since,
        "network": chunk.network,
        "model": chunk.model,
        "language": chunk.language,
        "answer_tokens": chunk.answer_tokens,
        "text": chunk.text,
        **{name: chunk.intent[:, i] for i, name in enumerate(_LOGITS)},
    }
    return pl.DataFrame({name: column[found] for name, column in columns.items()})


def statistics(
    source: PromptSource,
    index: ClusterIndex,
    as_of: int,
    intent: IntentModel | None = None,
    rows_at_once: int = ROWS_AT_ONCE,
) -> Statistics:
    """Figures, weights and account edges of every cluster seen in ``source``.

    Args:
        source: marks of a window.
        index: the fitted index.
        as_of: microseconds; growth is read against it.
        intent: the intent model, the shipped one unless another is given.
        rows_at_once: prompts of clusters in memory; more go to temporary files.
    """
    everyone = Everyone()
    found: list[tuple[pl.DataFrame, pl.DataFrame]] = []
    with Shelves(rows_at_once) as shelves:
        for chunk in source.chunks():
            shelves.add(_rows(chunk, index))
            everyone.add(chunk)
        people = everyone.table()
        for part in shelves.parts():
            prompts = _with_company(part)
            edges = _edges(prompts, people)
            found.append((_figures(prompts, edges, as_of), edges))
    if not found:
        return Statistics(_nothing(), pa.table({}))
    figures = pl.concat([one for one, _ in found]).sort("cluster")
    model = intent or shipped()
    chances = model.probabilities(figures.select(_LOGITS).to_numpy().astype(np.float32))
    table = _weighed(figures, people, chances, index.ids)
    ids = pl.Series(index.ids, dtype=pl.String)
    edges = pl.concat([one for _, one in found])
    named = edges.with_columns(cluster_id=ids.gather(edges["cluster"])).drop(
        "cluster", "since", "loose", "hours"
    )
    return Statistics(table, _plain(named.sort("cluster_id", "account").to_arrow()))


def _with_company(prompts: pl.DataFrame) -> pl.DataFrame:
    columns = (prompts[name].cast(pl.Int64).to_numpy() for name in ("cluster", "account", "at"))
    near, expected = company(*columns)
    return prompts.with_columns(near=pl.Series(near), expected=pl.Series(expected))


def _edges(prompts: pl.DataFrame, everyone: pl.DataFrame) -> pl.DataFrame:
    sent = everyone.select("account", "sent", "roams")
    own_pace = lockstep(prompts, ["cluster", "account"]).select(
        "cluster", "account", loose=pl.col("lockstep") < IN_STEP
    )
    found = prompts.group_by("cluster", "account").agg(
        pl.col("at").min().alias("first"),
        pl.col("at").max().alias("last"),
        pl.col("since").max(),
        pl.len().cast(pl.Int64).alias("count"),
        (pl.col("at") // HOUR_US).n_unique().alias("hours"),
        *(pl.col(name).mean() for name in _LOGITS),
    )
    shared = found.join(sent, on="account").join(own_pace, on=["cluster", "account"])
    return shared.with_columns(share=pl.col("count") / pl.col("sent")).drop("sent")


def _figures(prompts: pl.DataFrame, edges: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """One row a cluster; intents are means over accounts, so that nobody speaks for the rest."""
    recent = (pl.col("at") > as_of - WEEK_US).sum().cast(pl.Float64)
    before = pl.col("at").is_between(as_of - 2 * WEEK_US, as_of - WEEK_US, closed="right").sum()
    sent = prompts.group_by("cluster").agg(
        pl.len().cast(pl.Int64).alias("prompts"),
        ((recent + 1) / (before + 1)).alias("growth"),
        pl.col("network").n_unique().alias("networks"),
        pl.col("language").n_unique().alias("languages"),
        pl.col("model").n_unique().alias("models"),
        pl.col("answer_tokens").median(),
        (pl.col("text").n_unique() / pl.len()).alias("distinct_share"),
        pl.col("at").min().alias("first"),
        pl.col("at").max().alias("last"),
    )
    day = (pl.col("first") // DAY_US).unique_counts().max() / pl.len()
    using = edges.group_by("cluster").agg(
        pl.len().cast(pl.Int64).alias("accounts"),
        (pl.col("count").max() / pl.col("count").sum()).alias("top_share"),
        pl.col("count").median().alias("median_prompts"),
        pl.col("hours").median().alias("median_hours"),
        day.alias("burst"),
        (old("first") & pl.col("loose")).sum().cast(pl.Int64).alias("established"),
        (pl.col("since") > 0).sum().cast(pl.Int64).alias("known_age"),
        (~pl.col("loose")).mean().alias("in_step"),
        pl.col("roams").mean().alias("roaming"),
        *(pl.col(name).mean() for name in _LOGITS),
    )
    paced = sent.join(lockstep(prompts, ["cluster"]), on="cluster").join(
        sittings(prompts), on="cluster"
    )
    return paced.join(using, on="cluster").sort("cluster")


def _weighed(
    figures: pl.DataFrame,
    everyone: pl.DataFrame,
    chances: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    ids: Sequence[str],
) -> pa.Table:
    aged = everyone.filter(pl.col("since") > 0)
    established = float(aged.select(old("at").mean()).item() or 0.0) if len(aged) else 0.0
    worth = [
        weigh(
            ClusterFigures(
                accounts=row["accounts"],
                population=len(everyone),
                prompts=row["prompts"],
                median_prompts=row["median_prompts"],
                top_share=row["top_share"],
                distinct_share=row["distinct_share"],
                burst=row["burst"],
                established=row["established"],
                known_age=row["known_age"],
                population_established=established,
                ordinary=float(chance[INTENTS.index("ordinary")]),
                lockstep=row["lockstep"],
                sittings=row["sittings"],
                median_hours=row["median_hours"],
                in_step=row["in_step"],
                roaming=row["roaming"],
            )
        )
        for row, chance in zip(figures.iter_rows(named=True), chances, strict=True)
    ]
    table = figures.with_columns(
        cluster_id=pl.Series(ids, dtype=pl.String).gather(figures["cluster"]),
        weight=pl.Series([one.nats for one in worth], dtype=pl.Float64),
        why=pl.Series([one.why for one in worth], dtype=pl.String),
        idf=(len(everyone) / pl.col("accounts")).log(),
        **{f"p_{name}": pl.Series(chances[:, i]) for i, name in enumerate(INTENTS)},
    )
    return _plain(table.select(list(COLUMNS)).sort("cluster_id").to_arrow())


def _plain(table: pa.Table) -> pa.Table:
    """The table with texts as ordinary strings, as every other table has them."""
    fields = (
        pa.field(f.name, pa.string() if pa.types.is_large_string(f.type) else f.type)
        for f in table.schema
    )
    return table.cast(pa.schema(fields))


def _nothing() -> pa.Table:
    blank = {name: pa.array([], pa.float64()) for name in COLUMNS}
    return pa.table(
        {**blank, "cluster_id": pa.array([], pa.string()), "why": pa.array([], pa.string())}
    )
