"""Which commits of the ledger wait for the disk: those that say nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graph.errors import StoreError
from graph.ledger import hot
from graph.ledger.engine import Ledger, driver
from graph.ledger.hot import Parcel

NORMAL, FULL = 1, 2


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Ledger]:
    with Ledger(sqlite_url) as ledger:
        yield ledger


@contextmanager
def waiting(ledger: Ledger, *, synced: bool) -> Iterator[int]:
    """How far the commit of a transaction will wait, as SQLite says it."""
    with ledger.writing(synced=synced) as book:
        yield int(book.exec_driver_sql("PRAGMA synchronous").scalar_one())


def test_a_commit_waits_for_the_disk_unless_it_says_that_it_need_not(lite: Ledger) -> None:
    found = []
    # One connection of the pool serves them all: what one asked for must not stay for the next.
    for synced in (True, False, False, True):
        with waiting(lite, synced=synced) as level:
            found.append(level)

    assert found == [FULL, NORMAL, NORMAL, FULL]


def test_two_transactions_side_by_side_do_not_change_each_others_wait(lite: Ledger) -> None:
    with waiting(lite, synced=False), lite.reading() as other:
        level = int(other.exec_driver_sql("PRAGMA synchronous").scalar_one())

    assert level == FULL


def test_a_commit_that_does_not_wait_leaves_the_checkpoint_to_who_settles(lite: Ledger) -> None:
    with lite.writing(synced=False) as book:
        alone = int(book.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())
        hot.post(book, [Parcel("signup", b"x" * 100, 1)])
    path = lite.path
    assert path is not None
    before = path.stat().st_mtime_ns

    lite.settle()

    with lite.reading() as book:
        held, done = book.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()[1:]
        others = int(book.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())
    assert (alone, others) == (0, 1_000)
    assert held == done
    assert path.stat().st_mtime_ns > before


def test_who_jots_neither_waits_for_the_disk_nor_changes_how_others_wait(lite: Ledger) -> None:
    found = []
    for _ in range(2):
        with lite.jotting() as book:
            found.append(int(driver(book).execute("PRAGMA synchronous").fetchone()[0]))
        with waiting(lite, synced=True) as level:
            found.append(level)

    assert found == [NORMAL, FULL, NORMAL, FULL]


def test_what_was_jotted_before_a_fault_is_gone_and_the_next_goes_on(lite: Ledger) -> None:
    def jot(body: bytes, *, broken: bool = False) -> None:
        with lite.jotting() as book:
            hot.post(book, [Parcel("signup", body, 1)])
            if broken:
                driver(book).execute("INSERT INTO nowhere VALUES (1)")

    jot(b"first")
    with pytest.raises(StoreError):
        jot(b"lost", broken=True)
    jot(b"second")

    with lite.reading() as book:
        assert [parcel.body for parcel in hot.waiting(book)] == [b"first", b"second"]
