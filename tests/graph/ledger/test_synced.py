"""Which commits of the ledger wait for the disk: those that say nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graph.ledger.engine import Ledger

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
