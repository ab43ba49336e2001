"""A CSV with 1,000 broken rows of ten kinds: each told by its reason, none lost, all repairable."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from etl.load import BuildOptions, BuildReport, build, retry
from graph.door import Door
from graph.errors import TooMuchQuarantined
from graph.journal.journal import Journal
from graph.quarantine import QuarantineRecord
from graph.reasons import SENTENCES, Reason
from graph.schema import NodeType
from graph.store import GraphStore

DOOR = Door(b"a test's key, 16 bytes or more")
ROWS, PER_KIND = 3_000, 100
NAMES = ["account_id", "created_at", "email", "phone", "ip", "country", "pathway"]
Row = dict[str, str]
Breaker = Callable[[Row], str]


def good(i: int) -> Row:
    return {
        "account_id": f"acc-{i}",
        "created_at": f"2026-03-{1 + i % 28:02d}T{i % 24:02d}:00:00Z",
        "email": f"person{i}@example{i % 50}.org",
        "phone": f"+1415555{i % 10_000:04d}",
        "ip": f"73.{i % 200}.{i // 200 % 200}.{i % 250 + 1}",
        "country": "US",
        "pathway": "self_serve",
    }


def line(row: Row) -> str:
    return ",".join(row[name] for name in NAMES)


def with_cell(column: str, value: str) -> Breaker:
    return lambda row: line({**row, column: value})


BREAKERS: dict[str, tuple[str, Reason, Breaker]] = {
    "no account": ("account_id", Reason.MISSING, with_cell("account_id", "  ")),
    "no moment": ("created_at", Reason.BAD_TIME, with_cell("created_at", "last Tuesday")),
    "no offset": ("created_at", Reason.NO_OFFSET, with_cell("created_at", "2026-03-01T00:00:00")),
    "epoch zero": (
        "created_at",
        Reason.TIME_RANGE,
        with_cell("created_at", "1970-01-01T00:00:00Z"),
    ),
    "no e-mail": ("email", Reason.BAD_EMAIL, with_cell("email", "secret-person at home")),
    "no phone": ("phone", Reason.BAD_PHONE, with_cell("phone", "555-1234")),
    "no address": ("ip", Reason.BAD_IP, with_cell("ip", "73.300.1.1")),
    "no country": ("country", Reason.BAD_COUNTRY, with_cell("country", "Atlantis")),
    "no pathway": ("pathway", Reason.UNKNOWN_CODE, with_cell("pathway", "friend_of_ceo")),
    "torn line": ("(whole row)", Reason.UNREADABLE, lambda row: line(row)[:-30] + ',"torn'),
}


def broken_rows() -> dict[int, str]:
    """Which rows are broken, and how: spread over the whole file."""
    kinds = list(BREAKERS)
    step = ROWS // (PER_KIND * len(kinds))
    return {k * step + 1: kinds[k % len(kinds)] for k in range(PER_KIND * len(kinds))}


def write(path: Path, broken: dict[int, str]) -> None:
    rows = (BREAKERS[broken[i]][2](good(i)) if i in broken else line(good(i)) for i in range(ROWS))
    path.write_text("\n".join([",".join(NAMES), *rows]) + "\n", encoding="utf-8")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db", DOOR.key_id) as journal:
        yield journal


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    write(folder / "signups.csv", broken_rows())
    return folder


def run(source: Path, journal: Journal, store: GraphStore, limit: float = 0.5) -> BuildReport:
    return build(str(source), journal, store, DOOR, BuildOptions(limit=limit))


def test_each_broken_row_is_quarantined_with_its_reason_and_the_rest_is_in_the_graph(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    report = run(source, journal, sqlite_store)

    found = {record.row - 2: record for record in journal.quarantine()}
    expected = broken_rows()
    assert len(expected) == 1_000
    assert {i: (found[i].column, found[i].reason) for i in found} == {
        i: BREAKERS[kind][:2] for i, kind in expected.items()
    }
    accounts = set(sqlite_store.snapshot().keys(NodeType.ACCOUNT).to_pylist())
    assert accounts == {f"acc-{i}" for i in range(ROWS) if i not in expected}
    assert report.total.read == ROWS
    assert (report.total.added, report.total.refused_rows) == (ROWS - 1_000, 1_000)
    assert report.quarantined == Counter(BREAKERS[kind][1].value for kind in expected.values())


def test_a_record_says_where_and_what_and_never_the_value(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    run(source, journal, sqlite_store)

    for record in journal.quarantine():
        assert (record.source, record.table) == ("signups.csv", "signups")
        assert record.sentence == SENTENCES[record.reason]
        assert _letters(record.shape) <= set("a9") or record.shape.startswith(("text(", "line("))
        keyless = record.reason in (Reason.MISSING, Reason.UNREADABLE)
        assert (record.key is None) == keyless
    for file in journal.path.parent.glob("journal.db*"):
        assert b"secret-person" not in file.read_bytes()


def _letters(shape: str) -> set[str]:
    return {character for character in shape if character.isalnum()}


def test_a_repaired_source_retried_leaves_nothing_in_the_quarantine(
    source: Path, journal: Journal, sqlite_store: GraphStore, tmp_path: Path
) -> None:
    run(source, journal, sqlite_store)
    write(source / "signups.csv", {})

    report = retry(str(source), journal, sqlite_store, DOOR)

    assert journal.quarantine() == []
    assert (report.total.read, report.total.added, report.released) == (1_000, 1_000, 1_000)
    with Journal(tmp_path / "clean.db", DOOR.key_id) as clean:
        run(source, clean, _store(tmp_path))
        assert journal.snapshot(2**61).digest == clean.snapshot(2**61).digest
    assert sqlite_store.snapshot().digest == journal.snapshot(2**61).digest


def _store(folder: Path) -> GraphStore:
    from graph.stores import open_store  # noqa: PLC0415 - only this test wants a second one

    return open_store(f"sqlite:///{folder}/clean-graph.db")


def test_retry_reads_exactly_the_quarantined_rows_and_keeps_what_is_still_broken(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    run(source, journal, sqlite_store)
    still = {i: kind for i, kind in broken_rows().items() if kind == "no address"}
    write(source / "signups.csv", still)

    report = retry(str(source), journal, sqlite_store, DOOR)

    assert report.total.read == 1_000
    assert report.released == 900
    assert {record.row - 2 for record in journal.quarantine()} == set(still)


def test_a_repaired_source_read_again_clears_it_too(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    run(source, journal, sqlite_store)
    write(source / "signups.csv", {})

    report = run(source, journal, sqlite_store)

    assert journal.quarantine() == []
    assert (report.total.added, report.total.repeated) == (1_000, ROWS - 1_000)


def test_too_many_broken_rows_fail_loudly_and_lose_nothing(
    source: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    with pytest.raises(TooMuchQuarantined, match=r"1000 of 3000 rows \(33\.3%\)") as error:
        run(source, journal, sqlite_store, limit=0.05)

    assert "--retry" in str(error.value)
    assert "secret-person" not in str(error.value)
    assert journal.counts()["signups"] == ROWS - 1_000
    assert sqlite_store.snapshot().size(NodeType.ACCOUNT) == ROWS - 1_000


def test_a_conflict_is_settled_by_digest_and_cleared_by_repair(
    tmp_path: Path, journal: Journal, sqlite_store: GraphStore
) -> None:
    rows = [good(1), {**good(1), "ip": "8.8.8.8"}, good(2)]
    files = {"a.csv": rows, "b.csv": rows[::-1]}
    for name, content in files.items():
        folder = tmp_path / name / "signups"
        folder.mkdir(parents=True)
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, NAMES)
            writer.writeheader()
            writer.writerows(content)
    run(tmp_path / "a.csv", journal, sqlite_store)

    with Journal(tmp_path / "other.db", DOOR.key_id) as other:
        run(tmp_path / "b.csv", other, _store(tmp_path))
        assert journal.snapshot(2**61).digest == other.snapshot(2**61).digest

    (record,) = journal.quarantine()
    assert (record.reason, record.table) == (Reason.CONFLICT, "signups")
    path = tmp_path / "a.csv" / "signups" / "a.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[record.row - 1] = line(good(7))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert retry(str(tmp_path / "a.csv"), journal, sqlite_store, DOOR).released == 1
    assert journal.quarantine() == []
    assert journal.counts()["signups"] == 3


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)
    record = QuarantineRecord("f", 1, "signups", None, "ip", "aaa", Reason.BAD_IP)
    assert record.sentence == SENTENCES[Reason.BAD_IP]
