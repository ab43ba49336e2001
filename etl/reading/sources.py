"""The files of a source: which there are, whose table each is, and their rows chunk by chunk.

A source is a folder (or one file, or an object-store prefix that pyarrow can open) with a table a
kind of event: ``signups.parquet``, ``requests-2026-03.jsonl.zst``, ``payments/part-7.csv.gz``.
Memory stays flat: one chunk at a time. It knows nothing of what the columns mean; read
:mod:`etl.reading.text` and :mod:`etl.reading.parquet` for the formats, :mod:`etl.mapping` for
sources with other names.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath

import pyarrow as pa
from pyarrow import fs

from etl.reading.parquet import read_parquet
from etl.reading.raw import File, RawChunk, RawRows
from etl.reading.text import read_csv, read_jsonl
from graph.contract import TABLES
from graph.errors import SourceError


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a source in the order they are read, and those that are no table's."""

    files: tuple[File, ...]
    strangers: tuple[str, ...]


_FORMATS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_READERS = {"parquet": read_parquet, "csv": read_csv, "jsonl": read_jsonl}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


def list_source(source: str, globs: "dict[str, Sequence[str]] | None" = None) -> Listing:
    """The files of ``source``, tables in contract order.

    Args:
        source: a folder, a file, or a URI such as ``s3://bucket/prefix``.
        globs: patterns of file names by table, where names do not say it (a mapping's); a file
            may then be several tables'.

    Raises:
        SourceError: if there is no such source, or no table in it.
    """
    filesystem, root = _opened(source)
    infos = _infos(filesystem, root)
    base = root if filesystem.get_file_info(root).type == fs.FileType.Directory else None
    files: list[File] = []
    strangers: list[str] = []
    for info in sorted(infos, key=lambda info: info.path):
        name = _relative(info.path, base)
        found = _as_files(info, name, filesystem, globs)
        files += found
        if not found and not PurePosixPath(name).name.startswith((".", "_")):
            strangers.append(name)
    if not files:
        listed = ", ".join(sorted(strangers)[:10]) or "nothing"
        raise SourceError(
            f"no table of the event contract in {source}; it has {listed}; a table is a file or "
            f"folder called {', '.join(TABLES)} (.parquet, .csv, .jsonl, and .gz or .zst of these)"
        )
    order = list(TABLES)
    files.sort(key=lambda file: (order.index(file.table), file.name))
    return Listing(tuple(files), tuple(strangers))


def chunks_of(file: File, wanted: Iterable[str]) -> Iterator[RawChunk]:
    """The chunks of ``file`` in order; only the ``wanted`` columns are read.

    Raises:
        SourceError: if the file cannot be read (any further).
    """
    with _translated(file.name):
        for raw in _READERS[file.format](file, frozenset(wanted)):
            yield replace(raw, rows=partial(_guarded, file.name, raw.rows))


def _opened(source: str) -> tuple[fs.FileSystem, str]:
    if re.match(r"^[a-z][a-z0-9+.-]+://", source):
        try:
            filesystem, path = fs.FileSystem.from_uri(source)
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"cannot open {source}: {_quiet(str(error))}") from error
        return filesystem, path
    return fs.LocalFileSystem(), str(source).rstrip("/") or "/"


def _infos(filesystem: fs.FileSystem, root: str) -> list[fs.FileInfo]:
    info = filesystem.get_file_info(root)
    if info.type == fs.FileType.NotFound:
        raise SourceError(f"there is no source at {root}")
    if info.type == fs.FileType.File:
        return [info]
    listed = filesystem.get_file_info(fs.FileSelector(root, recursive=True))
    return [info for info in listed if info.type == fs.FileType.File]


def _relative(path: str, base: str | None) -> str:
    return PurePosixPath(path).name if base is None else str(PurePosixPath(path).relative_to(base))


def _as_files(
    info: fs.FileInfo,
    name: str,
    filesystem: fs.FileSystem,
    globs: "dict[str, Sequence[str]] | None",
) -> list[File]:
    path = PurePosixPath(name)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    compression = _COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    kind = (
        _FORMATS.get(suffixes[-2 if compression else -1])
        if len(suffixes) > bool(compression)
        else None
    )
    if kind is None or (kind == "parquet" and compression):
        return []
    tables = _tables_of(path, globs)
    facts = (kind, compression, info.size, info.mtime_ns or 0)
    return [File(name, info.path, table, *facts, filesystem) for table in tables]


def _tables_of(path: PurePosixPath, globs: "dict[str, Sequence[str]] | None") -> list[str]:
    if globs is not None:
        return [
            table
            for table, patterns in globs.items()
            if any(fnmatch.fnmatch(str(path), p) or fnmatch.fnmatch(path.name, p) for p in patterns)
        ]
    for part in reversed(path.parts):
        word = part.split(".")[0].lower()
        for table in TABLES:
            if word == table or re.fullmatch(rf"{table}[-_0-9].*", word):
                return [table]
    return []


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """A driver's errors as ours, naming the file and quoting nothing of it."""
    try:
        yield
    except (OSError, pa.ArrowException, EOFError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SourceError(f"cannot read {name}: {_quiet(reason)}") from error


def _guarded(name: str, rows: Callable[[], RawRows]) -> RawRows:
    with _translated(name):
        return rows()


_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def _quiet(text: str) -> str:
    """A driver's message without what it quotes: that may be a value of the file."""
    return _QUOTED.sub("'...'", text)[:300]
