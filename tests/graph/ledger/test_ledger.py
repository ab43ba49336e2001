"""The laws of the ledger, over every database it can live in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text, update

from graph.errors import Conflict, NotFound, SchemaMismatch, Stale, StoreUnavailable, UnknownName
from graph.facts import Enforcement, Label
from graph.ledger import (
    answered,
    audit,
    cases,
    decisions,
    handover,
    hot,
    keys,
    labels,
    lists,
    marks,
    outgoing,
    retention,
)
from graph.ledger.audit import Act
from graph.ledger.engine import NEWEST, Ledger
from graph.ledger.migrate import configuration
from graph.ledger.port import (
    ApiKey,
    Case,
    CaseStatus,
    Endpoint,
    EventName,
    LabelRecord,
    ListEntry,
    ListName,
    Role,
    Scope,
    View,
)
from graph.ledger.tables import audit as audit_table
from graph.ledger.tables import metadata

DAY_US = 86_400_000_000


def acts(count: int, who: str = "jo") -> list[Act]:
    return [Act(n, who, "look", f"account:a-{n}", {"n": n}) for n in range(count)]


def entry(name: str = "e1", entity: str = "ip:x", **more: object) -> ListEntry:
    found = ListEntry(name, ListName.BLOCK, entity, "why", "jo", 10)
    return replace(found, **more)  # type: ignore[arg-type]


def a_label(name: str, verdict: str = "fraud", source: str = "investigator") -> LabelRecord:
    return LabelRecord(name, "a-1", 50, verdict, source, "jo", None, f"d-{name}")


# --------------------------------------------------------------------------------- the database
def test_what_the_migrations_make_is_what_the_tables_say(ledger: Ledger) -> None:
    assert hot.signup_answer.metadata is metadata
    with ledger.reading() as book:
        context = MigrationContext.configure(book, opts={"compare_type": False})

        differences = compare_metadata(context, metadata)

    assert differences == []


def test_a_ledger_is_known_to_be_current_without_asking_alembic() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == NEWEST


def test_a_ledger_of_a_newer_release_is_refused(ledger: Ledger, url: str) -> None:
    with ledger.writing() as book:
        book.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaMismatch, match="9999"):
        Ledger(url)


def test_two_that_open_an_empty_ledger_at_once_both_find_it_whole(url: str) -> None:
    gate = Barrier(2)

    def opened() -> int:
        gate.wait()
        with Ledger(url) as ledger, ledger.reading() as book:
            return audit.count(book)

    with ThreadPoolExecutor(2) as pool:
        found = [one.result() for one in [pool.submit(opened), pool.submit(opened)]]

    assert found == [0, 0]


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    def failing() -> None:
        with ledger.writing() as book:
            audit.append(book, acts(3))
            lists.add(book, entry())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()

    with ledger.reading() as book:
        assert audit.count(book) == 0
        assert lists.standing(book, 11) == []


def test_a_ledger_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        Ledger("postgresql://nobody:secret@127.0.0.1:1/none")


# ---------------------------------------------------------------------------------------- audit
def test_the_chain_holds_over_appends_by_many_at_once(ledger: Ledger) -> None:
    def append(who: int) -> None:
        for act in acts(5, f"p{who}"):
            with ledger.writing() as book:
                audit.append(book, [act])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(4)))

    with ledger.reading() as book:
        found = audit.verify(book)
    assert (found.links, found.broken_at) == (20, None)


@pytest.mark.parametrize(
    ("change", "broken_at"),
    [
        ({"actor": "mo"}, 3),
        ({"at": 99}, 3),
        ({"detail": "{}"}, 3),
        ({"subject": "account:b"}, 3),
        ({"previous": "0" * 64}, 3),
        ({"digest": "0" * 64}, 3),
        ({"salt": None, "subject": None, "detail": "{}"}, 3),
    ],
)
def test_a_link_that_was_changed_is_found(
    ledger: Ledger, change: dict[str, object], broken_at: int
) -> None:
    with ledger.writing() as book:
        audit.append(book, acts(5))
        book.execute(update(audit_table).where(audit_table.c.seq == 3).values(**change))

        assert audit.verify(book).broken_at == broken_at


@pytest.mark.parametrize(("gone", "broken_at"), [(1, 1), (3, 3), (5, 5)])
def test_a_link_that_was_dropped_is_found_also_the_last(
    ledger: Ledger, gone: int, broken_at: int
) -> None:
    with ledger.writing() as book:
        audit.append(book, acts(5))
        book.execute(audit_table.delete().where(audit_table.c.seq == gone))

        assert audit.verify(book).broken_at == broken_at


def test_a_link_that_was_erased_tells_nothing_and_holds(ledger: Ledger) -> None:
    with ledger.writing() as book:
        audit.append(book, acts(5))
        audit.blank(book, [2, 5])

        told = {one.seq: (one.subject, one.detail) for one in audit.entries(book)}
        assert told[2] == told[5] == (None, None)
        assert audit.verify(book) == audit.Verified(5, audit.entries(book)[0].digest)


def test_the_audit_is_read_backwards_and_by_what_is_asked(ledger: Ledger) -> None:
    with ledger.writing() as book:
        audit.append(book, [*acts(3), Act(9, "mo", "ban", "ring:r", {})])

        page = audit.entries(book, limit=2)
        rest = audit.entries(book, before=page[-1].seq)
        assert [one.seq for one in page + rest] == [4, 3, 2, 1]
        assert [one.action for one in audit.entries(book, actor="mo")] == ["ban"]
        assert [one.seq for one in audit.entries(book, subject="account:a-1")] == [2]


# ----------------------------------------------------------------------------------------- keys
def _like(**more: object) -> ApiKey:
    found = ApiKey("", "k", frozenset({Scope.SCORE}), Role.VIEWER, 1, "jo", "")
    return replace(found, **more)  # type: ignore[arg-type]


def test_a_key_is_known_by_its_text_and_by_no_other(ledger: Ledger) -> None:
    with ledger.writing() as book:
        key, told = keys.create(book, _like(reasons=False, rate_per_s=2.5))
        kept = keys.one(book, key.id)

    identity, digest = keys.split_key(told) or ("", "")
    _, foreign = keys.split_key(told[:-1] + ("0" if told[-1] != "0" else "1")) or ("", "")
    assert (identity, kept) == (key.id, key)
    assert keys.fits(kept, digest)
    assert not keys.fits(kept, foreign)
    assert keys.split_key("rsk_x_y") is None
    assert digest not in repr(kept)


def test_a_key_ends_when_it_is_revoked_rotated_or_runs_out(ledger: Ledger) -> None:
    with ledger.writing() as book:
        key, _ = keys.create(book, _like(expires_at=1_000))
        fresh, _ = keys.rotate(book, key.id, 100, 50)
        old = keys.one(book, key.id)
        keys.revoke(book, fresh.id, 120)

        assert [old.live(at) for at in (149, 150)] == [True, False]
        assert fresh.scopes == key.scopes
        assert [keys.one(book, fresh.id).live(at) for at in (119, 120)] == [True, False]
        assert [_like(expires_at=5).live(at) for at in (4, 5)] == [True, False]
        with pytest.raises(NotFound):
            keys.rotate(book, fresh.id, 130, 0)


# ---------------------------------------------------------------------------------------- lists
def test_an_entity_stands_on_a_list_once_until_it_ends(ledger: Ledger) -> None:
    copy = lists.Lists(ledger)
    with ledger.writing() as book:
        first = lists.add(book, entry(expires_at=100))
        again = lists.add(book, entry("e2", expires_at=None))
        assert again == first
    copy.reload()

    assert [hit.entry_id for hit in copy.hits(["ip:x", "ip:y"], 99)] == ["e1"]
    assert copy.hits(["ip:x"], 100) == ()
    with ledger.writing() as book:
        assert lists.standing(book, 100) == []
        assert lists.add(book, entry("e3", created_at=100)).id == "e3"


def test_the_copy_in_memory_follows_every_change(ledger: Ledger) -> None:
    copy = lists.Lists(ledger)
    with ledger.writing() as book:
        for n in range(5):
            lists.add(book, entry(f"e{n}", f"ip:{n}", decision_id="d" if n < 3 else None))
    copy.reload()
    everything = [f"ip:{n}" for n in range(5)]
    assert len(copy.hits(everything, 11)) == 5

    with ledger.writing() as book:
        before = marks.standing(book, ["lists"])
        lists.remove(book, "e4", 12, "jo")
        assert lists.remove_decided(book, "d", 12, "jo") == 3
        assert marks.standing(book, ["lists"]) != before
    copy.reload()

    assert [hit.entity_id for hit in copy.hits(everything, 13)] == ["ip:3"]
    with ledger.writing() as book, pytest.raises(NotFound):
        lists.remove(book, "e4", 14, "jo")


def test_pages_of_a_list_go_on_where_they_ended(ledger: Ledger) -> None:
    with ledger.writing() as book:
        for n in range(5):
            lists.add(book, entry(f"e{n}", f"ip:{n}", created_at=10 + n // 2))
        seen: list[str] = []
        after = None
        while page := lists.standing(book, 50, after=after, limit=2):
            seen += [one.id for one in page]
            after = (page[-1].created_at, page[-1].id)

    assert seen == ["e4", "e2", "e3", "e0", "e1"]


# --------------------------------------------------------------------------------------- labels
def test_a_label_is_owed_to_the_journal_and_the_later_word_is_later(ledger: Ledger) -> None:
    with ledger.writing() as book:
        first = labels.record_label(book, a_label("l1"), 60)
        second = labels.record_label(book, a_label("l2", "legitimate"), 61)
        owed = [one.event for one in handover.owed(book)]

        assert second.decided_at == first.decided_at + 1
        assert owed == [
            Label("a-1", 50, "fraud", "investigator"),
            Label("a-1", 51, "legitimate", "investigator"),
        ]
        assert labels.of_accounts(book, ["a-1", "a-2"]) == {"a-1": second}


def test_a_label_outside_the_contract_is_refused(ledger: Ledger) -> None:
    with ledger.writing() as book:
        with pytest.raises(UnknownName):
            labels.record_label(book, a_label("l1", "odd"), 60)
        with pytest.raises(UnknownName):
            labels.record_label(book, a_label("l1", source="hearsay"), 60)


def test_a_label_that_is_withdrawn_is_withdrawn_from_the_journal_too(ledger: Ledger) -> None:
    with ledger.writing() as book:
        labels.record_label(book, a_label("l1"), 60)
        assert labels.retract(book, "d-l1", ["a-1"], 70) == 1
        owed = handover.owed(book)
        handover.taken(book, [one.seq for one in owed[:1]], 80)

        assert [one.retracted for one in owed] == [False, True]
        assert labels.of_accounts(book, ["a-1"]) == {}
        assert handover.waiting(book) == 1


def test_of_two_enforcements_of_a_moment_the_later_is_later(ledger: Ledger) -> None:
    with ledger.writing() as book:
        for n, action in enumerate(("ban", "reinstate", "ban")):
            event = Enforcement(f"e{n}", "a-1", 50, action)
            decisions.enforce(book, [event], "d", "jo", 50)
        owed = [(one.event.at, one.event.action) for one in handover.owed(book)]  # type: ignore[union-attr]

    assert owed == [(50, "ban"), (51, "reinstate"), (52, "ban")]


# ---------------------------------------------------------------------------------------- cases
def test_of_two_who_saw_one_version_the_second_is_told(ledger: Ledger) -> None:
    with ledger.writing() as book:
        kept = cases.put(book, Case("r1", assignee="jo"), 0)
        with pytest.raises(Stale) as told:
            cases.put(book, Case("r1", assignee="mo"), 0)
        again = cases.put(book, replace(kept, status=CaseStatus.WATCHED), kept.version)

        assert told.value.about == {"current_version": 1}
        assert again.version == 2
        assert cases.of(book, ["r1", "r2"]) == {"r1": again, "r2": Case("r2")}


def test_a_snooze_that_has_ended_is_open() -> None:
    case = Case("r1", CaseStatus.SNOOZED, snooze_until=100)

    assert cases.awake(case, 99).status is CaseStatus.SNOOZED
    assert cases.awake(case, 100).status is CaseStatus.OPEN


def test_views_and_notes_keep_what_they_were_given(ledger: Ledger) -> None:
    view = View("v", "jo", "mine", {"seed": ["a", 1]}, False, 5)
    with ledger.writing() as book:
        cases.save_view(book, view)
        cases.write_note(book, "r1", "n", "jo", "first", 1)
        cases.edit_note(book, "n", "jo", "second", 2)

        assert cases.view_named(book, "v") == view
        assert cases.views(book, "mo") == []
        assert [(n.text, n.revisions, n.edited_at) for n in cases.notes(book, "r1")] == [
            ("second", 2, 2)
        ]
        assert [row["text"] for row in cases.revisions(book, "n")] == ["first", "second"]


# --------------------------------------------------------------------------- what goes out, keys
def _hooked(ledger: Ledger, *names: EventName) -> None:
    with ledger.writing() as book:
        made = Endpoint("w", "https://a.example", frozenset(names or tuple(EventName)), 1, "jo")
        outgoing.register(book, made)


def _sent(ledger: Ledger, count: int) -> None:
    for n in range(count):
        with ledger.writing() as book:
            outgoing.send(book, f"o{n}", EventName.DECISION_MADE, 10 + n, {"n": n})


def test_numbers_of_events_have_no_gaps_whoever_sends(ledger: Ledger) -> None:
    def send(who: int) -> None:
        for n in range(4):
            with ledger.writing() as book:
                outgoing.send(book, f"{who}-{n}", EventName.RING_FLAGGED, n, {})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))

    with ledger.reading() as book:
        assert [one.seq for one in outgoing.after(book, 0, 100)] == list(range(1, 17))


def test_an_endpoint_gets_what_it_asked_for(ledger: Ledger) -> None:
    _hooked(ledger, EventName.RING_FLAGGED)
    _sent(ledger, 2)
    with ledger.writing() as book:
        outgoing.send(book, "r", EventName.RING_FLAGGED, 20, {"ring_id": "r1"})

        due = outgoing.claim(book, 30)

    assert [(one.event.name, dict(one.event.body)) for one in due] == [
        (EventName.RING_FLAGGED, {"ring_id": "r1"})
    ]


def test_a_claimed_delivery_is_nobody_elses_and_comes_back_when_its_courier_dies(
    ledger: Ledger,
) -> None:
    _hooked(ledger)
    _sent(ledger, 3)
    with ledger.writing() as book:
        first = outgoing.claim(book, 100)
    with ledger.writing() as book:
        second = outgoing.claim(book, 101)
        later = outgoing.claim(book, 101 + outgoing.CLAIM_US)

    assert (len(first), second, len(later)) == (3, [], 3)


def test_pauses_grow_and_end(ledger: Ledger) -> None:
    _hooked(ledger)
    _sent(ledger, 1)
    now, pauses = 1_000, []
    with ledger.writing() as book:
        while due := outgoing.claim(book, now):
            outgoing.failed(book, due[0], now, "down")
            now += outgoing.PAUSE_US_MOST
            pauses.append(due[0].attempts)
        assert pauses == list(range(outgoing.TRIES_MOST))
        assert outgoing.backlog(book) == {"w": (0, 1)}


def test_a_failed_delivery_waits_twice_as_long_each_time(ledger: Ledger) -> None:
    _hooked(ledger)
    _sent(ledger, 1)
    now = 1_000
    with ledger.writing() as book:
        for attempt in range(5):
            due = outgoing.claim(book, now)
            outgoing.failed(book, due[0], now, "down")
            pause = outgoing.FIRST_PAUSE_US << attempt
            assert not outgoing.is_due(book, now + pause - 1)
            assert outgoing.is_due(book, now + pause)
            now += pause


def test_an_answer_is_kept_under_its_key_and_another_call_is_refused(ledger: Ledger) -> None:
    with ledger.writing() as book:
        answered.keep(book, "jo", "k", {"a": 1}, answer={"done": True}, at=5)

        assert answered.earlier(book, "jo", "k", {"a": 1}) == {"done": True}
        assert answered.earlier(book, "mo", "k", {"a": 1}) is None
        assert answered.earlier(book, "jo", None, {"a": 1}) is None
        with pytest.raises(Conflict):
            answered.earlier(book, "jo", "k", {"a": 2})


def test_what_is_swept_is_old_and_done_with(ledger: Ledger) -> None:
    _hooked(ledger)
    _sent(ledger, 3)
    with ledger.writing() as book:
        done, *_ = outgoing.claim(book, 100)
        outgoing.delivered(book, done, 101)
        answered.keep(book, "jo", "k", {}, answer={}, at=5)
        lists.add(book, entry(expires_at=50))
        lists.add(book, entry("e2", "ip:y"))
        labels.record_label(book, a_label("l1"), 60)

        removed = retention.sweep(book, DAY_US, 2 * DAY_US)

        assert removed["answered"] == removed["list_entry"] == removed["outgoing"] == 1
        assert [one.seq for one in outgoing.after(book, 0, 10)] == [2, 3]
        assert [one.id for one in lists.standing(book, DAY_US)] == ["e2"]
        assert handover.waiting(book) == 1
        assert audit.verify(book).broken_at is None
