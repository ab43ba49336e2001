"""A hub read for sign-ups: what is kept of its accounts is never older than the store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graph.facts import Edge, Facts, Node
from graph.schema import NodeType
from graph.snapshot import Snapshot
from graph.store import Generation
from graph.stores.sqlite import SqliteStore
from graph.stores.sqlite_hop import CROWD, Hop, Met
from graph.stores.sqlite_read import Row, around

SIZE = 3 * CROWD


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An address with a crowd on it, as a journal tells it."""
    with SqliteStore(tmp_path / "graph.db") as store:
        store.write(Facts(tuple(account(n, 1) for n in range(SIZE)), tuple(ties(range(SIZE)))))
        yield store


def account(number: int, version: int, **known: str) -> Node:
    said = {"created_at": number, "pathway": "self_serve", **known}
    return Node(NodeType.ACCOUNT, f"a{number:04d}", number, said, version)


def ties(numbers: range, target: str = "ip:hub", verb: str = "SEEN_AT") -> Iterator[Edge]:
    return (Edge(f"account:a{n:04d}", verb, target, n, n, version=1) for n in numbers)


def same(store: SqliteStore, limit: int = CROWD + 10) -> Snapshot:
    """The hub as sign-ups read it, which is as the walk of the graph reads it."""
    found = store.neighbourhood(["ip:hub"], per_id=limit)
    with store._link.reading() as db:
        walked = around(db, store._words, ["ip:hub"], limit, 1)
    assert found.near == walked.near
    assert found.digest == walked.digest
    return found


@pytest.fixture
def laid_out(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The rows of nodes that SQLite laid out from now on."""
    rows: list[object] = []
    plain = Hop._taken

    def counting(self: Hop, row: list[Any], generation: int, blank: Row) -> Met:
        rows.append(row[2])
        return plain(self, row, generation, blank)

    monkeypatch.setattr(Hop, "_taken", counting)
    return rows


def test_accounts_of_a_hub_are_laid_out_once_and_a_newcomer_when_it_comes(
    store: SqliteStore, laid_out: list[object]
) -> None:
    same(store)
    first = len(laid_out)
    laid_out.clear()

    same(store)
    again = list(laid_out)
    laid_out.clear()
    store.write(Facts((account(SIZE, 2),), tuple(ties(range(SIZE, SIZE + 1)))))
    same(store)

    assert first == CROWD + 10 + 1  # those that are shown, and the hub
    assert again == ["hub"]
    assert set(laid_out) == {"hub", f"a{SIZE:04d}"}


def test_an_account_that_changed_is_read_again(store: SqliteStore) -> None:
    name = f"a{SIZE - 1:04d}"
    before = same(store).near
    status = before.columns["status"]

    store.write(Facts((account(SIZE - 1, 2, status="banned"),)))
    banned = same(store).near
    store.write(Facts((), tuple(ties(range(SIZE - 1, SIZE), "device:d", "USED"))))
    tied = same(store).near

    assert (before.accounts[name][status], banned.accounts[name][status]) == (None, "banned")
    assert tied.accounts[name][2] == 2  # its degree


def test_a_new_generation_is_seen_at_once(store: SqliteStore) -> None:
    name = f"a{SIZE - 1:04d}"
    found = []
    for number, score in ((1, 0.25), (2, 0.75)):
        same(store)
        table = pa.table({"key": [name], "score": [score]})
        store.publish(Generation(number, 100 + number, {"account": table}))
        near = same(store).near
        found.append(near.accounts[name][near.columns["score"]])

    assert found == [0.25, 0.75]


def test_what_no_journal_told_is_read_every_time(tmp_path: Path, laid_out: list[object]) -> None:
    with SqliteStore(tmp_path / "told.db") as store:
        edges = (Edge(f"account:a{n}", "SEEN_AT", "ip:hub", n, n) for n in range(SIZE))
        store.write(Facts((), tuple(edges)))
        same(store)
        first = len(laid_out)
        same(store)

    assert len(laid_out) == 2 * first


def test_nothing_is_kept_of_a_store_that_was_cleared(store: SqliteStore) -> None:
    same(store)
    kept = len(store._kept)

    store.clear()

    assert kept > CROWD
    assert not store._kept
    assert not same(store).near.accounts


@pytest.mark.parametrize("hops", [1, 2])
def test_of_accounts_that_came_in_one_instant_the_first_by_id_are_shown_and_no_other_is_laid_out(
    tmp_path: Path, laid_out: list[object], hops: int
) -> None:
    with SqliteStore(tmp_path / "instant.db") as store:
        edges = (Edge(f"account:a{n:04d}", "SEEN_AT", "ip:hub", 7, 7) for n in range(900))
        late = (Edge(f"account:z{n}", "SEEN_AT", "ip:hub", 9, 9) for n in range(3))
        store.write(Facts((), (*edges, *late)))

        near = store.neighbourhood(["ip:hub"], per_id=10, hops=hops).near

    assert list(near.accounts) == [f"a{n:04d}" for n in range(7)] + ["z0", "z1", "z2"]
    assert len(laid_out) == (11 if hops == 1 else 0)


def test_what_is_read_for_one_sign_up_is_of_one_moment(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = same(store).near
    plain = Hop._read
    with SqliteStore(tmp_path / "graph.db") as other:

        def written_meanwhile(self: Hop, *given: Any) -> None:
            other.write(Facts((account(0, 2, status="banned"),)))
            plain(self, *given)

        monkeypatch.setattr(Hop, "_read", written_meanwhile)
        store._kept.clear()
        found = store.neighbourhood(["ip:hub"], per_id=SIZE).near
        monkeypatch.undo()

    status = before.columns["status"]
    assert found.accounts["a0000"][status] is None
    assert store.neighbourhood(["ip:hub"], per_id=SIZE).near.accounts["a0000"][status] == "banned"
