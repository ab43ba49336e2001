"""API keys in memory: a call is recognised without a look into the ledger.

Read again when the ledger's counter moves (``api.watch`` looks twice a second), or when a key comes
that is not here. While the ledger is down the keys that are known go on working. A revoked key is
refused within a second everywhere, at once in the process that revoked it.
"""

import time
from collections.abc import Callable

from api.access.principal import Principal
from graph.errors import NotRecognised
from graph.ledger import keys
from graph.ledger.port import ApiKey, Ledger, Scope

# Unknown keys must not make every call read the ledger.
REREAD_S = 0.25


class Keyring:
    """The keys of one ledger; safe to share between threads."""

    def __init__(self, ledger: Ledger, clock: Callable[[], int]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keys: dict[str, tuple[ApiKey, Principal]] = {}
        self._read_at_s = 0.0
        self.reload()

    def reload(self) -> None:
        """Read the keys of the ledger."""
        self._read_at_s = time.monotonic()
        with self._ledger.reading() as book:
            found = keys.every(book)
        self._keys = {key.id: (key, _principal(key)) for key in found}

    def look(self, bearer: str) -> Principal | None:
        """Who holds this key, if it is one that is here and lives; reads nothing."""
        named = keys.split_key(bearer)
        known = None if named is None else self._keys.get(named[0])
        if named is None or known is None:
            return None
        key, principal = known
        return principal if keys.fits(key, named[1]) and key.live(self._clock()) else None

    def recognise(self, bearer: str) -> Principal:
        """Who holds this key, with a look into the ledger if it is not here.

        Raises:
            NotRecognised: if nobody does.
        """
        named = keys.split_key(bearer)
        stale = time.monotonic() - self._read_at_s > REREAD_S
        if named is not None and named[0] not in self._keys and stale:
            self.reload()
        found = self.look(bearer)
        if found is None:
            raise NotRecognised("the key is unknown, revoked or has ended")
        return found

    def holds_any(self) -> bool:
        """Whether any key opens anything."""
        now = self._clock()
        return any(key.live(now) for key, _ in self._keys.values())

    def name_of(self, actor: str) -> str | None:
        """The name of the key that an actor's id (``key:...``) means; None if it is none here."""
        known = self._keys.get(actor.removeprefix("key:"))
        return None if known is None else known[0].name

    def living(self, identity: str) -> bool:
        """Whether the key of a principal's id (``key:...``) still opens anything."""
        known = self._keys.get(identity.removeprefix("key:"))
        return known is not None and known[0].live(self._clock())


def _principal(key: ApiKey) -> Principal:
    return Principal(
        id=f"key:{key.id}",
        name=key.name,
        scopes=frozenset(Scope(scope) for scope in key.scopes),
        role=key.role,
        reasons=key.reasons,
        rate_per_s=key.rate_per_s,
    )
