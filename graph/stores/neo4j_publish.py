"""A refresh made visible in Neo4j: laid in the slot nobody reads, then pointed to.

A node has two slots for published columns, ``even_*`` and ``odd_*``, each stamped with the
publication that wrote it; ``(:Meta {name: 'generation'})`` says which slot is visible and which
stamp is valid in it. Publishing fills the other slot in small transactions and then changes that
one node, so that everything becomes visible at once. Rings are ``(:Ring)`` nodes under the same
stamp, their members tied by ``MEMBER_OF``; older ones are taken out afterwards. To look at scores
in Neo4j Browser, read the slot that the pointer names.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

from graph.errors import NotFound, StoreUnavailable
from graph.schema import NodeType
from graph.store import VERSIONS_KEPT, Generation, RingRow
from graph.stores.batch import kind_named
from graph.stores.kept_rings import flag_rows, ring_versions
from graph.stores.neo4j_link import Link
from graph.stores.neo4j_read import POINTS, Pointer, pointer, seal
from graph.stores.neo4j_write import ROWS
from graph.stores.piece import Published, member_rows, ring_rows

if TYPE_CHECKING:
    from neo4j import ManagedTransaction

T = TypeVar("T")
_RING_NAMES = ("ring_id", "score", "size", "status", "first_seen", "last_seen", "detail")
_BEGIN: LiteralString = (
    "MERGE (m:Meta {name: 'publication'}) SET m.value = coalesce(m.value, 0) + 1 RETURN m.value"
)
_PUT_RINGS: LiteralString = (
    "UNWIND $rows AS x MERGE (r:Ring {publication: $publication, ring_id: x.ring_id}) SET r += x"
)
_PUT_MEMBERS: LiteralString = (
    "UNWIND $rows AS x MATCH (r:Ring {publication: $publication, ring_id: x[0]}) "
    "MATCH (a:Account {key: x[1]}) MERGE (a)-[m:MEMBER_OF]->(r) "
    "SET m.strength = x[2], m.since = x[3]"
)
_PUT_FLAGS: LiteralString = (
    "UNWIND $rows AS x MERGE (f:Flag {publication: $publication, account: x[0]}) "
    "SET f.score = x[1], f.ring_id = x[2], f.since = x[3]"
)
# A version stays as the first refresh told it that became visible with it.
_PUT_VERSIONS: LiteralString = (
    "UNWIND $rows AS x MERGE (v:RingVersion {ring_id: x.ring_id, version: x.version}) "
    "WITH v, x WHERE v.generation IS NULL OR v.generation > $current SET v += x"
)
_OLD_VERSIONS: LiteralString = (
    "UNWIND $rows AS x MATCH (v:RingVersion {ring_id: x[0]}) WHERE v.version <= x[1] DELETE v"
)
_POINT: LiteralString = (
    "MERGE (m:Meta {name: 'generation'}) WITH m WHERE coalesce(m.number, 0) < $pointer.number "
    "SET m += $pointer"
)
_SWEEP: LiteralString = (
    "MATCH (r:Ring) WHERE r.publication <> $keep "
    "CALL (r) { DETACH DELETE r } IN TRANSACTIONS OF 100 ROWS"
)
_SWEEP_FLAGS: LiteralString = (
    "MATCH (f:Flag) WHERE f.publication <> $keep "
    "CALL (f) { DELETE f } IN TRANSACTIONS OF 10000 ROWS"
)
_RINGS: LiteralString = (
    "MATCH (r:Ring {publication: $publication}) "
    "RETURN r.ring_id, r.score, r.size, r.status, r.first_seen, r.last_seen, r.detail "
    "ORDER BY r.score DESC, r.ring_id"
)
_RING: LiteralString = (
    "MATCH (r:Ring {publication: $publication, ring_id: $ring_id}) "
    "RETURN r.ring_id, r.score, r.size, r.status, r.first_seen, r.last_seen, r.detail, "
    "COLLECT { MATCH (a:Account)-[m:MEMBER_OF]->(r) "
    "RETURN [a.key, m.strength, m.since] ORDER BY m.strength DESC, a.key }"
)
_ATTEMPTS = 5


@cache
def _put_values(kind: NodeType) -> LiteralString:
    """Rows of [key, properties]."""
    return f"UNWIND $rows AS x MATCH (n:{kind.label} {{key: x[0]}}) SET n += x[1]"


def publish(link: Link, generation: Generation) -> None:
    """The law of ``GraphStore.publish``."""
    # Checked before anything is written: a table that cannot be published leaves no trace.
    shapes = {kind: Published.of(kind, table) for kind, table in generation.columns.items()}
    now = pointer(link)
    if generation.number <= now.number:
        return
    slot = "odd" if now.slot == "even" else "even"
    publication = link.write(lambda tx: int(tx.run(_BEGIN).values()[0][0]))
    for kind, table in generation.columns.items():
        rows = _value_rows(table["key"].to_pylist(), shapes[kind], table, (slot, publication))
        _put(link, _put_values(kind_named(kind)), rows, {})
    stamp = {"publication": publication}
    if generation.rings is not None:
        rings = (dict(zip(_RING_NAMES, r, strict=True)) for r in ring_rows(generation.rings))
        _put(link, _PUT_RINGS, rings, stamp)
    if generation.members is not None:
        _put(link, _PUT_MEMBERS, (list(row) for row in member_rows(generation.members)), stamp)
    if generation.flags is not None:
        _put(link, _PUT_FLAGS, (list(row) for row in flag_rows(generation.flags)), stamp)
    _keep_versions(link, generation, now.number)
    point = {
        "number": generation.number,
        "as_of": generation.as_of,
        "slot": slot,
        "publication": publication,
        "shapes": json.dumps({kind: dict(shape.types) for kind, shape in shapes.items()}),
    }
    point["seal"] = seal([point[name] for name in POINTS])
    link.write(lambda tx: tx.run(_POINT, {"pointer": point}).consume())
    link.run(_SWEEP, {"keep": publication})
    link.run(_SWEEP_FLAGS, {"keep": publication})


def _keep_versions(link: Link, generation: Generation, current: int) -> None:
    """Keep the versions of rings that are new, and let the oldest of each go."""
    stamp = {"generation": generation.number, "as_of": generation.as_of}
    rows = (
        {
            "ring_id": kept.ring_id,
            "version": kept.version,
            **dict(zip(_RING_NAMES[1:], kept.row, strict=True)),
            "members": kept.members,
            **stamp,
        }
        for kept in ring_versions(generation)
    )
    _put(link, _PUT_VERSIONS, rows, {"current": current})
    old = ((k.ring_id, k.version - VERSIONS_KEPT) for k in ring_versions(generation))
    _put(link, _OLD_VERSIONS, (row for row in old if row[1] > 0), {})


def _value_rows(
    keys: Sequence[str], shape: Published, table: Any, stamp: tuple[str, int]
) -> Iterator[list[Any]]:
    slot, publication = stamp
    names = [f"{slot}_{name}" for name in shape.types]
    for key, values in zip(keys, shape.rows(table), strict=True):
        properties = dict(zip(names, values, strict=True))
        properties[f"{slot}_publication"] = publication
        yield [key, properties]


def _put(
    link: Link, statement: LiteralString, rows: Iterable[Any], parameters: dict[str, Any]
) -> None:
    for chunk in _chunks(rows):
        given = {**parameters, "rows": chunk}

        def work(tx: "ManagedTransaction", given: dict[str, Any] = given) -> None:
            tx.run(statement, given).consume()

        link.write(work)


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while chunk := list(islice(left, ROWS)):
        yield chunk


def all_rings(link: Link) -> list[RingRow]:
    """The law of ``GraphStore.rings``."""
    return [_ring(row, []) for row in _settled(link, _RINGS, {})]


def one_ring(link: Link, ring_id: str) -> RingRow:
    """The law of ``GraphStore.ring``.

    Raises:
        NotFound: if the visible generation has no such ring.
    """
    rows = _settled(link, _RING, {"ring_id": ring_id})
    if not rows:
        raise NotFound(f"no ring {ring_id!r}")
    return _ring(rows[0][:7], rows[0][7])


def _settled(link: Link, statement: LiteralString, parameters: dict[str, Any]) -> list[list[Any]]:
    """Rows under the visible publication, read again if another became visible meanwhile."""
    now: Pointer = pointer(link)
    for _ in range(_ATTEMPTS):
        rows = link.read(statement, {**parameters, "publication": now.publication})
        before, now = now, pointer(link)
        if now.publication == before.publication:
            return rows
    raise StoreUnavailable("refreshes were published faster than rings could be read")


def _ring(row: Sequence[Any], members: Sequence[Sequence[Any]]) -> RingRow:
    ring_id, score, size, status, first_seen, last_seen, detail = row
    tied = tuple((account, strength, since) for account, strength, since in members)
    return RingRow(ring_id, score, size, status, first_seen, last_seen, json.loads(detail), tied)
