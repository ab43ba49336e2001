"""Builds: incremental, order-free, honest in their report, and at home in every store."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import etl.reading.text
from etl.load import BuildOptions, BuildReport, build
from graph.door import Door
from graph.errors import KeyRefused, SourceError
from graph.journal.journal import Journal
from graph.schema import NodeType
from graph.store import GraphStore
from graph.stores import open_store

DOOR = Door(b"a test's key, 16 bytes or more")
FOREVER = 2**61


def signup(i: int, **said: Any) -> dict[str, Any]:
    row = {
        "account_id": f"a{i}",
        "created_at": f"2026-03-{1 + i % 28:02d}T00:00:00Z",
        "ip": f"73.{i % 99}.1.2",
        "pathway": "startup",
        "device_id": f"d{i % 10}",
    }
    return {**row, **said}


def session(i: int) -> dict[str, Any]:
    when = f"2026-04-{1 + i % 28:02d}T00:00:00Z"
    return {"event_id": f"s{i}", "account_id": f"a{i % 30}", "occurred_at": when, "ip": "52.1.2.3"}


def jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "home" / "journal.db", DOOR.key_id) as journal:
        yield journal


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "signups.jsonl").write_text(jsonl([signup(i) for i in range(60)]))
    (folder / "sessions.jsonl").write_text(jsonl([session(i) for i in range(90)]))
    return folder


def run(source: Path, journal: Journal, store: GraphStore, **options: Any) -> BuildReport:
    return build(str(source), journal, store, DOOR, BuildOptions(**options))


def test_a_source_becomes_the_graph_its_journal_says(
    source: Path, journal: Journal, store: GraphStore
) -> None:
    report = run(source, journal, store)

    assert (report.total.read, report.total.added) == (150, 150)
    assert store.snapshot().digest == journal.snapshot(FOREVER).digest
    assert store.snapshot().size(NodeType.ACCOUNT) == 60


def test_a_second_run_reads_nothing(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    run(source, journal, sqlite_store)

    report = run(source, journal, sqlite_store)

    assert (report.files_read, report.files_unchanged) == (0, 2)
    assert (report.total.read, report.facts) == (0, 0)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_grew_costs_its_tail(
    source: Path,
    journal: Journal,
    sqlite_store: GraphStore,
    monkeypatch: pytest.MonkeyPatch,
    packed: bool,
) -> None:
    monkeypatch.setattr(etl.reading.text, "CHUNK_BYTES", 1_000)
    (source / "signups.jsonl").unlink()
    file = source / ("signups.jsonl.gz" if packed else "signups.jsonl")

    def put(count: int) -> None:
        text = jsonl([signup(i) for i in range(count)]).encode()
        file.write_bytes(gzip.compress(text) if packed else text)

    put(60)
    run(source, journal, sqlite_store)
    put(75)
    report = run(source, journal, sqlite_store)

    assert report.total.added == 15
    assert 15 <= report.total.read < 30
    assert report.files_unchanged == 1


def test_a_new_file_is_all_that_is_read(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    run(source, journal, sqlite_store)
    pq.write_table(
        pa.Table.from_pylist([signup(i) for i in range(100, 110)]), source / "signups-2.parquet"
    )

    report = run(source, journal, sqlite_store)

    assert (report.total.read, report.total.added, report.files_unchanged) == (10, 10, 2)


def test_parquet_rows_that_were_read_are_not_read_again_when_more_are_appended(
    tmp_path: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    rows = [signup(i) for i in range(60)]
    file = tmp_path / "signups.parquet"
    pq.write_table(pa.Table.from_pylist(rows[:40]), file, row_group_size=20)
    run(file, journal, sqlite_store)
    pq.write_table(pa.Table.from_pylist(rows), file, row_group_size=20)

    report = run(file, journal, sqlite_store)

    assert (report.total.read, report.total.added) == (20, 20)


def test_a_file_that_changed_is_noticed_and_read_safely(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    run(source, journal, sqlite_store)
    rows = [signup(i) for i in range(60)]
    rows[7] = signup(777)
    (source / "signups.jsonl").write_text(jsonl(rows))

    report = run(source, journal, sqlite_store)

    assert (report.total.added, report.total.repeated) == (1, 59)
    assert journal.quarantine() == []


def test_files_in_any_order_and_form_give_the_same_graph(
    source: Path, journal: Journal, sqlite_store: GraphStore, tmp_path: Path
) -> None:
    run(source, journal, sqlite_store)
    other = tmp_path / "other"
    for table, rows in {
        "signups": [signup(i) for i in range(60)],
        "sessions": [session(i) for i in range(90)],
    }.items():
        (other / table).mkdir(parents=True)
        for part in range(3):
            pq.write_table(
                pa.Table.from_pylist(rows[::-1][part::3]), other / table / f"{part}.parquet"
            )

    with (
        Journal(tmp_path / "other.db", DOOR.key_id) as second,
        open_store(f"sqlite:///{tmp_path}/other-graph.db") as store,
    ):
        run(other, second, store)
        assert store.snapshot().digest == sqlite_store.snapshot().digest


def test_unlisted_columns_and_strangers_are_reported_once(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    (source / "signups.jsonl").write_text(jsonl([signup(i, shoe_size=44) for i in range(9)]))
    (source / "readme.md").write_text("hello")

    report = run(source, journal, sqlite_store)

    (finding,) = report.findings
    assert (finding.file, finding.ignored, finding.missing) == ("signups.jsonl", ("shoe_size",), ())
    assert report.strangers == ("readme.md",)


def test_a_table_without_a_required_column_says_so(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    (source / "labels.csv").write_text("account_id,verdict,source\na1,fraud,audit\n")

    report = run(source, journal, sqlite_store)

    (finding,) = report.findings
    assert (finding.table, finding.missing) == ("labels", ("decided_at",))
    assert report.quarantined == {"missing_value": 1}


def test_another_key_is_refused(
    source: Path, journal: Journal, sqlite_store: GraphStore, tmp_path: Path
) -> None:
    run(source, journal, sqlite_store)
    stranger = Door(b"quite another key, also long")

    with pytest.raises(KeyRefused):
        build(str(source), journal, sqlite_store, stranger)
    with (
        Journal(tmp_path / "new.db", stranger.key_id) as fresh,
        pytest.raises(KeyRefused, match="graph store"),
    ):
        build(str(source), fresh, sqlite_store, stranger)


def test_one_journal_feeds_a_second_store(
    source: Path, journal: Journal, sqlite_store: GraphStore, tmp_path: Path
) -> None:
    run(source, journal, sqlite_store)

    with open_store(f"sqlite:///{tmp_path}/second.db") as second:
        report = run(source, journal, second)
        assert report.total.read == 0
        assert second.snapshot().digest == sqlite_store.snapshot().digest


def test_a_file_cut_short_keeps_what_was_read_and_goes_on_when_whole(
    tmp_path: Path, journal: Journal, sqlite_store: GraphStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etl.reading.text, "CHUNK_BYTES", 10_000)
    whole = gzip.compress(jsonl([signup(i) for i in range(3_000)]).encode())
    file = tmp_path / "signups.jsonl.gz"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"signups\.jsonl\.gz"):
        run(file, journal, sqlite_store)
    kept = journal.counts()["signups"]

    file.write_bytes(whole)
    report = run(file, journal, sqlite_store)

    assert 0 < kept < 3_000
    assert report.total.read == report.total.added == 3_000 - kept


def test_progress_is_told_and_never_goes_back(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    told: list[tuple[str, int, int]] = []

    run(source, journal, sqlite_store, progress=lambda *step: told.append(step))

    assert {name for name, _, _ in told} == {"read signups.jsonl", "read sessions.jsonl", "graph"}
    for name in {name for name, _, _ in told}:
        done = [(d, t) for step, d, t in told if step == name]
        assert all(d <= t for d, t in done)
        assert [d for d, _ in done] == sorted(d for d, _ in done)


def test_the_report_is_json(source: Path, journal: Journal, sqlite_store: GraphStore) -> None:
    said = json.loads(json.dumps(run(source, journal, sqlite_store).as_dict()))

    assert said["tables"]["signups"] == {"read": 60, "added": 60, "repeated": 0, "refused": {}}
