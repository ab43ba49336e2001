"""The exams of one weekly run: what challenger and champion are made to live through, and cost.

Each is a sealed step: those of the last weeks in the run's folder, those of the standing worlds in
one that all runs share, since a world asks a bundle the same every week. What is read off the
boards is :mod:`etl.weekly.gate`; how a span is lived through :mod:`etl.weekly.exam`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from etl.replay.timeline import Timeline
from etl.weekly.canaries import costs, future_gap, shuffled_auc, torn_rings
from etl.weekly.exam import (
    Paper,
    keep_board,
    kept_board,
    sit,
    slices_of,
    standing_paper,
    standing_spec,
)
from etl.weekly.gate import Pair
from etl.weekly.run_folder import Done, RunFolder, read_json, write_json
from gnn.bundle import Bundle
from gnn.shelf import Shelf
from gnn.training_rows import TrainingRows
from graph.errors import ModelError

if TYPE_CHECKING:
    from etl.weekly.retrain import Run

Progress = Callable[[str, int, int], None]


class Exams:
    """The exams of one run: its challenger's, and the champion's where there is one."""

    def __init__(self, run: "Run", timeline: Timeline, challenger: Bundle, told: Progress) -> None:
        self.run = run
        self.timeline = timeline
        self.challenger = challenger
        self._told = told
        self.champion = loadable(run.place.shelf, run.champion)

    def recent(self, paper: Paper, labels: str) -> Pair:
        """The last days of this deployment, by the labels that are believed."""
        given = {"labels": labels, "exam": self._config()}
        sat = [
            self._sat(self.run, f"recent-{role}", given, lambda: paper, bundle)
            for role, bundle in (("challenger", self.challenger), ("champion", self.champion))
            if bundle is not None
        ]
        return self._pair(paper.name, sat, by_labels=True)

    def standing(self, number: int) -> Pair:
        """A standing world; what a bundle did there is kept for the runs to come."""
        kept_here = RunFolder(self.run.place.out / "exams")
        name, given = (
            f"standing-{number}",
            {"world": repr(standing_spec(number)), "exam": self._config()},
        )

        def paper() -> Paper:
            return standing_paper(number, seed=1)

        sat = [
            self._sat(kept_here, f"{name}-{bundle.version}", given, paper, bundle)
            for bundle in (self.challenger, self.champion)
            if bundle is not None
        ]
        return self._pair(name, sat)

    def canaries(self, rows: TrainingRows) -> dict[str, float]:
        """The three cheats, tried on this run's own events and rows."""
        plan, fit = self.run.plan, self.run.place.fit

        def make(to: Path) -> None:
            gap = future_gap(self.timeline, fit, self.challenger, plan.since)
            rng = np.random.default_rng(plan.seed)
            auc, spread = shuffled_auc(self.timeline, fit, plan.since, rng)
            torn = torn_rings(self.challenger, rows.known)
            found = {"future_edge": gap, "shuffled_auc": auc, "shuffled_spread": spread,
                     "torn_rings": torn}  # fmt: skip
            write_json(to / "canaries.json", found)

        self._told("canaries", 0, 0)
        given = {"bundle": self.challenger.version, "until": plan.until, "seed": plan.seed}
        done = self.run.step("canaries", given, make)
        return {k: float(v) for k, v in (read_json(done.folder / "canaries.json") or {}).items()}

    def costs(self) -> dict[str, Any]:
        """What scoring costs either, measured in the same minute."""
        bundles = [bundle for bundle in (self.challenger, self.champion) if bundle is not None]
        shelf = self.run.place.shelf.folder
        folders = [self.run.folder / "model" / "bundle", shelf / str(self.run.champion)]
        found = costs(bundles, [size_of(folder) for folder in folders[: len(bundles)]])
        return {
            "challenger_cost": found[0],
            "champion_cost": found[1] if len(found) > 1 else None,
        }

    def _sat(
        self,
        steps: "Run | RunFolder",
        name: str,
        given: Mapping[str, object],
        paper: Callable[[], Paper],
        bundle: Bundle,
    ) -> Done:
        def make(to: Path) -> None:
            put, config = paper(), self.run.plan.exam
            work = self.run.folder / f".{name}"
            seen = sit(put, bundle, self.run.place.fit, work, config, self._told)
            keep_board(seen, slices_of(put.timeline, seen.account_id), to)

        self._told(name, 0, 0)
        return steps.step(name, {**given, "bundle": bundle.version}, make)

    def _pair(self, name: str, sat: Sequence[Done], *, by_labels: bool = False) -> Pair:
        (challenger, slices), *held = [kept_board(done.folder) for done in sat]
        return Pair(name, challenger, held[0][0] if held else None, slices, by_labels)

    def _config(self) -> dict[str, object]:
        return asdict(self.run.plan.exam)


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def loadable(shelf: Shelf, version: str | None) -> Bundle | None:
    """The champion's bundle; None where this code cannot read it any more."""
    try:
        return None if version is None else shelf.load(version)
    except ModelError:
        return None
