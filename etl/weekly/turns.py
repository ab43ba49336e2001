"""The history of which model was put into use, when, by whom and why: written before it happens.

A line is on the disk before the shelf's pointer turns, so that a kill can lose the turn and never
its reason; a turn that was noted and did not come to pass is noted as such by whoever turns next.
One process turns at a time: the lock is the kernel's and goes with a process that is killed. It
knows a shelf's pointer and nothing of gates or registries.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

HISTORY, LOCK = "history.jsonl", ".turning"
UNDONE = "not done"


@dataclass(frozen=True, slots=True)
class Turn:
    """One line: at ``at`` (us) ``author`` put ``version`` in the place of ``before``, and why.

    ``what`` is ``promoted``, ``forced``, ``rolled back`` or, of a turn that was stopped,
    ``not done``.
    """

    at: int
    what: str
    version: str
    before: str | None
    why: str
    author: str


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Nobody else turns meanwhile; waits for whoever does."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def note(out: Path, turn: Turn) -> None:
    """Add a line to the history, onto the disk."""
    out.mkdir(parents=True, exist_ok=True)
    place = out / HISTORY
    torn = place.exists() and not place.read_bytes().endswith(b"\n")
    with place.open("a", encoding="utf-8") as file:
        # A line that a kill tore must not take the next one with it.
        file.write(("\n" if torn else "") + json.dumps(asdict(turn)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def mend(out: Path, serving: str | None, at: int, author: str) -> None:
    """Note the last turn as not done where the shelf still names the one before.

    To be asked while :func:`alone`, or a turn that is under way would look undone.
    """
    last = next(reversed(history(out)), None)
    if last is None or last["version"] == serving or last["before"] != serving:
        return
    why = f"stopped before it took effect: {last['why']}"
    note(out, Turn(at, UNDONE, serving or "", last["version"], why, author))


def history(out: Path) -> list[dict[str, Any]]:
    """Every turn that was noted, oldest first; a torn line is passed over."""
    try:
        lines = (out / HISTORY).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict)]
