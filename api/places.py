"""Where an unforeseen error came from, for logs: its text could hold a personal value."""

import traceback
from pathlib import Path


def place_of(error: BaseException) -> str:
    """File and line that raised ``error``."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown place"
    path = Path(frames[-1].filename)
    return f"{path.parent.name}/{path.name}:{frames[-1].lineno}"
