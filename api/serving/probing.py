"""Sees a key that feels its way: many sign-ups that differ in one thing at a time.

Whoever holds a stolen key, or sits behind a form that shows what it is answered, can learn which
address or card passes by changing one field and asking again. Sign-ups of one caller that agree in
three or more identifiers and differ in one are counted; past the limit within the window the
caller's answers name no evidence for as long, and the audit chain says so. Kept in the memory of
this process, as hashes. It knows nothing of scores.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from threading import Lock

from api.schemas.signup import SignupIn

WINDOW_S = 600.0
LIMIT = 20
AGREE_LEAST = 3
CALLERS_MOST = 1_000
PATTERNS_MOST = 5_000
_Tried = tuple[float, int | set[int]]
"""When it began, and the values; the only one stands for itself, as nearly all do."""


@dataclass(slots=True)
class _Watched:
    """One caller: by what stays the same, the values that were tried and when it began."""

    patterns: OrderedDict[int, _Tried] = field(default_factory=OrderedDict)
    until_s: float = 0.0


class Probing:
    """``probing.looks("key:3f2a", signup)`` counts a sign-up; True while the caller probes."""

    def __init__(
        self,
        noticed: Callable[[str], None] = lambda _: None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """``noticed`` is told the caller when it begins, once a window."""
        self._noticed = noticed
        self._clock_s = clock_s
        self._callers: OrderedDict[str, _Watched] = OrderedDict()
        self._lock = Lock()

    def looks(self, caller: str, signup: SignupIn) -> bool:
        """Whether ``caller`` is probing, this sign-up counted."""
        now = self._clock_s()
        with self._lock:
            watched = self._callers.pop(caller, None) or _Watched()
            self._callers[caller] = watched
            if len(self._callers) > CALLERS_MOST:
                self._callers.popitem(last=False)
            fresh = self._counted(watched, signup, now) >= LIMIT and now >= watched.until_s
            if fresh:
                watched.until_s = now + WINDOW_S
            probes = now < watched.until_s
        if fresh:
            self._noticed(caller)
        return probes

    def _counted(self, watched: _Watched, signup: SignupIn, now: float) -> int:
        """How many values were tried of the field that varies most, the rest held still."""
        most = 0
        for pattern, value in _varied(signup):
            began, tried = watched.patterns.pop(pattern, (now, value))
            if now - began > WINDOW_S:
                began, tried = now, value
            if tried != value:
                tried = tried if isinstance(tried, set) else {tried}
                tried.add(value)
                most = max(most, len(tried))
            watched.patterns[pattern] = (began, tried)
        while len(watched.patterns) > PATTERNS_MOST:
            watched.patterns.popitem(last=False)
        return most


def _varied(signup: SignupIn) -> list[tuple[int, int]]:
    """For each field: a hash of all the others, and of its own value.

    Python's hashes of text are keyed by chance for every process, so they tell nothing outside it.
    """
    payment = signup.payment and signup.payment.payment_method_id
    values = (signup.ip, signup.email, signup.phone, signup.device_id, payment)
    known = sum(value is not None for value in values)
    own = [hash(told) for told in enumerate(values)]
    all_of_them = reduce(xor, own)
    return [
        (hash((place, all_of_them ^ one)), hash(value))
        for place, (one, value) in enumerate(zip(own, values, strict=True))
        if value is not None and known > AGREE_LEAST
    ]
