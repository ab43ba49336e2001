"""What the ring finder looks at: the graph as of a moment and, where known, columns of events.

Rows of every table are tied to accounts of the snapshot once, here; nothing later than ``as_of``
and nothing of an unknown account comes through. It knows nothing of evidence. Read
:mod:`graph.rings.find` next.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import InputError
from graph.rings.usual import Usual
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot, one_piece

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def distinct(values: Ints) -> Ints:
    """The distinct values, ascending: ``np.unique`` by sorting, several times faster here."""
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), np.bool_)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]


@dataclass(frozen=True)
class Columns:
    """Rows of one event table whose accounts are in the snapshot, in order of time.

    ``account`` holds row numbers into the snapshot's accounts, ``at`` microseconds; both [E].
    """

    account: Ints
    at: Ints
    table: pa.Table

    def __len__(self) -> int:
        return len(self.account)

    def codes(self, column: str) -> tuple[Ints, Sequence[Any]]:
        """A column as small integers [E] (-1 = null) and the values they stand for."""
        if column not in self.table.column_names:
            return np.full(len(self), -1, np.int64), []
        values = self.table[column].combine_chunks()
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        coded = values.dictionary_encode()
        if isinstance(coded, pa.ChunkedArray):
            coded = coded.combine_chunks()
        codes = np.asarray(pc.fill_null(coded.indices, -1), dtype=np.int64)
        return codes, coded.dictionary.to_pylist()

    def numbers(self, column: str) -> Floats:
        """A numeric column [E]; NaN where it is unknown or absent."""
        if column not in self.table.column_names:
            return np.full(len(self), np.nan)
        values = pc.cast(self.table[column].combine_chunks(), pa.float64())
        return np.asarray(pc.fill_null(values, float("nan")), dtype=np.float64)

    def integers(self, column: str) -> Ints:
        """An integer column [E]; 0 where it is unknown or absent."""
        if column not in self.table.column_names:
            return np.zeros(len(self), np.int64)
        values = pc.cast(self.table[column].combine_chunks(), pa.int64())
        return np.asarray(pc.fill_null(values, 0), dtype=np.int64)


@dataclass(frozen=True)
class RingInputs:
    """The graph and what else is known as of ``as_of`` (us).

    Attributes:
        snapshot: accounts and their edges.
        as_of: the moment; later rows of any table are left out.
        suspicion: a calibrated probability an account (0..1, NaN = unknown), shape [N], in the
            order of the snapshot's accounts; None when no model has spoken.
        clusters: prompt clusters: ``cluster_id``, ``weight`` (nats >= 0 that two accounts sharing
            it be tied) and ``why``. None: weights are learnt from the graph alone.
        requests, payments, signups, enforcements: cleaned events as the journal gives them, with
            ``account_id`` and ``at``; each may be missing, and a missing column says nothing.
        usual: what is usual in the population; learnt from these inputs where it is not known yet.
        joined: sign-ups of the whole population by pathway and day, where these inputs are only
            a part of it (:mod:`graph.rings.part`); None: counted here.
    """

    snapshot: Snapshot
    as_of: int
    suspicion: Floats | None = None
    clusters: pa.Table | None = None
    requests: pa.Table | None = None
    payments: pa.Table | None = None
    signups: pa.Table | None = None
    enforcements: pa.Table | None = None
    usual: Usual = field(default_factory=Usual, compare=False)
    joined: Mapping[tuple[str | None, int], int] | None = None

    def __post_init__(self) -> None:
        if self.suspicion is not None and len(self.suspicion) != self.size:
            raise InputError(
                f"suspicion has {len(self.suspicion)} rows, the snapshot {self.size} accounts"
            )

    @property
    def size(self) -> int:
        """The number of accounts, N."""
        return self.snapshot.size(NodeType.ACCOUNT)

    @cached_property
    def account_ids(self) -> pa.Array:
        """Account ids by row, [N]."""
        return self.snapshot.keys(NodeType.ACCOUNT)

    def rows_of(self, ids: pa.Array | Iterable[str]) -> Ints:
        """The row of each account id, -1 where there is no such account."""
        if not isinstance(ids, pa.Array):
            ids = pa.array(list(ids), pa.string())
        found = pc.index_in(ids.cast(self.account_ids.type), value_set=self.account_ids)
        return np.asarray(pc.fill_null(found, -1), dtype=np.int64)

    def known(self, ids: pa.Array | Iterable[str]) -> Ints:
        """The rows of those account ids that there are, in their order."""
        rows = self.rows_of(ids)
        return rows[rows >= 0]

    @cached_property
    def created_at(self) -> Ints:
        """When each account signed up (us), [N]; its first event where that is unknown."""
        return created_in(self.snapshot)

    @cached_property
    def last_seen(self) -> Ints:
        """The last event of each account by its edges (us), [N]."""
        last = self.created_at.copy()
        for verb in self.snapshot.edges:
            if EDGE_OF[verb].source is NodeType.ACCOUNT:
                source, _ = self.snapshot.ends(verb)
                np.maximum.at(last, source, self.snapshot.edge_column(verb, "last_seen"))
        return np.minimum(last, self.as_of)

    @cached_property
    def cluster_weights(self) -> dict[str, tuple[float, str]]:
        """Cluster id -> (link weight in nats, why)."""
        if self.clusters is None:
            return {}
        columns = self.clusters.select(["cluster_id", "weight", "why"]).to_pydict()
        weights = zip(columns["weight"], columns["why"], strict=True)
        return dict(zip(columns["cluster_id"], weights, strict=True))

    @cached_property
    def active(self) -> Bools:
        """Accounts that asked for anything of late, by requests or by templates, [N]."""
        acts = np.zeros(self.size, np.bool_)
        acts[self.request_columns.account] = True
        acts[self.snapshot.ends("ASKED")[0]] = True
        return acts

    @cached_property
    def days_active(self) -> Ints:
        """On how many days each account asked for anything, [N]."""
        requests = self.request_columns
        day = distinct(requests.account * 100_000 + requests.at // DAY_US)
        return np.bincount(day // 100_000, minlength=self.size)

    @cached_property
    def request_columns(self) -> Columns:
        """Requests."""
        return self._columns(self.requests)

    @cached_property
    def payment_columns(self) -> Columns:
        """Payments."""
        return self._columns(self.payments)

    @cached_property
    def signup_columns(self) -> Columns:
        """Sign-ups."""
        return self._columns(self.signups)

    @cached_property
    def enforcement_columns(self) -> Columns:
        """Enforcements."""
        return self._columns(self.enforcements)

    def _columns(self, table: pa.Table | None) -> Columns:
        if table is None or not table.num_rows or not self.size:
            none = np.empty(0, np.int64)
            return Columns(none, none, pa.table({}))
        ids = table["account_id"].combine_chunks()
        if pa.types.is_dictionary(ids.type):
            ids = ids.dictionary_decode()
        rows = self.rows_of(ids)
        at = np.asarray(table["at"].combine_chunks().cast(pa.int64()), dtype=np.int64)
        keep = np.flatnonzero((rows >= 0) & (at <= self.as_of))
        order = keep[np.lexsort((rows[keep], at[keep]))]
        return Columns(rows[order], at[order], table.take(pa.array(order)))


def created_in(snapshot: Snapshot) -> Ints:
    """When each account of ``snapshot`` signed up (us), [N]; its first event if that is unknown."""
    if not snapshot.size(NodeType.ACCOUNT):
        return np.empty(0, np.int64)
    table = snapshot.nodes[NodeType.ACCOUNT]
    seen = one_piece(table["first_seen"])
    if "created_at" not in table.column_names:
        return np.asarray(seen, dtype=np.int64)
    created = one_piece(table["created_at"]).cast(pa.int64())
    return np.asarray(pc.coalesce(created, seen), dtype=np.int64)
