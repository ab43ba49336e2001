"""``ringsight backup`` and ``restore``: what cannot be made again, copied whole and checked.

Journal, ledger, embedded graph and bundles, and what refreshes hand on. SQLite files are copied by
SQLite's own online backup, so the service may run; a ledger in PostgreSQL is copied table by table
in one consistent look. A manifest holds the digest of every file: ``restore`` looks at all of them
first, and puts nothing into a home that holds something. The pseudonym key is not in a backup.
"""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from api.schemas.answers import moment
from api.settings import Settings
from graph.errors import InputError, NotFound, StoreCorrupt, StoreUnavailable
from graph.ledger.engine import Ledger
from graph.ledger.hot import outbox
from graph.ledger.tables import handover, metadata
from graph.rings.record import FOLDER as RECORD

MANIFEST = "manifest.json"
LEDGER_ROWS = "ledger.jsonl"
FORMAT = 1
_DATABASES = ("journal.db", "ledger.db", "graph.db")
# Folders and files of the home that jobs hand on to the next; the key stays where it is.
_FOLDERS = ("bundles", "refresh", RECORD, "pipeline")
_FILES = ("signing.pub",)
_PAGES_A_STEP = 4_096
_ROWS_A_STEP = 1_000


def back_up(settings: Settings, folder: Path, now: int) -> dict[str, Any]:
    """Copy what cannot be made again into ``folder``; gives what was copied.

    Raises:
        InputError: if the folder is there already.
        NotFound: if the home holds nothing.
    """
    if folder.exists():
        raise InputError(f"{folder} is there already; name a folder that is not")
    if not settings.journal_path.exists():
        raise NotFound(f"nothing to back up in {settings.home} (RINGSIGHT_HOME)")
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True, mode=0o700)
    # The graph first: it is made from the journal, and may know less than it, never more.
    for name in ("graph.db", "ledger.db", "journal.db"):
        _copied(settings.home / name, fresh / name)
    if settings.ledger_url is not None:
        _rows_out(settings, fresh / LEDGER_ROWS)
    _folders_out(settings.home, fresh)
    files = {str(path.relative_to(fresh)): _digest(path) for path in _files(fresh)}
    head = {
        "format": FORMAT,
        "release": version("ringsight"),
        "made_at": moment(now).isoformat(),
        "files": files,
        "not_included": _not_included(settings),
    }
    (fresh / MANIFEST).write_text(json.dumps(head, indent=1) + "\n", encoding="utf-8")
    fresh.rename(folder)
    return {"folder": str(folder), "files": len(files), "not_included": head["not_included"]}


def put_back(settings: Settings, folder: Path) -> dict[str, Any]:
    """Put a backup into an empty home; gives what was put back.

    Raises:
        NotFound: if the folder holds no backup.
        StoreCorrupt: if a file is missing or is not what was backed up.
        InputError: if the home, or the ledger that the settings name, holds something.
    """
    files = _verified(folder)
    held = [name for name in (*_DATABASES, *_FOLDERS) if (settings.home / name).exists()]
    if held:
        raise InputError(f"{settings.home} holds {', '.join(held)}; restore into an empty home")
    if settings.ledger_url is not None and LEDGER_ROWS in files:
        _rows_in(settings, folder / LEDGER_ROWS)
    settings.home.mkdir(parents=True, exist_ok=True)
    for name in files:
        if name == LEDGER_ROWS:
            continue
        place = settings.home / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, place)
    return {"home": str(settings.home), "files": len(files)}


def _verified(folder: Path) -> dict[str, str]:
    try:
        head = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files: dict[str, str] = head["files"]
    except (OSError, ValueError, KeyError):
        raise NotFound(f"{folder} holds no backup") from None
    if head.get("format") != FORMAT:
        raise InputError(f"the backup has format {head.get('format')}, this release reads {FORMAT}")
    for name, digest in files.items():
        path = (folder / name).resolve()
        inside = path.is_relative_to(folder.resolve())
        if not inside or not path.is_file() or _digest(path) != digest:
            raise StoreCorrupt(f"{name} is not what was backed up")
    return files


def _copied(source: Path, target: Path) -> None:
    """A SQLite file as of one moment, while others write to it."""
    if not source.exists():
        return
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new, pages=_PAGES_A_STEP)
            new.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"{source.name} cannot be copied: {error}") from error


def _folders_out(home: Path, fresh: Path) -> None:
    for name in _FOLDERS:
        if (home / name).is_dir():
            shutil.copytree(home / name, fresh / name)
    for name in _FILES:
        if (home / name).is_file():
            shutil.copy2(home / name, fresh / name)


def _rows_out(settings: Settings, target: Path) -> None:
    """Every row of a ledger that is elsewhere, a JSON line each, as of one moment."""
    with (
        Ledger(settings.ledger_address) as ledger,
        ledger.reading() as book,
        target.open("w", encoding="utf-8") as file,
    ):
        if ledger.dialect == "postgresql":
            book.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in metadata.sorted_tables:
            for row in book.execute(select(table)).mappings():
                values = {name: _plain(value) for name, value in row.items()}
                file.write(json.dumps([table.name, values], ensure_ascii=False) + "\n")


def _rows_in(settings: Settings, source: Path) -> None:
    with Ledger(settings.ledger_address) as ledger, ledger.writing() as book:
        held = [
            table.name
            for table in metadata.sorted_tables
            if book.execute(select(table).limit(1)).first() is not None
        ]
        if held:
            raise InputError(f"the ledger holds {', '.join(held)}; restore into an empty one")
        for name, rows in _batches(source):
            book.execute(insert(metadata.tables[name]), rows)
        _numbers_go_on(book)


def _numbers_go_on(book: Connection) -> None:
    """Let PostgreSQL number on from what was put back."""
    if book.dialect.name != "postgresql":
        return
    for table in (handover, outbox):
        last = book.execute(select(func.max(table.c.seq))).scalar_one()
        if last is not None:
            sequence = func.pg_get_serial_sequence(table.name, "seq")
            book.execute(select(func.setval(sequence, last)))


def _batches(source: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    name, rows = "", list[dict[str, Any]]()
    with source.open(encoding="utf-8") as file:
        for line in file:
            table, values = json.loads(line)
            if table != name or len(rows) == _ROWS_A_STEP:
                if rows:
                    yield name, rows
                name, rows = table, []
            rows.append({column: _value(value) for column, value in values.items()})
    if rows:
        yield name, rows


def _plain(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, bytes | memoryview) else value


def _value(value: Any) -> Any:
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def _not_included(settings: Settings) -> list[str]:
    left = ["the pseudonym key", "the key that signs models"]
    if settings.store is not None:
        left.append(f"the graph in {settings.store}: `ringsight build` makes it anew")
    return left


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
