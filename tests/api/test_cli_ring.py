"""``ringsight ring``: a pack is written, checked by its own command, and found out when touched."""

import json
from pathlib import Path

import pyarrow as pa
import pytest

from api.cli.verbs import run
from api.opened import store_of
from api.settings import Settings
from graph.retell import retell
from graph.rings import find
from graph.rings.inputs import DAY_US
from graph.rings.model import Family, Reason, Rings
from graph.rings.record import FOLDER, Provenance, Record, keep_record, kept_record
from graph.store import Generation
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


def test_other_pools_and_whose_traffic_accounts_carry_are_told(
    ring_id: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    record = kept_record(tmp_path / "home" / FOLDER)
    ring = record.rings.flagged[0]
    first, second = (member.account_id for member in ring.members[:2])
    reason = Reason("kin.payment", "2 wallets in both rings", 2.0, 0.0, 3.9, Family.PAYMENT)
    near = {"ring_id": "ring-near", "kind": "same_operator", "weight": 3.9}
    detail = {
        **ring.detail(),
        "relatives": [{**near, "reasons": [reason.as_json()]}],
        "roles": {first: {"role": "resold", "kit_share": 0.0, "requests": 80}},
        "pools": [
            {"part": "resold", "ring_id": None, "accounts": [first]},
            {"part": "customer", "ring_id": "ring-near", "accounts": [first, second]},
        ],
    }
    rings, members = Rings(NOW, (ring,)).tables()
    place = rings.column_names.index("detail")
    rings = rings.set_column(place, "detail", pa.array([json.dumps(detail)]))
    with store_of(Settings.from_environment(), make=True) as store:
        store.load(retell(record.inputs.snapshot))
        store.publish(Generation(1, NOW, {}, rings, members))

    assert run(["ring", ring_id], {}) == 0
    shown = capfd.readouterr().out
    assert run(["ring", ring_id, "--json"], {}) == 0
    told = json.loads(capfd.readouterr().out)

    assert "another pool of the same operator" in shown
    assert "strangers' traffic" in shown
    assert [r["text"] for r in told["relatives"][0]["reasons"]] == ["2 wallets in both rings"]
    assert told["roles"].keys() == {first}
    assert second not in told["roles"]
    assert "1 accounts that are sold to strangers" in shown
    assert "2 accounts that carry the traffic of a customer, ring-near" in shown
    assert [(pool["part"], pool["accounts"]) for pool in told["pools"]] == [
        ("resold", [first]), ("customer", [first, second]),
    ]  # fmt: skip
