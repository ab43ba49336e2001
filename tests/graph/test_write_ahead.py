"""Write-ahead logging on a file that somebody else holds at that moment."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from graph.facts import Edge, Facts
from graph.stores.sqlite import SqliteStore
from graph.write_ahead import LOG_PAGES, use_write_ahead


def _mode(path: Path) -> str:
    with sqlite3.connect(path) as db:
        (mode,) = db.execute("PRAGMA journal_mode").fetchone()
    return str(mode)


def _switch(path: Path, started: Event) -> None:
    db = sqlite3.connect(path, timeout=0)
    started.set()
    use_write_ahead(db)
    db.close()


def test_the_switch_waits_for_whoever_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE held (n)")
    holder.execute("BEGIN EXCLUSIVE")
    started = Event()

    with ThreadPoolExecutor(1) as pool:
        switching = pool.submit(_switch, path, started)
        assert started.wait(30)
        assert not switching.done()
        holder.execute("COMMIT")
        switching.result(timeout=30)

    assert _mode(path) == "wal"


def test_a_file_that_is_no_database_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("not a database" * 100)

    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        use_write_ahead(sqlite3.connect(path))


def test_two_that_open_a_new_file_at_once_both_switch_it(tmp_path: Path) -> None:
    for place in range(20):
        path = tmp_path / f"{place}.db"

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(_switch, path, Event()) for _ in range(4)]:
                done.result(timeout=60)

        assert _mode(path) == "wal"


def test_beside_readers_a_few_batches_do_not_make_each_commit_copy_pages(tmp_path: Path) -> None:
    path = tmp_path / "graph.db"
    with SqliteStore(path) as store:
        store.load(())
        before = path.stat().st_size
        for batch in range(3):
            ties = [Edge(f"account:{batch}-{n}", "SEEN_AT", f"ip:{n}", n, n) for n in range(10_000)]
            store.write(Facts((), tuple(ties)))

        log_pages = path.with_name("graph.db-wal").stat().st_size // 4_096
        assert 1_000 < log_pages < LOG_PAGES
        assert path.stat().st_size == before
