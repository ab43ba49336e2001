"""A snapshot as files for ``neo4j-admin database import``: the first load of a large graph.

A running server takes in some 10,000 edges a second per core; its offline importer fills an *empty*
database at hundreds of thousands. The files hold exactly what the adapter would have written, so
that a store opened on the result goes on where they end: it makes its constraints and indexes when
first opened. Published columns are not among them; the next refresh publishes anew. It talks to no
server: stop it, run ``neo4j-admin`` with the arguments given here, start it.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from graph.schema import EDGE_OF, NODE_PROPERTIES, PROPERTY_TYPE, NodeType
from graph.snapshot import Snapshot
from graph.stores.neo4j_schema import number_of

_CSV_TYPE = {int: "long", float: "double", str: "string"}


def write_import(snapshot: Snapshot, folder: Path, version: int = 0) -> list[str]:
    """Write files under ``folder``; gives the arguments of ``neo4j-admin database import full``.

    Args:
        snapshot: what to load, usually everything as of now.
        folder: made if absent; some 100 bytes an edge.
        version: of every fact; later facts hold only if theirs is as high.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arguments = ["neo4j", "--id-type=string"]
    lines = False
    for kind in snapshot.nodes:
        table = _nodes(snapshot, kind, version)
        lines = lines or _has_lines(table)
        path = _written(table, folder / f"{kind.value}.csv")
        arguments.append(f"--nodes={kind.label}={path}")
    for verb in snapshot.edges:
        path = _written(_edges(snapshot, verb, version), folder / f"{verb.lower()}.csv")
        arguments.append(f"--relationships={verb}={path}")
    if lines:
        arguments.append("--multiline-fields=true")
    return arguments


def _nodes(snapshot: Snapshot, kind: NodeType, version: int) -> pa.Table:
    table = snapshot.nodes[kind]
    columns = {
        f"key:ID({kind.label})": table["key"],
        "first_seen:long": table["first_seen"],
        "degree:long": table["degree"],
        "version:long": pa.array([version] * table.num_rows, pa.int64()),
    }
    for name in NODE_PROPERTIES[kind]:
        if name in table.column_names:
            columns[f"{name}:{_CSV_TYPE[PROPERTY_TYPE.get(name, str)]}"] = table[name]
    return pa.table(columns)


def _edges(snapshot: Snapshot, verb: str, version: int) -> pa.Table:
    spec, table = EDGE_OF[verb], snapshot.edges[verb]
    targets = snapshot.keys(spec.target)
    numbers = pa.array([number_of(key) for key in targets.to_pylist()], pa.int64())
    return pa.table(
        {
            f":START_ID({spec.source.label})": snapshot.keys(spec.source).take(table["source"]),
            f":END_ID({spec.target.label})": targets.take(table["target"]),
            "first_seen:long": table["first_seen"],
            "last_seen:long": table["last_seen"],
            "count:long": table["count"],
            "version:long": pa.array([version] * table.num_rows, pa.int64()),
            "target:long": numbers.take(table["target"]),
        }
    )


def _has_lines(table: pa.Table) -> bool:
    """Whether a text holds a line break, which the importer must be told."""
    texts = (column for column in table.columns if pa.types.is_string(column.type))
    return any(pc.any(pc.match_substring_regex(c, "[\r\n]")).as_py() for c in texts)


def _written(table: pa.Table, path: Path) -> Path:
    pyarrow.csv.write_csv(table, path)
    return path
