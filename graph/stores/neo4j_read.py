"""Neo4j read: the whole graph, a neighbourhood in one round trip, a page of neighbours.

Rows come back as maps of properties; here they become the rows that ``piece`` wants, with the
columns of the generation that the pointer named when the statement began. A read that a newer
publish has overtaken is read again. It knows nothing of how statements are made.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import NotFound, StoreUnavailable
from graph.facts import NEVER
from graph.schema import EDGE_OF, EdgeSpec, NodeType
from graph.snapshot import Snapshot
from graph.store import Page
from graph.stores import neo4j_schema as schema
from graph.stores import neo4j_text as text
from graph.stores.batch import WRITTEN_VERBS, key_of
from graph.stores.cursor import START, Rank, decode, directed, encode
from graph.stores.neo4j_link import Link
from graph.stores.piece import (
    PROPERTIES,
    Int64,
    Piece,
    Published,
    edge_table,
    node_table,
    recount,
)

_CHUNK = 50_000
_EVER = NEVER - 1
_ATTEMPTS = 5
NodeKey = tuple[NodeType, str]


class Overtaken(Exception):
    """A newer publish wrote over the columns that this read began with."""


POINTS = ("number", "as_of", "slot", "publication", "shapes")


def seal(held: Sequence[object]) -> str:
    """A digest of the pointer's properties, in the order of :data:`POINTS`.

    Neo4j reads what is committed a property at a time: without it a reader may see the number of
    one generation with the slot of another.
    """
    return hashlib.sha256(json.dumps(list(held)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Pointer:
    """The visible generation: which slot of properties holds it, under which publication."""

    number: int = 0
    as_of: int = 0
    slot: str = ""
    publication: int = 0
    shapes: Mapping[str, Published] = field(default_factory=dict)

    @classmethod
    def of(cls, node: Mapping[str, Any] | None) -> "Pointer":
        """The pointer kept as the properties of a node, if there is one.

        Raises:
            Overtaken: if a publish was caught between two properties of the node.
        """
        if not node or "number" not in node:
            return cls()
        held: list[Any] = [node.get(name) for name in POINTS]
        if node.get("seal") != seal(held):
            raise Overtaken
        number, as_of, slot, publication, types = held
        shapes = {k: Published(types) for k, types in json.loads(types).items()}
        return cls(number, as_of, slot, publication, shapes)

    def values(self, kind: NodeType, node: Mapping[str, Any]) -> list[Any] | None:
        """What the visible generation says of a node, or None.

        Raises:
            Overtaken: if a later publication is being laid over it.
        """
        shape = self.shapes.get(kind.value)
        if shape is None:
            return None
        publication = node.get(f"{self.slot}_publication", 0)
        if publication > self.publication:
            raise Overtaken
        if publication < self.publication:
            return None
        return [node.get(f"{self.slot}_{name}") for name in shape.types]


def pointer(link: Link) -> Pointer:
    """The pointer as it is now.

    Raises:
        StoreUnavailable: if it is published over faster than it can be read.
    """
    for _ in range(_ATTEMPTS):
        rows = link.read(text.POINTER_NOW, {})
        try:
            return Pointer.of(rows[0][0])
        except Overtaken:
            continue
    raise StoreUnavailable("refreshes were published faster than the pointer could be read")


def _row(kind: NodeType, node: Mapping[str, Any]) -> tuple[Any, ...]:
    values = (node.get(name) for name in PROPERTIES[kind])
    return (node["key"], node["first_seen"], node["degree"], *values)


# -- the whole graph -----------------------------------------------------------------------------


def whole(link: Link, as_of: int | None) -> Snapshot:
    """The law of ``GraphStore.snapshot``; edges come before nodes, so that no end is missing."""
    until = {"until": _EVER if as_of is None else as_of}
    edges = {spec: _edge_columns(link, spec, until) for spec in WRITTEN_VERBS.values()}
    for _ in range(_ATTEMPTS):
        now = pointer(link) if as_of is None else Pointer()
        try:
            found = {kind: _kind_table(link, kind, until, now) for kind in schema.KINDS}
            break
        except Overtaken:
            continue
    else:
        raise StoreUnavailable("refreshes were published faster than the graph could be read")
    nodes: dict[NodeType, pa.Table] = {k: table for k, table in found.items() if table.num_rows}
    tables = {
        spec.verb: _edge_table(spec, nodes, columns, past=as_of is not None)
        for spec, columns in edges.items()
        if len(columns)
    }
    tables = {verb: table for verb, table in tables.items() if table.num_rows}
    if as_of is None:
        return Snapshot(now.as_of, nodes, tables, now.number)
    return Snapshot(as_of, recount(nodes, tables), tables, 0)


def _kind_table(link: Link, kind: NodeType, until: dict[str, int], now: Pointer) -> pa.Table:
    shape = now.shapes.get(kind.value, Published())
    parts = [node_table(kind, [], shape, lambda _: None)]
    for chunk in _chunks(link.stream(schema.all_nodes(kind), until)):
        nodes = [row[0] for row in chunk]
        values = [now.values(kind, node) for node in nodes]
        rows = [_row(kind, node) for node in nodes]
        parts.append(node_table(kind, rows, shape, values.__getitem__))
    table = pa.concat_tables(parts)
    return table.take(pc.sort_indices(table["key"])).combine_chunks()


def _edge_columns(link: Link, spec: EdgeSpec, until: dict[str, int]) -> pa.Table:
    names = ("source", "target", "first_seen", "last_seen", "count")
    types = (pa.string(), pa.string(), pa.int64(), pa.int64(), pa.int64())
    fields = pa.schema(list(zip(names, types, strict=True)))
    parts = [fields.empty_table()]
    for chunk in _chunks(link.stream(schema.all_edges(spec), until)):
        columns = zip(*chunk, strict=True)
        arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
        parts.append(pa.Table.from_arrays(arrays, schema=fields))
    return pa.concat_tables(parts).combine_chunks()


def _edge_table(
    spec: EdgeSpec, nodes: Mapping[NodeType, pa.Table], edges: pa.Table, *, past: bool
) -> pa.Table:
    source, target = (
        _rows_of(edges[name], nodes.get(kind))
        for name, kind in (("source", spec.source), ("target", spec.target))
    )
    first, last, count = (
        np.asarray(edges[name], np.int64) for name in ("first_seen", "last_seen", "count")
    )
    if past:
        last, count = first, np.ones_like(first)
    return edge_table(source, target, first, last, count)


def _rows_of(keys: pa.ChunkedArray, table: pa.Table | None) -> Int64:
    """The row of each key in a table of nodes; -1 where there is none."""
    if table is None:
        return np.full(len(keys), -1, np.int64)
    found = pc.index_in(keys, value_set=table["key"])
    return np.asarray(pc.fill_null(found, -1), np.int64)


def _chunks(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    chunk: list[list[Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


# -- a neighbourhood -----------------------------------------------------------------------------


class Found:
    """Nodes and edges of an answer while it is put together; numbers are given here."""

    def __init__(self) -> None:
        self.pointer = Pointer()
        self.named: dict[NodeKey, list[list[Any]]] = {}
        self._numbers: dict[NodeKey, int] = {}
        self._piece = Piece()
        self._values: dict[int, Sequence[object]] = {}

    def take(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take in rows of (label, node, edges); the pointer comes first."""
        for label, node, edges in rows:
            if label == "pointer":
                self.pointer = Pointer.of(node)
            elif label == "edges":
                for known in self.named.values():
                    known.extend(edges)
            elif node["first_seen"] < NEVER:
                kind = schema.KIND_OF_LABEL[label]
                self.add(kind, node)
                self.named[kind, node["key"]] = edges

    def add(self, kind: NodeType, node: Mapping[str, Any]) -> int:
        """Put a node into the answer; gives its number."""
        key = (kind, node["key"])
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._numbers)
            self._piece.nodes[number] = (kind, _row(kind, node))
            values = self.pointer.values(kind, node)
            if values is not None:
                self._values[number] = values
        return number

    def keep(self, of: NodeKey, edges: Iterable[Sequence[Any]], limit: int) -> None:
        """Put the first ``limit`` edges of a node, and what lies behind them, into the answer."""
        own = self._numbers[of]
        for edge in sorted(edges, key=rank)[:limit]:
            verb, first, last, count, out, label, node, behind = edge
            kind = schema.KIND_OF_LABEL[label]
            other = self.add(kind, node)
            ends = (own, other) if out else (other, own)
            self._piece.edges[verb, *ends] = (first, last, count)
            if behind and (kind, node["key"]) not in self.named:
                self.keep((kind, node["key"]), behind, limit)

    def snapshot(self) -> Snapshot:
        """The answer in stable order."""
        self._piece.published = self.pointer.shapes
        self._piece.values = self._values
        return self._piece.snapshot(self.pointer.as_of, self.pointer.number)


def rank(edge: Sequence[Any]) -> Rank:
    """Where an edge of a node stands in the order of the law."""
    verb, _, last, _, out, label, node, _ = edge
    return (-last, schema.KIND_OF_LABEL[label].value, node["key"], directed(verb, out=out))


def around(link: Link, ids: Sequence[str], per_id: int, hops: int) -> Snapshot:
    """The law of ``GraphStore.neighbourhood``: one statement, one round trip."""
    asked: dict[NodeType, dict[str, None]] = {}
    for identity in ids:
        kind, key = key_of(identity)
        asked.setdefault(kind, {})[key] = None
    asked.pop(NodeType.RING, None)
    statement = text.neighbourhood(frozenset(asked), hops)
    parameters: dict[str, Any] = {
        kind.value: [[key, schema.number_of(key)] for key in keys] for kind, keys in asked.items()
    }
    parameters["limit"] = per_id
    for _ in range(_ATTEMPTS):
        found = Found()
        try:
            found.take(link.read(statement, parameters))
            for node, edges in found.named.items():
                found.keep(node, edges, per_id)
            return found.snapshot()
        except Overtaken:
            continue
    raise StoreUnavailable("refreshes were published faster than a neighbourhood could be read")


# -- a page --------------------------------------------------------------------------------------


def page_of(
    link: Link, identity: str, kind: NodeType | None, window: tuple[int, str | None]
) -> Page:
    """The law of ``GraphStore.neighbours``; ``window`` is (limit, cursor).

    Raises:
        NotFound: if there is no such node.
        InputError: if the cursor is none of ours.
    """
    limit, cursor = window
    own, key = key_of(identity)
    after = decode(cursor) if cursor else START
    parameters = {"key": key, "number": schema.number_of(key), "limit": limit + 1}
    parameters |= _starts(own, after)
    for _ in range(_ATTEMPTS):
        found = Found()
        try:
            found.take(link.read(text.page(own, kind), parameters))
            if not found.named:
                raise NotFound(f"no node {identity!r}")
            shown = sorted(found.named[own, key], key=rank)
            found.keep((own, key), shown[:limit], limit)
            more = encode(rank(shown[limit - 1])) if len(shown) > limit else None
            return Page(found.snapshot(), _total(link, own, key, kind), more)
        except Overtaken:
            continue
    raise StoreUnavailable("refreshes were published faster than a page could be read")


def _starts(own: NodeType, after: Rank) -> dict[str, list[Any]]:
    """Where each verb's edges begin that come after ``after``; see ``neo4j_text.page``."""
    moment, kind, key, verb = -after[0], after[1], after[2], after[3]
    starts: dict[str, list[Any]] = {}
    for name, spec in WRITTEN_VERBS.items():
        for side, other, mine in (
            ("in", spec.source, spec.target),
            ("out", spec.target, spec.source),
        ):
            if mine is own:
                rest = key if other.value == kind else None
                later = directed(name, out=side == "out") > verb
                starts[f"{name}_{side}"] = [moment, other.value > kind, rest, later]
    return starts


def _total(link: Link, own: NodeType, key: str, kind: NodeType | None) -> int:
    """How many edges tie a node to nodes of ``kind`` (None: any), without reading a hub's edges."""
    numbers = dict(link.read(text.degrees_out(own), {"key": key}))
    degree = int(numbers.pop("degree"))
    if kind is None:
        return degree
    total = sum(n for verb, n in numbers.items() if EDGE_OF[verb].target is kind)
    if any(spec.source is kind for spec in text.specs_in(own)):
        total += degree - sum(numbers.values())
    return int(total)
