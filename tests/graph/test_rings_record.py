"""The record of a refresh: kept whole, read back the same, and evidence found again on it."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from graph.errors import NotFound, StoreCorrupt
from graph.rings import find
from graph.rings.evidence import found_again, pack_of
from graph.rings.inputs import DAY_US
from graph.rings.pack import zipped
from graph.rings.record import Provenance, Record, keep_record, kept_record
from graph.rings.story import with_stories
from tests.graph.ring_worlds import START, World
from tests.graph.test_rings import card_ring

NOW = START + 25 * DAY_US


@pytest.fixture(scope="module")
def record() -> Record:
    world = World()
    world.people(150, days=20)
    card_ring(world)
    before, inputs = world.inputs(NOW - DAY_US), world.inputs(NOW)
    previous = find(before)
    rings = with_stories(find(inputs, previous), previous, {})
    return Record(inputs, previous, rings, Provenance("ringsight 0.1.0"))


@pytest.fixture
def folder(record: Record, tmp_path: Path) -> Path:
    keep_record(record, tmp_path / "evidence")
    return tmp_path / "evidence"


def test_a_record_is_read_back_as_it_was_kept(record: Record, folder: Path):
    again = kept_record(folder)

    assert again.inputs.snapshot.digest == record.inputs.snapshot.digest
    assert again.rings.tables() == record.rings.tables()
    assert again.provenance == record.provenance
    assert len(again.inputs.request_columns) == len(record.inputs.request_columns)


def test_the_next_refresh_replaces_the_record(record: Record, folder: Path):
    doubt = np.full(record.inputs.size, 0.25)

    keep_record(replace(record, inputs=replace(record.inputs, suspicion=doubt)), folder)

    assert np.array_equal(kept_record(folder).inputs.suspicion, doubt)
    assert [path.name for path in folder.parent.iterdir()] == ["evidence"]


def test_the_numbers_of_a_pack_come_out_again_on_its_record(record: Record, folder: Path):
    (ring,) = record.rings.flagged

    files = pack_of(folder, ring.ring_id)

    assert found_again(files, kept_record(folder)) == []


def test_a_number_that_the_record_does_not_bear_out_is_named(record: Record, folder: Path):
    (ring,) = record.rings.flagged
    files = pack_of(folder, ring.ring_id)
    told = json.loads(files["ring.json"])

    forged = {**files, "ring.json": json.dumps({**told, "score": 0.5}).encode()}

    assert [(b.file, b.problem) for b in found_again(forged, kept_record(folder))] == [
        ("ring.json", "score comes out otherwise")
    ]


def test_a_pack_is_not_held_against_the_record_of_another_refresh(record: Record, folder: Path):
    (ring,) = record.rings.flagged
    files = pack_of(folder, ring.ring_id)
    later = World()
    later.people(150, days=20)
    inputs = later.inputs(NOW)
    keep_record(Record(inputs, None, find(inputs), record.provenance), folder)

    with pytest.raises(NotFound, match="later refresh"):
        found_again(files, kept_record(folder))


def test_equal_packs_are_equal_zips(record: Record, folder: Path):
    (ring,) = record.rings.flagged

    one, other = (zipped(pack_of(folder, ring.ring_id)) for _ in range(2))

    assert one == other
    assert "manifest.json" in zipfile.ZipFile(BytesIO(one)).namelist()


def test_a_missing_record_and_an_unknown_ring_are_said_plainly(folder: Path, tmp_path: Path):
    with pytest.raises(NotFound, match="ringsight refresh"):
        kept_record(tmp_path / "nothing")
    with pytest.raises(NotFound, match="found no ring ring-x"):
        pack_of(folder, "ring-x")


def test_a_damaged_record_is_told_as_such(folder: Path):
    (folder / "requests.parquet").write_bytes(b"not a table")

    with pytest.raises(StoreCorrupt, match="next refresh replaces it"):
        kept_record(folder)
