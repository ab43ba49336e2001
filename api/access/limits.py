"""How often a caller may call: a bucket of tokens each, in the memory of this process.

Several processes allow as many times the rate; a limit over all of them belongs into the proxy in
front. It knows nothing of what is called.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from graph.errors import TooOften

BURST_S = 2.0
CALLERS_MOST = 10_000


class Limits:
    """Buckets that fill at a rate and hold ``BURST_S`` seconds of it."""

    def __init__(self, default_per_s: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._default_per_s = default_per_s
        self._clock_s = clock_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str, per_s: float | None) -> None:
        """Count one call of ``caller``; a rate of 0 is no limit, None the default.

        Raises:
            TooOften: if its bucket is empty.
        """
        rate = self._default_per_s if per_s is None else per_s
        if not rate:
            return
        now = self._clock_s()
        full = max(1.0, rate * BURST_S)
        with self._lock:
            left, seen = self._buckets.pop(caller, (full, now))
            left = min(full, left + (now - seen) * rate)
            self._buckets[caller] = (max(0.0, left - 1) if left >= 1 else left, now)
            if len(self._buckets) > CALLERS_MOST:
                self._buckets.popitem(last=False)
        if left < 1:
            raise TooOften(f"at most {rate:g} calls a second; wait and call again")
