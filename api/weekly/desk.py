"""What the weekly pipeline works with, opened from the settings: journal, shelf, folders, registry.

One place for the command line and the scheduler. It knows nothing of what a run does.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from api.cli.out import note
from api.settings import Settings
from api.workshop import journal_of, shelf_of
from etl.prompts.fit import fit_clusters
from etl.weekly.promotion import Desk
from etl.weekly.registry import Registry
from etl.weekly.retrain import Workplace
from graph.journal.journal import Journal
from graph.ledger.audit import Act, append
from graph.ledger.engine import Ledger
from graph.ledger.labels import every

ALERT_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class OpenDesk(Desk):
    """A desk with its journal open."""

    journal: Journal = field(kw_only=True)


@contextmanager
def desk_for(settings: Settings, *, author: str = "pipeline") -> Iterator[OpenDesk]:
    """The desk of the home folder; its journal is closed at the end.

    Raises:
        NotFound: if nothing was built yet.
        SettingsError: if a key cannot be right.
    """
    with journal_of(settings) as journal:
        place = Workplace(
            journal, fit_clusters, shelf_of(settings, sign=True), settings.runs_path,
            settings.pipeline_path, authors_of(settings),
        )  # fmt: skip
        now = time.time_ns() // 1000
        yield OpenDesk(place, registry_of(settings), now, author, journal=journal)


def authors_of(settings: Settings) -> pl.DataFrame | None:
    """Who decided each label that the ledger knows of; None without a ledger yet.

    Raises:
        StoreError: if the ledger cannot answer.
    """
    if settings.ledger_url is None and not settings.ledger_path.exists():
        return None
    with Ledger(settings.ledger_address) as ledger, ledger.reading() as book:
        told = [(one.account_id, one.decided_at, one.source, one.author) for one in every(book)]
    schema = {"account_id": pl.String, "at": pl.Int64, "source": pl.String, "author": pl.String}
    return pl.DataFrame(told, schema=schema, orient="row")


def audited(settings: Settings, desk: Desk, action: str, found: Mapping[str, Any]) -> None:
    """Add a turn of the models to the audit chain, where there is a ledger.

    Raises:
        StoreError: if the ledger cannot answer; the turn itself is done and noted.
    """
    if settings.ledger_url is None and not settings.ledger_path.exists():
        return
    act = Act(desk.now, desk.author, f"model.{action}", f"model:{found['version']}", dict(found))
    with Ledger(settings.ledger_address) as ledger, ledger.writing() as book:
        append(book, [act])


def registry_of(settings: Settings) -> Registry:
    """The registry that is named, else one in SQLite in the home folder."""
    local = settings.home / "registry"
    if settings.registry_url is not None:
        return Registry(settings.registry_url, local)
    local.mkdir(parents=True, exist_ok=True)
    return Registry(f"sqlite:///{(local / 'registry.db').resolve()}", local / "artifacts")


def alert_of(settings: Settings) -> Callable[[str, dict[str, Any]], None]:
    """A call that tells the operator's webhook what happened; silent where none is named.

    An alert that cannot be delivered is said on stderr and stops nothing.
    """
    url = settings.alert_url

    def tell(what: str, about: dict[str, Any]) -> None:
        if url is None:
            return
        body = json.dumps({"event": f"pipeline.{what}", **about}).encode()
        request = urllib.request.Request(  # noqa: S310 - the operator's own address
            url, body, {"content-type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=ALERT_TIMEOUT_S):  # noqa: S310
                pass
        except (OSError, ValueError) as error:
            note(f"the alert was not delivered: {type(error).__name__}")

    return tell
