"""Why accounts that call for action have their score: what the last refresh kept beside its rings.

Read when the file changes, and believed only while the store shows the refresh that wrote it; an
answer without reasons is better than one with another refresh's. It knows nothing of how reasons
are made: that is ``gnn.explained``.
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from api.schemas.answers import ReasonOut
from graph.errors import StoreCorrupt
from graph.rings.record import ACCOUNTS, account_reasons
from graph.store import GraphStore

log = logging.getLogger("ringsight.service")

Kept = Mapping[str, Mapping[str, Any]]
Stamp = tuple[int, int, int]


class AccountReasons:
    """``AccountReasons(folder)``; safe to share between threads, ``folder`` may be absent."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = Lock()
        self._held: tuple[Stamp | None, Kept] = (None, {})

    def of(self, account_id: str, store: GraphStore) -> Sequence[ReasonOut]:
        """The reasons of an account by the visible refresh, strongest first."""
        told = self._kept(store.generation()[1]).get(account_id, {})
        return [ReasonOut.of(form) for form in told.get("reasons", ())]

    def _kept(self, as_of: int) -> Kept:
        if self._folder is None:
            return {}
        try:
            stat = (self._folder / ACCOUNTS).stat()
        except FileNotFoundError:
            return {}
        stamp = (stat.st_mtime_ns, stat.st_size, as_of)
        with self._lock:
            if self._held[0] != stamp:
                self._held = (stamp, self._read(self._folder, as_of))
            return self._held[1]

    def _read(self, folder: Path, as_of: int) -> Kept:
        try:
            return account_reasons(folder, as_of)
        except StoreCorrupt as error:
            log.error("reasons of accounts not read: %s", error)
            return {}
