"""The model in use: loaded once, and again when the shelf's pointer turns.

A bundle that is corrupt or made for other columns is refused and the last good one stays in use;
``/readyz`` and ``doctor`` say so. It knows nothing of what is scored.
"""

import logging
from threading import Lock

from gnn.scorer import Scorer
from gnn.shelf import Shelf
from graph.errors import ModelError

log = logging.getLogger("ringsight.service")


class Champion:
    """Gives the scorer to use right now; safe to share between threads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = Lock()
        self._stamp: tuple[int, int] | None = None
        self._scorer: Scorer | None = None
        self.trouble: str | None = None

    def scorer(self) -> Scorer | None:
        """The scorer of the bundle in use, else of the last good one, else None."""
        stamp = self._shelf.stamp()
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp:
                    self._turn(stamp)
        return self._scorer

    def _turn(self, stamp: tuple[int, int] | None) -> None:
        try:
            self._scorer, self.trouble = Scorer(self._shelf.load()), None
        except Exception as error:  # whatever is wrong with a bundle, sign-ups go on
            known = isinstance(error, ModelError)
            self.trouble = f"{type(error).__name__}: {error}" if known else type(error).__name__
            kept = self._scorer.version if self._scorer else "none"
            log.error("model refused (%s); in use: %s", self.trouble, kept)
        self._stamp = stamp
