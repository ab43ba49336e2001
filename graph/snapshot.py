"""An immutable columnar piece of the graph as of a moment: the only thing ``gnn`` takes.

A whole export and the neighbourhood of one sign-up have the same type, so that training and
serving cannot drift apart. Order is stable (nodes by key, edges by source then target), so the
digest of equal graphs is equal whatever store they came from. It knows nothing of stores.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.errors import StoreCorrupt, UnknownName
from graph.near import Entity, Near
from graph.schema import EDGE_OF, NodeType

EDGE_FIELDS = pa.schema(
    [
        pa.field("source", pa.int32(), nullable=False),
        pa.field("target", pa.int32(), nullable=False),
        pa.field("first_seen", pa.int64(), nullable=False),
        pa.field("last_seen", pa.int64(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Snapshot:
    """Nodes and edges as Arrow tables.

    ``nodes[kind]`` has ``key`` (text, ascending, unique), ``first_seen`` (us), ``degree`` (number
    of edges that touch it in the whole store, not only in this piece) and the kind's properties
    (null = unknown). ``edges[verb]`` has :data:`EDGE_FIELDS`; ``source`` and ``target`` are row
    numbers into the tables of the verb's node types. A kind or verb that is absent is empty.

    ``as_of`` is the moment (us) that the piece describes; ``generation`` the number of the refresh
    whose scores and rings it holds (0 = none yet). ``rows`` gives the same as plain rows, where
    whoever made the piece had them anyway; read them by :attr:`near`.
    """

    as_of: int
    nodes: Mapping[NodeType, pa.Table] = field(default_factory=dict)
    edges: Mapping[str, pa.Table] = field(default_factory=dict)
    generation: int = 0
    rows: Callable[[], Near] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Rows that a store has read are of the vocabulary; looking would lay out the tables.
        for verb in self.edges if self.rows is None else ():
            if verb not in EDGE_OF:
                raise UnknownName.among("edge type", verb, EDGE_OF)

    def size(self, kind: NodeType) -> int:
        """The number of nodes of ``kind``."""
        table = self.nodes.get(kind)
        return 0 if table is None else table.num_rows

    def keys(self, kind: NodeType) -> pa.Array:
        """The keys of ``kind``, ascending."""
        if kind not in self.nodes:
            return pa.array([], pa.string())
        return one_piece(self.nodes[kind]["key"])

    def numbers(self, kind: NodeType, column: str) -> npt.NDArray[np.float64]:
        """A numeric column as float64 [N]; NaN where it is unknown or the column is absent."""
        table = self.nodes.get(kind)
        if table is None or column not in table.column_names:
            return np.full(self.size(kind), np.nan)
        values = one_piece(table[column]).cast(pa.float64())
        return np.asarray(pc.fill_null(values, float("nan")), dtype=np.float64)

    def texts(self, kind: NodeType, column: str) -> pa.Array:
        """A text column; null where it is unknown or the column is absent."""
        table = self.nodes.get(kind)
        if table is None or column not in table.column_names:
            return pa.nulls(self.size(kind), pa.string())
        return one_piece(table[column])

    def rows_of(self, kind: NodeType, keys: Iterable[str]) -> npt.NDArray[np.int64]:
        """The row numbers of ``keys``; -1 for a key that is not in this piece."""
        found = pc.index_in(pa.array(list(keys), pa.string()), value_set=self.keys(kind))
        return np.asarray(pc.fill_null(found, -1), dtype=np.int64)

    def ends(self, verb: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Source and target rows of every edge of ``verb``, each int64 [E]."""
        if verb not in self.edges:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        if verb not in self._ends:  # stored narrower: widened once, as everybody asks for them
            table = self.edges[verb]
            self._ends[verb] = _int64(table["source"]), _int64(table["target"])
        return self._ends[verb]

    @cached_property
    def _ends(self) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        return {}

    def edge_column(self, verb: str, column: str) -> npt.NDArray[np.int64]:
        """``first_seen``, ``last_seen`` (us) or ``count`` of every edge of ``verb``, int64 [E]."""
        if verb not in self.edges:
            return np.empty(0, np.int64)
        return _int64(self.edges[verb][column])

    def with_columns(self, kind: NodeType, columns: Mapping[str, pa.Array]) -> Self:
        """The same piece with ``columns`` (each of length ``size(kind)``) set on ``kind``."""
        table = self.nodes[kind]
        for name, values in columns.items():
            if name in table.column_names:
                table = table.set_column(table.column_names.index(name), name, values)
            else:
                table = table.append_column(name, values)
        return type(self)(self.as_of, {**self.nodes, kind: table}, self.edges, self.generation)

    @cached_property
    def near(self) -> Near:
        """The piece as plain rows, for a reader of few nodes."""
        return _rows_of(self) if self.rows is None else self.rows()

    @cached_property
    def digest(self) -> str:
        """SHA-256 over content (not ``as_of`` or ``generation``): equal graphs, equal digests."""
        total = hashlib.sha256()
        for name, table in self._parts():
            total.update(name.encode())
            for column in sorted(table.column_names):
                total.update(column.encode())
                total.update(_column_bytes(table[column]))
        return total.hexdigest()

    def save(self, folder: Path) -> None:
        """Write the Parquet form: a file a kind and a verb, and ``as_of`` in the metadata."""
        folder.mkdir(parents=True, exist_ok=True)
        stamp = {b"as_of": str(self.as_of).encode(), b"generation": str(self.generation).encode()}
        for name, table in self._parts():
            pq.write_table(table.replace_schema_metadata(stamp), folder / f"{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            StoreCorrupt: if the folder holds no snapshot.
        """
        files = sorted(folder.glob("*.parquet"))
        if not files:
            raise StoreCorrupt(f"no snapshot in {folder.name}")
        tables = {file.stem: pq.read_table(file) for file in files}
        stamp = next(iter(tables.values())).schema.metadata or {}
        plain = {name: table.replace_schema_metadata(None) for name, table in tables.items()}
        nodes = {NodeType(n[5:]): t for n, t in plain.items() if n.startswith("node-")}
        edges = {n[5:]: t for n, t in plain.items() if n.startswith("edge-")}
        return cls(int(stamp[b"as_of"]), nodes, edges, int(stamp[b"generation"]))

    def _parts(self) -> list[tuple[str, pa.Table]]:
        kinds = [(f"node-{k.value}", t) for k, t in sorted(self.nodes.items()) if t.num_rows]
        verbs = [(f"edge-{v}", t) for v, t in sorted(self.edges.items()) if t.num_rows]
        return kinds + verbs


def one_piece(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; the piece itself, not a copy of it, where there is but one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _rows_of(piece: Snapshot) -> Near:
    """The rows of a piece that was made from tables."""
    names: list[str] = []
    accounts: dict[str, tuple[object, ...]] = {}
    entities: dict[NodeType, list[Entity]] = {}
    ids: dict[str, Entity] = {}
    for kind, table in piece.nodes.items():
        columns = {name: table[name].to_pylist() for name in table.column_names}
        if kind is NodeType.ACCOUNT:
            names = list(columns)
            accounts = dict(zip(columns["key"], zip(*columns.values(), strict=True), strict=True))
            continue
        seen = zip(columns["first_seen"], columns["degree"], strict=True)
        entities[kind] = [Entity(first, degree or 0) for first, degree in seen]
        ids |= {f"{kind}:{key}": e for key, e in zip(columns["key"], entities[kind], strict=True)}
    for verb in piece.edges:
        _tie(piece, verb, list(accounts), entities)
    for entity in ids.values():
        entity.holders.sort(key=lambda held: held[1])
    places = {name: place for place, name in enumerate(names)}
    return Near(piece.as_of, piece.generation, places, accounts, ids)


def _tie(
    piece: Snapshot, verb: str, keys: list[str], entities: Mapping[NodeType, list[Entity]]
) -> None:
    spec = EDGE_OF[verb]
    if spec.target is NodeType.ACCOUNT:
        return
    sources, targets = (ends.tolist() for ends in piece.ends(verb))
    firsts = piece.edge_column(verb, "first_seen").tolist()
    for source, target, first in zip(sources, targets, firsts, strict=True):
        if spec.source is NodeType.ACCOUNT:
            entities[spec.target][target].holders.append((verb, keys[source], first))
        else:
            entities[spec.source][source].leading_on += 1


def _int64(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(one_piece(column), dtype=np.int64)


def _column_bytes(column: pa.ChunkedArray) -> bytes:
    """Bytes that depend on the values alone, not on chunks, offsets or the width of the type."""
    values = column.combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.nulls(0)
    known = np.packbits(np.asarray(values.is_valid())).tobytes()
    if values.null_count == len(values):
        return b"?" + known
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        lengths = np.asarray(pc.fill_null(pc.binary_length(values), 0), dtype=np.int64)
        joined = "".join(text for text in values.to_pylist() if text is not None)
        return b"s" + known + lengths.tobytes() + joined.encode()
    if pa.types.is_integer(values.type):
        return b"i" + known + np.asarray(pc.fill_null(values, 0), dtype=np.int64).tobytes()
    return b"f" + known + np.asarray(pc.fill_null(values, 0.0), dtype=np.float64).tobytes()
