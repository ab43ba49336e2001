"""What the weekly pipeline works with, opened from the settings: journal, shelf, folders, registry.

One place for the command line and the scheduler. It knows nothing of what a run does.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from api.cli_out import note
from api.settings import Settings
from api.workshop import journal_of, shelf_of
from etl.promotion import Desk
from etl.prompts import fit_clusters
from etl.registry import Registry
from etl.retrain import Workplace
from graph.journal import Journal

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
            settings.pipeline_path,
        )  # fmt: skip
        now = time.time_ns() // 1000
        yield OpenDesk(place, registry_of(settings), now, author, journal=journal)


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
