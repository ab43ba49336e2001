"""Evidence packs: complete, repeatable, readable alone, and found out when touched."""

import json
import re
from pathlib import Path

import pytest

from graph.errors import NotFound
from graph.rings import find
from graph.rings.dossier import dossier
from graph.rings.inputs import DAY_US
from graph.rings.pack import verify_pack, write_pack
from graph.rings.record import Provenance
from tests.graph.ring_worlds import START, World
from tests.graph.test_rings import card_ring

NOW = START + 25 * DAY_US
MADE_BY = Provenance("ringsight 0.1.0", "bundle-7", "ab" * 32)


def told() -> dict:
    world = World()
    world.people(150, days=20)
    card_ring(world)
    inputs = world.inputs(NOW)
    (ring,) = find(inputs).flagged
    return dossier(ring, inputs, MADE_BY, {"mule-kit0": "rate the [SLOT] <b>below</b>"})


@pytest.fixture(scope="module")
def evidence() -> dict:
    return told()


def test_a_pack_names_members_links_reasons_and_digests(evidence, tmp_path):
    write_pack(tmp_path, evidence)

    parts = {path.stem: json.loads(path.read_bytes()) for path in tmp_path.glob("*.json")}
    assert len(parts["members"]) == 12
    assert all(link["weight"] > 0 for link in parts["links"])
    assert {r["code"] for r in parts["ring"]["reasons"]} >= {"payment.shared_method", "prompts.kit"}
    card = next(s for s in parts["shared"] if s["entity"] == "payment_method:mule-card0")
    assert (card["members"], card["all_holders"]) == (4, 4)
    assert re.fullmatch(r"[0-9a-f]{64}", parts["provenance"]["snapshot_digest"])
    assert sum(map(sum, parts["activity"]["requests"])) == 12 * 6


def test_the_same_ring_on_the_same_inputs_gives_the_same_bytes(evidence, tmp_path):
    first = write_pack(tmp_path / "a", evidence)
    second = write_pack(tmp_path / "b", told())

    assert first == second
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_an_untouched_pack_is_sound(evidence, tmp_path):
    write_pack(tmp_path, evidence, key=b"k" * 32)

    assert verify_pack(tmp_path) == []
    assert verify_pack(tmp_path, key=b"k" * 32) == []


@pytest.mark.parametrize("name", ["ring.json", "members.json", "links.json", "report.html"])
def test_one_changed_byte_is_found_out(evidence, tmp_path, name):
    write_pack(tmp_path, evidence)
    data = bytearray((tmp_path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / name).write_bytes(data)

    assert [(breach.file, breach.problem) for breach in verify_pack(tmp_path)] == [
        (name, "differs from what was written")
    ]


def test_a_changed_manifest_a_missing_and_an_added_file_are_found_out(evidence, tmp_path):
    write_pack(tmp_path, evidence)
    text = (tmp_path / "manifest.json").read_text()
    digest = json.loads(text)["files"][0]["sha256"]
    (tmp_path / "manifest.json").write_text(text.replace(digest, "0" * 64))
    (tmp_path / "links.json").unlink()
    (tmp_path / "extra.json").write_text("{}")

    problems = {(breach.file, breach.problem) for breach in verify_pack(tmp_path)}

    assert ("links.json", "is missing") in problems
    assert ("extra.json", "is not in the manifest") in problems
    assert ("manifest.json", "the chain of hashes is broken") in problems


def test_a_pack_chained_anew_without_the_key_is_found_out(evidence, tmp_path):
    write_pack(tmp_path, evidence, key=b"k" * 32)
    forged = {**evidence, "members": evidence["members"][:-1]}
    write_pack(tmp_path, forged, key=b"another key of 32 bytes, no good")

    assert verify_pack(tmp_path) == []
    assert [b.problem for b in verify_pack(tmp_path, key=b"k" * 32)] == [
        "the seal was not made with this key"
    ]


def test_the_page_stands_alone_and_escapes_what_it_shows(evidence, tmp_path):
    write_pack(tmp_path, evidence)
    text = (tmp_path / "report.html").read_text()

    assert "<script" not in text
    assert not re.search(r"(src|href)=", text)
    assert "&lt;b&gt;below&lt;/b&gt;" in text
    assert "<svg" in text


def test_a_folder_without_a_manifest_is_no_pack(tmp_path: Path):
    with pytest.raises(NotFound):
        verify_pack(tmp_path)
