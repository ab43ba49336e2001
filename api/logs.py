"""Structured logs: one JSON object a line on stderr, with nothing of what a caller sent.

What the service logs are classes, places and counts; this adds time, level and name, and never a
traceback, whose text may hold a personal value. It knows nothing of what is logged.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from api.places import place_of

# What a record carries of its own accord; anything else was given as `extra` and is shown.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; an exception is told by its class and place."""
        told: dict[str, object] = {
            "time": _written(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            told |= {"error": type(error).__name__, "place": place_of(error)}
        return json.dumps(told, default=repr)


def _written(moment_s: float) -> str:
    return datetime.fromtimestamp(moment_s, UTC).isoformat(timespec="milliseconds")


def to_stderr(level: int = logging.WARNING, stream: TextIO = sys.stderr) -> None:
    """Let the root logger write JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
