"""A back-test from a source of files: read it into a journal of its own, test, write the report.

The journal lives in the folder of the results while the test runs, so that a deployment's own is
never touched. The test itself is :mod:`etl.backtest`.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from etl.backtest import BacktestConfig, backtest, write
from etl.load import BuildOptions, build
from etl.mapping import load_mapping
from etl.outcome import Truth
from etl.prompts import fit_clusters
from etl.timeline import Timeline
from graph.door import Door
from graph.flush import Told
from graph.journal import Journal
from graph.simulate.truth import load_truth
from graph.stores import open_store


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

    Raises:
        SourceError: if the source cannot be read, or too much of it breaks the contract.
        InputError: if there is nothing on one side of the moment, or no truth where one is named.
    """
    true = None if truth is None else Truth.of_world(load_truth(truth))
    timeline = read_timeline(source, out, progress)
    outcome = backtest(timeline, fit_clusters, config, progress)
    if true is None:
        true = Truth.of_labels(timeline.read("signups"), timeline.read("labels"))
    return dict(write(outcome, out, true, np.random.default_rng(config.seed)))


def read_timeline(source: Source, out: Path, progress: Told) -> Timeline:
    """The cleaned events of ``source``, in memory; nothing of them stays on disk."""
    out.mkdir(parents=True, exist_ok=True)
    door = Door(source.key)
    mapping = None if source.mapping is None else load_mapping(source.mapping)
    with (
        tempfile.TemporaryDirectory(prefix=".journal-", dir=out) as folder,
        Journal(Path(folder) / "journal.db", door.key_id) as journal,
        open_store("sqlite://") as store,
    ):
        build(source.place, journal, store, door, BuildOptions(mapping=mapping, progress=progress))
        return Timeline.of(journal)
