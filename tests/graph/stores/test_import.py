"""Import files for a first load say what the adapter would have written, in the importer's form."""

from pathlib import Path

import pyarrow.csv

from graph.facts import Edge, Facts, Node
from graph.retell import retell
from graph.schema import NodeType
from graph.simulate.bulk import bulk
from graph.store import GraphStore
from graph.stores.neo4j_import import write_import
from graph.stores.neo4j_schema import number_of


def test_every_node_and_edge_is_in_the_files_once(tmp_path: Path) -> None:
    graph = bulk(accounts=300, edges=900, hub=100, seed=2)

    arguments = write_import(graph, tmp_path)

    files = dict(a.split("=", 1)[1].split("=") for a in arguments if a.startswith(("--n", "--r")))
    assert arguments[:2] == ["neo4j", "--id-type=string"]
    for kind, table in graph.nodes.items():
        read = pyarrow.csv.read_csv(files[kind.label])
        assert read[f"key:ID({kind.label})"].to_pylist() == table["key"].to_pylist()
        assert read["degree:long"].to_pylist() == table["degree"].to_pylist()
    for verb, table in graph.edges.items():
        read = pyarrow.csv.read_csv(files[verb])
        assert read["count:long"].to_pylist() == table["count"].to_pylist()
    ties = pyarrow.csv.read_csv(files["SEEN_AT"])
    assert ties["target:long"].to_pylist() == [
        number_of(key) for key in ties[":END_ID(Ip)"].to_pylist()
    ]


def test_awkward_text_is_quoted_and_line_breaks_are_announced(
    sqlite_store: GraphStore, tmp_path: Path
) -> None:
    names = ['quo"te', "com,ma", "line\nbreak", "ünï", " "]
    sqlite_store.write(Facts(tuple(Node(NodeType.ORGANISATION, name, 1) for name in names)))

    arguments = write_import(sqlite_store.snapshot(), tmp_path)

    assert "--multiline-fields=true" in arguments
    options = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.read_csv(tmp_path / "organisation.csv", parse_options=options)
    assert read["key:ID(Organisation)"].to_pylist() == sorted(names)


def test_what_is_unknown_is_left_empty(sqlite_store: GraphStore, tmp_path: Path) -> None:
    sqlite_store.write(Facts((Node(NodeType.ACCOUNT, "a", 5, {"plan": "free"}),)))

    write_import(sqlite_store.snapshot(), tmp_path, version=7)

    header, row = (tmp_path / "account.csv").read_text().splitlines()
    said = dict(zip(header.replace('"', "").split(","), row.split(","), strict=True))
    assert said["plan:string"] == '"free"'
    assert said["country:string"] == ""
    assert (said["first_seen:long"], said["version:long"]) == ("5", "7")


def test_a_graph_is_retold_in_batches_of_the_size_asked() -> None:
    graph = bulk(accounts=50, edges=120, hub=10, seed=1)

    batches = list(retell(graph, size=25, version=3))

    assert max(len(batch.nodes) + len(batch.edges) for batch in batches) == 25
    facts = [fact for batch in batches for fact in (*batch.nodes, *batch.edges)]
    assert {fact.version for fact in facts} == {3}
    ties = [fact for fact in facts if isinstance(fact, Edge)]
    assert len(ties) == sum(len(table) for table in graph.edges.values())
