"""How fast a build is, in rows per second and against the store's own path in the same run.

The store's own path is the facts of every row, made beforehand, given row after row to an empty
store of the same kind by ``load``: what a job would do that had cleaned events and no journal.
``sums_s`` is the same for facts that are added up already, which is how the build hands them over.
Identifier tables (sign-ups, payments, sessions) and requests are told apart, because a
request's prompt is read as well. It knows nothing of the command line.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shutil import copyfile

from etl.load import BuildOptions, Progress, build, silent
from graph.door import Door
from graph.facts import Facts, facts_of
from graph.journal.journal import Journal
from graph.simulate import simulate
from graph.stores import open_store

IDENTIFIERS = ("signups", "payments", "sessions")
_KEY = b"a benchmark's key: nothing it hides is anybody's"


@dataclass(frozen=True, slots=True)
class Speed:
    """One run: rows and facts, seconds of the whole build and of the store's own path alone.

    ``store_s`` loads the facts row by row, ``sums_s`` what they add up to.
    """

    rows: int
    facts: int
    build_s: float
    store_s: float
    sums_s: float

    @property
    def rows_per_second(self) -> float:
        """Rows of the source by seconds of the whole build."""
        return self.rows / self.build_s

    @property
    def ratio(self) -> float:
        """The whole build's speed by the store's own (1 = as fast; the aim is 1/3 or more)."""
        return self.store_s / self.build_s

    def as_dict(self) -> dict[str, float]:
        """For ``--json``."""
        return {
            "rows": self.rows,
            "facts": self.facts,
            "build_s": round(self.build_s, 3),
            "store_s": round(self.store_s, 3),
            "sums_s": round(self.sums_s, 3),
            "rows_per_second": round(self.rows_per_second),
            "store_rows_per_second": round(self.rows / self.store_s),
            "ratio": round(self.ratio, 3),
        }


def bench_build(
    preset: str = "demo",
    seed: int = 1,
    *,
    source: Path | None = None,
    clock: Callable[[], float] = time.process_time,
    progress: Progress = silent,
) -> dict[str, dict[str, float]]:
    """Speeds of building ``source`` (or a simulated world), by part: ``identifiers``, ``all``.

    ``clock`` gives seconds; by default CPU seconds, which a busy machine does not change.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if source is None:
            progress("simulate", 0, 1)
            simulate(home / "world", preset, seed)
            source = home / "world" / "events"
        some = home / "identifiers"
        some.mkdir()
        for file in sorted(source.iterdir()):
            if file.name.startswith(IDENTIFIERS):
                copyfile(file, some / file.name)
        parts = {"identifiers": some, "all": source}
        return {
            name: _speed(part, home / f"run-{name}", clock, progress).as_dict()
            for name, part in parts.items()
        }


def _speed(source: Path, home: Path, clock: Callable[[], float], progress: Progress) -> Speed:
    home.mkdir()
    door = Door(_KEY)
    _warm(door)
    with Journal(home / "journal.db", door.key_id) as journal:
        with open_store(f"sqlite:///{home}/built.db") as store:
            begun = clock()
            report = build(str(source), journal, store, door, BuildOptions(1.0, progress=progress))
            build_s = clock() - begun
        sums = list(journal.facts_since(0))
        rows = list(_row_by_row(journal))
    store_s = _loading(f"sqlite:///{home}/rows.db", rows, clock)
    sums_s = _loading(f"sqlite:///{home}/sums.db", sums, clock)
    return Speed(report.total.read, report.facts, build_s, store_s, sums_s)


def _loading(url: str, facts: Sequence[Facts], clock: Callable[[], float]) -> float:
    with open_store(url) as store:
        begun = clock()
        store.load(facts)
        return clock() - begun


def _row_by_row(journal: Journal) -> Iterator[Facts]:
    """The facts of every event, some thousand events at a time."""
    events = journal.events()
    while some := list(islice(events, 1_000)):
        told = [facts_of(event) for event in some]
        nodes = tuple(node for facts in told for node in facts.nodes)
        yield Facts(nodes, tuple(edge for facts in told for edge in facts.edges))


def _warm(door: Door) -> None:
    """Pay what a process pays once: the address table, the mail domains, compiled functions."""
    row = {"account_id": "a", "created_at": "2026-01-01T00:00:00Z", "ip": "8.8.8.8"}
    door.signup({**row, "pathway": "startup", "email": "a@b.org", "phone": "+14155552671"})
    prompt = {"prompt": "one two three four", "prompt_tokens": 1, "completion_tokens": 1}
    when = {"request_id": "r", "account_id": "a", "occurred_at": "2026-01-01T00:00:00Z"}
    door.request({**when, **prompt, "model": "m"})


def table(speeds: dict[str, dict[str, float]]) -> Sequence[tuple[str, str, str, str]]:
    """Rows for the terminal: part, rows per second, the store's own, ratio."""
    return [
        (
            part,
            f"{found['rows_per_second']:,.0f}",
            f"{found['store_rows_per_second']:,.0f}",
            f"{found['ratio']:.2f}",
        )
        for part, found in speeds.items()
    ]
