"""Opening what building, training and scoring need: the journal of events, the shelf of bundles.

One place for command line and service, so that both find the same things. The graph's store is
opened by ``api.opened``.
"""

from api.settings import Settings
from api.shelf import Shelf
from graph.errors import NotFound
from graph.journal import Journal
from graph.normalise import key_id


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
