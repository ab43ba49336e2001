"""What a store says when it is absent, locked, damaged, too new, or of no known kind."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from graph.errors import SchemaMismatch, SettingsError, StoreCorrupt, StoreError, StoreUnavailable
from graph.facts import Edge, Facts
from graph.store import GraphStore
from graph.stores import open_store, sqlite_schema
from graph.stores.migrations import migrate
from graph.stores.sqlite import SqliteStore

TIE = Facts((), (Edge("account:a", "SEEN_AT", "ip:x", 1, 2),))


def test_a_url_that_no_store_serves_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="no store serves 'postgres'; known: sqlite, bolt"):
        open_store("postgres://host/db")


def test_an_embedded_store_makes_its_folder(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/new/folder/graph.db") as store:
        store.write(TIE)

    assert (tmp_path / "new" / "folder" / "graph.db").stat().st_size > 0


def test_a_store_in_memory_serves_every_thread() -> None:
    with open_store("sqlite://") as store:
        store.write(TIE)
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(store.counts()["SEEN_AT"]))
        thread.start()
        thread.join()

    assert seen == [1]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to count open files")
def test_threads_that_ended_leave_no_connection_open(tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "graph.db") as store:
        store.write(TIE)
        for _ in range(20):
            thread = threading.Thread(target=store.counts)
            thread.start()
            thread.join()

        files = Path("/proc/self/fd").glob("*")
        opened = sum(str(file.resolve()).startswith(str(tmp_path)) for file in files)

    assert opened <= 8, "a writer, the last reader and this thread: file, log and index of each"


def test_a_folder_where_the_file_should_be_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_that_is_no_database_is_corrupt(tmp_path: Path) -> None:
    (tmp_path / "graph.db").write_bytes(b"account_id,created_at\n" * 500)

    with pytest.raises(StoreCorrupt):
        open_store(f"sqlite:///{tmp_path}/graph.db")


def test_a_locked_store_is_unavailable_to_writers_and_open_to_readers(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    store = SqliteStore(path, wait_s=0.05)
    store.write(TIE)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="locked"):
        store.write(TIE)
    assert store.counts()["SEEN_AT"] == 1
    other.execute("ROLLBACK")
    store.write(Facts((), (Edge("account:b", "SEEN_AT", "ip:x", 1, 2),)))

    assert store.counts()["SEEN_AT"] == 2
    other.close()
    store.close()


def test_a_read_only_file_is_unavailable_to_writers(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    SqliteStore(path).close()
    script = (
        "import sys, pathlib\n"
        "from graph.errors import StoreUnavailable\n"
        "from graph.stores import sqlite_link\n"
        "import sqlite3\n"
        "db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
        "try:\n"
        "    with sqlite_link.translated('graph.db'):\n"
        "        db.execute('CREATE TABLE t (x)')\n"
        "except StoreUnavailable as error:\n"
        "    print(error)\n"
    )

    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )

    assert "readonly" in run.stdout


@pytest.mark.parametrize(
    ("scheme", "newest"),
    [("sqlite", "3"), pytest.param("neo4j", "2", marks=pytest.mark.neo4j)],
)
def test_a_store_of_a_newer_version_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, scheme: str, newest: str
) -> None:
    store: GraphStore = request.getfixturevalue(f"{scheme}_store")
    address = (f"sqlite:///{tmp_path}/graph.db",)
    if scheme == "neo4j":
        address = request.getfixturevalue("neo4j_address")
    store.set_meta("schema_version", "99")

    try:
        with pytest.raises(SchemaMismatch, match=rf"schema version 99.*knows up to {newest}"):
            open_store(*address)
    finally:
        store.set_meta("schema_version", newest)


def test_a_store_of_the_first_version_learns_to_look_back(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.write(TIE)
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE ring_version")
        db.execute("DROP TABLE flag")
        db.execute("UPDATE meta SET value = '1' WHERE name = 'schema_version'")

    with SqliteStore(path) as store:
        assert store.meta("schema_version") == "3"
        assert store.flags() == []
        assert store.ring_versions("r") == {}
        assert store.counts()["SEEN_AT"] == 1


def test_steps_that_are_missing_are_taken_in_order_and_once() -> None:
    taken: list[int] = []
    steps = [lambda n=n: taken.append(n) for n in (1, 2, 3)]

    assert migrate(1, steps) == 2
    assert migrate(3, steps) == 0
    assert taken == [2, 3]
    with pytest.raises(SchemaMismatch):
        migrate(4, steps)


def test_an_older_embedded_store_is_brought_forward_with_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.write(TIE)
    step = ("CREATE TABLE note (text TEXT)", "INSERT INTO note VALUES ('brought forward')")

    monkeypatch.setattr(sqlite_schema, "STEPS", (*sqlite_schema.STEPS, step))
    with SqliteStore(path) as store:
        assert store.meta("schema_version") == "4"
        assert store.counts()["SEEN_AT"] == 1

    with sqlite3.connect(path) as db:
        assert db.execute("SELECT text FROM note").fetchall() == [("brought forward",)]


def test_a_step_that_fails_leaves_the_version_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "graph.db"
    SqliteStore(path).close()
    step = ("CREATE TABLE note (text TEXT)", "INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_schema, "STEPS", (*sqlite_schema.STEPS, step))
        with pytest.raises(StoreError):
            SqliteStore(path)

    with SqliteStore(path) as store:
        assert store.meta("schema_version") == "3"


def test_a_property_new_to_the_vocabulary_is_added_to_an_old_store(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.write(TIE)
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE node DROP COLUMN p_status")

    with SqliteStore(path) as store:
        piece = store.snapshot()

    assert "status" in piece.nodes[next(iter(piece.nodes))].column_names


def test_what_a_killed_writer_had_not_committed_is_gone_and_the_rest_is_there(
    tmp_path: Path,
) -> None:
    script = (
        "import os, sys\n"
        "from graph.facts import Edge, Facts\n"
        "from graph.stores import open_store\n"
        "store = open_store('sqlite:///' + sys.argv[1])\n"
        "store.write(Facts((), (Edge('account:a', 'SEEN_AT', 'ip:x', 1, 2),)))\n"
        "with store._link.writing() as db:\n"
        "    db.execute('DELETE FROM edge')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    path = tmp_path / "graph.db"

    subprocess.run([sys.executable, "-c", script, str(path)], check=False)

    with SqliteStore(path) as store:
        assert store.counts() == {"account": 1, "ip": 1, "SEEN_AT": 1}


def test_opening_an_embedded_store_does_not_import_the_neo4j_driver() -> None:
    script = (
        "import sys; from graph.stores import open_store; open_store('sqlite://');"
        "sys.exit('neo4j' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
