"""The statements that read a neighbourhood or a page from Neo4j, put together from the vocabulary.

One statement answers for nodes of several kinds: a part for each kind that is asked for, joined by
``UNION ALL``. Which parts exist follows from the vocabulary, so there are a few dozen texts at
most, and the server plans each once. Edges that lead to an entity are read from the index over
(``target``, ``last_seen``) in the order of the law; ``ORDER BY r.target DESC`` beside it is what
lets the planner take the order from the index instead of sorting a hub. Edges that lead from an
account are sorted: they are its own. It knows nothing of how rows become a snapshot.
"""

from functools import cache
from typing import LiteralString

from graph.schema import EdgeSpec, NodeType
from graph.stores.batch import WRITTEN_VERBS

POINTER: LiteralString = "OPTIONAL MATCH (m:Meta {name: 'generation'}) "
POINTER_NOW: LiteralString = POINTER + "RETURN properties(m)"
POINTER_PART = POINTER + "RETURN 'pointer' AS label, properties(m) AS node, [] AS edges"
# An edge as a list; `behind` holds the edges of the neighbour in the same form.
_EDGE = (
    "collect([type(r), r.first_seen, r.last_seen, r.count, {out}, "
    "labels(a)[0], properties(a), {behind}])"
)
_EVER = -(2**63)


def verbs_out(kind: NodeType, *, entities_only: bool = False) -> list[str]:
    """Verbs that lead from ``kind``, or those of them that do not lead to an account."""
    return [
        verb
        for verb, spec in WRITTEN_VERBS.items()
        if spec.source is kind and not (entities_only and spec.target is NodeType.ACCOUNT)
    ]


def specs_in(kind: NodeType) -> list[EdgeSpec]:
    """Kinds of edges that lead to ``kind``."""
    return [spec for spec in WRITTEN_VERBS.values() if spec.target is kind]


@cache
def neighbourhood(kinds: frozenset[NodeType], hops: int) -> LiteralString:
    """The law of ``GraphStore.neighbourhood`` for nodes of ``kinds``.

    Parameters: for each kind a list of [key, number] under its value, and ``limit``. Gives rows of
    (label, node, edges): the generation's pointer under the label ``pointer``, then each node.
    """
    parts = [POINTER_PART, *(_part(kind, hops) for kind in sorted(kinds))]
    return " UNION ALL ".join(parts)


def _part(kind: NodeType, hops: int) -> str:
    calls, names = [], []
    for i, spec in enumerate(specs_in(kind)):
        crosses = spec.source is NodeType.ACCOUNT and kind is not NodeType.ACCOUNT
        behind = _to_entities() if hops > 1 and crosses else ""
        calls.append(f"CALL (n, x) {{ {_into(spec)} {_collected(behind, 'false')} AS into{i} }}")
        names.append(f"into{i}")
    if verbs_out(kind):
        behind = _to_accounts() if hops > 1 and kind is NodeType.ACCOUNT else ""
        calls.append(f"CALL (n) {{ {_out(verbs_out(kind))} {_collected(behind, 'true')} AS out }}")
        names.append("out")
    return (
        f"UNWIND ${kind.value} AS x MATCH (n:{kind.label} {{key: x[0]}}) {' '.join(calls)} "
        f"RETURN '{kind.label}' AS label, properties(n) AS node, {' + '.join(names)} AS edges"
    )


def _into(spec: EdgeSpec) -> str:
    """The most recent edges of a verb into ``n``, whose number is ``x[1]``, from the index."""
    return (
        f"MATCH (a)-[r:{spec.verb}]->(b) {_by_index('r', spec.verb)}"
        f"WHERE r.target = x[1] AND r.last_seen >= {_EVER} AND b.key = n.key {_no_loop(spec)}"
        "WITH a, r ORDER BY r.target DESC, r.last_seen DESC, a.key LIMIT $limit"
    )


def _by_index(variable: str, verb: str) -> str:
    """A hint: on a small graph the planner would rather expand the node, and keep that plan."""
    return f"USING INDEX {variable}:{verb}(target, last_seen) "


def _no_loop(spec: EdgeSpec) -> str:
    """An edge from a node to itself is among its edges out already."""
    return "AND elementId(a) <> elementId(b) " if spec.source is spec.target else ""


def _out(verbs: list[str]) -> str:
    """The most recent edges out of ``n``."""
    return (
        f"MATCH (n)-[r:{'|'.join(verbs)}]->(a) WHERE r.count > 0 "
        "WITH a, r ORDER BY r.last_seen DESC, labels(a)[0], a.key LIMIT $limit"
    )


def edge_list(out: str) -> str:
    """The edges ``r`` to nodes ``a`` as one list; ``out`` says whether they lead away."""
    return _EDGE.format(out=out, behind="[]")


def _collected(behind: str, out: str) -> str:
    return f"{behind} RETURN " + _EDGE.format(out=out, behind="behind" if behind else "[]")


def _to_entities() -> str:
    """For each account ``a`` its edges to entities."""
    verbs = "|".join(verbs_out(NodeType.ACCOUNT, entities_only=True))
    return (
        f"CALL (a) {{ MATCH (a)-[q:{verbs}]->(e) WHERE q.count > 0 "
        "WITH e, q ORDER BY q.last_seen DESC, labels(e)[0], e.key LIMIT $limit "
        f"RETURN {_inner('true')} AS behind }}"
    )


def _to_accounts() -> str:
    """For each entity ``a`` that ``r`` led to, the edges that lead to it from accounts."""
    parts = [
        f"MATCH (e)-[q:{verb}]->(b) {_by_index('q', verb)}"
        # Null for entities of other verbs: their index is not even looked into.
        f"WHERE q.target = CASE type(r) WHEN '{verb}' THEN r.target END "
        f"AND q.last_seen >= {_EVER} AND b.key = a.key "
        "WITH e, q ORDER BY q.target DESC, q.last_seen DESC, e.key LIMIT $limit RETURN e, q"
        for verb in verbs_out(NodeType.ACCOUNT, entities_only=True)
    ]
    return (
        f"CALL (a, r) {{ CALL (a, r) {{ {' UNION ALL '.join(parts)} }} "
        f"RETURN {_inner('false')} AS behind }}"
    )


def _inner(out: str) -> str:
    renamed = _EDGE.format(out=out, behind="[]").replace("(r)", "(q)").replace("r.", "q.")
    return renamed.replace("(a)", "(e)")


@cache
def page(own: NodeType, other: NodeType | None) -> LiteralString:
    """Edges between a node of kind ``own`` and neighbours of kind ``other`` (None: any).

    Parameters: ``key``, ``number``, ``limit``, and for each verb and direction, under
    ``<verb>_in`` or ``<verb>_out``: [latest moment, whether all that tie at it are wanted, key
    after which they are wanted otherwise (null: none), whether one of that very key is].
    """
    into = [s for s in specs_in(own) if other in (None, s.source)]
    out = [v for v in verbs_out(own) if other in (None, WRITTEN_VERBS[v].target)]
    calls = [
        _page_call(
            f"MATCH (a)-[r:{spec.verb}]->(b) {_by_index('r', spec.verb)}"
            "WHERE r.target = $number AND b.key = $key " + _no_loop(spec),
            f"{spec.verb}_in",
            "r.target DESC, ",
        )
        for spec in into
    ] + [
        _page_call(f"MATCH (n)-[r:{verb}]->(a) WHERE r.count > 0", f"{verb}_out", "")
        for verb in out
    ]
    union = " UNION ALL ".join(calls)
    named = f"MATCH (n:{own.label} {{key: $key}}) "
    node = f"{named} RETURN '{own.label}' AS label, properties(n) AS node, [] AS edges"
    if not calls:
        return f"{POINTER_PART} UNION ALL {node}"
    edges = f"{named} CALL (n) {{ {union} }} RETURN 'edges' AS label, {{}} AS node, edges"
    return f"{POINTER_PART} UNION ALL {node} UNION ALL {edges}"


def _page_call(match: str, name: str, order: str) -> str:
    out = "true" if name.endswith("_out") else "false"
    return (
        f"{match} AND r.last_seen <= ${name}[0] AND (r.last_seen < ${name}[0] "
        f"OR ${name}[1] OR a.key > ${name}[2] OR (a.key = ${name}[2] AND ${name}[3])) "
        f"WITH a, r ORDER BY {order}r.last_seen DESC, a.key LIMIT $limit "
        f"RETURN {_EDGE.format(out=out, behind='[]')} AS edges"
    )


@cache
def degrees_out(own: NodeType) -> LiteralString:
    """(verb, number) of a node's edges out, and under 'degree' its whole degree."""
    degree = f"MATCH (n:{own.label} {{key: $key}}) RETURN 'degree' AS verb, n.degree AS number"
    verbs = verbs_out(own)
    if not verbs:
        return degree
    return (
        f"{degree} UNION ALL MATCH (n:{own.label} {{key: $key}})-[r:{'|'.join(verbs)}]->() "
        "WHERE r.count > 0 RETURN type(r) AS verb, count(r) AS number"
    )
