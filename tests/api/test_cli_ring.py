"""``ringsight ring``: a pack is written, checked by its own command, and found out when touched."""

import json
from pathlib import Path

import pytest

from api.cli.verbs import run
from graph.rings import find
from graph.rings.inputs import DAY_US
from graph.rings.record import FOLDER, Provenance, Record, keep_record
from tests.graph.ring_worlds import START, World
from tests.graph.test_rings import card_ring

NOW = START + 25 * DAY_US


@pytest.fixture
def ring_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home whose last refresh kept its record; gives the ring that it flagged."""
    monkeypatch.setenv("RINGSIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RINGSIGHT_KEY", "a key for tests only")
    world = World()
    world.people(150, days=20)
    card_ring(world)
    inputs = world.inputs(NOW)
    rings = find(inputs)
    keep_record(Record(inputs, None, rings, Provenance("t")), tmp_path / "home" / FOLDER)
    return rings.flagged[0].ring_id


def test_a_pack_is_written_and_found_sound(
    ring_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "pack"

    assert run(["ring", ring_id, "--pack", str(pack), "--json"], {}) == 0
    told = json.loads(capfd.readouterr().out)
    assert run(["ring", "--verify", str(pack), "--json"], {}) == 0
    checked = json.loads(capfd.readouterr().out)

    assert set(told["files"]) == {path.name for path in pack.iterdir()}
    assert checked == {"sound": True, "breaches": [], "found_again": True}


@pytest.mark.parametrize("name", ["ring.json", "report.html", "manifest.json"])
def test_one_changed_byte_is_found_out(
    ring_id: str, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pack = tmp_path / "pack"
    run(["ring", ring_id, "--pack", str(pack)], {})
    content = bytearray((pack / name).read_bytes())
    place = (
        content.index(b"ring") if name != "manifest.json" else content.index(b'"sha256": "') + 11
    )
    content[place] = ord("0") if content[place] != ord("0") else ord("1")
    (pack / name).write_bytes(content)
    capfd.readouterr()

    assert run(["ring", "--verify", str(pack), "--json"], {}) == 1

    assert not json.loads(capfd.readouterr().out)["sound"]


def test_a_folder_with_other_things_in_it_is_left_alone(ring_id: str, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")

    assert run(["ring", ring_id, "--pack", str(tmp_path / "letters")], {}) == 2

    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["letter.txt"]


def test_a_pack_asks_for_a_ring(ring_id: str, tmp_path: Path) -> None:
    assert run(["ring", "--pack", str(tmp_path / "pack")], {}) == 2
