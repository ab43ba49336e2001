"""Evidence about one ring, from the record of the refresh that judged it; and the same again.

:func:`pack_of` is what command line and service call: an evidence pack as files by name, ready for
a folder or a zip. :func:`found_again` runs the finder anew on the record a pack was made from and
says what came out otherwise. Read :mod:`graph.rings.pack` for the pack itself.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graph.errors import NotFound
from graph.rings.dossier import dossier
from graph.rings.find import find
from graph.rings.kin import kin
from graph.rings.model import Ring
from graph.rings.pack import Breach, sealed
from graph.rings.record import Record, kept_record


def pack_of(
    folder: Path,
    ring_id: str,
    templates: Mapping[str, str] | None = None,
    key: bytes | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, bytes]:
    """An evidence pack as its files by name, the manifest among them.

    Args:
        folder: where the last refresh kept its record (``graph.rings.record.FOLDER``).
        ring_id: the ring, as that refresh found it.
        templates: prompt cluster id -> redacted template, for clusters that may be shown; those of
            the record's clusters if None.
        key: seals the pack; ``verify_pack`` wants the same one.
        extra: further parts of the pack by name, such as what it was asked for.

    Raises:
        NotFound: if there is no record, or the refresh found no such ring.
        StoreCorrupt: if the record cannot be read.
    """
    record = kept_record(folder)
    ring = ring_in(record, ring_id)
    shown = _templates(record) if templates is None else templates
    kinship = kin(record.rings, record.inputs).get(ring_id)
    told = dossier(ring, record.inputs, record.provenance, shown, kinship)
    return sealed({**told, **(extra or {})}, key)


def _templates(record: Record) -> dict[str, str]:
    clusters = record.inputs.clusters
    if clusters is None or "template" not in clusters.column_names:
        return {}
    pairs = zip(clusters["cluster_id"].to_pylist(), clusters["template"].to_pylist(), strict=True)
    return {cluster: text for cluster, text in pairs if text is not None}


def ring_in(record: Record, ring_id: str) -> Ring:
    """The ring of that id.

    Raises:
        NotFound: if the refresh found none.
    """
    for ring in record.rings:
        if ring.ring_id == ring_id:
            return ring
    raise NotFound(f"the refresh that the record is of found no ring {ring_id}")


def found_again(files: Mapping[str, bytes], record: Record) -> list[Breach]:
    """What differs when the finder runs anew on the pack's own record; empty if nothing does.

    Raises:
        NotFound: if the record is of another snapshot than the pack.
    """
    made = json.loads(files["provenance.json"])
    if made["snapshot_digest"] != record.inputs.snapshot.digest:
        raise NotFound("the kept record is of a later refresh than the pack")
    told = json.loads(files["ring.json"])
    rings = find(record.inputs, record.previous)
    again = next((ring for ring in rings if ring.ring_id == told["ring_id"]), None)
    if again is None:
        return [Breach("ring.json", "the finder does not find this ring again")]
    found = list(_differences(told, json.loads(files["members.json"]), again))
    if "kin.json" in files:  # packs did not always have it
        now = kin(rings, record.inputs).get(again.ring_id, {})
        found += _other_kin(json.loads(files["kin.json"]), now)
    return found


def _differences(
    told: Mapping[str, Any], members: list[Mapping[str, Any]], again: Ring
) -> Iterator[Breach]:
    now = json.loads(json.dumps(again.detail()))
    for name in sorted((set(told) | set(now)) - {"story"}):  # told by refreshes, not found
        if told.get(name) != now.get(name):
            yield Breach("ring.json", f"{name} comes out otherwise")
    said = {(member["account_id"], member["strength"]) for member in members}
    if said != {(member.account_id, member.strength) for member in again.members}:
        yield Breach("members.json", "the members come out otherwise")


def _other_kin(told: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Breach]:
    again = json.loads(json.dumps(now))
    for name in sorted(set(told) | (set(again) - {"pools"})):  # packs did not always have those
        if (told.get(name) or None) != (again.get(name) or None):
            yield Breach("kin.json", f"{name} come out otherwise")
