"""What a refresh publishes for people and scores to see: one generation of the store.

Accounts get their score and ring, entities the number of their flagged accounts, rings their life
and what the queue shows of them. It decides nothing: who is flagged is said by ``etl.acted_on``.
"""

import json
from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from etl.acted_on import convicted
from etl.refreshed import RefreshReport
from graph.rings import RingInputs, Rings
from graph.rings.brief import briefs
from graph.rings.kin import kin
from graph.schema import EDGE_OF, NodeType
from graph.store import Generation, GraphStore


def flagged_since(store: GraphStore, flags: pl.DataFrame, as_of: int) -> dict[str, int]:
    """Since when (us) each flagged account has been so, from refresh to refresh."""
    before = {flag.account_id: flag.since for flag in store.flags()}
    return {account: before.get(account, as_of) for account in flags["account_id"].to_list()}


def generation_of(report: RefreshReport, since: Mapping[str, int], *, entities: bool) -> Generation:
    """What the store shows from now on.

    Args:
        report: what the refresh found.
        since: since when each flagged account has been so.
        entities: whether entities get columns as well, for people to browse.
    """
    keys = report.snapshot.keys(NodeType.ACCOUNT)
    shown = {"key": keys, **_scored(report), **_ringed(report.rings, keys.to_pylist())}
    columns: dict[str, pa.Table] = {NodeType.ACCOUNT.value: pa.table(shown)}
    if entities:
        columns |= _entities(report.inputs, list(since))
    table, members = report.rings.tables()
    table = _told(table, report.rings, report.inputs)
    flags = report.flags.to_arrow().append_column(
        "since", pa.array([since[a] for a in report.flags["account_id"].to_list()], pa.int64())
    )
    return Generation(report.state.number, report.as_of, columns, table, members, flags)


def _told(table: pa.Table, rings: Rings, inputs: RingInputs) -> pa.Table:
    """The rings' table with each ring's life, brief and kin in its detail."""
    brief, relatives = briefs(rings, inputs), kin(rings, inputs)
    details = []
    for text in table["detail"].to_pylist():
        detail = json.loads(text)
        story = detail.pop("story", None) or {}
        more = {**story, **brief[detail["ring_id"]], **relatives.get(detail["ring_id"], {})}
        details.append(json.dumps({**detail, **more}, sort_keys=True))
    place = table.column_names.index("detail")
    return table.set_column(place, "detail", pa.array(details, pa.string()))


def _entities(inputs: RingInputs, flagged: list[str]) -> dict[str, pa.Table]:
    """``flagged_accounts`` of every entity that has some, a table a kind."""
    marked = np.zeros(inputs.size, np.bool_)
    marked[inputs.known(flagged)] = True
    counts: dict[NodeType, np.ndarray] = {}
    for verb in inputs.snapshot.edges:
        spec = EDGE_OF[verb]
        if spec.source is NodeType.ACCOUNT and spec.target is not NodeType.ACCOUNT:
            source, target = inputs.snapshot.ends(verb)
            size = inputs.snapshot.size(spec.target)
            found = np.bincount(target[marked[source]], minlength=size)
            counts[spec.target] = counts.get(spec.target, 0) + found
    tables = {}
    for kind, found in counts.items():
        some = np.flatnonzero(found)
        keys = inputs.snapshot.keys(kind).take(pa.array(some))
        tables[kind.value] = pa.table({"key": keys, "flagged_accounts": pa.array(found[some])})
    templates = _templates(inputs, tables.pop(NodeType.PROMPT_CLUSTER.value, None))
    if templates is not None:
        tables[NodeType.PROMPT_CLUSTER.value] = templates
    return {kind: table for kind, table in tables.items() if table.num_rows}


def _templates(inputs: RingInputs, flagged: pa.Table | None) -> pa.Table | None:
    """What is said of each template that somebody asked from, beside its flagged accounts."""
    if inputs.clusters is None or "why" not in inputs.clusters.column_names:
        return flagged
    known = inputs.snapshot.keys(NodeType.PROMPT_CLUSTER)
    told = pa.table({"key": inputs.clusters["cluster_id"], "why": inputs.clusters["why"]})
    told = told.filter(pc.is_in(told["key"], value_set=known))
    if flagged is None:
        return told
    return told.join(flagged, "key", join_type="full outer")


def _scored(report: RefreshReport) -> dict[str, pa.Array]:
    if report.scores is None:
        size = len(report.snapshot.keys(NodeType.ACCOUNT))
        return {"score": pa.nulls(size, pa.float64()), "flagged": pa.nulls(size, pa.int64())}
    flagged = convicted(report.scores, report.rings).astype(np.int64)
    return {"score": pa.array(report.score), "flagged": pa.array(flagged)}


def _ringed(rings: Rings, keys: list[str]) -> dict[str, pa.Array]:
    held = rings.strongest
    found = [held.get(key) for key in keys]
    return {
        "ring_id": pa.array([None if f is None else f[0].ring_id for f in found], pa.string()),
        "ring_score": pa.array([None if f is None else f[0].score for f in found], pa.float64()),
        "ring_flagged": pa.array(
            [None if f is None else int(f[0].flagged) for f in found], pa.int64()
        ),
        "ring_version": pa.array([None if f is None else f[0].version for f in found], pa.int64()),
        "ring_size": pa.array([None if f is None else f[0].size for f in found], pa.int64()),
    }
