"""What a command says: one JSON object on stdout for machines, tables for people, bars on stderr.

Every verb gives its answer to :func:`answer` once. Progress goes to stderr, as bars on a terminal
and as one line a finished step elsewhere. It knows nothing of what the verbs do.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from api.manners import give_way
from api.settings import Settings

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout instead of tables.")
]


OFF_TERMINAL_COLUMNS = 140


@dataclass(frozen=True, slots=True)
class Desk:
    """What every verb is given: the settings, names in the environment that mean nothing, form.

    ``own_process`` says that the process is there for this call alone.
    """

    settings: Settings
    strays: tuple[str, ...] = ()
    as_json: bool = False
    own_process: bool = False


def desk_of(context: typer.Context) -> Desk:
    """The desk that ``api.cli.verbs.run`` laid out for this call."""
    desk = context.obj
    if not isinstance(desk, Desk):
        raise TypeError("a verb was called without its desk")
    return desk


def job_of(context: typer.Context) -> Desk:
    """As :func:`desk_of`, for a long job: its process gives way to a service beside it."""
    desk = desk_of(context)
    if desk.own_process:
        give_way(desk.settings.job_nice)
    return desk


def answer(
    payload: Mapping[str, Any], as_json: bool, show: Callable[[Console], None] | None = None
) -> None:
    """Print ``payload`` as one JSON object, or let ``show`` print it for people."""
    if as_json or show is None:
        sys.stdout.write(json.dumps(payload, ensure_ascii=False, default=str) + "\n")
        sys.stdout.flush()
    else:
        console = Console(highlight=False, emoji=False)
        show(console if console.is_terminal else Console(width=OFF_TERMINAL_COLUMNS))


def note(text: str) -> None:
    """One plain line on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class Bars:
    """Progress of named steps: ``bars("read requests", done, total)``; a total of 0 is unknown.

    A step begins with its first call and ends when ``done`` reaches ``total``, when another step
    begins, or when the bars are left.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        # A step is often told of when its first piece is done: it began where the last one ended.
        self._began = time.monotonic()
        self._current: str | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
        self._live.stop()

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Say that ``done`` of ``total`` pieces of ``step`` are done."""
        total = total or None
        if step != self._current:
            self._finish()
            self._begin(step, total)
        self._live.update(self._tasks[step], completed=done, total=total)
        if total is not None and done >= total:
            self._finish()

    def _begin(self, step: str, total: int | None) -> None:
        self._current = step
        if step not in self._tasks:
            self._tasks[step] = self._live.add_task(step, total=total)

    def _finish(self) -> None:
        """Close the current step; off a terminal this is the moment it is printed."""
        step, self._current = self._current, None
        if step is None:
            return
        task = self._live.tasks[self._live.task_ids.index(self._tasks[step])]
        total = task.total or task.completed or 1
        self._live.update(self._tasks[step], completed=total, total=total)
        began, self._began = self._began, time.monotonic()
        if not self._console.is_terminal:
            note(f"{step}: {self._began - began:.1f} s")
