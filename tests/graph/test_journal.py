"""The journal's laws: once each, any order, exact sums, one transaction, one key."""

import sqlite3
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.cleaned import SCHEMAS, TABLE_OF, row_of
from graph.door import Door
from graph.errors import KeyRefused, SchemaMismatch, StoreCorrupt
from graph.facts import Event, Signup, facts_of
from graph.flush import flush
from graph.journal.journal import COLUMNAR_LEAST, Intake, Journal
from graph.journal.sources import Chunk, SourceFile
from graph.quarantine import QuarantineRecord
from graph.reasons import Reason
from graph.schema import NodeType
from graph.store import GraphStore

DOOR = Door(b"a test's key, 16 bytes or more")
HOUR = 3_600_000_000
FOREVER = 2**61


def moment(hour: int) -> str:
    return f"2026-03-{1 + hour // 24:02d}T{hour % 24:02d}:00:00Z"


def signup(account: str, hour: int, **said: Any) -> Event:
    row = {
        "account_id": account,
        "created_at": moment(hour),
        "ip": "73.167.128.9",
        "pathway": "startup",
    }
    return DOOR.event("signups", {**row, **said})


def payment(key: str, account: str, hour: int, card: str, **said: Any) -> Event:
    row = {
        "event_id": key, "account_id": account, "occurred_at": moment(hour), "kind": "card",
        "payment_method_id": card, "amount_usd": 5, "outcome": "succeeded",
    }  # fmt: skip
    return DOOR.event("payments", {**row, **said})


def session(key: str, account: str, hour: int, ip: str, device: str | None = None) -> Event:
    row = {"event_id": key, "account_id": account, "occurred_at": moment(hour), "ip": ip}
    return DOOR.event("sessions", {**row, "device_id": device})


def request(key: str, account: str, hour: int, ip: str | None = None) -> Event:
    row = {
        "request_id": key, "account_id": account, "occurred_at": moment(hour), "ip": ip,
        "model": "m", "prompt": f"Say {key} in ten words.", "prompt_tokens": 3,
        "completion_tokens": 9,
    }  # fmt: skip
    return DOOR.event("requests", row)


def enforcement(key: str, account: str, hour: int, action: str) -> Event:
    row = {"event_id": key, "account_id": account, "occurred_at": moment(hour), "action": action}
    return DOOR.event("enforcements", row)


def label(account: str, hour: int, verdict: str) -> Event:
    row = {"account_id": account, "decided_at": moment(hour), "verdict": verdict, "source": "audit"}
    return DOOR.event("labels", row)


WORLD = [
    signup("a", 1, email="x@corp.org", device_id="d1", phone="+14155552671"),
    signup("b", 2, email="y@corp.org", device_id="d1", referrer_account_id="a", country="DE"),
    signup("c", 3, email="z@gmail.com", organisation="ACME"),
    payment("p1", "a", 4, "card-1", issuer_id="411111", issuer_country="US"),
    payment("p2", "b", 5, "card-1"),
    session("s1", "a", 6, "52.1.2.3", "d2"),
    session("s2", "a", 7, "52.1.2.3"),
    session("s3", "b", 8, "52.1.2.3", "d2"),
    request("r1", "a", 9, "52.1.2.3"),
    request("r2", "ghost", 10),
    enforcement("e1", "a", 11, "ban"),
    enforcement("e2", "a", 12, "reinstate"),
    label("b", 13, "fraud"),
]


def put(journal: Journal, events: list[Event]) -> None:
    """Events in batches by table, in the order of their first appearance."""
    by_table: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        by_table[TABLE_OF[type(event)]].append(row_of(event))
    for table, rows in by_table.items():
        journal.append(table, pa.RecordBatch.from_pylist(rows, schema=SCHEMAS[table]))


def arrive(journal: Journal, events: list[Event], *, live: bool) -> None:
    """Events one by one, as the live path takes them, or together."""
    if live:
        for event in events:
            journal.append_event(event)
    else:
        put(journal, events)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.db", DOOR.key_id)


def test_what_went_in_comes_out_in_the_order_of_time(journal: Journal) -> None:
    put(journal, WORLD[::-1])

    assert list(journal.events(marks=True)) == WORLD
    assert journal.read("payments", columns=["event_id", "at"]).to_pylist() == [
        {"event_id": e.event_id, "at": e.at} for e in WORLD[3:5] if hasattr(e, "event_id")
    ]


def test_a_stretch_of_time_begins_after_since_and_ends_with_until(journal: Journal) -> None:
    put(journal, WORLD)
    since, until = WORLD[4].at, WORLD[7].at

    assert list(journal.events(since, until)) == WORLD[5:8]
    assert journal.read("sessions", since, until).num_rows == 3


def test_an_event_put_in_twice_is_one_event(journal: Journal) -> None:
    put(journal, WORLD)
    once, version = journal.snapshot(FOREVER).digest, journal.counts()

    put(journal, WORLD)
    for event in WORLD:
        assert journal.append_event(event).repeated == 1

    assert journal.snapshot(FOREVER).digest == once
    assert journal.counts() == version
    assert journal.quarantine() == []


@pytest.mark.parametrize("live", [False, True])
def test_sums_are_those_of_facts_of_event_by_event(journal: Journal, live: bool) -> None:
    arrive(journal, WORLD, live=live)

    expected: dict[tuple[str, str, str], list[int]] = {}
    for event in WORLD:
        for edge in facts_of(event).edges:
            name = (edge.source, edge.verb, edge.target)
            first, last, count = expected.get(name, [edge.first_seen, edge.last_seen, 0])
            ends = [min(first, edge.first_seen), max(last, edge.last_seen)]
            expected[name] = [*ends, count + 1]
    found = {
        (e.source, e.verb, e.target): [e.first_seen, e.last_seen, e.count]
        for facts in journal.facts_since(0)
        for e in facts.edges
    }
    assert found == expected


@pytest.mark.parametrize("live", [False, True])
def test_nodes_are_those_of_facts_of_and_the_latest_enforcement(
    journal: Journal, live: bool
) -> None:
    arrive(journal, WORLD, live=live)

    expected: dict[str, tuple[int, dict[str, Any]]] = {}
    for event in WORLD:
        for node in facts_of(event).nodes:
            first, known = expected.get(node.id, (node.first_seen, {}))
            expected[node.id] = (min(first, node.first_seen), {**known, **node.properties})
    expected["account:a"][1]["status"] = "active"
    found = {
        n.id: (n.first_seen, dict(n.properties))
        for facts in journal.facts_since(0)
        for n in facts.nodes
    }
    assert found == expected


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Event]]:
    """The world and rows that conflict with it, some twice, shuffled and cut into batches."""
    rivals = [
        signup("a", 0, email="other@corp.org", device_id="d9"),
        signup("b", 2, email="y@corp.org", device_id="d1", country="FR"),
        payment("p1", "c", 1, "card-9", issuer_id="522222"),
        session("s2", "b", 30, "8.8.8.8", "d7"),
        request("r2", "a", 2, "1.1.1.1"),
        enforcement("e2", "b", 12, "limit"),
        enforcement("e3", "a", 20, "verify"),
    ]
    events = draw(
        st.permutations(WORLD + rivals + draw(st.lists(st.sampled_from(WORLD), max_size=4)))
    )
    cuts = sorted(draw(st.sets(st.integers(1, len(events) - 1), max_size=9)))
    return [events[i:j] for i, j in zip([0, *cuts], [*cuts, len(events)], strict=True)]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(one=arrivals(), other=arrivals())
def test_any_order_of_arrival_gives_the_same_journal_and_the_same_graph(
    tmp_path_factory: pytest.TempPathFactory, one: list[list[Event]], other: list[list[Event]]
) -> None:
    found = []
    for batches in (one, other):
        journal = Journal(tmp_path_factory.mktemp("j") / "journal.db", DOOR.key_id)
        for batch in batches:
            if len(batch) == 1:
                journal.append_event(batch[0])
            else:
                put(journal, batch)
        events = list(journal.events(marks=True))
        graph = {
            (e.source, e.verb, e.target): (e.first_seen, e.last_seen, e.count)
            for facts in journal.facts_since(0)
            for e in facts.edges
            if e.count
        }
        conflicts = {(q.table, q.key, q.reason) for q in journal.quarantine()}
        found.append((events, graph, conflicts, journal.snapshot(FOREVER).digest))
        journal.close()

    assert found[0] == found[1]


def test_a_loser_leaves_nothing_in_the_sums(journal: Journal, tmp_path: Path) -> None:
    rivals = [signup("a", 1, device_id=f"d{i}") for i in range(4)]
    for event in rivals:
        journal.append_event(event)
    (winner,) = journal.events()

    alone = Journal(tmp_path / "alone.db", DOOR.key_id)
    alone.append_event(winner)

    assert journal.snapshot(FOREVER).digest == alone.snapshot(FOREVER).digest
    edges = {e for facts in journal.facts_since(0) for e in facts.edges if e.count}
    assert {(e.source, e.verb, e.target) for e in edges} == {
        (e.source, e.verb, e.target) for e in facts_of(winner).edges
    }
    assert len(journal.quarantine()) == 3


def test_conflicts_inside_one_batch_are_settled_alike(journal: Journal, tmp_path: Path) -> None:
    rivals = [signup("a", 1, device_id=f"d{i}") for i in range(4)]
    put(journal, rivals)

    one_by_one = Journal(tmp_path / "other.db", DOOR.key_id)
    for event in rivals[::-1]:
        one_by_one.append_event(event)

    assert list(journal.events()) == list(one_by_one.events())
    assert len(journal.quarantine()) == len(one_by_one.quarantine()) == 3


def test_live_events_of_several_tables_go_in_at_once_as_if_they_came_in_files(
    journal: Journal, tmp_path: Path
) -> None:
    before = journal.version
    rivals = [signup("a", 1, device_id=f"d{i}") for i in range(3)]
    mixed = [*WORLD, *rivals, *WORLD[:4]]

    taken = journal.append_events(mixed)

    by_table = Journal(tmp_path / "other.db", DOOR.key_id)
    put(by_table, mixed)
    assert journal.version == before + 1
    assert taken.added == sum(by_table.counts().values())
    assert journal.snapshot(FOREVER).digest == by_table.snapshot(FOREVER).digest
    assert {q.key for q in journal.quarantine()} == {q.key for q in by_table.quarantine()}
    assert len(journal.quarantine()) == len(by_table.quarantine())


@pytest.mark.parametrize("count", [3, COLUMNAR_LEAST + 3])
def test_few_live_events_and_many_leave_the_same(
    journal: Journal, tmp_path: Path, count: int
) -> None:
    events = [session(f"s{n}", f"a{n % 7}", n % 600, "52.1.2.3", f"d{n % 3}") for n in range(count)]
    journal.append_events(events)

    one_by_one = Journal(tmp_path / "other.db", DOOR.key_id)
    for event in events:
        one_by_one.append_event(event)

    assert list(journal.events()) == list(one_by_one.events())
    assert journal.snapshot(FOREVER).digest == one_by_one.snapshot(FOREVER).digest


def test_a_store_that_follows_holds_the_journals_snapshot(
    journal: Journal, store: GraphStore
) -> None:
    put(journal, WORLD[:6])
    flush(journal, store)
    put(journal, WORLD[6:])

    flush(journal, store)

    assert store.snapshot().digest == journal.snapshot(FOREVER).digest
    assert flush(journal, store) == 0


def test_a_store_follows_a_journal_through_conflicts(journal: Journal, store: GraphStore) -> None:
    for i in range(4):
        journal.append_event(signup("a", 1 + i, device_id=f"d{i}", email=f"x@corp{i}.org"))
        journal.append_event(payment("p", "a", 9 - i, f"card-{i}"))
        flush(journal, store)

    assert store.snapshot().digest == journal.snapshot(FOREVER).digest


def test_a_new_store_is_filled_from_the_start(journal: Journal, store: GraphStore) -> None:
    put(journal, WORLD)
    flush(journal, store)
    store.clear()

    flush(journal, store)

    assert store.snapshot().digest == journal.snapshot(FOREVER).digest


def test_a_store_that_follows_another_journal_is_refused(
    journal: Journal, sqlite_store: GraphStore, tmp_path: Path
) -> None:
    other = Journal(tmp_path / "other.db", DOOR.key_id)
    put(other, WORLD)
    flush(other, sqlite_store)

    with pytest.raises(StoreCorrupt, match="follows journal"):
        flush(journal, sqlite_store)


def test_the_past_is_what_the_events_of_that_time_say(journal: Journal, tmp_path: Path) -> None:
    put(journal, WORLD)

    for event in WORLD:
        then = Journal(tmp_path / f"{event.at}.db", DOOR.key_id)
        put(then, [e for e in WORLD if e.at <= event.at])
        past, known = journal.snapshot(event.at), then.snapshot(FOREVER)
        assert past.digest == known.digest
        then.close()


def test_an_account_known_by_an_event_alone_has_no_properties_of_a_signup(journal: Journal) -> None:
    put(journal, WORLD)

    accounts = journal.snapshot(FOREVER).nodes[NodeType.ACCOUNT].to_pylist()
    ghost = next(row for row in accounts if row["key"] == "ghost")
    assert {k: v for k, v in ghost.items() if v is not None} == {
        "key": "ghost", "first_seen": WORLD[9].at, "degree": 0,
    }  # fmt: skip


def test_another_key_is_refused_and_told_what_to_do(journal: Journal) -> None:
    with pytest.raises(KeyRefused, match="RINGSIGHT_KEY"):
        Journal(journal.path, Door(b"quite another key, also long").key_id)


def test_a_journal_of_another_version_is_refused(journal: Journal) -> None:
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(SchemaMismatch, match="99"):
        Journal(journal.path)


def test_a_journal_of_the_version_before_is_brought_up_and_keeps_its_requests(
    journal: Journal,
) -> None:
    put(journal, WORLD)
    held = journal.read("requests").drop_columns(["system_sketch"])
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        connection.execute("ALTER TABLE requests DROP COLUMN system_sketch")
        connection.execute("PRAGMA user_version = 1")
    connection.close()

    with Journal(journal.path, DOOR.key_id) as raised:
        put(raised, WORLD)
        told = raised.read("requests")

    assert told.drop_columns(["system_sketch"]).equals(held)
    assert told["system_sketch"].null_count == told.num_rows > 0


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database, " * 100)

    with pytest.raises(StoreCorrupt):
        Journal(tmp_path / "journal.db")


def test_a_chunk_goes_in_with_its_watermark_or_not_at_all(journal: Journal) -> None:
    file = SourceFile("signups.csv", "signups", "contract", 10, 1)
    number = journal.register(file)
    chunk = Chunk(0, 0, 10, 2, 1, b"d" * 16)
    rows = pa.RecordBatch.from_pylist([row_of(WORLD[0])], schema=SCHEMAS["signups"])
    nowhere = QuarantineRecord("x", 3, "signups", None, "ip", None, Reason.BAD_IP)  # type: ignore[arg-type]

    with pytest.raises(StoreCorrupt, match="NOT NULL"):
        journal.commit(number, Intake("signups", rows, [2], [nowhere], chunk))
    assert (journal.chunks(number), journal.counts()["signups"]) == ([], 0)

    journal.commit(number, Intake("signups", rows, [2], (), chunk))
    assert (journal.chunks(number), journal.counts()["signups"]) == ([chunk], 1)


def test_prompts_leave_a_mark_and_no_text(journal: Journal) -> None:
    put(journal, [WORLD[8]])
    (found,) = journal.read("requests").to_pylist()

    assert len(found["sketch"]) % 8 == 0
    assert found["words"] > 0
    assert len(found["intent"]) == 7
    journal.close()
    for file in journal.path.parent.glob("journal.db*"):
        assert b"ten words" not in file.read_bytes()


def test_a_live_signup_and_its_row_in_a_later_export_are_one(journal: Journal) -> None:
    event = WORLD[0]
    assert isinstance(event, Signup)
    journal.append_event(event)

    put(journal, [event])

    assert journal.counts()["signups"] == 1
    assert journal.quarantine() == []


def test_edges_of_a_past_moment_are_summed_from_the_events_of_it(journal: Journal) -> None:
    put(journal, WORLD)
    until = WORLD[6].at

    found = journal.edges(until)

    seen = {
        (row["source"], row["count"], row["first"], row["last"])
        for row in found["SEEN_AT"].to_pylist()
    }
    home = WORLD[:3]
    assert seen == {(e.account_id, 1, e.at, e.at) for e in home if isinstance(e, Signup)} | {
        ("a", 2, WORLD[5].at, until)
    }
    assert journal.edges()["SEEN_AT"]["count"].to_pylist() != found["SEEN_AT"]["count"].to_pylist()


def test_threads_that_write_at_once_lose_nothing(journal: Journal) -> None:
    def write(part: int) -> None:
        for i in range(10):
            journal.append_event(session(f"s{part}-{i}", f"a{i}", part, "52.1.2.3"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert journal.counts()["sessions"] == 40
    counts = journal.edges()["SEEN_AT"]["count"].to_pylist()
    assert counts == [4] * 10
