"""The driver's side of the Neo4j adapter: connections, transactions, and its errors made ours.

The driver is imported here and nowhere else, and only when a Neo4j store is opened. Writes run in
managed transactions, which the driver tries again when the server says that trying again is safe;
they queue behind one lock node, as writers of the embedded store queue behind its file lock, so
that comparing and setting a version cannot be torn and batches cannot deadlock. Reads are one
statement each and one round trip. It knows nothing of the graph.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar

import neo4j
from neo4j import exceptions

from graph.errors import RingError, SettingsError, StoreCorrupt, StoreError, StoreUnavailable

if TYPE_CHECKING:
    from neo4j import Driver, ManagedTransaction

# What the driver logs of a lost connection is raised as an error too, and told by whoever catches
# it; without a handler Python would print it on stderr beside the one clear line.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

T = TypeVar("T")
Parameters = dict[str, Any]
_LOCK: LiteralString = "MERGE (m:Meta {name: 'writing'}) SET m.value = ''"
# Most specific first; what a server or a driver may add later falls to the class above it.
TRANSLATIONS: tuple[tuple[type[Exception], type[RingError]], ...] = (
    (exceptions.AuthError, SettingsError),
    (exceptions.Forbidden, SettingsError),
    (exceptions.ConfigurationError, SettingsError),
    (exceptions.ConstraintError, StoreCorrupt),
    (exceptions.ClientError, StoreError),
    (exceptions.TransientError, StoreUnavailable),
    (exceptions.DatabaseError, StoreUnavailable),
    (exceptions.Neo4jError, StoreUnavailable),
    (exceptions.SessionError, StoreError),
    (exceptions.TransactionError, StoreError),
    (exceptions.ResultError, StoreError),
    (exceptions.DriverError, StoreUnavailable),
)


def translation_of(error: type[Exception]) -> type[RingError] | None:
    """Our class for one of the driver's, or None for what is not the driver's."""
    return next((ours for theirs, ours in TRANSLATIONS if issubclass(error, theirs)), None)


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise the driver's errors as ours; one line that names the server, never the credentials.

    Raises:
        SettingsError: if the server refuses the credentials or the URL cannot be right.
        StoreUnavailable: if there is no server, or it cannot answer now.
        StoreCorrupt: if its content breaks a constraint of the schema.
        StoreError: for what only a fault of this program can cause.
    """
    try:
        yield
    except (exceptions.Neo4jError, exceptions.DriverError) as error:
        ours = translation_of(type(error)) or StoreError
        raise ours(f"{where}: {' '.join(str(error).split())}") from error


class Link:
    """Sessions on one server.

    Args:
        url: ``bolt://`` or ``neo4j://`` address.
        auth: user and password.
        wait_s: how long a write is tried again, and a connection waited for (seconds).
    """

    def __init__(self, url: str, auth: tuple[str, str], wait_s: float) -> None:
        self._url = url
        self._auth = auth
        self._wait_s = wait_s
        self._lock = threading.Lock()
        self._driver: Driver | None = None
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        self.round_trips = 0

    def __repr__(self) -> str:
        return f"Link({self._url!r})"

    def verify(self) -> None:
        """Raise at once if nobody answers or the credentials are refused."""
        with translated(self._url):
            self._open().verify_connectivity()

    def read(self, statement: LiteralString, parameters: Parameters) -> list[list[Any]]:
        """The rows of one statement, in one round trip; tried once more if that is safe."""
        with translated(self._url):
            try:
                return self._once(statement, parameters)
            except (exceptions.Neo4jError, exceptions.DriverError) as error:
                if not error.is_retryable():
                    raise
                return self._once(statement, parameters)

    def _once(self, statement: LiteralString, parameters: Parameters) -> list[list[Any]]:
        with self._session(neo4j.READ_ACCESS) as session:
            self.round_trips += 1
            return session.run(statement, parameters).values()

    def stream(self, statement: LiteralString, parameters: Parameters) -> Iterator[list[Any]]:
        """The rows of one statement as they come, for exports."""
        with translated(self._url), self._session(neo4j.READ_ACCESS) as session:
            self.round_trips += 1
            for record in session.run(statement, parameters):
                yield record.values()

    def write(self, work: "Callable[[ManagedTransaction], T]") -> T:
        """Run ``work`` as one transaction, alone among writers; it may run more than once."""

        def alone(tx: "ManagedTransaction") -> T:
            tx.run(_LOCK).consume()
            return work(tx)

        with translated(self._url), self._session(neo4j.WRITE_ACCESS) as session:
            return session.execute_write(alone)

    def run(self, statement: LiteralString, parameters: Parameters | None = None) -> None:
        """Run a statement that brings its own transactions, or changes the schema."""
        with translated(self._url), self._session(neo4j.WRITE_ACCESS) as session:
            session.run(statement, parameters or {}).consume()

    def close(self) -> None:
        """Let go of all connections; the next use opens new ones."""
        with self._lock:
            if self._driver is not None:
                self._driver.close()
            self._driver = None

    def _session(self, mode: str) -> neo4j.Session:
        return self._open().session(
            default_access_mode=mode, bookmark_manager=self._bookmarks, fetch_size=10_000
        )

    def _open(self) -> "Driver":
        with self._lock:
            if self._driver is None:
                self._driver = neo4j.GraphDatabase.driver(
                    self._url,
                    auth=self._auth,
                    max_transaction_retry_time=self._wait_s,
                    connection_acquisition_timeout=self._wait_s,
                    connection_timeout=self._wait_s,
                    # Each notification is a kilobyte on the hot path.
                    notifications_min_severity="OFF",
                    telemetry_disabled=True,
                    user_agent="ringsight",
                )
            return self._driver
