"""Rows of a store turned into a :class:`~graph.snapshot.Snapshot`, the same for every adapter.

An adapter hands over nodes and edges in whatever order it read them; here they get the stable
order, the full set of columns and the columns of the visible generation, so that equal graphs have
equal digests wherever they are kept. It knows nothing of SQL or Cypher.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.errors import InputError, StoreCorrupt
from graph.near import Entity, Near
from graph.schema import EDGE_OF, NODE_PROPERTIES, PROPERTY_TYPE, NodeType
from graph.snapshot import EDGE_FIELDS, Snapshot

PROPERTIES: dict[NodeType, tuple[str, ...]] = {
    kind: tuple(names) for kind, names in NODE_PROPERTIES.items()
}
FIXED = ("key", "first_seen", "degree")
_ARROW = {int: pa.int64(), float: pa.float64(), str: pa.string()}
_TYPES = {"key": pa.string(), "first_seen": pa.int64(), "degree": pa.int64()} | {
    name: _ARROW[PROPERTY_TYPE.get(name, str)] for names in PROPERTIES.values() for name in names
}
FIELDS = {kind: [*FIXED, *names] for kind, names in PROPERTIES.items()}
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Published:
    """Names and Arrow types of the columns a generation gives a kind, in their order."""

    types: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, table: pa.Table) -> "Published":
        """The columns of ``table``, checked.

        Raises:
            InputError: if there is no ``key``, or a name or type cannot be published.
        """
        if "key" not in table.column_names:
            raise InputError(f"published columns of {kind} lack 'key'; got {table.column_names}")
        taken = {*FIXED, *NODE_PROPERTIES[NodeType(kind)]}
        types = {}
        for name in table.column_names:
            if name == "key":
                continue
            if name in taken or not name.isidentifier():
                raise InputError(f"{kind} cannot have a published column {name!r}")
            types[name] = _plain(kind, name, table.schema.field(name).type)
        return cls(types)

    def rows(self, table: pa.Table) -> Iterable[list[object]]:
        """Each row's values in the order of ``types``; NaN, like null, is None: unknown."""
        columns = [_values(table[name], kind) for name, kind in self.types.items()]
        return (list(row) for row in zip(*columns, strict=True))


def _plain(kind: str, name: str, given: pa.DataType) -> str:
    if pa.types.is_integer(given) or pa.types.is_boolean(given):
        return "int64"
    if pa.types.is_floating(given):
        return "double"
    if pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_null(given):
        return "string"
    raise InputError(f"published column {name!r} of {kind} must be number or text, got {given}")


def _values(column: pa.ChunkedArray, kind: str) -> list[object]:
    if kind == "double":
        numbers = column.cast(pa.float64()).to_pylist()
        return [None if x is None or math.isnan(x) else x for x in numbers]
    if kind == "int64":
        return list(column.cast(pa.int64()).to_pylist())
    return list(column.cast(pa.string()).to_pylist())


def node_table(
    kind: NodeType,
    rows: Sequence[Sequence[object]],
    published: Published,
    values: Callable[[int], Sequence[object] | None],
) -> pa.Table:
    """The table of ``kind`` from rows that are already in ascending order of key.

    Args:
        kind: the kind of node.
        rows: ``key``, ``first_seen``, ``degree`` and the kind's properties, in vocabulary order.
        published: the columns the visible generation gives this kind.
        values: the published values of a row by its index here, or None.
    """
    names = list(FIELDS[kind])
    columns: list[Sequence[object]] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array(col, _TYPES[name]) for name, col in zip(names, columns, strict=True)]
    if published.types:
        blank = [None] * len(published.types)
        extra = zip(*(values(i) or blank for i in range(len(rows))), strict=True)
        given = list(extra) if rows else [()] * len(published.types)
        for (name, type_), column in zip(published.types.items(), given, strict=True):
            names.append(name)
            arrays.append(pa.array(column, pa.type_for_alias(type_)))
    return pa.Table.from_arrays(arrays, names=names)


def edge_table(source: Int64, target: Int64, first: Int64, last: Int64, count: Int64) -> pa.Table:
    """The table of one verb in stable order; ``source`` and ``target`` are row numbers, [E].

    An edge with an end that is not there (row -1: taken out, or not seen yet) is left out.
    """
    order = np.lexsort((target, source))
    order = order[(source[order] >= 0) & (target[order] >= 0)]
    columns = (source.astype(np.int32), target.astype(np.int32), first, last, count)
    return pa.Table.from_arrays([pa.array(c[order]) for c in columns], schema=EDGE_FIELDS)


@dataclass(slots=True)
class Piece:
    """A neighbourhood while it is being collected: nodes by the store's own number, and edges.

    ``nodes`` maps a number to (kind, row), the row as :func:`node_table` wants it; ``edges`` maps
    (verb, source number, target number) to (first_seen, last_seen, count).
    """

    nodes: dict[int, tuple[NodeType, Sequence[object]]] = field(default_factory=dict)
    edges: dict[tuple[str, int, int], tuple[int, int, int]] = field(default_factory=dict)
    published: Mapping[str, Published] = field(default_factory=dict)
    values: Mapping[int, Sequence[object]] = field(default_factory=dict)

    def snapshot(self, as_of: int, generation: int) -> Snapshot:
        """The piece in stable order; nodes that no edge or name asked for must not be in it.

        Its tables are laid out when somebody asks for them: a score reads the rows.
        """
        return laid_later(as_of, generation, lambda: self, lambda: self.near(as_of, generation))

    def near(self, as_of: int, generation: int) -> Near:
        """The piece as plain rows."""
        published = self.published.get(NodeType.ACCOUNT.value, Published())
        names = (*FIELDS[NodeType.ACCOUNT], *published.types)
        blank = [None] * len(published.types)
        accounts: dict[str, Sequence[object]] = {}
        found: dict[int, Entity] = {}
        for number, (kind, row) in self.nodes.items():
            if kind is NodeType.ACCOUNT:
                accounts[str(row[0])] = (*row, *(self.values.get(number) or blank))
            else:
                found[number] = Entity(row[1], row[2] or 0)  # type: ignore[arg-type]
        for (verb, source, target), seen in self.edges.items():
            if target not in found:
                continue
            kind, row = self.nodes[source]
            if kind is NodeType.ACCOUNT:
                found[target].holders.append((verb, str(row[0]), seen[0]))
            else:
                found[source].leading_on += 1
        entities = {}
        for number, entity in found.items():
            entity.holders.sort(key=_account_of)
            kind, row = self.nodes[number]
            entities[f"{kind}:{row[0]}"] = entity
        places = {name: place for place, name in enumerate(names)}
        return Near(as_of, generation, places, dict(sorted(accounts.items())), entities)


def _account_of(held: tuple[str, str, int]) -> str:
    return held[1]


def laid_later(
    as_of: int, generation: int, piece: Callable[[], Piece], near: Callable[[], Near]
) -> Snapshot:
    """A snapshot whose tables are laid out of ``piece()`` when somebody asks for them."""
    laid = _Laid(piece)
    return Snapshot(as_of, _Later(lambda: laid.nodes), _Later(lambda: laid.edges), generation, near)


class _Laid:
    """The tables of a collected piece, made once when first asked for."""

    def __init__(self, make: Callable[[], Piece]) -> None:
        self._make = make
        self._row_of: dict[int, int] = {}

    @cached_property
    def _piece(self) -> Piece:
        return self._make()

    @cached_property
    def nodes(self) -> dict[NodeType, pa.Table]:
        """A table a kind, by key; gives each node its row."""
        by_kind: dict[NodeType, list[tuple[Sequence[object], int]]] = {}
        for number, (kind, row) in self._piece.nodes.items():
            by_kind.setdefault(kind, []).append((row, number))
        tables = {}
        for kind, found in by_kind.items():
            # Text is compared by UTF-8 bytes, as SQLite and Arrow do; code points agree with it.
            found.sort(key=lambda pair: str(pair[0][0]))
            numbers = [number for _, number in found]
            self._row_of.update((number, i) for i, number in enumerate(numbers))
            tables[kind] = node_table(
                kind,
                [row for row, _ in found],
                self._piece.published.get(kind.value, Published()),
                lambda i, numbers=numbers: self._piece.values.get(numbers[i]),  # type: ignore[misc]
            )
        return tables

    @cached_property
    def edges(self) -> dict[str, pa.Table]:
        """A table a verb, by source and target."""
        row_of = self._row_of if self.nodes else {}
        by_verb: dict[str, list[tuple[int, int, int, int, int]]] = {}
        for (verb, source, target), seen in self._piece.edges.items():
            by_verb.setdefault(verb, []).append((row_of[source], row_of[target], *seen))
        tables = {}
        for verb, rows in by_verb.items():
            rows.sort()
            columns = zip(*rows, strict=True)
            arrays = [pa.array(c, f.type) for c, f in zip(columns, EDGE_FIELDS, strict=True)]
            tables[verb] = pa.Table.from_arrays(arrays, schema=EDGE_FIELDS)
        return tables


Key = TypeVar("Key")


class _Later(Mapping[Key, pa.Table]):
    """Tables that are made when first looked at."""

    def __init__(self, make: Callable[[], Mapping[Key, pa.Table]]) -> None:
        self._make = make

    def __getitem__(self, key: Key) -> pa.Table:
        return self._make()[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._make())

    def __len__(self) -> int:
        return len(self._make())

    def __repr__(self) -> str:
        return repr(self._make())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]


def recount(
    nodes: Mapping[NodeType, pa.Table], edges: Mapping[str, pa.Table]
) -> dict[NodeType, pa.Table]:
    """``nodes`` with ``degree`` counted from ``edges`` alone (each edge once at each end)."""
    counts = {kind: np.zeros(table.num_rows, np.int64) for kind, table in nodes.items()}
    for verb, table in edges.items():
        spec = EDGE_OF[verb]
        source, target = np.asarray(table["source"]), np.asarray(table["target"])
        if spec.source not in counts or spec.target not in counts:
            raise StoreCorrupt(f"edges of {verb} without nodes at their ends")
        counts[spec.source] += np.bincount(source, minlength=len(counts[spec.source]))
        once = target if spec.source is not spec.target else target[source != target]
        counts[spec.target] += np.bincount(once, minlength=len(counts[spec.target]))
    return {
        kind: table.set_column(table.column_names.index("degree"), "degree", pa.array(counts[kind]))
        for kind, table in nodes.items()
    }


def ring_rows(table: pa.Table) -> Iterator[tuple[object, ...]]:
    """Rows of ``Generation.rings`` in the order of :class:`RingRow`, ``detail`` as JSON text."""
    names = ("ring_id", "score", "size", "status", "first_seen", "last_seen", "detail")
    columns = (table[name].to_pylist() for name in names)
    return zip(*columns, strict=True)


def member_rows(table: pa.Table) -> Iterator[tuple[object, ...]]:
    """Rows of ``Generation.members``: ring, account, strength, since."""
    names = ("ring_id", "account_id", "strength", "since")
    return zip(*(table[name].to_pylist() for name in names), strict=True)
