"""Opening the store that the settings name, for command line and service alike.

What a list of rings needs and no more: journal and bundles are in ``api.workshop``, because what
they stand on is slow to import. It knows nothing of what is done with a store.
"""

from api.settings import Settings
from graph.errors import NotFound
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
