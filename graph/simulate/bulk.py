"""A graph of a million accounts in seconds, straight into a snapshot: what benchmarks stand on.

It has the shape that hurts, not the meaning: accounts tied to addresses, devices and payment
methods, most of them shared by a few, and one address that a great many accounts were seen at. No
events lie behind it and no ring is hidden in it; worlds with a story are ``graph.simulate.world``.
``graph.retell`` turns it into facts for a store. Same arguments, same digest.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import InputError
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import EDGE_FIELDS, Snapshot

Int64 = npt.NDArray[np.int64]
# Wednesday, 2025-01-01 00:00 UTC; everything happens in the 90 days after it.
START_US = 1_735_689_600_000_000
SPAN_US = 90 * 86_400_000_000
_VERBS = ("SEEN_AT", "USED", "PAID_WITH")
_MIX = (0.5, 0.25, 0.25)
# Entities an edge of each verb: on average 2.5 edges share one.
_ENTITIES_PER_EDGE = 0.4


@dataclass(frozen=True, slots=True)
class _Ties:
    """The edges of one verb: rows of both ends, times (us) and counts, each int64 [E]."""

    source: Int64
    target: Int64
    first: Int64
    last: Int64
    count: Int64


def bulk(accounts: int, edges: int, hub: int, seed: int) -> Snapshot:
    """A snapshot of ``accounts`` accounts and about ``edges`` identifier edges.

    Args:
        accounts: number of accounts, at least 1.
        edges: number of edges asked for; pairs drawn twice are one edge (some 0.1 % less).
        hub: number of accounts seen at one address, ``ip:hub``; at most ``accounts``.
        seed: of the draw.

    Raises:
        InputError: if the hub is larger than the graph.
    """
    if accounts < 1 or edges < 0 or not 0 <= hub <= accounts:
        raise InputError(f"need 0 <= hub <= accounts, got hub {hub} of {accounts} accounts")
    rng = np.random.default_rng(seed)
    parts = {
        verb: _ties(rng, accounts, round(edges * share) - (hub if verb == "SEEN_AT" else 0))
        for verb, share in zip(_VERBS, _MIX, strict=True)
    }
    parts["SEEN_AT"] = _with_hub(rng, parts["SEEN_AT"], accounts, hub)
    nodes = {NodeType.ACCOUNT: _accounts(rng, accounts, parts)}
    tables = {}
    for verb, ties in parts.items():
        kind = EDGE_OF[verb].target
        nodes[kind], row_of = _entities(rng, kind, ties, hub=hub if verb == "SEEN_AT" else 0)
        tables[verb] = _table(ties, row_of)
    return Snapshot(START_US + SPAN_US, nodes, {v: t for v, t in tables.items() if len(t)})


def _ties(rng: np.random.Generator, accounts: int, edges: int) -> _Ties:
    """Random pairs, each once; entities are numbered from 1, 0 is kept for the hub."""
    edges = max(edges, 0)
    entities = max(int(edges * _ENTITIES_PER_EDGE), 1)
    source = rng.integers(0, accounts, edges)
    # Squaring a uniform draw gives a few entities many accounts and most of them one or two.
    target = 1 + (entities * rng.random(edges) ** 2).astype(np.int64)
    pairs = np.unique(source * (entities + 2) + target)
    return _dated(rng, pairs // (entities + 2), pairs % (entities + 2))


def _with_hub(rng: np.random.Generator, ties: _Ties, accounts: int, hub: int) -> _Ties:
    guests = _dated(rng, np.sort(rng.permutation(accounts)[:hub]), np.zeros(hub, np.int64))
    both = [
        np.concatenate([getattr(part, name) for part in (ties, guests)])
        for name in ("source", "target", "first", "last", "count")
    ]
    return _Ties(*both)


def _dated(rng: np.random.Generator, source: Int64, target: Int64) -> _Ties:
    size = len(source)
    first = START_US + rng.integers(0, SPAN_US, size)
    last = first + (rng.random(size) * (START_US + SPAN_US - first)).astype(np.int64)
    return _Ties(source, target, first, last, rng.geometric(0.2, size).astype(np.int64))


def _accounts(rng: np.random.Generator, accounts: int, parts: dict[str, _Ties]) -> pa.Table:
    created = START_US + rng.integers(0, SPAN_US, accounts)
    degree = np.zeros(accounts, np.int64)
    for ties in parts.values():
        np.minimum.at(created, ties.source, ties.first)
        degree += np.bincount(ties.source, minlength=accounts)
    countries = pa.array(["DE", "US", "IN", "BR", "FR", "JP"])
    width = len(str(accounts - 1))
    numbers = pc.utf8_lpad(pa.array(np.arange(accounts)).cast(pa.string()), width, "0")
    columns = {
        "key": pc.binary_join_element_wise("a", numbers, ""),
        "first_seen": pa.array(created),
        "degree": pa.array(degree),
        "created_at": pa.array(created),
        "country": countries.take(pa.array(rng.integers(0, 6, accounts))),
        "pathway": pa.array(["self_serve"]).take(pa.array(np.zeros(accounts, np.int64))),
    }
    return pa.table(columns)


def _entities(
    rng: np.random.Generator, kind: NodeType, ties: _Ties, *, hub: int
) -> tuple[pa.Table, Int64]:
    """The entities that edges lead to, by key, and the row of each number [highest + 1]."""
    numbers, inverse = np.unique(ties.target, return_inverse=True)
    first = np.full(len(numbers), START_US + SPAN_US)
    np.minimum.at(first, inverse, ties.first)
    degree = np.bincount(inverse, minlength=len(numbers)).astype(np.int64)
    names = [f"{value:016x}" for value in rng.integers(0, 2**63, len(numbers))]
    if hub:
        names[0] = "hub"
    keys = pa.array(names, pa.string())
    order = np.asarray(pc.sort_indices(keys))
    row_of = np.zeros(int(numbers[-1]) + 1 if len(numbers) else 1, np.int64)
    row_of[numbers[order]] = np.arange(len(numbers))
    columns = {"key": keys, "first_seen": pa.array(first), "degree": pa.array(degree)}
    table = pa.table(columns).take(pa.array(order))
    if kind is NodeType.IP:
        table = table.append_column("ip_class", pa.array(["home"] * len(numbers), pa.string()))
    return table.combine_chunks(), row_of


def _table(ties: _Ties, row_of: Int64) -> pa.Table:
    target = row_of[ties.target]
    order = np.lexsort((target, ties.source))
    columns = (
        ties.source.astype(np.int32),
        target.astype(np.int32),
        ties.first,
        ties.last,
        ties.count,
    )
    return pa.Table.from_arrays([pa.array(column[order]) for column in columns], schema=EDGE_FIELDS)
