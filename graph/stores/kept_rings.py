"""Rings as a store keeps them for looking back, the same for every adapter: versions with members.

An adapter hands a generation over and lays down what comes out of here; :func:`ring_row` makes the
ring of it again. It knows nothing of SQL or Cypher.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from graph.store import Generation, RingRow
from graph.stores.piece import member_rows, ring_rows


def flag_rows(table: pa.Table) -> Iterator[tuple[object, ...]]:
    """Rows of ``Generation.flags``: account, score, ring, since when."""
    names = ("account_id", "score", "ring_id", "since")
    return zip(*(table[name].to_pylist() for name in names), strict=True)


@dataclass(frozen=True, slots=True)
class RingVersion:
    """A ring as a store keeps it for looking back: ``row`` as of :func:`ring_rows`, with members.

    ``detail`` is kept without what only the next refresh needs; ``members`` is JSON text.
    """

    ring_id: str
    version: int
    row: tuple[object, ...]
    members: str


def ring_versions(generation: Generation) -> Iterator[RingVersion]:
    """The versions of the rings of a generation, in the order of its rings."""
    if generation.rings is None:
        return
    members: dict[str, list[tuple[object, ...]]] = {}
    if generation.members is not None:
        for ring_id, *member in member_rows(generation.members):
            members.setdefault(str(ring_id), []).append(tuple(member))
    for row in ring_rows(generation.rings):
        ring_id, detail = str(row[0]), json.loads(str(row[-1]))
        detail.pop("genome", None)
        held = sorted(members.get(ring_id, []), key=lambda m: (-float(str(m[1])), str(m[0])))
        version = int(detail.get("version", 1))
        kept = (*row[1:-1], json.dumps(detail, sort_keys=True))
        yield RingVersion(ring_id, version, kept, json.dumps(held))


def ring_row(ring_id: str, row: Sequence[Any], members: str) -> RingRow:
    """The ring that a :class:`RingVersion` was made of."""
    score, size, status, first_seen, last_seen, detail = row
    held = tuple((str(a), float(s), int(since)) for a, s, since in json.loads(members))
    return RingRow(ring_id, score, size, status, first_seen, last_seen, json.loads(detail), held)
