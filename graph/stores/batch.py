"""Facts checked against the vocabulary and joined, ready for either adapter to write.

Two facts about one node or edge are joined here by the very rule the stores apply to what they
hold already: the higher version holds, equal versions are joined. The join is commutative,
associative and idempotent, which is what makes ``write`` free of order. It knows nothing of SQL
or Cypher; ``graph.stores.sqlite_write`` and ``graph.stores.neo4j_write`` carry it out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph.errors import InputError, UnknownName
from graph.facts import Edge, Facts, Node, Value
from graph.schema import EDGE_OF, NODE_PROPERTIES, PROPERTY_TYPE, NodeType

# A node that only edges name has seen no fact of its own: any fact replaces it.
UNTOLD = -1

Properties = Mapping[str, Value]
NodeKey = tuple[NodeType, str]
NodeRow = tuple[int, int, Properties]
EdgeKey = tuple[str, str, str]
EdgeRow = tuple[int, int, int, int]

# Rings and their members are published as a generation, never written as facts.
WRITTEN_VERBS = {verb: spec for verb, spec in EDGE_OF.items() if spec.target is not NodeType.RING}
_ENDS = {v: (s.source, f"{s.source}:", s.target, f"{s.target}:") for v, s in WRITTEN_VERBS.items()}
_KINDS: Mapping[str, NodeType] = {kind.value: kind for kind in NodeType}
_NAMES = {kind: frozenset(NODE_PROPERTIES[kind]) for kind in NodeType}


@dataclass(frozen=True, slots=True)
class Batch:
    """One transaction's worth of facts, each node and edge once.

    ``nodes`` maps (kind, key) to (first_seen us, version, properties); ``edges`` maps
    (verb, source key, target key) to (first_seen us, last_seen us, count, version); ``ends`` has
    for each kind the keys of ends of edges, and the earliest moment (us) at which each was tied.
    """

    nodes: dict[NodeKey, NodeRow]
    edges: dict[EdgeKey, EdgeRow]
    ends: dict[NodeType, dict[str, int]]

    @classmethod
    def of(cls, facts: Facts) -> "Batch":
        """``facts``, checked and joined.

        Raises:
            UnknownName: for a verb, kind of end or property outside the vocabulary.
            InputError: for a ring, or a property of the wrong type.
        """
        nodes = _nodes(facts.nodes)
        edges, ends = _edges(facts.edges)
        return cls(nodes, edges, ends)


def kind_named(name: str) -> NodeType:
    """The kind called ``name``.

    Raises:
        UnknownName: if there is none.
    """
    try:
        return _KINDS[name]
    except KeyError:
        raise UnknownName.among("kind of node", name, list(NodeType)) from None


def key_of(identity: str) -> NodeKey:
    """The kind and key of a node id.

    Raises:
        UnknownName: if the part before the first colon is no kind of node.
    """
    kind, _, key = identity.partition(":")
    return (kind_named(kind), key)


def joined_nodes(one: NodeRow, other: NodeRow) -> NodeRow:
    """What two facts about one node say together."""
    first = min(one[0], other[0])
    if one[1] != other[1]:
        newer = one if one[1] > other[1] else other
        return (newer[0] if newer[1] > 0 else first, newer[1], newer[2])
    both = {**one[2], **other[2]}
    for name in one[2].keys() & other[2].keys():
        both[name] = max(one[2][name], other[2][name])
    return (first, one[1], both)


def joined_edges(one: EdgeRow, other: EdgeRow) -> EdgeRow:
    """What two facts about one edge say together."""
    if one[3] != other[3]:
        return one if one[3] > other[3] else other
    return (min(one[0], other[0]), max(one[1], other[1]), max(one[2], other[2]), one[3])


def _nodes(facts: Iterable[Node]) -> dict[NodeKey, NodeRow]:
    rows: dict[NodeKey, NodeRow] = {}
    for node in facts:
        if node.properties:
            _check_properties(node)
        elif node.kind is NodeType.RING:
            raise InputError("a ring is published, not written")
        key = (node.kind, node.key)
        row = (node.first_seen, node.version, node.properties)
        old = rows.get(key)
        rows[key] = row if old is None else joined_nodes(old, row)
    return rows


def _edges(
    facts: Iterable[Edge],
) -> tuple[dict[EdgeKey, EdgeRow], dict[NodeType, dict[str, int]]]:
    rows: dict[EdgeKey, EdgeRow] = {}
    ends: dict[NodeType, dict[str, int]] = {}
    for edge in facts:
        source_kind, source, target_kind, target = _ends_of(edge)
        key = (edge.verb, source, target)
        first = edge.first_seen
        row = (first, edge.last_seen, edge.count, edge.version)
        old = rows.get(key)
        rows[key] = row if old is None else joined_edges(old, row)
        known = ends.setdefault(source_kind, {})
        if known.get(source, first) >= first:
            known[source] = first
        known = ends.setdefault(target_kind, {})
        if known.get(target, first) >= first:
            known[target] = first
    return rows, ends


def _ends_of(edge: Edge) -> tuple[NodeType, str, NodeType, str]:
    """Kind and key of the source, kind and key of the target.

    Raises:
        UnknownName: if the verb does not exist or does not tie such ends.
    """
    try:
        source, source_prefix, target, target_prefix = _ENDS[edge.verb]
    except KeyError:
        raise UnknownName.among("edge type", edge.verb, WRITTEN_VERBS) from None
    if not edge.source.startswith(source_prefix) or not edge.target.startswith(target_prefix):
        got = f"{edge.source.partition(':')[0]} {edge.verb} {edge.target.partition(':')[0]}"
        raise UnknownName.among("edge", got, [" ".join(EDGE_OF[edge.verb].triple)])
    return source, edge.source[len(source_prefix) :], target, edge.target[len(target_prefix) :]


def _check_properties(node: Node) -> None:
    names = _NAMES[node.kind]
    for name, value in node.properties.items():
        if name not in names:
            raise UnknownName.among(f"property of {node.kind}", name, names)
        wanted = PROPERTY_TYPE.get(name, str)
        if not isinstance(value, wanted):
            got = type(value).__name__
            raise InputError(f"{name} of {node.kind} must be {wanted.__name__}, got {got}")


def tied_kinds(own: NodeType, degree: int, out: Mapping[str, int]) -> dict[str, int]:
    """Edges of a node by the kind they lead to, from its degree and its edges out by verb.

    Every kind is tied to by one kind alone: the edges in are the degree less those out.
    """
    found: dict[str, int] = {}
    for verb, count in out.items():
        kind = WRITTEN_VERBS[verb].target.value
        found[kind] = found.get(kind, 0) + count
    into = degree - sum(out.values())
    holder = next((s.source.value for s in WRITTEN_VERBS.values() if s.target is own), None)
    if into > 0 and holder is not None:
        found[holder] = found.get(holder, 0) + into
    return found
