"""Connections to the embedded store: one that writes, one for each thread that reads.

Here SQLite's errors become ours, at one place, and transactions begin and end. WAL lets readers go
on while somebody writes, each on its own moment of the file. ``synchronous=NORMAL`` in WAL can lose
the last transactions when the *machine* loses power, never when the process is killed, and never
tears the file; what was lost is written again, since the journal's facts are idempotent. It knows
nothing of the graph.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.errors import StoreCorrupt, StoreError, StoreUnavailable
from graph.stores.sqlite_schema import INTAKE
from graph.write_ahead import LOG_PAGES, use_write_ahead

_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
}
# A page cache that holds the upper levels of every tree at 10 million edges; KiB.
_WRITER_CACHE_KIB = 262_144
# Each commit of another process empties it: what is read for one sign-up stays near the processor.
_READER_CACHE_KIB = 2_048
# Who writes maps the file. Who reads beside a process that writes would let go of the map and fault
# every page in anew at each of its commits, which costs twice what reading the pages does.
_WRITER_MAP_BYTES, _READER_MAP_BYTES = 4 << 30, 0


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise SQLite's errors as ours.

    Raises:
        StoreCorrupt: if the file is no database or is damaged.
        StoreUnavailable: if it is locked, full, unreadable or was closed.
        StoreError: for what only a fault of this program can cause.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        text = f"{where}: {error}"
        if primary in _CORRUPT:
            raise StoreCorrupt(text) from error
        if primary in _AWAY or "closed database" in str(error):
            raise StoreUnavailable(text) from error
        raise StoreError(text) from error


class Link:
    """Connections to one database file, or to one in memory that all threads share.

    Args:
        path: the file, made if absent; None for a database in memory.
        wait_s: how long a writer waits for another writer before ``StoreUnavailable``.
    """

    def __init__(self, path: Path | None, wait_s: float) -> None:
        self._path = path
        self._wait_s = wait_s
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._writer: sqlite3.Connection | None = None
        self.name = path.name if path else "memory"

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock from its start; rolled back on any error."""
        with translated(self.name), self._lock:
            db = self._open_writer()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction in which all reads see one moment of the store."""
        if self._path is None:
            with translated(self.name), self._lock:
                yield self._open_writer()
            return
        with translated(self.name):
            db = self._open_reader()
            if db.in_transaction:
                yield db
                return
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("COMMIT")

    @contextmanager
    def looking(self) -> Iterator[sqlite3.Connection]:
        """A connection for who keeps one statement open while others read: as :meth:`reading`.

        An open statement holds the moment of the store as a transaction does, which takes two more
        statements, and a thread that runs one lets go of the interpreter.
        """
        if self._path is None:
            with self.reading() as db:
                yield db
            return
        with translated(self.name):
            yield self._open_reader()

    def settle(self) -> None:
        """Bring the write-ahead log into the file, as far as readers allow."""
        with translated(self.name), self._lock:
            self._open_writer().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def rewrite(self) -> None:
        """Write the file anew, so that nothing that was deleted can be read from a free page."""
        with translated(self.name), self._lock:
            db = self._open_writer()
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection; the next use opens new ones."""
        with self._lock:
            for _, db in self._readers:
                db.close()
            self._readers.clear()
            if self._writer is not None:
                self._writer.close()
            self._writer = None
            self._local = threading.local()

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is None:
            if self._path is not None:
                _make_folder(self._path.parent)
            db = self._connect(self._path or ":memory:", _WRITER_CACHE_KIB, _WRITER_MAP_BYTES)
            use_write_ahead(db)
            db.execute(INTAKE)
            self._writer = db
        return self._writer

    def _open_reader(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = self._connect(self._path or ":memory:", _READER_CACHE_KIB, _READER_MAP_BYTES)
            db.execute("PRAGMA query_only = ON")
            self._local.db = db
            with self._lock:
                self._close_readers_of_ended_threads()
                self._readers.append((threading.current_thread(), db))
        return db

    def _close_readers_of_ended_threads(self) -> None:
        for thread, db in self._readers:
            if not thread.is_alive():
                db.close()
        self._readers = [(thread, db) for thread, db in self._readers if thread.is_alive()]

    def _connect(self, where: Path | str, cache_kib: int, map_bytes: int) -> sqlite3.Connection:
        db = sqlite3.connect(
            where,
            timeout=self._wait_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA temp_store = MEMORY")
        db.execute(f"PRAGMA cache_size = -{int(cache_kib)}")
        db.execute(f"PRAGMA mmap_size = {map_bytes}")
        db.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES:d}")
        return db


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"{folder.name}: {error.strerror}") from error
