"""The model in use: loaded once, and again when the shelf's pointer turns.

The first model is waited for; a later one is loaded beside the one in use, which answers until the
new one is whole and verified, so that no request waits or fails for a promotion or a rollback. A
bundle that is corrupt, unsigned or made for other columns is refused and the last good one stays in
use; ``/readyz`` and ``doctor`` say so. It knows nothing of what is scored.
"""

import logging
import time
from threading import Lock, Thread

from gnn.scorer import Scorer
from gnn.shelf import POINTER, Shelf, Stamp
from graph.errors import ModelError

log = logging.getLogger("ringsight.service")

LOOK_S = 0.02
"""How often the pointer is looked at: hundreds of sign-ups a second need not each ask the disk."""


class Champion:
    """Gives the scorer to use right now; safe to share between threads.

    ``pointer`` is the shelf's that it follows; ``swaps`` counts the bundles taken up since start.
    """

    def __init__(self, shelf: Shelf, pointer: str = POINTER) -> None:
        self.shelf = shelf
        self._pointer = pointer
        self._lock = Lock()
        self._stamp: Stamp | None = None
        self._looked_s = 0.0
        self._loading: Thread | None = None
        self._scorer: Scorer | None = None
        self.trouble: str | None = None
        self.swaps = 0

    def scorer(self) -> Scorer | None:
        """The scorer of the bundle in use, else of the last good one, else None."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_S or self._scorer is None:
            self._looked_s = now_s
            self._look()
        return self._scorer

    def _look(self) -> None:
        """Follow the pointer, if it has turned."""
        stamp = self.shelf.stamp(self._pointer)
        if stamp != self._stamp:
            with self._lock:
                if stamp != self._stamp and self._loading is None:
                    self._follow(stamp)

    def settled(self, timeout_s: float = 30.0) -> bool:
        """Wait until a bundle that is being loaded is in use or refused; False when it takes on."""
        self._look()
        loading = self._loading
        if loading is not None:
            loading.join(timeout_s)
        return self._loading is None

    def _follow(self, stamp: Stamp | None) -> None:
        """Load what the pointer names: here if nobody could answer meanwhile, else beside."""
        if self._scorer is None:
            self._turn(stamp)
            return
        self._loading = Thread(target=self._turn, args=(stamp,), name="champion", daemon=True)
        self._loading.start()

    def _turn(self, stamp: Stamp | None) -> None:
        try:
            self._scorer, self.trouble = self._loaded(), None
        except Exception as error:  # whatever is wrong with a bundle, sign-ups go on
            known = isinstance(error, ModelError)
            self.trouble = f"{type(error).__name__}: {error}" if known else type(error).__name__
            kept = self._scorer.version if self._scorer else "none"
            log.error("model refused (%s); in use: %s", self.trouble, kept)
        self._stamp = stamp
        self._loading = None

    def _loaded(self) -> Scorer | None:
        """The scorer of what the pointer names; None where it names nobody."""
        if self._pointer == POINTER:
            version = self.shelf.current()
        elif (named := self.shelf.shadow()) is not None:
            version = named
        else:
            return None
        if self._scorer is not None and self._scorer.version == version:
            return self._scorer
        fresh = Scorer(self.shelf.load(version))
        self.swaps += 1
        return fresh
