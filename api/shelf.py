"""Where trained bundles stand: a folder a version, and a pointer to the one in use.

``train`` puts a bundle on the shelf and turns the pointer in one rename; the service looks at the
pointer and loads what it names. A bundle that fails its digests is refused where it is loaded, so
that the last good one stays in use. It knows nothing of what a bundle holds.
"""

import os
from pathlib import Path

from gnn.bundle import Bundle
from graph.errors import ModelMissing

POINTER = "current"


class Shelf:
    """The bundles of one home folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, bundle: Bundle) -> Path:
        """Save ``bundle`` under its version and make it the one in use; gives its folder."""
        place = self.folder / bundle.version
        bundle.save(place)
        pointer = self.folder / f".{POINTER}.{os.getpid()}"
        pointer.write_text(bundle.version + "\n")
        pointer.replace(self.folder / POINTER)
        return place

    def current(self) -> str:
        """The version in use.

        Raises:
            ModelMissing: if none is.
        """
        try:
            return (self.folder / POINTER).read_text().strip()
        except FileNotFoundError:
            raise ModelMissing("no model yet; `ringsight train` makes one") from None

    def stamp(self) -> tuple[int, int] | None:
        """What changes when the pointer turns (inode and time, ns); None without a pointer."""
        try:
            found = (self.folder / POINTER).stat()
        except FileNotFoundError:
            return None
        return (found.st_ino, found.st_mtime_ns)

    def load(self, version: str | None = None) -> Bundle:
        """The bundle of ``version`` (default: the one in use), its digests verified.

        Raises:
            ModelError: if there is none, or it is corrupt or made for other columns.
        """
        version = version or self.current()
        return Bundle.load(self.folder / version)
