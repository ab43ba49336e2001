"""What the service knows between two refreshes: how fast sign-ups come, and who joins which ring.

Every event that reached the journal moves its entities' counters (:mod:`graph.velocity`) and its
account's odds of belonging to a ring that the last refresh flagged (:mod:`graph.rings.watchlist`).
A thread looks for a new refresh, takes up its watchlist and catches up with the journal; so a new
refresh confirms what was flagged meanwhile, or lets it go, and a restart loses nothing. Everything
here can be made again from journal and store; it decides nothing and writes no graph.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread

from api.places import place_of
from gnn.assess import RingTie, kin_of
from gnn.voices import Voices
from graph.closing import Closing
from graph.errors import RingError
from graph.facts import Event, Payment, Signup
from graph.journal.journal import Journal
from graph.rings.early import call
from graph.rings.live import LiveMatcher, Match
from graph.rings.watchlist import EARLY_US, Watchlist, clustered, established
from graph.store import Flag, GraphStore
from graph.velocity import HORIZON_US, PAYMENT_COLUMNS, SIGNUP_COLUMNS, Velocity

log = logging.getLogger("ringsight.service")

LOOK_S = 0.25
AHEAD_US = 86_400_000_000
"""How far a caller's clock may be ahead of ours; what claims to be later has no pace."""
BREATH = 100
"""Events between two pauses while catching up: sign-ups go first."""
BREATH_S = 0.002


@dataclass(frozen=True)
class _Taken:
    """A watchlist in use; ``rings`` has version and size of those flagged for action."""

    watchlist: Watchlist
    matcher: LiveMatcher
    rings: Mapping[str, tuple[int, int]]
    voices: Voices | None


class Between(Closing):
    """``Between(store, journal, folder, clock)``; safe to share between threads.

    ``folder`` is where refreshes leave their watchlist; without one nothing is matched.
    """

    def __init__(
        self, store: GraphStore, journal: Journal, folder: Path | None, clock: Callable[[], int]
    ) -> None:
        self.velocity = recent_velocity(journal, clock() + AHEAD_US)
        self._store = store
        self._journal = journal
        self._folder = folder
        self._clock = clock
        self._lock = Lock()
        self._taken: _Taken | None = None
        # Events that come while a list is being taken up.
        self._meanwhile: list[Event] | None = None
        self._refused: str | None = None
        self._stop = Signal()
        self._thread = Thread(target=self._run, name="between", daemon=True)
        if folder is not None:
            self._thread.start()

    # -- events ----------------------------------------------------------------------------------

    def see(self, events: Iterable[Event]) -> None:
        """Take in events, any number of times and in any order; never raises."""
        for event in events:
            try:
                if getattr(event, "at", 0) <= self._clock() + AHEAD_US:
                    self.velocity.see(event)
                self._match(event)
            except Exception as error:  # what is derived must not stop what is written
                log.error("not matched: %s at %s", type(error).__name__, place_of(error))

    def _match(self, event: Event) -> None:
        with self._lock:
            if self._meanwhile is not None:
                self._meanwhile.append(event)
            taken = self._taken
            if taken is not None and taken.watchlist.profiles:
                taken.matcher.see(clustered(event, taken.watchlist.index))

    # -- what is known ---------------------------------------------------------------------------

    def kin(self, event: Signup, payment: Payment | None) -> RingTie | None:
        """The flagged ring whose newcomer a sign-up is, by all that is known of it so far."""
        taken = self._taken
        if taken is None or not taken.watchlist.profiles:
            return None
        with self._lock:
            match = taken.matcher.weigh([event] if payment is None else [event, payment])
        return self._tie(taken, match)

    @property
    def voices(self) -> Voices | None:
        """What newcomers hear since the refresh whose watchlist is in use."""
        return None if self._taken is None else self._taken.voices

    def match_of(self, account_id: str) -> Match | None:
        """The match that flagged an account since the last refresh; its ``at`` is when."""
        taken = self._taken
        return None if taken is None else taken.matcher.flags.get(account_id)

    def odds_of(self, account_id: str) -> Match | None:
        """How an account stands to the ring it is nearest to, by what was seen of it since."""
        taken = self._taken
        if taken is None:
            return None
        with self._lock:
            return taken.matcher.odds(account_id, self._clock())

    def tie_of(self, match: Match) -> RingTie | None:
        """The ring of a match, as a sign-up's answer names it."""
        taken = self._taken
        return None if taken is None else self._tie(taken, match)

    def flags(self) -> list[Flag]:
        """Accounts flagged since the last refresh, in the order of time."""
        taken = self._taken
        if taken is None:
            return []
        with self._lock:
            found = list(taken.matcher.flags.values())
        rows = [Flag(m.account_id, chance_of(m), m.ring_id, m.at) for m in found]
        return sorted(rows, key=lambda flag: (flag.since, flag.account_id))

    def crowded(self) -> list[str]:
        """Rings that young accounts crowd towards."""
        taken = self._taken
        if taken is None:
            return []
        with self._lock:
            return taken.matcher.crowded()

    @property
    def number(self) -> int:
        """The refresh whose watchlist is in use, 0 before the first."""
        return 0 if self._taken is None else self._taken.watchlist.number

    def settled(self, timeout_s: float = 10.0) -> bool:
        """Wait until the visible refresh's watchlist is in use; False when it takes longer."""
        until = time.monotonic() + timeout_s
        while self.number != self._store.generation()[0] and time.monotonic() < until:
            time.sleep(0.01)
        return self.number == self._store.generation()[0]

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _tie(self, taken: _Taken, match: Match | None) -> RingTie | None:
        if match is None or not match.flagged:
            return None
        return kin_of(match, *taken.rings.get(match.ring_id, (0, 0)))

    # -- a new refresh ---------------------------------------------------------------------------

    def look(self) -> None:
        """Take up the list of a new refresh; call for the next one if it cannot wait.

        Raises:
            FileNotFoundError: if that refresh left none.
            RingError: if the list or the store cannot be read; the list before stays in use.
        """
        if self._store.generation()[0] != self.number:
            self._take_up()
        self._call_early()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self.look()
            except FileNotFoundError:
                pass  # an earlier release refreshed; the next refresh leaves a list
            except (RingError, OSError) as error:
                self._told(f"{type(error).__name__}: {error}")
            except Exception as error:  # looking must go on
                self._told(f"{type(error).__name__} at {place_of(error)}")

    def _told(self, trouble: str) -> None:
        """Say once what is wrong with the list; the one before stays in use."""
        if trouble != self._refused:
            log.warning("the watchlist was not taken up: %s", trouble)
        self._refused = trouble

    def _take_up(self) -> None:
        """Match to the visible refresh, as soon as its list lies there."""
        assert self._folder is not None
        watchlist = Watchlist.load(self._folder, self._journal.key_id)
        if watchlist.number == self.number:
            return
        voices = Voices.load(self._folder)
        if voices is not None and voices.number != watchlist.number:
            voices = None  # an earlier refresh's: that one had a network, this one none
        flagged = [ring for ring in self._store.rings() if ring.detail.get("flagged")]
        held = [self._store.ring(ring.ring_id) for ring in flagged]
        members = {account: ring.ring_id for ring in held for account, *_ in ring.members}
        matcher = watchlist.matcher(members, partial(self._established, watchlist.as_of))
        with self._lock:
            self._meanwhile = []
        for count in watchlist.catch_up(matcher, self._journal):
            if count % BREATH == 0 and self._stop.wait(BREATH_S):
                return
        rings = {r.ring_id: (int(str(r.detail.get("version", 0))), r.size) for r in flagged}
        with self._lock:
            for event in self._meanwhile:
                matcher.see(clustered(event, watchlist.index))
            self._meanwhile = None
            self._taken = _Taken(watchlist, matcher, rings, voices)
        self._refused = None

    def _established(self, as_of: int, account_id: str) -> bool:
        """Whether an account had a history by the refresh of ``as_of`` (us)."""
        held = self._store.neighbourhood([f"account:{account_id}"], per_id=1)
        return account_id in established(held, as_of)

    def _call_early(self) -> None:
        """Leave a call for a refresh before its time, if young accounts crowd towards a ring."""
        taken, rings = self._taken, self.crowded()
        if taken is None or self._folder is None or not rings:
            return
        now = self._clock()
        if now - taken.watchlist.as_of >= EARLY_US:
            call(self._folder, taken.watchlist.number, rings, now)


def chance_of(match: Match) -> float:
    """Odds of membership as a score, 0..1."""
    return 1.0 / (1.0 + math.exp(-match.odds))


def recent_velocity(journal: Journal, until: int) -> Velocity:
    """How fast sign-ups and payments came: nothing is lost with an earlier process.

    What claims to be later than ``until`` (us) is left aside, or all else would seem long past.
    """
    newest = max(journal.latest("signups") or 0, journal.latest("payments") or 0)
    since = min(newest, until) - HORIZON_US
    signups = journal.read("signups", since, until, SIGNUP_COLUMNS)
    return Velocity.of(signups, journal.read("payments", since, until, PAYMENT_COLUMNS))
