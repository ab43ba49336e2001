"""A call for a refresh before its time: young accounts crowd towards a known ring.

Whoever matches events (a service) leaves the call as a small file beside the watchlist; whoever
runs refreshes looks for it (``ringsight refresh --when-called``). A call is for the refresh that it
names and is over once a later one is visible, so nobody has to take it back.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from graph.errors import BundleCorrupt

_CALL = "early.json"


@dataclass(frozen=True, slots=True)
class Call:
    """Generation ``number`` is out of date for ``rings``: said at ``called_at`` (us)."""

    number: int
    called_at: int
    rings: tuple[str, ...]


def call(folder: Path, number: int, rings: Sequence[str], called_at: int) -> Call:
    """Ask for a refresh after generation ``number``; the first call for it stands."""
    standing = called(folder, number)
    if standing is not None:
        return standing
    made = Call(number, called_at, tuple(rings))
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{_CALL}.partial"
    partial.write_text(json.dumps(asdict(made)) + "\n", encoding="utf-8")
    partial.replace(folder / _CALL)
    return made


def called(folder: Path, number: int) -> Call | None:
    """The call for a refresh after generation ``number``, None when nobody calls.

    Raises:
        BundleCorrupt: if the file is something else.
    """
    try:
        form = json.loads((folder / _CALL).read_text(encoding="utf-8"))
        found = Call(int(form["number"]), int(form["called_at"]), tuple(form["rings"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise BundleCorrupt(f"{_CALL} is no call for a refresh: {type(error).__name__}") from error
    return found if found.number == number else None
