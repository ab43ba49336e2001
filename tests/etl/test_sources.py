"""Every form of a table gives the same rows; a broken line never takes its neighbours with it."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import etl.reading.sources
import etl.reading.text
from etl.reading.raw import File, RawRows
from etl.reading.sources import chunks_of, list_source
from graph.errors import SourceError

ROWS = [
    {"event_id": f"e{i}", "account_id": f"a{i % 7}", "prompt": f'He said "{i}",\nand left; ü'}
    for i in range(40)
]
NAMES = list(ROWS[0])


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_jsonl(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink, row_group_size=15)
    return sink.getvalue().to_pybytes()


FORMS = {
    "requests.csv": as_csv(ROWS),
    "requests.csv.gz": gzip.compress(as_csv(ROWS)),
    "requests.csv.zst": as_zstd(as_csv(ROWS)),
    "requests.jsonl": as_jsonl(ROWS),
    "requests-2026-03.ndjson.gz": gzip.compress(as_jsonl(ROWS)[:900])
    + gzip.compress(as_jsonl(ROWS)[900:]),
    "requests/part-0.jsonl.zst": as_zstd(as_jsonl(ROWS)),
    "requests.parquet": as_parquet(ROWS),
}


def put(folder: Path, name: str, data: bytes) -> File:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    (file,) = list_source(str(folder)).files
    return file


def rows_of(parts: list[RawRows]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for part in parts:
        columns = {
            name: values.to_pylist() if isinstance(values, pa.Array) else values
            for name, values in part.columns.items()
        }
        found += [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
    return found


def read(file: File, wanted: list[str] = NAMES) -> list[RawRows]:
    return [raw.rows() for raw in chunks_of(file, wanted)]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    file = put(tmp_path, name, FORMS[name])

    found = rows_of(read(file))

    assert [{n: row[n] for n in NAMES} for row in found] == ROWS


@pytest.mark.parametrize("name", FORMS)
def test_small_chunks_give_the_same_rows_and_numbers(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [int(n) for part in read(put(tmp_path, name, FORMS[name])) for n in part.numbers]
    monkeypatch.setattr(etl.reading.text, "CHUNK_BYTES", 200)
    monkeypatch.setattr("etl.reading.parquet.CHUNK_ROWS", 4)
    file = list_source(str(tmp_path)).files[0]

    parts = read(file)

    assert len(parts) > 5
    assert [{n: row[n] for n in NAMES} for row in rows_of(parts)] == ROWS
    assert [int(n) for part in parts for n in part.numbers] == whole


def test_a_csv_row_has_the_number_an_editor_shows(tmp_path: Path) -> None:
    (part,) = read(put(tmp_path, "sessions.csv", as_csv(ROWS[:3])))

    assert part.numbers.tolist() == [2, 4, 6]


def test_a_quote_that_never_closes_takes_only_its_own_line(tmp_path: Path) -> None:
    lines = as_csv([{**row, "prompt": f"p{i}"} for i, row in enumerate(ROWS)]).split(b"\n")
    lines[5] = b'e4,a4,"never closed'
    lines[9] = b'e8,"a8,never closed'

    (part,) = read(put(tmp_path, "sessions.csv", b"\n".join(lines)))

    assert [row for row, _ in part.unreadable] == [6, 10]
    assert len(part.numbers) == 38
    assert rows_of([part])[-1] == {"event_id": "e39", "account_id": "a4", "prompt": "p39"}


@pytest.mark.parametrize(
    "line",
    [b"e4,a4", b"e4,a4,x,y", b'e4,"a"4",x', b'e4,5" pipe,"open', b"\xff\xfe,", b'"'],
)
def test_a_line_of_another_width_is_unreadable_alone(tmp_path: Path, line: bytes) -> None:
    lines = as_csv([{**row, "prompt": "p"} for row in ROWS]).split(b"\n")
    lines[5] = line

    (part,) = read(put(tmp_path, "sessions.csv", b"\n".join(lines)))

    assert [row for row, _ in part.unreadable] == [6]
    assert len(part.numbers) == 39


_FIELD = st.text(st.sampled_from('ab",\n\r ü'), max_size=6)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(_FIELD, _FIELD, _FIELD), min_size=1, max_size=12),
    size=st.integers(8, 90),
)
def test_any_csv_that_the_standard_library_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], size: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows([NAMES, *rows])
    folder = tmp_path_factory.mktemp("csv")
    file = put(folder, "sessions.csv", text.getvalue().encode())
    before, etl.reading.text.CHUNK_BYTES = etl.reading.text.CHUNK_BYTES, size
    try:
        parts = read(file)
    finally:
        etl.reading.text.CHUNK_BYTES = before

    assert [tuple(row[n] for n in NAMES) for row in rows_of(parts)] == rows


def test_lines_that_are_no_json_object_are_unreadable_alone(tmp_path: Path) -> None:
    lines = as_jsonl(ROWS[:6]).split(b"\n")
    lines[1:1] = [b"{", b"[1]", b"", b"nul", b"\xff\xff", b"[" * 100_000]

    (part,) = read(put(tmp_path, "sessions.jsonl", b"\n".join(lines)))

    assert [row for row, _ in part.unreadable] == [2, 3, 5, 6, 7]
    assert rows_of([part])[1]["event_id"] == "e1"
    assert part.numbers.tolist() == [1, 8, 9, 10, 11, 12]


def test_what_does_not_parse_is_never_quoted(tmp_path: Path) -> None:
    data = as_csv(ROWS[:2]) + b"jane@corp.org\n"

    (part,) = read(put(tmp_path, "sessions.csv", data))

    assert part.unreadable == ((6, "line(13 bytes, 1 fields)"),)


def test_the_same_bytes_give_the_same_chunks_and_a_tail_only_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etl.reading.text, "CHUNK_BYTES", 300)
    before = [
        raw.chunk for raw in chunks_of(put(tmp_path, "sessions.csv", as_csv(ROWS[:30])), NAMES)
    ]

    after = [raw.chunk for raw in chunks_of(put(tmp_path, "sessions.csv", as_csv(ROWS)), NAMES)]

    assert after[: len(before) - 1] == before[:-1]
    assert len(after) > len(before)


def test_a_changed_value_changes_its_chunk_and_a_changed_header_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etl.reading.text, "CHUNK_BYTES", 300)
    data = as_csv(ROWS)
    before = [r.chunk.digest for r in chunks_of(put(tmp_path, "sessions.csv", data), NAMES)]

    value = put(tmp_path, "sessions.csv", data.replace(b"e20,", b"E20,"))
    changed = [r.chunk.digest for r in chunks_of(value, NAMES)]
    header = put(tmp_path, "sessions.csv", data.replace(b"prompt", b"tpmorp", 1))

    assert sum(a != b for a, b in zip(before, changed, strict=True)) == 1
    assert not {r.chunk.digest for r in chunks_of(header, NAMES)} & set(before)


def test_tables_come_in_contract_order_and_strangers_are_named(tmp_path: Path) -> None:
    for name in (
        "labels.csv",
        "signups_2026.parquet",
        "notes.txt",
        "extra.csv",
        ".hidden",
        "payments.csv.gz",
    ):
        (tmp_path / name).write_bytes(b"x")

    listing = list_source(str(tmp_path))

    assert [file.table for file in listing.files] == ["signups", "payments", "labels"]
    assert listing.strangers == ("extra.csv", "notes.txt")


def test_a_source_that_is_not_there_or_holds_no_table_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no source"):
        list_source(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match="signups, payments"):
        list_source(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("signups.csv.gz", gzip.compress(as_csv(ROWS))[:60]),
        ("signups.parquet", as_parquet(ROWS)[:-9]),
        ("signups.csv", b"a,a\n1,2\n"),
        ("signups.csv", b"\xff\xfe\xfa,b\n"),
        ("signups.jsonl.zst", b"no zstd"),
    ],
    ids=["cut gzip", "cut parquet", "two columns of one name", "not utf-8", "not zstd"],
)
def test_a_damaged_file_is_named_and_not_quoted(tmp_path: Path, name: str, data: bytes) -> None:
    file = put(tmp_path, name, data)

    with pytest.raises(SourceError, match="signups"):
        read(file)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    (part,) = read(put(tmp_path, "sessions.csv", b"\xef\xbb\xbf" + as_csv(ROWS[:1])))

    assert part.seen == frozenset(NAMES)
