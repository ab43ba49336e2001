"""One door to the just-in-time compiler for the prompt kernels.

Knows nothing of prompts. It exists so that the kernels keep their Python signatures for the type
checker and share one set of options: cached on disk (a service must not compile at its first
request) and, but for :func:`brief`, without the interpreter lock. Read
:mod:`graph.prompts.kernel` next.
"""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """``function`` as machine code, with the same signature."""
    return cast(F, njit(cache=True, nogil=True)(function))


def brief(function: F) -> F:
    """As :func:`compiled`, with the interpreter lock: for what takes less than handing it over."""
    return cast(F, njit(cache=True)(function))
