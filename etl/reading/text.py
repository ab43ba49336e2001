"""CSV and JSON Lines, chunk by chunk: complete records only, each with its line number.

A broken line must not take its neighbours with it. In CSV the danger is a quote that never closes;
so records are cut by the parity of quotes line by line, and an odd line either closes within reach
and then parses as one record of the right width, or is put aside alone. Chunks depend only on the
bytes before them, so the same bytes give the same chunks on the next run. It knows nothing of
tables.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from etl.reading.raw import CHUNK_BYTES, Columns, File, RawChunk, RawRows
from graph.errors import SourceError
from graph.journal.sources import Chunk

# A quoted field may run over this much before its opening quote is taken for a slip.
MAX_RECORD_LINES = 10_000
MAX_RECORD_BYTES = 4 << 20
_MAX_HEADER_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_MAX_FIELD = 64 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """Lines ``first`` to before ``last`` of a block make one record, or an unreadable line."""

    first: int
    last: int
    readable: bool = True


def read_csv(file: File, wanted: frozenset[str]) -> Iterator[RawChunk]:
    """The chunks of a CSV file with a header (RFC 4180; UTF-8, a byte order mark is ignored)."""
    csv.field_size_limit(_MAX_FIELD)
    with file.open() as opened:
        stream = _Bytes(opened)
        header_lines, names = _header(stream, file.name)
        start = len(header_lines)
        blocks = _blocks(stream, _csv_cutter(len(names)))
        line = 1 + header_lines.count(b"\n")
        for ordinal, (block, records, lines) in enumerate(blocks):
            digest = blake2b(block, digest_size=16, key=blake2b(header_lines).digest()).digest()
            chunk = Chunk(ordinal, start, start + len(block), line, len(records), digest)
            yield RawChunk(chunk, line + lines, _parser(block, records, line, names, wanted))
            start += len(block)
            line += lines


class _Bytes:
    """A stream with the bytes that were looked at but not yet used."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream
        self._rest = b""

    def look(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        parts, have = [self._rest], len(self._rest)
        while have < size:
            more = self._stream.read(size - have)
            if not more:
                break
            parts.append(more)
            have += len(more)
        self._rest = b"".join(parts)
        return self._rest[:size]

    def use(self, size: int) -> None:
        """Go past the next ``size`` bytes."""
        self._rest = self._rest[size:]


def _header(stream: _Bytes, name: str) -> tuple[bytes, list[str]]:
    """The header's bytes and its names."""
    block = stream.look(_MAX_HEADER_BYTES)
    skipped = len(_BOM) if block.startswith(_BOM) else 0
    end = block.find(b"\n", skipped)
    head = block if end < 0 else block[: end + 1]
    stream.use(len(head))
    try:
        names = next(csv.reader([head[skipped:].decode().rstrip("\r\n")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"cannot read {name}: its header is no UTF-8 CSV") from error
    names = [column.strip() for column in names]
    if not any(names) or len(set(names)) != len(names):
        raise SourceError(f"cannot read {name}: its header is empty or names a column twice")
    return head, names


Cut = Callable[[bytes, bool], tuple[list[Record], npt.NDArray[np.int64]]]
Span = tuple[Record, int, int]


def _blocks(stream: _Bytes, cut: Cut) -> Iterator[tuple[bytes, list[Span], int]]:
    """Blocks of whole records: bytes, records with their byte span, and the number of lines."""
    size = CHUNK_BYTES
    while block := stream.look(size):
        last = len(block) < size
        records, ends = cut(block, last)
        if not records and not last:
            size += CHUNK_BYTES  # one record is larger than a chunk
            continue
        lines = len(ends) if last else records[-1].last
        stop = int(ends[lines - 1])
        starts = np.concatenate([[0], ends])
        spans = [(r, int(starts[r.first]), int(ends[r.last - 1])) for r in records]
        yield block[:stop], spans, lines
        stream.use(stop)
        size = CHUNK_BYTES


def _line_ends(block: bytes, last: bool) -> npt.NDArray[np.int64]:
    """The byte after each line; a last line without a newline counts only at the end of file."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == 10) + 1
    if last and (not len(ends) or ends[-1] != len(block)):
        ends = np.append(ends, len(block))
    return ends.astype(np.int64)


# ------------------------------------------------------------------------------------------- CSV
def _csv_cutter(width: int) -> Cut:
    def cut(block: bytes, last: bool) -> tuple[list[Record], npt.NDArray[np.int64]]:
        ends = _line_ends(block, last)
        quotes = np.flatnonzero(np.frombuffer(block, np.uint8) == 34)
        upto = np.searchsorted(quotes, ends)
        odd = np.flatnonzero(np.diff(upto, prepend=0) & 1)
        return list(_records(block, ends, odd, width, last)), ends

    return cut


def _records(
    block: bytes,
    ends: npt.NDArray[np.int64],
    odd: npt.NDArray[np.int64],
    width: int,
    last: bool,
) -> Iterator[Record]:
    """Records in order; stops before a record that may go on in the next block."""
    line, place = 0, 0
    while place < len(odd):
        i = int(odd[place])
        yield from _plain_lines(block, ends, line, i)
        begin = int(ends[i - 1]) if i else 0
        if _is_record(block[begin : int(ends[i])], width):
            yield Record(i, i + 1)
            line, place = i + 1, place + 1
            continue
        close = int(odd[place + 1]) if place + 1 < len(odd) else None
        if close is None and not last and len(block) - begin <= MAX_RECORD_BYTES:
            return  # its other half may come with the next block
        if close is not None and _closes(block, begin, int(ends[close]), close - i, width):
            yield Record(i, close + 1)
            line, place = close + 1, place + 2
        else:
            yield Record(i, i + 1, readable=False)
            line, place = i + 1, place + 1
    yield from _plain_lines(block, ends, line, len(ends))


def _plain_lines(
    block: bytes, ends: npt.NDArray[np.int64], first: int, last: int
) -> Iterator[Record]:
    for i in range(first, last):
        begin = int(ends[i - 1]) if i else 0
        if block[begin : int(ends[i])].strip(b"\r\n \t"):
            yield Record(i, i + 1)


def _closes(block: bytes, begin: int, end: int, lines: int, width: int) -> bool:
    near = lines <= MAX_RECORD_LINES and end - begin <= MAX_RECORD_BYTES
    return near and _is_record(block[begin:end], width)


def _is_record(text: bytes, width: int) -> bool:
    """Whether ``text`` is exactly one record of ``width`` fields with every quote closed."""
    try:
        rows = list(
            csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline=""), strict=True)
        )
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == width


def _parser(
    block: bytes,
    records: Sequence[Span],
    line: int,
    names: list[str],
    wanted: frozenset[str],
) -> Callable[[], RawRows]:
    def rows() -> RawRows:
        good = [(r, begin, end) for r, begin, end in records if r.readable]
        broken = [
            (line + r.first, _line_shape(block[begin:end]))
            for r, begin, end in records
            if not r.readable
        ]
        whole = len(good) == len(records)
        text = block if whole else b"".join(block[begin:end] for _, begin, end in good)
        numbers = np.array([line + r.first for r, _, _ in good], np.int64)
        columns, ragged = _parsed(text, names, wanted, len(good))
        if columns is None:  # quotes or bytes that the fast way reads otherwise than they were cut
            columns, ragged = _parsed_one_by_one(block, good, names, wanted)
        broken += [(int(numbers[i]), _line_shape(block[good[i][1] : good[i][2]])) for i in ragged]
        kept = np.delete(numbers, ragged) if ragged else numbers
        return RawRows(columns, kept, tuple(sorted(broken)), frozenset(names))

    return rows


def _parsed(
    text: bytes, names: list[str], wanted: frozenset[str], count: int
) -> tuple[Columns | None, list[int]]:
    """Columns of ``text`` and the places of ragged records; None if the count is not as cut."""
    kept = [name for name in names if name in wanted]
    ragged: list[int] = []

    def put_aside(row: pyarrow.csv.InvalidRow) -> str:
        ragged.append(int(row.number) - 1)
        return "skip"

    if not _is_utf8(text):
        return None, []
    if not count or not kept:
        return {name: pa.array([], pa.string()) for name in kept} if not count else None, []
    table = pyarrow.csv.read_csv(
        pa.BufferReader(text),
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, column_names=names, block_size=max(len(text) + 1, 1 << 16)
        ),
        parse_options=pyarrow.csv.ParseOptions(
            newlines_in_values=True, invalid_row_handler=put_aside
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=kept,
            null_values=[],
            strings_can_be_null=False,
        ),
    )
    if table.num_rows + len(ragged) != count:
        return None, []
    return {name: table[name].combine_chunks() for name in kept}, ragged


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parsed_one_by_one(
    block: bytes,
    records: Sequence[Span],
    names: list[str],
    wanted: frozenset[str],
) -> tuple[Columns, list[int]]:
    """The same by the standard library, record by record, where quotes confuse the fast way."""
    kept = [(i, name) for i, name in enumerate(names) if name in wanted]
    columns: dict[str, list[Any]] = {name: [] for _, name in kept}
    ragged: list[int] = []
    for place, (_, begin, end) in enumerate(records):
        if not _is_record(block[begin:end], len(names)):
            ragged.append(place)
            continue
        text = block[begin:end].decode("utf-8", "surrogateescape")
        fields = next(csv.reader(io.StringIO(text, newline=""), strict=True))
        for i, name in kept:
            columns[name].append(fields[i])
    return dict(columns), ragged


def _line_shape(line: bytes) -> str:
    return f"line({len(line.rstrip())} bytes, {line.count(b',') + 1} fields)"


# ------------------------------------------------------------------------------------ JSON Lines
def read_jsonl(file: File, wanted: frozenset[str]) -> Iterator[RawChunk]:
    """The chunks of a JSON Lines file: one object a line."""
    with file.open() as stream:
        start, line = 0, 1
        for ordinal, (block, records, lines) in enumerate(_blocks(_Bytes(stream), _cut_lines)):
            digest = blake2b(block, digest_size=16).digest()
            chunk = Chunk(ordinal, start, start + len(block), line, len(records), digest)
            yield RawChunk(chunk, line + lines, _json_parser(block, records, line, wanted))
            start += len(block)
            line += lines


def _cut_lines(block: bytes, last: bool) -> tuple[list[Record], npt.NDArray[np.int64]]:
    ends = _line_ends(block, last)
    return list(_plain_lines(block, ends, 0, len(ends))), ends


def _json_parser(
    block: bytes,
    records: Sequence[Span],
    line: int,
    wanted: frozenset[str],
) -> Callable[[], RawRows]:
    def rows() -> RawRows:
        columns: dict[str, list[Any]] = {name: [] for name in wanted}
        numbers, broken = [], []
        seen: set[str] = set()
        for record, begin, end in records:
            found = _object(block[begin:end].removeprefix(_BOM))
            if found is None:
                broken.append((line + record.first, f"line({end - begin} bytes)"))
                continue
            numbers.append(line + record.first)
            seen.update(found)
            for name, values in columns.items():
                values.append(found.get(name))
        present: Columns = {name: _typed(columns[name]) for name in wanted & seen}
        return RawRows(present, np.array(numbers, np.int64), tuple(broken), frozenset(seen))

    return rows


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _typed(values: list[Any]) -> "pa.Array | list[Any]":
    """An Arrow array where all values are text; a list where types are mixed or other."""
    if all(value is None or isinstance(value, str) for value in values):
        try:
            return pa.array(values, pa.string())
        except (UnicodeEncodeError, pa.ArrowException):
            return values  # a lone surrogate: the cleaners say so row by row
    return values
