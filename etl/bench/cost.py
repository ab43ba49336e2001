"""What a piece of work costs this process: CPU seconds, and the most memory it ever held."""

import gc
import resource
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def timed(what: Callable[[], T]) -> tuple[T, float]:
    """What ``what`` gives, and the CPU seconds it took."""
    start = time.process_time()
    found = what()
    return found, time.process_time() - start


def in_turn(*works: Callable[[], object], times: int = 3) -> tuple[float, ...]:
    """The median CPU seconds of each of ``works``, done in turn so that no hour is one's alone.

    What one left to be thrown away is thrown away before the next begins.
    """
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, taken in zip(works, seconds, strict=True):
            gc.collect()
            taken.append(timed(work)[1])
    return tuple(sorted(taken)[times // 2] for taken in seconds)


def peak_gb() -> float:
    """The largest resident memory so far, GiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
