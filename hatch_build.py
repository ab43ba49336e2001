"""Builds the console while a wheel or an editable install is made, when Node is there.

The page's sources are in ``api/console``; what Vite makes of them goes to ``api/console/static``,
which Git ignores and the wheel holds. A failure is a warning that names its cause: the API works
without the page, and ``/console`` says how to get it. ``RINGSIGHT_CONSOLE=required`` makes it an
error, ``RINGSIGHT_CONSOLE=skip`` leaves the page out. Run as a script it does the same by hand.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand where hatchling is not installed
    BuildHookInterface = object  # type: ignore[assignment,misc]

FOLDER = Path(__file__).parent / "api" / "console"
STATIC = FOLDER / "static"
STAMP = STATIC / ".stamp"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts")
NODE_FLOOR = (20, 19)
TIMEOUT_S = 600


class NotBuilt(Exception):
    """The page could not be built; the text names the cause."""


class ConsoleHook(BuildHookInterface):
    """Hatch calls this before it gathers the files of a wheel, an editable one included."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if its sources changed."""
        if self.target_name == "wheel":
            ensure(os.environ.get("RINGSIGHT_CONSOLE", ""), self.app.display_warning)


def ensure(wish: str, warn: Any) -> None:
    """Have the page in ``STATIC``, or say why not.

    Args:
        wish: ``required``, ``skip`` or empty: build it if that can be done.
        warn: takes one line of text.

    Raises:
        NotBuilt: if it is ``required`` and cannot be built.
    """
    if wish == "skip" or not (FOLDER / "package.json").exists():
        # An sdist without the sources may still hold the page.
        return
    digest = digest_of_sources()
    if STAMP.exists() and STAMP.read_text() == digest:
        return
    try:
        build(digest)
    except NotBuilt as reason:
        if wish == "required":
            raise
        warn(f"the console was not built: {reason}. The API works; /console says how to get it.")


def digest_of_sources() -> str:
    """A hash over every file that the page is made from."""
    known = hashlib.sha256()
    for path in sorted(_files()):
        known.update(path.relative_to(FOLDER).as_posix().encode() + b"\0")
        known.update(hashlib.sha256(path.read_bytes()).digest())
    return known.hexdigest()


def _files() -> list[Path]:
    found: list[Path] = []
    for name in SOURCES:
        path = FOLDER / name
        found += [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    return [path for path in found if ".test." not in path.name]


def build(digest: str) -> None:
    """Install the packages of package-lock.json and run Vite.

    Raises:
        NotBuilt: if Node or npm is missing or too old, or a step fails.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotBuilt("npm is not installed (Node 20.19 or newer brings it)")
    _check_node()
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    mark = FOLDER / "node_modules" / ".ringsight-lock"
    if not mark.exists() or mark.read_text() != lock:
        _run([npm, "ci", "--no-audit", "--no-fund"], "npm ci failed (is a registry reachable?)")
        mark.write_text(lock)
    _run([npm, "run", "--silent", "build"], "vite build failed")
    STAMP.write_text(digest)


def _check_node() -> None:
    node = shutil.which("node")
    if node is None:
        raise NotBuilt("node is not installed")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = re.match(r"v(\d+)\.(\d+)", told)
    if not numbers or (int(numbers[1]), int(numbers[2])) < NODE_FLOOR:
        floor = ".".join(map(str, NODE_FLOOR))
        raise NotBuilt(f"Node {told.strip() or '(unknown)'} is older than {floor}")


def _run(command: list[str], failure: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=FOLDER, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotBuilt(f"{failure}: {type(error).__name__}") from error
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        told = next((line for line in lines if "ERR" in line or "rror" in line), "no message")
        raise NotBuilt(f"{failure}: {told.strip()}")


if __name__ == "__main__":
    ensure(os.environ.get("RINGSIGHT_CONSOLE", "required"), print)
    sys.stdout.write(f"the console is in {STATIC.relative_to(FOLDER.parents[1])}\n")
