"""A back-test from a source of files: read it into a journal of its own, test, write the report.

A journal and waypoints live in the folder of the results while the test runs, so that a
deployment's own are never touched, and a test that was killed goes on where it was. The test
itself is :mod:`etl.backtest.run`.
"""

import shutil
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from etl.backtest.outcome import Truth
from etl.backtest.run import BacktestConfig, backtest, write
from etl.backtest.waypoint import Waypoints, seal_of
from etl.load import BuildOptions, build
from etl.mapping import load_mapping
from etl.prompts.fit import fit_clusters
from etl.replay.timeline import Timeline
from graph.door import Door
from graph.flush import Told
from graph.journal.journal import Journal
from graph.simulate.truth import load_truth
from graph.stores import open_store

WORK = ".backtest"


@dataclass(frozen=True)
class Source:
    """Where the events are, the key their pseudonyms are made with, and how they are mapped."""

    place: str
    key: bytes
    mapping: Path | None = None


def backtest_source(
    source: Source, config: BacktestConfig, out: Path, truth: Path | None, progress: Told
) -> dict[str, Any]:
    """Test on ``source``, write the files of the event contract to ``out``; gives the report.

    A test that was stopped goes on where it was, when it is asked the same of the same events;
    what it keeps for that in ``out`` is removed at the end.

    Raises:
        SourceError: if the source cannot be read, or too much of it breaks the contract.
        InputError: if there is nothing on one side of the moment, or no truth where one is named.
    """
    config = replace(config, panel=True)
    true = None if truth is None else Truth.of_world(load_truth(truth))
    work = out / WORK
    timeline = read_timeline(source, work, progress)
    told = f"{config!r} {version('ringsight')} {Door(source.key).key_id}"
    waypoints = Waypoints(work / "waypoints", seal_of(timeline, told))
    outcome = backtest(timeline, fit_clusters, config, progress, waypoints)
    if true is None:
        true = Truth.of_labels(timeline.read("signups"), timeline.read("labels"))
    found = dict(write(outcome, out, true, np.random.default_rng(config.seed)))
    shutil.rmtree(work)
    return found


def read_timeline(source: Source, work: Path, progress: Told) -> Timeline:
    """The cleaned events of ``source``, in memory; a journal in ``work`` knows what was read."""
    work.mkdir(parents=True, exist_ok=True)
    door = Door(source.key)
    mapping = None if source.mapping is None else load_mapping(source.mapping)
    with Journal(work / "journal.db", door.key_id) as journal, open_store("sqlite://") as store:
        build(source.place, journal, store, door, BuildOptions(mapping=mapping, progress=progress))
        return Timeline.of(journal)
