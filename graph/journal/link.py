"""A connection to the journal's file: how it is opened, made, versioned and locked.

Write-ahead logging lets readers go on while a chunk is written; ``synchronous = FULL`` makes a
committed chunk survive a power cut, because a graph store must never know more than the journal.
It knows nothing of events.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.errors import KeyRefused, SchemaMismatch, StoreCorrupt, StoreError, StoreUnavailable
from graph.journal.schema import JOURNAL_VERSION, SCHEMA, UPGRADES
from graph.write_ahead import LOG_PAGES, use_write_ahead

_LOCK_TIMEOUT_S = 30.0
_TRANSIENT = ("locked", "busy", "unable to open", "disk I/O", "full", "readonly")


class Link:
    """Connections to one journal: one a thread, opened when first used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        with translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            _prepare(self.connection())

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(
                self.path, timeout=_LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            for setting in _SETTINGS:
                found.execute(setting)
            self._local.connection = found
            with self._guard:
                self._open.append(found)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of what is done inside is kept, or nothing; one writer at a time."""
        with translated():
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the journal."""
        with translated():
            connection = self.connection()
            nested = connection.in_transaction
            if not nested:
                connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if not nested and connection.in_transaction:
                    connection.execute("COMMIT")

    def rewrite(self) -> None:
        """Write the file anew, so that nothing that was deleted can be read from a free page."""
        with translated():
            self.connection().execute("VACUUM")
            self.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of every connection."""
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()
        self._local = threading.local()


_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA mmap_size = 268435456",
    f"PRAGMA wal_autocheckpoint = {LOG_PAGES:d}",
)


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the tables of a new file, bring an older one up; refuse a newer version's."""
    use_write_ahead(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            _run(connection, SCHEMA.split(";"))
        elif version > JOURNAL_VERSION:
            raise SchemaMismatch(
                f"the journal has version {version}, this release reads {JOURNAL_VERSION}"
            )
        else:
            for older in range(version, JOURNAL_VERSION):
                _run(connection, UPGRADES[older])
        if version != JOURNAL_VERSION:
            connection.execute(f"PRAGMA user_version = {JOURNAL_VERSION:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _run(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors as ours: what may pass is unavailable, what is broken is corrupt."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if any(word in str(error) for word in _TRANSIENT):
            raise StoreUnavailable(f"the journal cannot answer: {error}") from error
        raise StoreError(f"the journal failed: {error}") from error
    except sqlite3.DatabaseError as error:
        raise StoreCorrupt(f"the journal is damaged: {error}") from error


def claim_key(connection: sqlite3.Connection, key_id: str) -> None:
    """Remember the pseudonym key of a new journal; refuse another one for ever after.

    Raises:
        KeyRefused: if the journal was begun with another key.
    """
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('key_id', ?)", (key_id,))
    (known,) = connection.execute("SELECT value FROM meta WHERE name = 'key_id'").fetchone()
    if known != key_id:
        raise KeyRefused(
            f"this journal was begun with the key {known}, the key given is {key_id}: give the "
            "first key (RINGSIGHT_KEY or RINGSIGHT_KEY_FILE), or build into another RINGSIGHT_HOME"
        )
