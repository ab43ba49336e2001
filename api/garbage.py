"""What Python's collector of cycles is told in a process that works for a year.

It knows nothing of what the processes do.
"""

import gc

# Most of what a request makes is gone when it is answered: look for cycles a tenth as often.
_THRESHOLDS = (10_000, 20, 20)


def keep_what_is_loaded() -> None:
    """Let no later collection walk through what was loaded by now, and let them be fewer.

    At a million accounts a walk through all of it would hold up whoever is asking for a third of a
    second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
