"""Membership odds event by event: does this account belong to a ring we know?

Between two refreshes every event of an account moves its log-odds of belonging to each known ring
or genome. An account's evidence is a *set* of what was observed (a template, an address, a trait),
so the same event twice is one event and order does not matter; odds are summed in whole
micro-nats. An account is flagged at the event that makes two families speak, one of them behaviour,
and the odds pass the bar. One class serves the service, the back-test and the refresh.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graph.facts import Event, Payment, Place, Request, Session, Signup
from graph.rings.inputs import DAY_US
from graph.rings.judge import FLAG_SCORE, POSSESSION_CAP, SPEAKS
from graph.rings.model import POSSESSIONS, Family
from graph.rings.profile import Profile
from graph.rings.pulse import Pulse
from graph.rings.timing import BIN_US

MICRO = 1_000_000
FLAG_ODDS = math.log(FLAG_SCORE / (1.0 - FLAG_SCORE))
FAMILY_NATS, TICK_NATS = 6.0, 4.0
"""Most that a family, and that moments in common may say of one account."""
HANDED_NATS = 4.0
"""What it is worth to go on with a talk that a member of the ring began."""
FAMILY_CAP, TICK_CAP = round(FAMILY_NATS * MICRO), round(TICK_NATS * MICRO)
HELD_CAP, HANDED = round(POSSESSION_CAP * MICRO), round(HANDED_NATS * MICRO)
YOUNG_US = 7 * DAY_US
ESTABLISHED_US = 14 * DAY_US
"""Age from which an account has a history that speaks for it, and a refresh has to read it."""
BURST = 3
"""Young accounts newly matched to one ring that call for an early refresh."""


@dataclass(frozen=True, slots=True)
class Match:
    """How an account stands to a ring: log-odds (nats), what each family brings, and the flag."""

    account_id: str
    ring_id: str
    at: int
    odds: float
    families: dict[Family, float]
    flagged: bool


@dataclass(slots=True)
class _State:
    """What was observed of one account: sets only."""

    created_at: int | None = None
    traits: dict[str, str] = field(default_factory=dict)
    hits: dict[int, dict[str, tuple[Family, int]]] = field(default_factory=dict)
    moments: set[int] = field(default_factory=set)
    talks: set[str] = field(default_factory=set)
    heir_of: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    flagged: bool = False
    established: bool | None = None

    def copied(self) -> "_State":
        """The same observations, to try more on."""
        hits = {ring: dict(found) for ring, found in self.hits.items()}
        return _State(
            self.created_at, self.traits, hits, set(self.moments), set(self.talks),
            set(self.heir_of), set(self.seen), self.flagged, self.established,
        )  # fmt: skip


class LiveMatcher:
    """Known rings and genomes, and the accounts seen since.

    Usage::

        matcher = LiveMatcher(profiles(inputs, rings.flagged))
        match = matcher.see(event)      # Match at the event that flags the account, else None

    ``members`` (account id -> ring id) are those already in a ring: their moments are the ring's.
    ``since`` (us) is the refresh that judged: who was near a ring by then is no news to it.
    ``established`` says whether an account was of :data:`ESTABLISHED_US` by then: what newcomers
    are taken for is not held against a history that nobody here has read, so the next refresh
    decides about those. It is asked at most once an account, before a flag.
    """

    def __init__(
        self,
        known: Sequence[Profile],
        members: Mapping[str, str] | None = None,
        since: int = 0,
        established: Callable[[str], bool] | None = None,
    ) -> None:
        self.profiles = tuple(known)
        self._since = since
        self._established = established
        self._judged: set[str] = set()
        self._index: dict[str, list[tuple[int, Family, int]]] = {}
        number = {profile.ring_id: i for i, profile in enumerate(self.profiles)}
        for i, profile in enumerate(self.profiles):
            for key, (family, nats) in profile.entities.items():
                self._index.setdefault(key, []).append((i, family, round(nats * MICRO)))
        held = members or {}
        self._member = {a: number[r] for a, r in held.items() if r in number}
        self._silent = frozenset(number.values()) - set(self._member.values())
        self._pulse = Pulse(len(self.profiles))
        self._talks: dict[str, set[int]] = {}
        self._states: dict[str, _State] = {}
        self._young: dict[str, set[str]] = {}
        self.flags: dict[str, Match] = {}
        """Accounts flagged since, each by the match that did it."""

    def see(self, event: Event) -> Match | None:
        """Take in one event; the match at the event that flags its account, else None."""
        if not isinstance(event, Signup | Payment | Session | Request):
            return None
        if event.account_id in self._member:
            self._ring_works(event)
            return None
        state = self._states.setdefault(event.account_id, _State())
        self._take_in(state, event)
        if state.flagged:
            return None
        best = self._best(event.account_id, state, event.at)
        if best is None:
            return None
        self._count_young(best, state, event.at)
        if not best.flagged or self._has_history(event.account_id, state):
            return None
        state.flagged = True
        self.flags[event.account_id] = best
        return best

    def flagged_from(self, account_id: str, at: int) -> None:
        """Let a flag count from ``at`` (us): a refresh flags by what it was left, not before."""
        self.flags[account_id] = replace(self.flags[account_id], at=at)

    def weigh(self, events: Sequence[Signup | Payment]) -> Match | None:
        """How an account would stand after ``events`` of its own; nothing is remembered.

        None for a member of a ring, and for who resembles none.
        """
        account_id = events[0].account_id
        if account_id in self._member or not self.profiles:
            return None
        held = self._states.get(account_id)
        state = _State() if held is None else held.copied()
        for event in events:
            self._take_in(state, event)
        return self._best(account_id, state, events[-1].at)

    def odds(self, account_id: str, at: int) -> Match | None:
        """How the account stands to the ring it is nearest to, by all that was seen of it."""
        state = self._states.get(account_id)
        return self._best(account_id, state, at) if state else None

    def crowded(self) -> list[str]:
        """Rings that at least :data:`BURST` young accounts moved towards: refresh them early."""
        return [ring_id for ring_id, who in sorted(self._young.items()) if len(who) >= BURST]

    def _has_history(self, account_id: str, state: _State) -> bool:
        if self._established is None:
            return False
        if state.established is None:
            state.established = self._established(account_id)
        return state.established

    def _take_in(self, state: _State, event: Signup | Payment | Session | Request) -> None:
        for key in keys_of(event):
            self._observe(event.account_id, state, key)
        if isinstance(event, Signup):
            state.created_at = event.at
            state.traits = dict(traits_of(event))
        elif isinstance(event, Request):
            self._pulse.asked(state.moments, event.at)
            if event.conversation is not None:
                state.talks.add(event.conversation)
            for ring in state.heir_of:
                self._pulse.follows(ring, event.account_id, (event.at // BIN_US,))

    def _observe(self, account_id: str, state: _State, key: str) -> None:
        if key in state.seen:
            return
        state.seen.add(key)
        for ring, family, nats in self._index.get(key, ()):
            state.hits.setdefault(ring, {})[key] = (family, nats)
            if family is Family.PROMPTS and ring in self._silent:
                self._inherits(account_id, state, ring)

    def _inherits(self, account_id: str, state: _State, ring: int) -> None:
        """Who sends a banned ring's kit is one that the others who do may be in step with."""
        told = sum(n for family, n in state.hits[ring].values() if family is Family.PROMPTS)
        if told >= SPEAKS * MICRO and ring not in state.heir_of:
            state.heir_of.add(ring)
            self._pulse.follows(ring, account_id, state.moments)

    def _ring_works(self, event: Event) -> None:
        if isinstance(event, Request):
            ring = self._member[event.account_id]
            self._pulse.worked(ring, event.account_id, event.at)
            if event.conversation is not None:
                self._talks.setdefault(event.conversation, set()).add(ring)

    def _best(self, account_id: str, state: _State, at: int) -> Match | None:
        near = set(state.hits)
        handed = {ring for talk in state.talks for ring in self._talks.get(talk, ())}
        matches = [
            self._match(account_id, state, ring, at, ring in handed) for ring in near | handed
        ]
        return max(matches, key=lambda m: (m.flagged, m.odds, m.ring_id), default=None)

    def _match(self, account_id: str, state: _State, ring: int, at: int, handed: bool) -> Match:
        families = dict.fromkeys(Family, 0)
        for family, nats in state.hits.get(ring, {}).values():
            families[family] += nats
        families[Family.SIGNUP] += self._signup(state, ring)
        families[Family.TIMING] += self._ticks(account_id, state, ring) + HANDED * handed
        capped = {f: min(nats, FAMILY_CAP) for f, nats in families.items()}
        held = min(sum(capped[f] for f in POSSESSIONS), HELD_CAP)
        behaviour = sum(nats for f, nats in capped.items() if f not in POSSESSIONS)
        profile = self.profiles[ring]
        odds = profile.base + (held + behaviour) / MICRO
        flagged = odds >= FLAG_ODDS and _two_families(capped)
        brought = {f: nats / MICRO for f, nats in capped.items() if nats}
        return Match(account_id, profile.ring_id, at, odds, brought, flagged)

    def _signup(self, state: _State, ring: int) -> int:
        total = 0.0
        for name, values in self.profiles[ring].traits.items():
            value = state.traits.get(name)
            if value is not None and values:
                total += values.get(value, values.get("", 0.0))
        return round(total * MICRO)

    def _ticks(self, account_id: str, state: _State, ring: int) -> int:
        """Micro-nats by which the account's moments are the ring's; others do not acquit it."""
        follower = account_id if ring in state.heir_of else None
        nats = self._pulse.nats(ring, state.moments, follower)
        return min(max(round(nats * MICRO), 0), TICK_CAP)

    def _count_young(self, match: Match, state: _State, at: int) -> None:
        if match.odds < 0 or state.created_at is None or at - state.created_at > YOUNG_US:
            return
        if at <= self._since:
            self._judged.add(match.account_id)
        elif match.account_id not in self._judged:
            self._young.setdefault(match.ring_id, set()).add(match.account_id)


def _two_families(families: dict[Family, int]) -> bool:
    speaking = [f for f, nats in families.items() if nats >= SPEAKS * MICRO]
    return len(speaking) >= 2 and any(f not in POSSESSIONS for f in speaking)


def keys_of(event: Event) -> Iterator[str]:
    """Node ids of what an event shows its account to hold."""
    if isinstance(event, Payment):
        yield f"payment_method:{event.payment_method}"
        return
    place: Place | None = getattr(event, "place", None)
    if place is not None:
        yield f"ip:{place.ip}"
        yield f"subnet:{place.subnet}"
    yield from _named(event)


def _named(event: Event) -> Iterable[str]:
    if isinstance(event, Request):
        return (f"prompt_cluster:{event.cluster}",) if event.cluster else ()
    if isinstance(event, Session):
        return (f"device:{event.device}",) if event.device else ()
    if not isinstance(event, Signup):
        return ()
    named = (
        ("device", event.device),
        ("mailbox", event.mailbox),
        ("phone", event.phone),
        ("organisation", event.organisation),
    )
    return tuple(f"{kind}:{key}" for kind, key in named if key)


def traits_of(event: Signup) -> Iterator[tuple[str, str]]:
    """What a sign-up shows of its maker's habits, by the names of :mod:`graph.rings.traits`."""
    private = event.email_class == "private"
    shown = {
        "email_shape": event.email_shape,
        "email_domain": None if private else event.email_domain,
        "pathway": event.pathway,
        "plan": event.plan,
        "user_agent": event.user_agent,
    }
    yield from ((name, value) for name, value in shown.items() if value is not None)
