"""Answers to sign-ups in the ledger: one chain, one reply a key, an outbox that forgets nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from graph.ledger import hot
from graph.ledger.engine import Ledger, driver
from graph.ledger.hot import Answer, Earlier, Parcel


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger


def answer(number: int, *, key: str | None = None, parked: bool = False) -> Answer:
    account = f"a{number}"
    parcel = Parcel("signup", b"{}", number, account, parked)
    return Answer(
        number, "key:1", f"body {number}", f"inputs {number}", "allow", False, 0, f"id{number}",
        account, f'{{"request_id": "id{number}"}}', 0.5, "v1", key, parcel,
    )  # fmt: skip


def test_a_group_of_answers_is_written_with_what_follows_from_it(ledger):
    with ledger.writing() as book:
        found = hot.record(book, [answer(1), replace(answer(2), parcel=None), answer(3)])

    with ledger.reading() as book:
        waiting = hot.waiting(book)
        assert hot.count(book) == 3
        assert hot.latest_of(book, "a2") == {"request_id": "id2"}
        assert hot.answer_of(book, "id3") == ("a3", "allow")
    assert [parcel.account_id for parcel in waiting] == ["a1", "a3"]
    assert found == [waiting[0].seq, None, waiting[1].seq]


def test_the_same_key_gives_the_first_reply_within_a_group_and_after(ledger):
    with ledger.writing() as book:
        within = hot.record(book, [answer(1, key="k"), answer(2, key="k")])
    with ledger.writing() as book:
        after = hot.record(book, [answer(3, key="k"), answer(4, key="other")])

    first = Earlier("body 1", '{"request_id": "id1"}')
    assert within[1] == after[0] == first
    with ledger.reading() as book:
        assert hot.count(book) == 2
        assert [p.account_id for p in hot.waiting(book)] == ["a1", "a4"]


def test_a_parked_parcel_waits_for_its_account_to_be_opened(ledger):
    with ledger.writing() as book:
        hot.record(book, [answer(1, parked=True), answer(2)])
    with ledger.reading() as book:
        before = [p.account_id for p in hot.waiting(book)], hot.depth(book)

    with ledger.writing() as book:
        assert hot.unpark(book, "a1") == 1

    with ledger.reading() as book:
        after = [p.account_id for p in hot.waiting(book)], hot.depth(book)
    assert before == (["a2"], (1, 1))
    assert after == (["a1", "a2"], (2, 0))


def test_what_is_delivered_waits_no_longer_and_its_number_is_not_used_again(ledger):
    with ledger.writing() as book:
        (first,) = hot.post(book, [Parcel("signup", b"1", 1)])
        hot.delivered(book, [first])

    with ledger.writing() as book:
        (second,) = hot.post(book, [Parcel("signup", b"2", 1)])

    assert second > first
    with ledger.reading() as book:
        assert [p.body for p in hot.waiting(book)] == [b"2"]


@pytest.mark.parametrize(
    "changed", [{"decision": "deny"}, {"reply": "{}"}, {"account_id": "a9"}, {"seal": "0"}]
)
def test_a_changed_answer_breaks_the_chain_where_it_stands(ledger, changed):
    with ledger.writing() as book:
        hot.record(book, [answer(n) for n in range(1, 6)])
        whole = hot.verify(book)
        book.execute(update(hot.signup_answer).where(hot.signup_answer.c.seq == 3).values(changed))

    with ledger.reading() as book:
        broken = hot.verify(book)

    assert whole == hot.Walked(5)
    assert broken == hot.Walked(2, broken_at=3)


def test_what_is_forgotten_leaves_the_chain_whole_and_nothing_of_the_account(ledger):
    with ledger.writing() as book:
        hot.record(book, [answer(n) for n in range(1, 4)])

        hot.forget(book, "a2")

        assert hot.verify(book) == hot.Walked(3)
        assert hot.latest_of(book, "a2") is None
        assert [p.account_id for p in hot.waiting(book)] == ["a1", "a3"]


def test_an_outcome_is_told_once(ledger):
    row = {
        "request_id": "id1", "outcome": "opened", "account_id": "a1", "caller": "key:1",
        "at": 1, "reported_at": 2,
    }  # fmt: skip
    with ledger.writing() as book:
        assert hot.report(book, row)
        assert not hot.report(book, row)


def test_a_key_is_looked_up_at_the_same_cost_however_many_answers_there_are(tmp_path):
    steps = {}
    for size in (200, 2_000):
        with Ledger(f"sqlite:///{tmp_path}/{size}.db") as ledger:
            with ledger.writing() as book:
                hot.record(book, [answer(n, key=f"k{n}") for n in range(size)])
            with ledger.writing() as book:
                counted = []
                # Told at every tenth step of SQLite's machine.
                driver(book).set_progress_handler(lambda seen=counted: seen.append(1), 10)
                (found,) = hot.record(book, [answer(7, key="k7")])
                driver(book).set_progress_handler(None, 10)
        assert isinstance(found, Earlier)
        steps[size] = len(counted)

    assert steps[2_000] <= steps[200] * 1.2
