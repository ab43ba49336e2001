"""What a piece of work costs this process: CPU seconds, and the most memory it ever held."""

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


def peak_gb() -> float:
    """The largest resident memory so far, GiB (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
