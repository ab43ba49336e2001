"""Opening what building, training and scoring need: the journal of events, the shelf of bundles.

One place for command line and service, so that both find the same things. The graph's store is
opened by ``api.opened``.
"""

from pathlib import Path

from api.settings import Settings, make_key, read_key
from gnn.shelf import Shelf
from gnn.signing import Signer, Trust
from graph.errors import NotFound
from graph.journal.journal import Journal
from graph.normalise import key_id

DEMO_MARK = "demo.json"


def shelf_of(settings: Settings, *, sign: bool = False) -> Shelf:
    """The bundles of the home folder; with ``sign`` new ones can be put there.

    Raises:
        SettingsError: if a key cannot be right.
    """
    signer = _signer_of(settings) if sign else None
    return Shelf(settings.bundles_path, trust_of(settings), signer)


def trust_of(settings: Settings) -> Trust:
    """Whose bundles are loaded: the keys that were named, else the one made in the home folder.

    Raises:
        SettingsError: if a key cannot be right.
    """
    if settings.verify_keys is not None:
        return Trust.of(settings.verify_keys.split(","))
    unsigned = (settings.home / DEMO_MARK).exists()
    if settings.signing_key_file is not None:
        return Trust.of([_signer_of(settings).public], unsigned=unsigned)
    kept = settings.home / "signing.pub"
    return Trust.of([kept.read_text(encoding="utf-8")] if kept.exists() else [], unsigned=unsigned)


def _signer_of(settings: Settings) -> Signer:
    """The key that was given, else one kept in the home folder, readable by its owner alone."""
    if settings.signing_key_file is not None:
        return Signer.of(read_key(settings.signing_key_file).decode(errors="replace"))
    kept: Path = settings.home / "signing.key"
    if not kept.exists():
        make_key(kept)
    signer = Signer.of(read_key(kept).decode(errors="replace"))
    (settings.home / "signing.pub").write_text(signer.public + "\n", encoding="utf-8")
    return signer


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
