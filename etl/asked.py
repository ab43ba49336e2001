"""What accounts asked, as edges of the graph: the prompt part of a refresh.

Requests of a sliding window are looked up in an index of templates, which is fitted anew now and
then; what has left the window keeps the clusters it had. Everything is columns. It knows how an
index is used, not how it is fitted: that is :mod:`etl.prompts.fit`. Read :mod:`etl.refresh` next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from etl.prompts.columns import PromptColumns, digests
from etl.replay.timeline import EventTables
from graph.facts import Edge, Facts, Node
from graph.prompts import ClusterIndex, Sketches
from graph.schema import NodeType, node_id
from graph.snapshot import Snapshot
from graph.stores.piece import edge_table, recount

Ints = npt.NDArray[np.int64]

DAY_US = 86_400_000_000
CHUNK = 100_000
READ = (
    "account_id", "at", "sketch", "system_sketch", "asn", "model", "language", "completion_tokens",
    "intent",
)  # fmt: skip
_PAIRS = {
    "account_id": pl.String,
    "cluster": pl.String,
    "first": pl.Int64,
    "last": pl.Int64,
    "count": pl.Int64,
}


@dataclass(frozen=True)
class Asked:
    """Who asked what, as of the last refresh.

    ``index`` and ``clusters`` (``cluster_id``, ``weight``, ``why``, ...) are of the last fit, at
    ``fitted_at`` (us; 0 = never). ``settled`` holds account, cluster, first and last moment and
    count of requests up to ``settled_until``, which have left the window for good.
    """

    index: ClusterIndex
    clusters: pa.Table | None = None
    fitted_at: int = 0
    settled: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_PAIRS))
    settled_until: int = -1

    @classmethod
    def nothing(cls, key_id: str) -> "Asked":
        """Before the first refresh."""
        return cls(ClusterIndex.empty(key_id))


@dataclass(frozen=True)
class Answered:
    """The prompt part of one refresh: the state to go on with, and what it gives the graph.

    ``edges`` has one row an account and cluster (``account_id``, ``cluster``, ``first``, ``last``,
    ``count``), ``requests`` the window's requests with a column ``cluster``.
    """

    asked: Asked
    edges: pl.DataFrame
    requests: pa.Table


def look_up(events: EventTables, asked: Asked, as_of: int, window_days: int) -> Answered:
    """Every request up to ``as_of`` (us) that is not settled, under the clusters of the index."""
    open_requests = events.read("requests", since=asked.settled_until, until=as_of)
    found = _clustered(open_requests, asked.index)
    border = as_of - window_days * DAY_US
    old = found.filter(pl.col("at") <= border)
    recent = found.filter(pl.col("at") > border)
    settled = _added(asked.settled, _pairs(old))
    cut = int((found["at"] <= border).sum())
    requests = open_requests.slice(cut).append_column("cluster", recent["cluster"].to_arrow())
    until = max(border, asked.settled_until)
    state = replace(asked, settled=settled, settled_until=until)
    return Answered(state, _added(settled, _pairs(recent)), requests)


def asked_by(
    requests: pa.Table, asked: Asked, edges: pl.DataFrame, account_ids: Sequence[str]
) -> pl.DataFrame:
    """Edges of a few accounts and of all who share a cluster with them, between two refreshes.

    Args:
        requests: what those accounts sent since the refresh.
        asked: the state the refresh left.
        edges: everybody's edges as of the refresh.
        account_ids: the accounts.
    """
    mine = pl.col("account_id").is_in(list(account_ids))
    own = _added(edges.filter(mine), _pairs(_clustered(requests, asked.index)))
    shared = pl.col("cluster").is_in(own["cluster"].unique().to_list())
    return pl.concat([own, edges.filter(shared & ~mine)])


def add_asked(snapshot: Snapshot, edges: pl.DataFrame) -> Snapshot:
    """``snapshot`` with prompt clusters as nodes, and these edges in place of those it had."""
    keys = snapshot.keys(NodeType.ACCOUNT).to_pylist()
    seat = pl.DataFrame({"account_id": keys, "source": np.arange(len(keys))})
    known = edges.join(seat, on="account_id", how="inner")
    clusters = known["cluster"].unique().sort()
    place = pl.DataFrame({"cluster": clusters, "target": np.arange(len(clusters))})
    known = known.join(place, on="cluster")
    first = known.group_by("cluster").agg(pl.col("first").min()).sort("cluster")["first"]
    nodes = {kind: table for kind, table in snapshot.nodes.items() if kind != "prompt_cluster"}
    others = {verb: table for verb, table in snapshot.edges.items() if verb != "ASKED"}
    if len(clusters):
        nodes[NodeType.PROMPT_CLUSTER] = pa.table(
            {
                "key": pa.array(clusters.to_list(), pa.string()),
                "first_seen": pa.array(first.to_list(), pa.int64()),
                "degree": pa.nulls(len(clusters), pa.int64()),
            }
        )
        columns = (_int64(known[n]) for n in ("source", "target", "first", "last", "count"))
        others["ASKED"] = edge_table(*columns)
    return Snapshot(snapshot.as_of, recount(nodes, others), others, snapshot.generation)


def changes(before: pl.DataFrame | None, now: pl.DataFrame, version: int) -> Iterator[Facts]:
    """What to tell a store so that its ``ASKED`` edges are those of ``now``, in batches.

    ``version`` must grow from refresh to refresh; an edge that is gone is taken out.
    """
    pair = ["account_id", "cluster"]
    gone = [] if before is None else before.join(now, on=pair, how="anti").rows()
    new = now if before is None else now.join(before, on=now.columns, how="anti")
    rows = [*new.rows(), *((*row[:4], 0) for row in gone)]
    for start in range(0, len(rows), 5_000):
        part = rows[start : start + 5_000]
        first_seen: dict[str, int] = {}
        for _, cluster, first, _, _ in part:
            first_seen[cluster] = min(first, first_seen.get(cluster, first))
        nodes = tuple(Node(NodeType.PROMPT_CLUSTER, c, at) for c, at in first_seen.items())
        yield Facts(nodes, tuple(_edge(row, version) for row in part))


def prompt_columns(requests: pa.Table, signups: pa.Table) -> PromptColumns:
    """Requests as the clusterer reads them, in the order given; after each its system prompt."""
    frame = pl.DataFrame(pl.from_arrow(requests.select(["account_id", "asn", "model", "language"])))
    accounts = frame["account_id"].unique().sort()
    number = pl.DataFrame({"account_id": accounts, "n": np.arange(1, len(accounts) + 1)})
    opened = pl.DataFrame(pl.from_arrow(signups.select(["account_id", "at"])))
    joined = frame.join(number, on="account_id", how="left", maintain_order="left").join(
        opened, on="account_id", how="left", maintain_order="left"
    )
    intents = requests["intent"].combine_chunks()
    sketches = sketches_in(requests)
    turns = PromptColumns(
        account=_int64(joined["n"]),
        at=np.asarray(requests["at"].combine_chunks(), np.int64),
        sketches=sketches,
        since=_int64(joined["at"].fill_null(0)),
        network=_codes(frame["asn"]),
        model=_codes(frame["model"]).astype(np.int32),
        language=_codes(frame["language"]).astype(np.int16),
        answer_tokens=np.asarray(requests["completion_tokens"].combine_chunks(), np.int32),
        intent=np.asarray(intents.flatten(), np.float32).reshape(len(intents), -1),
        text=digests(sketches.offsets, sketches.values),
        system=np.zeros(len(sketches), np.bool_),
    )
    return turns.with_systems(sketches_in(requests, "system_sketch"))


def sketches_in(requests: pa.Table, name: str = "sketch") -> Sketches:
    """The sketches in a column of requests, without copying them one by one.

    Requests from before there was such a column have empty ones.
    """
    if name not in requests.column_names:
        return Sketches(np.zeros(requests.num_rows + 1, np.int64), np.empty(0, np.uint64))
    column = requests[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.binary())
    if not len(column):
        return Sketches(np.zeros(1, np.int64), np.empty(0, np.uint64))
    _, offsets, content = column.buffers()
    ends = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    values = np.frombuffer(content, np.uint8)[ends[0] : ends[-1]] if content else b""
    return Sketches((ends - ends[0]).astype(np.int64) // 8, np.frombuffer(values, "<u8"))


def clusters_of(requests: pa.Table, index: ClusterIndex) -> list[str | None]:
    """The cluster of each request, None where it has none."""
    clusters: list[str | None] = _clustered(requests, index)["cluster"].to_list()
    return clusters


def _clustered(requests: pa.Table, index: ClusterIndex) -> pl.DataFrame:
    """Account, moment and clusters (null = none) of each request, in the order given.

    ``turn`` is the prompt's own, ``system`` that of the system prompt beside it, and ``cluster``
    the one that stands for the request where there is room for one: the prompt's own if it has one.
    """
    names = pl.Series([*index.ids, None], dtype=pl.String)
    found = pl.DataFrame(
        {
            "account_id": pl.from_arrow(requests["account_id"].combine_chunks()),
            "at": pl.from_arrow(requests["at"].combine_chunks()),
            "turn": names.gather(_voted(requests, "sketch", index)),
            "system": names.gather(_voted(requests, "system_sketch", index)),
        }
    )
    return found.with_columns(cluster=pl.coalesce("turn", "system"))


def _voted(requests: pa.Table, name: str, index: ClusterIndex) -> Ints:
    """The number of the cluster of each sketch in a column, that of all clusters for none."""
    clusters = np.full(requests.num_rows, -1, np.int64)
    if len(index):
        for start in range(0, requests.num_rows, CHUNK):
            votes = index.assign_many(sketches_in(requests.slice(start, CHUNK), name))
            clusters[start : start + CHUNK] = votes.cluster
    return np.where(clusters < 0, len(index), clusters)


def _pairs(found: pl.DataFrame) -> pl.DataFrame:
    both = pl.concat(
        found.select("account_id", "at", cluster=pl.col(name)) for name in ("turn", "system")
    )
    return (
        both.filter(pl.col("cluster").is_not_null())
        .group_by("account_id", "cluster")
        .agg(first=pl.col("at").min(), last=pl.col("at").max(), count=pl.len().cast(pl.Int64))
        .sort("account_id", "cluster")
    )


def _added(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    return (
        pl.concat([one, other])
        .group_by("account_id", "cluster")
        .agg(pl.col("first").min(), pl.col("last").max(), pl.col("count").sum())
        .sort("account_id", "cluster")
    )


def _edge(row: tuple[str, str, int, int, int], version: int) -> Edge:
    account, cluster, first, last, count = row
    ends = (node_id(NodeType.ACCOUNT, account), node_id(NodeType.PROMPT_CLUSTER, cluster))
    return Edge(ends[0], "ASKED", ends[1], first, last, count, version)


def _codes(texts: pl.Series) -> Ints:
    """Texts as numbers from 1 in their own order; 0 = unknown."""
    known = texts.unique().drop_nulls().sort()
    table = pl.DataFrame({"text": known, "code": np.arange(1, len(known) + 1)})
    frame = texts.alias("text").to_frame().join(table, on="text", how="left", maintain_order="left")
    return _int64(frame["code"].fill_null(0))


def _int64(values: pl.Series) -> Ints:
    return values.to_numpy().astype(np.int64)
