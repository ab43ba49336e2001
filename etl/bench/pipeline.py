"""``ringsight bench pipeline``: a simulated quarter of weekly runs, from export to promotion.

Every week's export goes through the door into a journal, and the weekly run a deployment would make
is made: the same functions, the same gate. One run is killed on purpose and taken up again. The
world's truth is opened for the report alone: what the model in use prevented week by week. A bench
that was stopped goes on from its last finished week. The events are :mod:`etl.bench.quarter`'s.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from etl.bench.pipeline_page import page
from etl.bench.quarter import Quarter, QuarterSpec
from etl.prompts.fit import fit_clusters
from etl.train import Course
from etl.weekly.exam import HOUR_US, ExamConfig, kept_board
from etl.weekly.monitor import relabelled
from etl.weekly.promotion import Desk, promote, rollback
from etl.weekly.registry import Registry
from etl.weekly.retrain import Plan, Workplace, run_name
from etl.weekly.run import weekly
from etl.weekly.run_folder import read_json, write_json
from gnn.evaluate import NEVER
from gnn.shelf import Shelf
from gnn.signing import Signer, Trust
from graph.door import Door
from graph.journal.journal import Journal

Progress = Callable[[str, int, int], None]
KEY = b"a bench's key: nothing it hides is anybody's"
PATIENCE_S = 900.0


@dataclass(frozen=True)
class Bench:
    """Where a bench works: its folder, the quarter, and which week's run is killed once."""

    out: Path
    quarter: Quarter
    killed: int = 7

    def desk(self, journal: Journal, week: int) -> Desk:
        """The desk of one week; time is the simulated one."""
        signer = self._signer()
        shelf = Shelf(self.out / "bundles", Trust.of([signer.public]), signer)
        place = Workplace(journal, fit_clusters, shelf, self.out / "runs", self.out / "pipeline")
        folder = self.out / "registry"
        folder.mkdir(parents=True, exist_ok=True)
        registry = Registry(f"sqlite:///{(folder / 'registry.db').resolve()}", folder / "artifacts")
        return Desk(place, registry, self.quarter.end_of(week))

    def plan(self, week: int) -> Plan:
        """The run at the end of a week; sparser than a deployment's, for time's sake."""
        return Plan(
            self.quarter.end_of(week),
            course=Course(every_us=48 * HOUR_US, days=28.0, refit_days=4.0),
            exam=ExamConfig(look_every_us=12 * HOUR_US),
            standing=(0, 1),
            panel=("rule", "xgboost_own", "score_propagation"),
        )

    def _signer(self) -> Signer:
        place = self.out / "signing.key"
        if not place.exists():
            self.out.mkdir(parents=True, exist_ok=True)
            handle = os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(Signer.fresh().secret)
        return Signer.of(place.read_text(encoding="utf-8"))


def bench_pipeline(out: Path, spec: QuarterSpec, told: Progress) -> dict[str, Any]:
    """The whole quarter; gives a row a run, and writes ``quarter.json`` and ``quarter.html``."""
    bench = Bench(out, Quarter(spec), killed=spec.first_run + 2)
    began = time.monotonic()
    rows: list[dict[str, Any]] = []
    for week in range(spec.weeks):
        told("quarter", week, spec.weeks)
        place = out / "weeks" / f"{week:02d}.json"
        held = read_json(place)
        if held is None:
            held = _week(bench, week, told)
            write_json(place, held)
        if held.get("run"):
            rows.append(held)
    found = {
        "accounts": bench.quarter.truth.accounts.height,
        "runs": rows,
        "rolled_back": _rolled_back(bench, rows),
        "seconds": round(time.monotonic() - began, 1),
    }
    write_json(out / "quarter.json", found)
    (out / "quarter.html").write_text(page(found), encoding="utf-8")
    return {**found, "report": str(out / "quarter.html")}


def _week(bench: Bench, week: int, told: Progress) -> dict[str, Any]:
    """Take an export in, and make the week's run if one is due."""
    door = Door(KEY)
    with Journal(bench.out / "journal.db", door.key_id) as journal:
        told("export", 0, 0)
        refused = _taken_in(journal, door, bench.quarter.export(week))
        if week not in bench.quarter.runs:
            return {"week": week}
    began, killed, plan = time.monotonic(), False, bench.plan(week)
    if week == bench.killed:
        killed = _killed_once(bench, week)
    with Journal(bench.out / "journal.db", door.key_id) as journal:
        desk = bench.desk(journal, week)
        found = weekly(desk, plan, told, at_once=True)
    folder = desk.place.runs / run_name(plan)
    return {
        "week": week,
        "happened": _happened(bench.quarter.spec, week),
        "refused_rows": refused,
        "seconds": round(time.monotonic() - began, 1),
        "killed": killed,
        "taken_up": [step["step"] for step in found["steps"] if step["skipped"]],
        **{name: found[name] for name in _SHOWN},
        **_true(bench, folder),
    }


_SHOWN = (
    "run", "version", "champion", "passed", "became", "reasons", "labels", "registry",
    "report",
)  # fmt: skip


def _taken_in(journal: Journal, door: Door, export: Mapping[str, pa.Table]) -> int:
    """Append an export; gives how many rows the door refused."""
    refused = 0
    for name, rows in export.items():
        if rows.num_rows:
            columns = {c: rows[c].combine_chunks() for c in rows.column_names}
            cleaned = door.batch(name, columns, rows.num_rows)
            refused += rows.num_rows - cleaned.rows.num_rows
            journal.append(name, cleaned.rows)
    return refused


def _killed_once(bench: Bench, week: int) -> bool:
    """Start the run in a process of its own and kill it (-9) once its rows are there."""
    plan = bench.plan(week)
    sealed = bench.out / "runs" / run_name(plan) / "features" / "seal.json"
    if sealed.exists():
        return False
    # A process of its own from the start: thread pools of this one do not survive a fork.
    told = json.dumps(asdict(bench.quarter.spec))
    call = "import sys; from etl.bench.pipeline import alone; alone(*sys.argv[1:])"
    command = [sys.executable, "-c", call, str(bench.out), told, str(week)]
    with subprocess.Popen(command) as child:  # noqa: S603 - this very program
        deadline = time.monotonic() + PATIENCE_S
        while not sealed.exists() and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        child.kill()
    return child.returncode == -signal.SIGKILL


def alone(out: str, spec: str, week: str) -> None:
    """The run of one week in this process, to be killed by another."""
    bench = Bench(Path(out), Quarter(QuarterSpec(**json.loads(spec))))
    with Journal(bench.out / "journal.db", Door(KEY).key_id) as journal:
        weekly(bench.desk(journal, int(week)), bench.plan(int(week)), at_once=True)


def _happened(spec: QuarterSpec, week: int) -> str:
    return {
        spec.poisoned: "a partner planted labels; a new market opened",
        spec.broken: "the export lost most requests and all prompts",
        spec.broken + 1: "the export was repaired",
    }.get(week, "")


def _true(bench: Bench, folder: Path) -> dict[str, Any]:
    """The examined week by the world's truth: the challenger, and the champion that was in use."""
    found: dict[str, Any] = {}
    for role in ("challenger", "champion"):
        place = folder / f"recent-{role}"
        if not (place / "accounts.parquet").exists():
            continue
        seen = relabelled(kept_board(place)[0], bench.quarter.truth)
        share = seen.prevented().share()
        honest = ~seen.fraud
        found[role + "_true"] = {
            "fraudulent": int(seen.prevented().fraudulent.sum()),
            "prevented": None if share != share else share,  # noqa: PLR0124 - NaN of a quiet week
            "honest": int(honest.sum()),
            "honest_flagged": int((seen.flagged_at != NEVER)[honest].sum()),
        }
    return found


def _rolled_back(bench: Bench, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Roll back the last promotion, and put it into use again: one call each.

    Where the first model was never replaced, the last challenger is forced into use and undone.
    """
    with Journal(bench.out / "journal.db", Door(KEY).key_id) as journal:
        desk = bench.desk(journal, bench.quarter.spec.weeks - 1)
        held = desk.place.shelf.history()
        forced = len(held) == 1
        if forced:
            promote(desk, rows[-1]["version"], force=True, reason="to show that it can be undone")
        began = time.perf_counter()
        turned = rollback(desk, "the bench shows that it works")
        seconds = time.perf_counter() - began
        if not forced:
            desk.place.shelf.promote(held[0])
    return {**turned, "forced": forced, "seconds": round(seconds, 3)}
