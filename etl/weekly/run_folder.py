"""A run as a folder of steps, each sealed when it is whole, so that a rerun skips what is done.

A step writes into a folder of its own beside the goal; a seal with the digest of every file and of
what the step was given is written last, and one rename makes it count. A rerun looks at the seal:
the same given and whole files are taken as they are, anything else is made again, and with it
whatever was made of it. It knows nothing of what the steps do: that is :mod:`etl.weekly.retrain`.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEAL = "seal.json"
Make = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Done:
    """A step that is whole: its folder, its digest, how long it took and whether it was taken up.

    ``digest`` is over the step's files and what it was given; ``seconds`` of wall time.
    """

    name: str
    folder: Path
    digest: str
    seconds: float
    skipped: bool


class RunFolder:
    """One run: ``run.step("features", {"snapshot": done.digest}, make)``."""

    def __init__(self, folder: Path, told: Callable[[Done], None] = lambda done: None) -> None:
        self.folder = folder
        self.steps: list[Done] = []
        self._told = told
        folder.mkdir(parents=True, exist_ok=True)

    def step(self, name: str, given: Mapping[str, object], make: Make) -> Done:
        """The step's sealed output, made by ``make(folder)`` unless it is there and whole.

        Args:
            name: of the step; its folder in the run.
            given: everything that the output depends on, as plain values: digests of the steps
                before, settings, moments.
            make: writes the output into the folder it is given; files only, no folders in it
                are looked at by name but all files below count.
        """
        wanted = digest_of(given)
        goal = self.folder / name
        done = self._taken_up(goal, wanted) or self._made(goal, wanted, make)
        self.steps.append(done)
        self._told(done)
        return done

    def _taken_up(self, goal: Path, wanted: str) -> Done | None:
        seal = read_json(goal / SEAL)
        if seal is None or seal.get("given") != wanted or seal.get("files") != _files(goal):
            return None
        return Done(goal.name, goal, digest_of(seal["files"] | {"": wanted}), seal["seconds"], True)

    def _made(self, goal: Path, wanted: str, make: Make) -> Done:
        fresh = goal.with_name(f".{goal.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        began = time.monotonic()
        make(fresh)
        seconds, files = round(time.monotonic() - began, 3), _files(fresh)
        write_json(fresh / SEAL, {"given": wanted, "files": files, "seconds": seconds})
        shutil.rmtree(goal, ignore_errors=True)
        fresh.rename(goal)
        return Done(goal.name, goal, digest_of(files | {"": wanted}), seconds, False)


def digest_of(value: Mapping[str, object]) -> str:
    """SHA-256 over plain values, whatever the order of their names."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def write_json(place: Path, value: object) -> None:
    """Write ``value`` beside ``place`` and rename: a reader sees the old one or the new one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.new")
    fresh.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    fresh.replace(place)


def read_json(place: Path) -> dict[str, Any] | None:
    """The object in ``place``; None if there is none or it cannot be read."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _files(folder: Path) -> dict[str, str]:
    """The digest of every file below ``folder`` but the seal, by its path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in paths
        if path != folder / SEAL
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
