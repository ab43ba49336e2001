"""What is taken away written as a file: CSV, GraphML, JSON, or the sealed evidence pack of a ring.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula: such a cell
begins with an apostrophe here. It knows nothing of who asks, of files or of when they expire.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from api.schemas.graph import EdgeOut, NodeOut

MARK = b"\xef\xbb\xbf"
"""With it a spreadsheet reads a CSV as UTF-8."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("id", "kind", "label", "score", "status", "ring_id", "degree", "flagged", "first_seen")
_GRAPHML = "http://graphml.graphdrawing.org/xmlns"
_NODE_DATA = {
    "kind": "string", "label": "string", "score": "double", "status": "string",
    "ring_id": "string", "degree": "long", "flagged": "long", "member": "boolean",
    "first_seen": "string",
}  # fmt: skip
_EDGE_DATA = {"kind": "string", "count": "long", "first_seen": "string", "last_seen": "string"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Taken:
    """The content of an export: facts about it, its nodes and its edges."""

    about: Mapping[str, Any]
    nodes: Sequence[NodeOut]
    edges: Sequence[EdgeOut]


def as_csv(taken: Taken) -> bytes:
    """A row a node: fixed columns, every property, and the ids of what it is tied to."""
    names = sorted({name for node in taken.nodes for name in node.properties})
    ties: dict[str, list[str]] = {}
    for edge in taken.edges:
        ties.setdefault(edge.source, []).append(edge.target)
    whole = io.StringIO()
    rows = csv.writer(whole, lineterminator="\r\n")
    rows.writerow(map(cell, (*COLUMNS, *names, "tied_to")))
    for node in taken.nodes:
        plain = node.model_dump(mode="json")
        values = [plain[name] for name in COLUMNS]
        values += [node.properties.get(name) for name in names]
        rows.writerow(map(cell, (*values, " ".join(sorted(ties.get(node.id, []))))))
    return MARK + whole.getvalue().encode()


def cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return "" if value is None else value


def as_json(taken: Taken) -> bytes:
    """Everything, as the API shows it."""
    whole = {
        **taken.about,
        "nodes": [node.model_dump(mode="json") for node in taken.nodes],
        "edges": [edge.model_dump(mode="json") for edge in taken.edges],
    }
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False).encode()


def as_graphml(taken: Taken) -> bytes:
    """GraphML 1.0, as Gephi, yEd and networkx read it."""
    ElementTree.register_namespace("", _GRAPHML)
    root = ElementTree.Element(f"{{{_GRAPHML}}}graphml")
    for target, names in (("node", _NODE_DATA), ("edge", _EDGE_DATA)):
        for name, kind in names.items():
            attributes = {"id": f"{target}-{name}", "for": target, "attr.name": name}
            ElementTree.SubElement(root, f"{{{_GRAPHML}}}key", {**attributes, "attr.type": kind})
    graph = ElementTree.SubElement(
        root, f"{{{_GRAPHML}}}graph", {"id": "ringsight", "edgedefault": "directed"}
    )
    for node in taken.nodes:
        element = ElementTree.SubElement(graph, f"{{{_GRAPHML}}}node", {"id": _text(node.id)})
        _data(element, "node", _NODE_DATA, node.model_dump(mode="json"))
    for edge in taken.edges:
        ends = {"source": _text(edge.source), "target": _text(edge.target)}
        element = ElementTree.SubElement(
            graph, f"{{{_GRAPHML}}}edge", {"id": _text(edge.id), **ends}
        )
        _data(element, "edge", _EDGE_DATA, edge.model_dump(mode="json"))
    whole: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return whole


def _data(
    element: ElementTree.Element, target: str, names: Mapping[str, str], row: Mapping[str, Any]
) -> None:
    for name, kind in names.items():
        value = row.get(name)
        if value is not None:
            told = ElementTree.SubElement(
                element, f"{{{_GRAPHML}}}data", {"key": f"{target}-{name}"}
            )
            told.text = str(value).lower() if kind == "boolean" else _text(str(value))


def _text(value: str) -> str:
    """Text without the characters that XML has no way to say."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
