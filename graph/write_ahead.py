"""Putting a SQLite file into write-ahead logging, whoever else is opening it at that moment.

SQLite's own busy timeout does not cover this change: of two that open a new file at once, the one
that finds the other's lock is refused at once (https://sqlite.org/c3ref/busy_handler.html). So it
is asked again here. It knows nothing of what is in the file.
"""

import sqlite3
import time

LOG_PAGES = 16_384
"""Pages (64 MiB) that a log grows to before who commits brings them into the file.

SQLite's own 1,000 are less than what one batch of sign-ups writes. With readers about, who keep it
from beginning the log anew, each commit then copied pages and waited for the disk.
"""
_TRIES = 200
_PAUSE_S = 0.05


def use_write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file of ``connection`` to write-ahead logging, which it then keeps.

    Raises:
        sqlite3.OperationalError: if it was locked through all of about ten seconds.
    """
    for left in reversed(range(_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_PAUSE_S)
        else:
            return
