"""What the Neo4j store looks like, and every statement that the vocabulary shapes.

A label a kind with a unique ``key``; a relationship type a verb, which carries the span and count
of the edge. Labels, types and property names come from :mod:`graph.schema` alone; values are always
parameters. A relationship also carries ``target``, a number made from the key it leads to, because
Neo4j can read relationships in order of time only from an index over (``target``, ``last_seen``):
this is what makes a hub cost no more than another node. An edge that was taken out keeps its
version and count 0, loses ``target``, and is marked ``gone``, as is a node that never was.
"""

import hashlib
from functools import cache
from typing import LiteralString

from graph.facts import NEVER
from graph.schema import NODE_PROPERTIES, EdgeSpec, NodeType
from graph.stores.batch import WRITTEN_VERBS

KINDS = tuple(kind for kind in NodeType if kind is not NodeType.RING)
KIND_OF_LABEL = {kind.label: kind for kind in NodeType}
UNIQUE: dict[str, tuple[str, ...]] = {
    **{kind.label: ("key",) for kind in KINDS},
    "Ring": ("publication", "ring_id"),
    "RingVersion": ("ring_id", "version"),
    "Flag": ("publication", "account"),
    "Meta": ("name",),
}


def number_of(key: str) -> int:
    """A signed 64-bit number for a key; two keys may share one, so readers compare keys too."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _trusted(text: str) -> LiteralString:
    """Text made of this program's own words and the vocabulary's, never of a caller's."""
    return text


def definitions() -> list[LiteralString]:
    """Constraints and indexes, each safe to repeat."""
    made = []
    for label, names in UNIQUE.items():
        keys = ", ".join(f"n.{name}" for name in names)
        made.append(
            _trusted(
                f"CREATE CONSTRAINT {label.lower()}_key IF NOT EXISTS "
                f"FOR (n:{label}) REQUIRE ({keys}) IS UNIQUE"
            )
        )
    made += [
        _trusted(f"CREATE INDEX {k}_gone IF NOT EXISTS FOR (n:{k.label}) ON (n.gone)")
        for k in KINDS
    ]
    for verb in WRITTEN_VERBS:
        pattern = f"FOR ()-[r:{verb}]-() ON"
        made += [
            _trusted(f"CREATE INDEX {name} IF NOT EXISTS {pattern} ({columns})")
            for name, columns in (
                (f"{verb.lower()}_recent", "r.target, r.last_seen"),
                (f"{verb.lower()}_gone", "r.gone"),
            )
        ]
    return made


def vocabulary() -> str:
    """A digest of all definitions: when the vocabulary grows, they are made again."""
    return hashlib.sha256("\n".join(definitions()).encode()).hexdigest()[:16]


@cache
def upsert_nodes(kind: NodeType) -> LiteralString:
    """Rows of {key, first_seen, version, full}; ``full`` has every property, null if unknown."""
    joined = ", ".join(
        f"{name}: CASE WHEN n.{name} IS NULL OR x.full.{name} > n.{name} "
        f"THEN coalesce(x.full.{name}, n.{name}) ELSE n.{name} END"
        for name in NODE_PROPERTIES[kind]
    )
    return _trusted(
        f"UNWIND $rows AS x MERGE (n:{kind.label} {{key: x.key}}) "
        "ON CREATE SET n.first_seen = x.first_seen, n.version = -2, n.degree = 0 "
        "WITH n, x, n.version AS version "
        "WHERE x.version >= version OR (version <= 0 AND x.first_seen < n.first_seen) "
        f"SET n += CASE WHEN x.version > version THEN x.full "
        f"WHEN x.version < version THEN {{}} ELSE {{{joined}}} END, "
        "n.version = CASE WHEN x.version > version THEN x.version ELSE version END, "
        "n.first_seen = CASE "
        "WHEN x.version > version AND x.version > 0 THEN x.first_seen "
        "WHEN x.first_seen < n.first_seen THEN x.first_seen ELSE n.first_seen END "
        f"SET n.gone = CASE WHEN n.first_seen >= {NEVER} THEN true END"
    )


@cache
def upsert_ends(kind: NodeType) -> LiteralString:
    """Rows of {key, first_seen}: an end is made empty, or learns that it was there earlier."""
    return _trusted(
        f"UNWIND $rows AS x MERGE (n:{kind.label} {{key: x.key}}) "
        "ON CREATE SET n.first_seen = x.first_seen, n.version = -1, n.degree = 0 "
        "WITH n, x WHERE x.first_seen < n.first_seen AND n.version <= 0 "
        "SET n.first_seen = x.first_seen"
    )


@cache
def upsert_edges(spec: EdgeSpec) -> LiteralString:
    """Rows of [source, target, number, first, last, count, version, place].

    Gives the places of edges that came to exist, and of those that ceased to.
    """
    return _trusted(
        "UNWIND $rows AS x "
        f"MATCH (s:{spec.source.label} {{key: x[0]}}) MATCH (t:{spec.target.label} {{key: x[1]}}) "
        f"MERGE (s)-[r:{spec.verb}]->(t) "
        "WITH r, x, coalesce(r.count, 0) > 0 AS before, "
        "r.version IS NULL OR x[6] > r.version AS newer "
        "WHERE newer OR (x[6] = r.version AND "
        "(x[3] < r.first_seen OR x[4] > r.last_seen OR x[5] > r.count)) "
        "WITH r, x, before, "
        "CASE WHEN newer OR x[3] < r.first_seen THEN x[3] ELSE r.first_seen END AS first, "
        "CASE WHEN newer OR x[4] > r.last_seen THEN x[4] ELSE r.last_seen END AS last, "
        "CASE WHEN newer OR x[5] > r.count THEN x[5] ELSE r.count END AS count "
        "SET r.first_seen = first, r.last_seen = last, r.count = count, r.version = x[6], "
        "r.target = CASE WHEN count > 0 THEN x[2] END, "
        "r.gone = CASE WHEN count > 0 THEN null ELSE true END "
        "WITH x, before, count > 0 AS after WHERE before <> after "
        "RETURN collect(CASE WHEN after THEN x[7] END), collect(CASE WHEN before THEN x[7] END)"
    )


@cache
def add_degrees(kind: NodeType) -> LiteralString:
    """Rows of [key, change]."""
    return _trusted(
        f"UNWIND $rows AS x MATCH (n:{kind.label} {{key: x[0]}}) SET n.degree = n.degree + x[1]"
    )


@cache
def all_nodes(kind: NodeType) -> LiteralString:
    """Every node of a kind seen by ``$until``, all its properties in a map."""
    return _trusted(f"MATCH (n:{kind.label}) WHERE n.first_seen <= $until RETURN properties(n)")


@cache
def all_edges(spec: EdgeSpec) -> LiteralString:
    """Every edge of a verb seen by ``$until``: source, target, first, last, count."""
    return _trusted(
        f"MATCH (s)-[r:{spec.verb}]->(t) WHERE r.count > 0 AND r.first_seen <= $until "
        "AND s.first_seen <= $until AND t.first_seen <= $until "
        "RETURN s.key, t.key, r.first_seen, r.last_seen, r.count"
    )


@cache
def all_counts() -> LiteralString:
    """(name, number) of every kind and verb, from the server's own counts."""
    kinds = [
        f"CALL () {{ MATCH (n:{k.label}) RETURN count(n) AS every }} "
        f"CALL () {{ MATCH (n:{k.label}) WHERE n.gone = true RETURN count(n) AS gone }} "
        f"RETURN '{k.value}' AS name, every - gone AS number"
        for k in KINDS
    ]
    verbs = [
        f"CALL () {{ MATCH ()-[r:{v}]->() RETURN count(r) AS every }} "
        f"CALL () {{ MATCH ()-[r:{v}]->() WHERE r.gone = true RETURN count(r) AS gone }} "
        f"RETURN '{v}' AS name, every - gone AS number"
        for v in WRITTEN_VERBS
    ]
    return _trusted(" UNION ALL ".join(kinds + verbs))


def clearing() -> list[LiteralString]:
    """Statements that empty the store of what is ours, each in bounded transactions."""
    verbs = [*WRITTEN_VERBS, "MEMBER_OF"]
    edges = [
        f"MATCH ()-[r:{verb}]->() CALL (r) {{ DELETE r }} IN TRANSACTIONS OF 10000 ROWS"
        for verb in verbs
    ]
    nodes = [
        f"MATCH (n:{kind.label}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 10000 ROWS"
        for kind in NodeType
    ]
    looked_back = [
        f"MATCH (n:{label}) CALL (n) {{ DELETE n }} IN TRANSACTIONS OF 10000 ROWS"
        for label in ("RingVersion", "Flag")
    ]
    return [_trusted(text) for text in edges + nodes + looked_back]
