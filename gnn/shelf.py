"""Where trained bundles stand: a folder a version, and pointers to the one in use and its shadow.

The pointer ``current`` holds the version in use and, below it, the ones before it, newest first; a
promotion or a rollback turns it in one rename, so that a kill leaves the old or the new champion
and nothing between. ``shadow`` names the challenger that scores beside it. A bundle is verified
when it is loaded, by its digests and by whom it was signed (:mod:`gnn.signing`). It knows nothing
of what a bundle holds, nor of why one is promoted.
"""

import os
from pathlib import Path

from gnn.bundle import Bundle, digest_of
from gnn.signing import Signer, Trust
from graph.errors import BundleCorrupt, ModelError, ModelMissing

POINTER, SHADOW = "current", "shadow"
REMEMBERED = 20
Stamp = tuple[int, int]


class Shelf:
    """The bundles of one home folder.

    Without ``trust`` digests alone are verified, which is for tests and tools; the service and the
    command line always have one. Without ``signer`` what is put here stays unsigned.
    """

    def __init__(
        self, folder: Path, trust: Trust | None = None, signer: Signer | None = None
    ) -> None:
        self.folder = folder
        self._at = str(folder)
        self._trust = trust
        self._signer = signer

    def add(self, bundle: Bundle) -> Path:
        """Save and sign ``bundle`` under its version, used by nobody yet; gives its folder."""
        place = self.folder / bundle.version
        if not self._whole(bundle.version):
            bundle.save(place)
            if self._signer is not None:
                self._signer.sign(bundle.digest(), place)
        return place

    def put(self, bundle: Bundle) -> Path:
        """Save ``bundle`` and make it the one in use; gives its folder."""
        place = self.add(bundle)
        self.promote(bundle.version)
        return place

    def promote(self, version: str) -> None:
        """Make ``version`` the one in use; the one before is remembered.

        Raises:
            ModelError: if there is none, or it cannot be verified; nothing is changed then.
        """
        self.load(version)
        held = self.history()
        if held[:1] != [version]:
            self._turn(POINTER, [version, *held][:REMEMBERED])
        if self.shadow() == version:
            self.stand_in(None)

    def rollback(self) -> tuple[str, str]:
        """Go back to the champion before; gives the version left and the one now in use.

        Raises:
            ModelMissing: if there was none before.
            ModelError: if it cannot be verified any more; nothing is changed then.
        """
        left, *before = self.history() or [""]
        if not before:
            raise ModelMissing("no champion before the one in use; nothing to go back to")
        self.load(before[0])
        self._turn(POINTER, before)
        return left, before[0]

    def history(self) -> list[str]:
        """The version in use and the ones before it, newest first; empty without one."""
        try:
            return (self.folder / POINTER).read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return []

    def current(self) -> str:
        """The version in use.

        Raises:
            ModelMissing: if none is.
        """
        held = self.history()
        if not held:
            raise ModelMissing("no model yet; `ringsight train` makes one")
        return held[0]

    def stand_in(self, version: str | None) -> None:
        """Let ``version`` score beside the one in use, or nobody.

        Raises:
            ModelError: if it cannot be verified; nothing is changed then.
        """
        if version is not None:
            self.load(version)
        self._turn(SHADOW, [] if version is None else [version])

    def shadow(self) -> str | None:
        """The version that scores beside the one in use, if any."""
        try:
            held = (self.folder / SHADOW).read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return None
        return held[0] if held else None

    def stamp(self, pointer: str = POINTER) -> Stamp | None:
        """What changes when a pointer turns (inode and time, ns); None without a pointer."""
        try:
            found = os.stat(f"{self._at}/{pointer}")  # asked at every sign-up
        except FileNotFoundError:
            return None
        return (found.st_ino, found.st_mtime_ns)

    def load(self, version: str | None = None) -> Bundle:
        """The bundle of ``version`` (default: the one in use), verified.

        Raises:
            ModelError: if there is none, or it is corrupt, unsigned, or made for other columns.
        """
        place = self.folder / (version or self.current())
        digest = digest_of(place)
        if self._trust is not None:
            self._trust.check(digest, place)  # before anything of it is parsed
        bundle = Bundle.load(place)
        if digest_of(place) != digest:
            raise BundleCorrupt(f"the bundle {place.name} changed while it was read")
        return bundle

    def _whole(self, version: str) -> bool:
        try:
            self.load(version)
        except ModelError:
            return False
        return True

    def _turn(self, pointer: str, lines: list[str]) -> None:
        """Write beside the pointer, onto the disk, and rename: the old one or the new one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{pointer}.{os.getpid()}"
        with fresh.open("w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / pointer)
        # The rename itself must outlive a power cut, or a rollback could come undone.
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
