"""The office: the ledger, open, with what calls need of it in memory: keys, sessions, limits.

``api.serving.service`` has the graph and the model; this has people, keys and decisions. A thread
looks twice a second whether keys or lists were changed by another process. Everything here is safe
to share between threads. It knows nothing of HTTP.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from threading import Event, Lock, Thread

from api.access.keyring import Keyring
from api.access.limits import Limits
from api.access.principal import Principal
from api.access.sessions import Sessions
from api.access.tokens import Provider, Tokens
from api.desk.courier import Courier
from api.serving.probing import Probing
from api.settings import Settings
from graph.closing import Closing
from graph.errors import SettingsError, StoreError
from graph.ledger import handover, keys, marks
from graph.ledger.announced import announce, standing
from graph.ledger.audit import Act, append
from graph.ledger.engine import Ledger
from graph.ledger.handover import Owed
from graph.ledger.lists import COUNTER, Lists
from graph.ledger.port import ApiKey, Role, Scope
from graph.store import Flag, GraphStore

log = logging.getLogger("ringsight.office")

LOOK_S = 0.5


class Office(Closing):
    """``Office.of(settings, key, clock)``; close it with the service it belongs to."""

    def __init__(  # noqa: PLR0913 - what the settings say, each by its name
        self,
        ledger: Ledger,
        key: bytes,
        clock: Callable[[], int],
        *,
        rate_per_s: float = 0.0,
        provider: Provider | None = None,
        second_from: int | None = None,
        inside: Sequence[str] = (),
    ) -> None:
        self.ledger = ledger
        self.clock = clock
        self.second_from = second_from
        self.keyring = Keyring(ledger, clock)
        self.sessions = Sessions(key, self.keyring.living)
        self.limits = Limits(rate_per_s)
        self._tokens = Tokens(provider) if provider else None
        self.lists = Lists(ledger)
        self.probing = Probing(self._probed)
        self.courier = Courier(ledger, key, clock, inside)
        self._copies: dict[str, Callable[[], None]] = {
            "keys": self.keyring.reload,
            COUNTER: self.lists.reload,
        }
        self._tell: Callable[[Owed], None] | None = None
        self._handing = Lock()
        self._store: GraphStore | None = None
        self._live: Callable[[], Sequence[Flag]] = tuple
        self._announced: tuple[int, frozenset[str]] = (0, frozenset())
        self._stop = Event()
        self._watch = Thread(target=self._look, name="office", daemon=True)
        self._watch.start()
        self.courier.start()

    @classmethod
    def of(cls, settings: Settings, key: bytes, clock: Callable[[], int]) -> "Office":
        """The office over the ledger that the settings name.

        Raises:
            SettingsError: if the ledger's URL or the identity provider cannot be right.
            StoreUnavailable: if the ledger cannot be reached.
        """
        provider = provider_of(settings)
        return cls(
            Ledger(settings.ledger_address),
            key,
            clock,
            rate_per_s=settings.rate_per_s,
            provider=provider,
            second_from=settings.four_eyes_from,
            inside=(settings.webhook_inside or "").split(","),
        )

    def recognise(self, bearer: str) -> Principal:
        """Who sends this, a key or a token; may read the ledger or ask the identity provider.

        Raises:
            NotRecognised: if nobody that is known.
        """
        if self._tokens is not None and bearer.count(".") == 2:
            return self._tokens.read(bearer)
        return self.keyring.recognise(bearer)

    def named(self, actor: str) -> str:
        """What people call an actor of the ledger (``key:3f2a...``, ``person:jo``)."""
        return self.keyring.name_of(actor) or actor.removeprefix("person:")

    def new_key(self, like: ApiKey, actor: str) -> str:
        """Make a key with the rights of ``like``, written down as made by ``actor``; its text."""
        with self.ledger.writing() as book:
            key, text = keys.create(book, like)
            detail = {"name": key.name, "scopes": sorted(key.scopes), "role": key.role}
            append(book, [Act(like.created_at, actor, "key.create", f"key:{key.id}", detail)])
        self.keyring.reload()
        return text

    def new_visitor(self, like: ApiKey) -> tuple[str, str]:
        """A new key like :meth:`new_key`'s, and the ticket that opens a browser's session of it."""
        text = self.new_key(like, like.created_by)
        return text, self.sessions.ticket(self.keyring.recognise(text), self.clock())

    def tell(self, journal: Callable[[Owed], None]) -> None:
        """Give what decisions owe the journal to ``journal``, from now on."""
        self._tell = journal

    def follow(self, store: GraphStore, live: Callable[[], Sequence[Flag]] = tuple) -> None:
        """Tell webhooks what each refresh of ``store`` flags anew, from now on.

        ``live`` gives the accounts that are flagged between refreshes.
        """
        self._store, self._live = store, live

    def announce(self) -> int:
        """Let what a refresh, or a match since it, flags anew go out; how many events that were.

        Raises:
            StoreError: if store or ledger cannot answer; the next look tries again.
        """
        if self._store is None:
            return 0
        live = self._live()
        state = (self._store.generation()[0], frozenset(flag.account_id for flag in live))
        if state == self._announced:
            return 0
        shown = standing(self._store, live)
        with self.ledger.writing() as book:
            told = announce(book, self._store, shown, lambda: uuid.uuid4().hex, self.clock())
        if told is None:
            return 0
        self._announced = state
        return told

    def hand_over(self) -> int:
        """Give the journal what waits for it, in order; gives how many events that were.

        Raises:
            StoreError: if ledger or journal cannot answer; what is left waits.
        """
        done = 0
        while self._tell is not None:
            with self._handing:
                with self.ledger.reading() as book:
                    waiting = handover.owed(book)
                for one in waiting:
                    self._tell(one)
                if not waiting:
                    break
                with self.ledger.writing() as book:
                    handover.taken(book, [one.seq for one in waiting], self.clock())
            done += len(waiting)
        return done

    def settle(self) -> None:
        """After a decision: let this process see it at once, and the journal as soon as can be."""
        self.lists.reload()
        try:
            self.hand_over()
        except StoreError as error:
            log.warning("the journal takes a decision later: %s", type(error).__name__)

    def close(self) -> None:
        """Stop looking and let go of the ledger."""
        self._stop.set()
        self._watch.join()
        self.courier.close()
        self.ledger.close()

    def _probed(self, caller: str) -> None:
        """Write down that a key feels its way; a ledger that is down does not stop a sign-up."""
        log.warning("%s sends sign-ups that differ in one thing at a time", caller)

        def written() -> None:
            try:
                with self.ledger.writing() as book:
                    append(book, [Act(self.clock(), caller, "key.probing", caller)])
            except StoreError as error:
                log.warning("it was not written down: %s", type(error).__name__)

        # The caller is on the event loop, which must not wait for a disk.
        Thread(target=written, name="probing", daemon=True).start()

    def _look(self) -> None:
        """Read again what another process changed; a ledger that is down is tried again."""
        names, seen = tuple(self._copies), tuple[str, ...]()
        while not self._stop.wait(LOOK_S):
            try:
                with self.ledger.reading() as book:
                    now = marks.standing(book, names)
                if now != seen:
                    for name in names:
                        self._copies[name]()
                seen = now
                self.hand_over()
                self.announce()
            except StoreError as error:
                log.warning("the ledger was not read: %s", type(error).__name__)


def full_key(name: str, now: int, actor: str) -> ApiKey:
    """The rights of a key that may do everything, such as the demo's; ``new_key`` makes it."""
    return ApiKey("", name, frozenset(Scope), Role.ADMIN, now, actor, "")


def provider_of(settings: Settings) -> Provider | None:
    """The identity provider that the settings name, if they do.

    Raises:
        SettingsError: if they name half of one.
    """
    said = (settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks)
    if not any(said):
        return None
    issuer, audience, jwks = said
    if not (issuer and audience and jwks):
        raise SettingsError(
            "RINGSIGHT_OIDC_ISSUER, RINGSIGHT_OIDC_AUDIENCE and RINGSIGHT_OIDC_JWKS go together"
        )
    return Provider(issuer, audience, jwks, settings.oidc_roles_claim)
