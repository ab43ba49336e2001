"""Exports: files that open where they are meant to, cells that run nothing, and who took what."""

import csv
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import networkx
import pytest

from api.browse.takeaway import Taken, as_csv, as_graphml, cell
from api.schemas.answers import moment
from api.schemas.graph import NodeOut
from graph.ledger import audit
from graph.ledger.port import Role
from graph.rings import RingInputs
from graph.rings.pack import SEAL_PURPOSE, verify_pack
from graph.rings.record import FOLDER, Provenance, Record, keep_record
from graph.store import Page
from tests.api.looked_at import HUB, HUB_ACCOUNTS, Seen
from tests.api.small_home import bearer

RING = "rcampaign-01"
HUB_URL = f"/v1/entities/{quote(HUB)}"


def ready(seen: Seen, body: dict[str, object], **headers: str) -> dict[str, Any]:
    """An export made; one that takes longer than a call waits is waited for."""
    made = seen.client.post("/v1/exports", json=body, headers=headers).json()
    while made["state"] == "working":
        made = seen.client.get(f"/v1/exports/{made['id']}", headers=headers).json()
    return made  # type: ignore[no-any-return]


def fetched(seen: Seen, body: dict[str, object]) -> tuple[dict[str, object], bytes]:
    """An export made, and its file."""
    made = ready(seen, body)
    answer = seen.client.get(str(made["url"]))
    assert answer.status_code == 200
    return made, answer.content


@pytest.mark.parametrize("form", ["csv", "graphml", "json"])
def test_a_rings_export_is_the_file_whose_digest_it_tells(seen: Seen, form: str) -> None:
    made, content = fetched(seen, {"ring": RING, "format": form})

    assert made["state"] == "ready"
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert made["size_bytes"] == len(content)
    assert seen.get(f"/v1/exports/{made['id']}") == made


def test_graphml_opens_in_other_tools_with_every_member(seen: Seen) -> None:
    _, content = fetched(seen, {"ring": RING, "format": "graphml"})

    drawn = networkx.parse_graphml(content.decode())

    members = [node for node, data in drawn.nodes(data=True) if data.get("member")]
    assert len(members) == seen.ring.size
    assert drawn.number_of_edges() > seen.ring.size


def test_csv_has_a_row_a_node_and_the_members_first(seen: Seen) -> None:
    _, content = fetched(seen, {"ring": RING, "format": "csv"})

    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    first = [row["id"] for row in rows[: seen.ring.size]]
    assert first == [f"account:{member.account_id}" for member in seen.ring.members]


def test_json_holds_the_ring_with_its_reasons_and_what_was_asked(seen: Seen) -> None:
    _, content = fetched(seen, {"ring": RING, "format": "json"})

    told = json.loads(content)

    assert told["ring"]["reasons"]
    assert told["query"]["ring"] == RING
    assert told["made_by"].startswith("key:")


def test_the_nodes_of_a_view_can_be_taken_away(seen: Seen) -> None:
    ids = [f"account:{member.account_id}" for member in seen.ring.members[:3]]

    _, content = fetched(seen, {"ids": ids, "format": "json"})

    assert sorted(node["id"] for node in json.loads(content)["nodes"]) == sorted(ids)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    node = NodeOut(
        id="account:x", kind="account", label=text, degree=0, hidden=0,
        first_seen=moment(0), properties={"plan": text, "size": -3},
    )  # fmt: skip

    row = next(csv.DictReader(io.StringIO(as_csv(Taken({}, [node], [])).decode("utf-8-sig"))))

    assert row["label"] == row["plan"] == f"'{text}"
    assert row["size"] == "-3"
    assert cell("plain") == "plain"


def test_graphml_of_a_name_that_xml_cannot_say_is_still_graphml() -> None:
    node = NodeOut(
        id="account:a\x00<&\"", kind="account", label="\ud83d", degree=0, hidden=0,
        first_seen=moment(0), properties={},
    )  # fmt: skip

    drawn = networkx.parse_graphml(as_graphml(Taken({}, [node], [])).decode())

    assert drawn.number_of_nodes() == 1


def test_an_evidence_pack_is_sealed_and_says_what_was_asked(seen: Seen, tmp_path: Path) -> None:
    home = seen.service.journal.path.parent
    rings = seen.refreshes[-1]
    plain = replace(rings, rings=tuple(replace(ring, story=None) for ring in rings.rings))
    inputs = RingInputs(replace(seen.service.store.snapshot(), as_of=rings.as_of), rings.as_of)
    keep_record(Record(inputs, None, plain, Provenance("tests")), home / FOLDER)

    _, content = fetched(seen, {"ring": RING, "format": "zip"})

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    key = seen.service.door.pseudonyms.derived(SEAL_PURPOSE)
    assert verify_pack(tmp_path, key) == []
    assert json.loads((tmp_path / "request.json").read_bytes())["query"]["ring"] == RING
    (tmp_path / "ring.json").write_text("{}")
    assert verify_pack(tmp_path, key) != []


def test_who_took_what_and_who_fetched_it_is_in_the_audit_chain(seen: Seen) -> None:
    made, content = fetched(seen, {"ring": RING, "format": "csv"})

    with seen.service.office.ledger.reading() as book:
        last = audit.entries(book, limit=4)
        whole = audit.verify(book)

    told = {entry.action: entry for entry in reversed(last)}
    assert whole.broken_at is None
    assert told["export.create"].subject == f"ring:{RING}"
    detail = told["export.fetch"].detail
    assert detail is not None
    assert detail["export"] == made["id"]
    assert detail["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"ring": "none", "format": "csv"}, 404),
        ({"format": "csv"}, 422),
        ({"ring": RING, "ids": ["account:x"], "format": "csv"}, 422),
        ({"ids": ["account:x"], "format": "zip"}, 422),
        ({"ring": RING, "format": "docx"}, 422),
    ],
)
def test_exports_that_cannot_be_made(seen: Seen, body: dict[str, object], status: int) -> None:
    assert seen.client.post("/v1/exports", json=body).status_code == status


@pytest.mark.parametrize("name", ["0" * 32, "../journal", "x"])
def test_an_export_that_is_none_is_not_there(seen: Seen, name: str) -> None:
    assert seen.client.get(f"/v1/exports/{name}").status_code in (404, 422)


def test_anothers_export_is_for_a_lead_alone(seen: Seen) -> None:
    made = ready(seen, {"ring": RING, "format": "csv"})
    url = f"/v1/exports/{made['id']}/file"

    investigator = bearer(seen.service, role=Role.INVESTIGATOR, name="other")
    lead = bearer(seen.service, role=Role.LEAD, name="lead")

    assert seen.client.get(url, headers=investigator).status_code == 403
    assert seen.client.get(url, headers=lead).status_code == 200


def test_an_export_expires_and_its_file_goes(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ready(seen, {"ring": RING, "format": "csv"})
    exports = seen.service.exports
    later = exports.clock() + 25 * 3_600_000_000
    monkeypatch.setitem(seen.service.__dict__, "exports", replace(exports, clock=lambda: later))

    gone = seen.client.get(f"/v1/exports/{made['id']}")
    seen.post("/v1/exports", {"ring": RING, "format": "csv"})

    assert gone.status_code == 404
    assert not list((exports.folder / "exports").glob(f"{made['id']}*"))


def test_a_viewers_files_hold_no_coarse_fact(seen: Seen) -> None:
    viewer = bearer(seen.service, role=Role.VIEWER)

    made = ready(seen, {"ring": RING, "format": "json"}, **viewer)
    content = seen.client.get(made["url"], headers=viewer).content
    pack = seen.client.post("/v1/exports", json={"ring": RING, "format": "zip"}, headers=viewer)

    subnets = [
        node["id"].partition(":")[2]
        for node in json.loads(fetched(seen, {"ring": RING, "format": "json"})[1])["nodes"]
        if node["kind"] == "subnet"
    ]
    assert subnets
    assert not any(subnet in content.decode() for subnet in subnets)
    assert pack.status_code == 403


# -- all neighbours of an entity -------------------------------------------------------------------


def rows_of(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_every_neighbour_of_a_hub_is_a_row_of_its_file_once(seen: Seen) -> None:
    made, content = fetched(seen, {"around": HUB, "format": "csv"})

    rows = rows_of(content)
    assert len(rows) == made["rows"] == seen.get(HUB_URL)["degree"] > HUB_ACCOUNTS
    assert len({row["id"] for row in rows}) == len(rows)
    assert made["complete"] is True
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert all(row["tied_by"] and row["last_tied"] >= row["first_tied"] for row in rows)


def test_of_a_hub_the_flagged_alone_can_be_taken(seen: Seen) -> None:
    made, content = fetched(seen, {"around": HUB, "flagged": True, "format": "csv"})

    page = seen.get(f"{HUB_URL}/neighbours", flagged=True, order="score", limit=200)
    assert [row["id"] for row in rows_of(content)] == [node["id"] for node in page["nodes"][1:]]
    assert made["rows"] == page["total"] > 0


def test_neighbours_of_one_kind_are_written_with_their_facts(seen: Seen) -> None:
    account = f"account:{seen.ring.members[0].account_id}"

    _, content = fetched(seen, {"around": account, "kind": "ip", "format": "csv"})

    rows = rows_of(content)
    assert {row["kind"] for row in rows} == {"ip"}
    assert all(row["ip_class"] for row in rows)


def test_an_account_that_is_tied_again_while_it_is_written_is_not_left_out(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = seen.service.reader.store.neighbours
    late = pages(HUB, kind=None, limit=1_000, cursor=None).next_cursor

    def moving(identity: str, **asked: Any) -> Page:
        """The first time past the start, a page is jumped: its accounts have moved ahead."""
        nonlocal late
        if asked["cursor"] is not None and late is not None:
            asked["cursor"], late = late, None
        return pages(identity, **asked)

    monkeypatch.setattr(seen.service.reader.store, "neighbours", moving)
    made, content = fetched(seen, {"around": HUB, "format": "csv"})

    assert len({row["id"] for row in rows_of(content)}) == made["rows"]
    assert made["rows"] == seen.get(HUB_URL)["degree"]
    assert made["complete"] is True


def test_a_viewer_takes_a_hubs_accounts_without_coarse_facts(seen: Seen) -> None:
    account = f"account:{seen.ring.members[0].account_id}"
    viewer = bearer(seen.service, role=Role.VIEWER)

    body = {"around": account, "kind": "subnet", "format": "csv"}
    made = ready(seen, body, **viewer)
    content = seen.client.get(made["url"], headers=viewer).content

    open_ = {row["id"] for row in rows_of(fetched(seen, body)[1])}
    assert open_
    assert open_.isdisjoint(row["id"] for row in rows_of(content))
    assert len(rows_of(content)) == len(open_)


@pytest.mark.parametrize(
    "body",
    [
        {"around": HUB, "format": "json"},
        {"around": HUB, "ring": RING, "format": "csv"},
        {"ring": RING, "kind": "ip", "format": "csv"},
        {"around": HUB, "kind": "ip", "flagged": True, "format": "csv"},
    ],
)
def test_what_makes_no_sense_together_is_refused(seen: Seen, body: dict[str, object]) -> None:
    assert seen.client.post("/v1/exports", json=body).status_code == 422


def test_neighbours_of_what_there_is_not_are_not_found(seen: Seen) -> None:
    body = {"around": "ip:none-of-that-name", "format": "csv"}

    assert seen.client.post("/v1/exports", json=body).status_code == 404
