"""Opening the ledger: SQLite by default, PostgreSQL by its URL; brought to this release's schema.

The one home of the database driver: its errors become ours here. SQLite runs in write-ahead
logging with one writer at a time (``BEGIN IMMEDIATE``), synced at every commit; PostgreSQL with its
own locks. It knows nothing of what the tables mean.
"""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.engine import URL

from graph.closing import Closing
from graph.errors import SettingsError, StoreCorrupt, StoreError, StoreUnavailable
from graph.write_ahead import use_write_ahead

LOCK_TIMEOUT_S = 10.0
POOL_SIZE = 16
CONNECT_TIMEOUT_S = 5
_SETTINGS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {int(LOCK_TIMEOUT_S * 1000):d}",
    # What is erased must not stay readable in a free page.
    "PRAGMA secure_delete = ON",
)


_STEPS = Path(__file__).parent / "migrations" / "versions"
NEWEST = max(path.stem[1:].partition("_")[0] for path in _STEPS.glob("r*_*.py"))
"""The revision of the last migration, by its file's name (a test asks Alembic)."""


class Ledger(Closing):
    """``Ledger("sqlite:///ringsight-data/ledger.db")``; close it, or use it in a ``with``.

    ``chance`` gives the salts of the audit chain: n bytes that nobody can guess.
    """

    def __init__(self, url: str, *, chance: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """Open or make the ledger, and bring it to this release's schema.

        Raises:
            SettingsError: if the URL names neither SQLite nor PostgreSQL.
            SchemaMismatch: if a newer release wrote it.
            StoreUnavailable: if it cannot be reached.
        """
        self.chance = chance
        self._url = _checked(url)
        self.engine = _engine(self._url)
        self._jots = Lock()
        self._jotter: Connection | None = None
        try:
            with translated():
                self._migrate()
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def path(self) -> Path | None:
        """The file of a SQLite ledger; None over PostgreSQL."""
        found = self._url.database if self.dialect == "sqlite" else None
        return None if found is None else Path(found)

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def writing(self, *, synced: bool = True) -> Iterator[Connection]:
        """A transaction; its law is in :class:`graph.ledger.port.Ledger`.

        One that is not ``synced`` survives the end of the process at any moment, and a power cut
        once a later one was synced; it does not wait for the disk. (SQLite; PostgreSQL likewise.)
        """
        with translated(), self.engine.connect() as connection:
            book = connection.execution_options(ringsight_writes=True, ringsight_synced=synced)
            book.info["chance"] = self.chance
            with book.begin():
                if not synced and self.dialect == "postgresql":
                    book.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield book

    @contextmanager
    def jotting(self) -> Iterator[Connection]:
        """As :meth:`writing`, not synced, for the answers to sign-ups.

        Over SQLite the connection is kept for the next who jots, one at a time, and statements go
        to the :func:`driver`: taking one from the pool and telling it how to begin costs more than
        what is written.
        """
        if self.dialect != "sqlite":
            with self.writing(synced=False) as book:
                yield book
            return
        with translated(), self._jots:
            book = self._jotter = self._jotter or self._for_jots()
            db = driver(book)
            db.execute("BEGIN IMMEDIATE")
            try:
                yield book
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def _for_jots(self) -> Connection:
        book = self.engine.connect().execution_options(ringsight_begins=False)
        _sync(book, synced=False)
        return book

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    def settle(self) -> None:
        """Bring what was committed unsynced to the disk and into SQLite's file; holds up nobody."""
        if self.dialect == "sqlite":
            with translated(), self.engine.connect() as connection:
                plain = connection.execution_options(ringsight_begins=False)
                _sync(plain, synced=True)
                driver(plain).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def rewrite(self) -> None:
        """Leave nothing of deleted rows in the file of SQLite; PostgreSQL is told to vacuum."""
        lite = self.dialect == "sqlite"
        # Ours begin transactions of their own, and a file is not rewritten inside of one.
        options = {"ringsight_begins": False} if lite else {"isolation_level": "AUTOCOMMIT"}
        with translated(), self.engine.connect() as connection:
            plain = connection.execution_options(**options)
            plain.exec_driver_sql("VACUUM")
            if lite:
                plain.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of every connection."""
        if self._jotter is not None:
            self._jotter.close()
            self._jotter = None
        self.engine.dispose()

    def __repr__(self) -> str:
        return f"Ledger({self._url.render_as_string(hide_password=True)!r})"

    def _migrate(self) -> None:
        if self._is_current():
            return
        from graph.ledger.migrate import bring_forward  # noqa: PLC0415 - Alembic is slow to import

        with self.engine.connect() as connection:
            book = connection.execution_options(ringsight_writes=True)
            with book.begin():
                bring_forward(book)

    def _is_current(self) -> bool:
        """Whether the ledger has this release's schema, as nearly every one that is opened has."""
        with self.engine.connect() as connection:
            try:
                query = text("SELECT version_num FROM alembic_version")
                return connection.execute(query).scalar_one_or_none() == NEWEST
            except exc.DatabaseError:  # a new one has no such table
                return False


def _checked(url: str) -> URL:
    try:
        found = make_url(url)
    except exc.ArgumentError:
        raise SettingsError("RINGSIGHT_LEDGER_URL is no database URL") from None
    if found.get_backend_name() == "postgresql":
        return found.set(drivername="postgresql+psycopg")
    if found.drivername != "sqlite" or not found.database or found.database == ":memory:":
        raise SettingsError(
            "RINGSIGHT_LEDGER_URL must be sqlite:///path/ledger.db or postgresql://host/name; "
            f"got {found.drivername}"
        )
    Path(found.database).parent.mkdir(parents=True, exist_ok=True)
    return found


def _engine(url: URL) -> Engine:
    lite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = (
        {"timeout": LOCK_TIMEOUT_S, "check_same_thread": False}
        if lite
        else {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "ringsight"}
    )
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=LOCK_TIMEOUT_S,
        pool_pre_ping=not lite,
        # The same few connections again and again: how they commit need not be told anew.
        pool_use_lifo=True,
        hide_parameters=True,
    )
    if lite:
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    """A new SQLite connection, whose transactions we begin ourselves."""
    connection.isolation_level = None
    use_write_ahead(connection)
    for setting in _SETTINGS:
        connection.execute(setting)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("ringsight_begins", True):
        writes = options.get("ringsight_writes")
        if writes:
            _sync(connection, synced=options.get("ringsight_synced", True))
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sync(connection: Connection, *, synced: bool) -> None:
    """Whether commits of this connection of the pool wait for the disk; told when it changes.

    In write-ahead logging NORMAL syncs at checkpoints alone: what was committed outlives the
    process, and a power cut once a later commit was synced, because the log is one file. Nor does a
    commit that is not synced stop for a checkpoint, which is :meth:`Ledger.settle`'s to do.
    """
    # `info` belongs to the driver's connection, which goes through many hands.
    if connection.info.get("synced", True) is not synced:
        db = driver(connection)
        db.execute(f"PRAGMA synchronous = {'FULL' if synced else 'NORMAL'}")
        db.execute(f"PRAGMA wal_autocheckpoint = {1_000 if synced else 0}")
        connection.info["synced"] = synced


def driver(book: Connection) -> sqlite3.Connection:
    """SQLite's own connection under ``book``, in the same transaction.

    For the few statements that every sign-up pays for: going through SQLAlchemy costs each of them
    more than SQLite does. Its errors are translated as the others are.
    """
    found = book.connection.driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors as ours; what stood in a statement stays out of the text."""
    try:
        yield
    except _AWAY as error:
        raise StoreUnavailable(f"the ledger cannot answer: {_kind(error)}") from error
    except (exc.DatabaseError, sqlite3.Error) as error:
        original = getattr(error, "orig", error)
        damaged = "malformed" in str(original) or "not a database" in str(original)
        kind = StoreCorrupt if damaged else StoreError
        raise kind(f"the ledger failed: {_kind(error)}") from error


_AWAY = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    sqlite3.OperationalError,
    sqlite3.InterfaceError,
)


def _kind(error: Exception) -> str:
    """The class of the driver's error; for SQLite its text as well, which holds no value."""
    original = error if isinstance(error, sqlite3.Error) else getattr(error, "orig", None)
    if original is None:
        return type(error).__name__
    lite = type(original).__module__ == "sqlite3"
    return f"{type(original).__name__}: {original}" if lite else type(original).__name__
