"""The challenger beside the champion: it scores the same live sign-ups, and nobody waits for it.

What the champion saw (its row of columns) is put on a short queue; a thread of its own scores it
with the shadow's bundle and counts how often the two would decide otherwise. A full queue drops the
sign-up and counts it. Counts are written to a file of this process, added up by who promotes. No
account is named anywhere. It knows nothing of HTTP.
"""

import json
import logging
import os
import time
from collections import Counter
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Thread

import numpy as np
import numpy.typing as npt

from api.places import place_of
from api.serving.champion import Champion
from gnn.assess import Assessment
from gnn.scorer import Scorer
from gnn.shelf import SHADOW, Shelf
from graph.closing import Closing

log = logging.getLogger("ringsight.service")

WAITING_MOST = 4_096
AT_ONCE = 256
TELL_EVERY_S = 2.0
BINS = 20

_Seen = tuple[npt.NDArray[np.float32], float]


class Shadow(Closing):
    """``Shadow(shelf, champion, folder)``; ``saw`` may be called from any thread."""

    def __init__(self, shelf: Shelf, champion: Champion, folder: Path) -> None:
        self._champion = champion
        self._shadow = Champion(shelf, SHADOW)
        self.folder = folder
        self._queue: Queue[_Seen | None] = Queue(WAITING_MOST)
        self._counts: Counter[str] = Counter()
        self._decisions: Counter[str] = Counter()
        self._scores = np.zeros((2, BINS), np.int64)
        self._difference = 0.0
        self._version: str | None = None
        self._name = f"{os.getpid()}-{time.time_ns()}.json"
        self._standing = shelf.shadow() is not None
        self._thread = Thread(target=self._run, name="shadow", daemon=True)
        self._thread.start()

    def saw(self, found: Assessment) -> None:
        """The champion answered; never waits, never raises."""
        if not self._standing or found.row is None or found.score is None:
            return
        try:
            self._queue.put_nowait((found.row, found.score))
        except Full:
            self._counts["dropped"] += 1

    def close(self) -> None:
        """Count what is queued, write it down, stop."""
        self._queue.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        told = time.monotonic()
        going = True
        while going:
            batch, going = self._taken()
            try:
                self._compare(batch)
            except Exception as error:  # a fault of the challenger is its own
                self._counts["failed"] += len(batch)
                log.error("shadow: %s at %s", type(error).__name__, place_of(error))
            if time.monotonic() - told >= TELL_EVERY_S or not going:
                self._tell()
                told = time.monotonic()

    def _taken(self) -> tuple[list[_Seen], bool]:
        """What waits, a bounded number at once; False when it is time to stop."""
        batch: list[_Seen] = []
        try:
            item = self._queue.get(timeout=TELL_EVERY_S)
            while item is not None:
                batch.append(item)
                if len(batch) >= AT_ONCE:
                    return batch, True
                item = self._queue.get_nowait()
        except Empty:
            return batch, True
        return batch, False

    def _compare(self, batch: list[_Seen]) -> None:
        shadow, champion = self._shadow.scorer(), self._champion.scorer()
        self._standing = shadow is not None
        version = None if shadow is None else shadow.version
        if version != self._version:
            self._tell()
            self._begin(version)
        if not batch or shadow is None or champion is None or not shadow.knows_signups:
            return
        theirs = shadow.signups(np.stack([row for row, _ in batch]))
        ours = np.array([score for _, score in batch])
        self._counts["scored"] += len(batch)
        self._difference += float(np.abs(theirs - ours).sum())
        for place, scores in enumerate((ours, theirs)):
            bins = np.minimum((scores * BINS).astype(int), BINS - 1)
            self._scores[place] += np.bincount(bins, minlength=BINS)
        for our, their in zip(ours.tolist(), theirs.tolist(), strict=True):
            said = _decided(our, champion), _decided(their, shadow)
            self._counts["changed"] += said[0] != said[1]
            self._decisions[" -> ".join(said)] += 1

    def _begin(self, version: str | None) -> None:
        """Another challenger, or none: count from nothing."""
        self._version = version
        self._counts.clear()
        self._decisions.clear()
        self._scores[:] = 0
        self._difference = 0.0

    def _tell(self) -> None:
        """Write the counts of this process, beside its goal and renamed."""
        if self._version is None or not self._counts["scored"] + self._counts["failed"]:
            return
        champion = self._champion.scorer()
        told = {
            "version": self._version,
            "champion": champion and champion.version,
            **{n: self._counts[n] for n in ("scored", "changed", "dropped", "failed")},
            "difference": self._difference,
            "decisions": dict(sorted(self._decisions.items())),
            "scores": self._scores.tolist(),
        }
        place = self.folder / self._version / self._name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh = place.with_suffix(".new")
            fresh.write_text(json.dumps(told) + "\n", encoding="utf-8")
            fresh.replace(place)
        except OSError as error:
            log.error("shadow: counts not written: %s", type(error).__name__)


def _decided(score: float, scorer: Scorer) -> str:
    """What a model's own thresholds say of a score."""
    held = scorer.thresholds
    if score >= held.signup_deny:
        return "deny"
    return "review" if score >= min(held.signup_review, held.signup_deny) else "allow"
