"""Opening what the settings name: the graph's store, the journal, the shelf of bundles.

One place for command line and service, so that both find the same things. It knows nothing of what
is done with them.
"""

from api.settings import Settings
from api.shelf import Shelf
from graph.errors import NotFound
from graph.journal import Journal
from graph.normalise import key_id
from graph.store import GraphStore
from graph.stores import open_store


def store_of(settings: Settings, *, make: bool = False) -> GraphStore:
    """The graph's store, opened; an embedded one that is not there is made only with ``make``.

    Raises:
        NotFound: if there is no embedded store yet; says how to get one.
        StoreUnavailable: if it cannot be reached.
        SettingsError: if its address cannot be right.
    """
    if settings.store is None and make:
        settings.home.mkdir(parents=True, exist_ok=True)
    elif settings.store is None and not settings.graph_path.exists():
        raise NotFound(
            f"no graph in {settings.home} (RINGSIGHT_HOME); `ringsight build SOURCE` or "
            "`ringsight demo` makes one"
        )
    return open_store(
        settings.store_url, user=settings.store_user, password=settings.store_password_text
    )


def shelf_of(settings: Settings) -> Shelf:
    """The bundles of the home folder."""
    return Shelf(settings.bundles_path)


def journal_of(settings: Settings, key: bytes | None = None) -> Journal:
    """The journal of cleaned events; with ``key`` it is made if need be, and holds that key's id.

    Raises:
        NotFound: if there is none and no key to begin one with.
        KeyRefused: if it was begun with another key.
    """
    if key is None and not settings.journal_path.exists():
        raise NotFound(
            f"no journal in {settings.home} (RINGSIGHT_HOME); `ringsight build` makes one"
        )
    settings.home.mkdir(parents=True, exist_ok=True)
    return Journal(settings.journal_path, None if key is None else key_id(key))
