"""Neo4j looked into: edges among named nodes, names, flags, and rings as they were.

What people and their console ask beside what scoring does; each costs what it shows, not what a hub
has: edges are looked for from the account's side, whose edges are few. The laws are in
``graph.store``.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, LiteralString

from graph.errors import StoreUnavailable
from graph.facts import NEVER
from graph.schema import NodeType, node_id
from graph.snapshot import Snapshot
from graph.store import Flag, RingRow
from graph.stores import neo4j_text as text
from graph.stores.batch import WRITTEN_VERBS, key_of, tied_kinds
from graph.stores.kept_rings import ring_row
from graph.stores.neo4j_link import Link
from graph.stores.neo4j_read import Found, Overtaken, pointer

_ATTEMPTS = 5
_FLAGS: LiteralString = (
    "MATCH (f:Flag {publication: $publication}) RETURN f.account, f.score, f.ring_id, f.since "
    "ORDER BY f.score DESC, f.account"
)
_KEPT: LiteralString = (
    "MATCH (v:RingVersion {ring_id: $ring_id}) WHERE v.generation <= $number AND v.as_of <= $at "
    "RETURN v.as_of, v.score, v.size, v.status, v.first_seen, v.last_seen, v.detail, v.members "
    "ORDER BY v.version DESC LIMIT 1"
)
_VERSIONS: LiteralString = (
    "MATCH (v:RingVersion {ring_id: $ring_id}) WHERE v.generation <= $number "
    "RETURN v.version, v.as_of ORDER BY v.version"
)


@cache
def _find(kind: NodeType) -> LiteralString:
    return (
        f"MATCH (n:{kind.label}) WHERE n.key STARTS WITH $prefix AND n.first_seen < $never "
        "RETURN n.key ORDER BY n.key LIMIT $limit"
    )


@cache
def _tied_flags(kind: NodeType) -> LiteralString:
    verbs = "|".join(verb for verb, spec in WRITTEN_VERBS.items() if spec.target is kind)
    return (
        f"MATCH (n:{kind.label} {{key: $key}}) MATCH (f:Flag {{publication: $publication}}) "
        "MATCH (a:Account {key: f.account}) "
        f"WHERE EXISTS {{ (a)-[r:{verbs}]->(n) WHERE r.count > 0 }} "
        "RETURN f.account, f.score, f.ring_id, f.since ORDER BY f.score DESC, f.account"
    )


@cache
def _among(kinds: frozenset[NodeType]) -> LiteralString:
    """Nodes of ``kinds`` by their keys, each with its edges to those of the others."""
    parts = [text.POINTER_PART]
    for kind in sorted(kinds):
        verbs = [v for v in text.verbs_out(kind) if WRITTEN_VERBS[v].target in kinds]
        calls = [
            f"CALL (n) {{ MATCH (n)-[r:{verb}]->(a:{WRITTEN_VERBS[verb].target.label}) "
            f"WHERE r.count > 0 AND a.key IN ${WRITTEN_VERBS[verb].target.value} "
            f"RETURN {text.edge_list('true')} AS out{i} }}"
            for i, verb in enumerate(verbs)
        ]
        listed = " + ".join(f"out{i}" for i in range(len(verbs))) or "[]"
        parts.append(
            f"UNWIND ${kind.value} AS key MATCH (n:{kind.label} {{key: key}}) {' '.join(calls)} "
            f"RETURN '{kind.label}' AS label, properties(n) AS node, {listed} AS edges"
        )
    return " UNION ALL ".join(parts)


def between(link: Link, ids: Sequence[str]) -> Snapshot:
    """The law of ``GraphStore.between``: one statement, one round trip."""
    asked: dict[NodeType, dict[str, None]] = {}
    for identity in ids:
        kind, key = key_of(identity)
        asked.setdefault(kind, {})[key] = None
    asked.pop(NodeType.RING, None)
    statement = _among(frozenset(asked))
    given = {kind.value: list(keys) for kind, keys in asked.items()}
    for _ in range(_ATTEMPTS):
        found = Found()
        try:
            found.take(link.read(statement, given))
            for (kind, key), edges in found.named.items():
                found.keep((kind, key), edges, len(edges))
            return found.snapshot()
        except Overtaken:
            continue
    raise StoreUnavailable("refreshes were published faster than the graph could be read")


@cache
def _degrees(kinds: frozenset[NodeType]) -> LiteralString:
    """For nodes of ``kinds``: id, degree, and (verb, number) of the edges out."""
    parts = []
    for kind in sorted(kinds):
        verbs = "|".join(text.verbs_out(kind))
        out = (
            f"COLLECT {{ MATCH (n)-[r:{verbs}]->() WHERE r.count > 0 "
            "WITH type(r) AS verb, count(r) AS number RETURN [verb, number] }"
            if verbs
            else "[]"
        )
        parts.append(
            f"UNWIND ${kind.value} AS key MATCH (n:{kind.label} {{key: key}}) "
            f"WHERE n.first_seen < {NEVER} "
            f"RETURN '{kind.value}' AS kind, n.key AS key, n.degree AS degree, {out} AS out"
        )
    return " UNION ALL ".join(parts)


def degrees(link: Link, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """The law of ``GraphStore.degrees``: one statement, one round trip."""
    asked: dict[NodeType, dict[str, None]] = {}
    for identity in ids:
        kind, key = key_of(identity)
        asked.setdefault(kind, {})[key] = None
    asked.pop(NodeType.RING, None)
    if not asked:
        return {}
    given = {kind.value: list(keys) for kind, keys in asked.items()}
    return {
        node_id(kind, key): tied_kinds(NodeType(kind), int(degree), dict(out))
        for kind, key, degree, out in link.read(_degrees(frozenset(asked)), given)
    }


def find(link: Link, kind: NodeType, prefix: str, limit: int) -> list[str]:
    """The law of ``GraphStore.find``."""
    given = {"prefix": prefix, "limit": limit, "never": NEVER}
    return [str(row[0]) for row in link.read(_find(kind), given)]


def flags(link: Link, near: str | None) -> list[Flag]:
    """The law of ``GraphStore.flags``."""
    now: dict[str, Any] = {"publication": pointer(link).publication}
    if near is None:
        return [Flag(*row) for row in link.read(_FLAGS, now)]
    kind, key = key_of(near)
    if not any(spec.target is kind for spec in WRITTEN_VERBS.values()):
        return []
    return [Flag(*row) for row in link.read(_tied_flags(kind), {**now, "key": key})]


def ring_at(link: Link, ring_id: str, at: int | None) -> tuple[RingRow, int] | None:
    """The law of ``GraphStore.ring_at``."""
    until = 2**62 if at is None else at
    given = {"ring_id": ring_id, "number": pointer(link).number, "at": until}
    rows = link.read(_KEPT, given)
    if not rows:
        return None
    as_of, *row, members = rows[0]
    return ring_row(ring_id, row, members), int(as_of)


def ring_versions(link: Link, ring_id: str) -> dict[int, int]:
    """The law of ``GraphStore.ring_versions``."""
    given = {"ring_id": ring_id, "number": pointer(link).number}
    return {int(version): int(at) for version, at in link.read(_VERSIONS, given)}
