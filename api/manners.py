"""Letting others go first: a process that works beside a service gives way to it.

What answers sign-ups wakes for a fraction of a millisecond at a time; beside a job of equal right
it waits for the job's turn to end. It knows nothing of what the processes do.
"""

import os


def give_way(nice: int) -> None:
    """Let this process, from now on, be at least as patient as ``nice`` (0..19) says.

    Where a system knows no such thing, or refuses it, the process goes on as it is: it is a
    courtesy and nothing depends on it.
    """
    try:
        if os.getpriority(os.PRIO_PROCESS, 0) < nice:
            os.setpriority(os.PRIO_PROCESS, 0, nice)
    except (AttributeError, OSError):
        return
