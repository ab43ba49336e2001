"""What is taken away in a browser: each file opens where it belongs, and each is logged."""

import csv
import hashlib
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import quote

import networkx
import pytest
from playwright.sync_api import Download, Page, expect

from api.browse.takeaway import FORMULA
from graph.facts import Facts, Node
from graph.rings.pack import SEAL_PURPOSE, verify_pack
from graph.schema import NodeType
from tests.console.conftest import Opener, Site


def _taken(page: Page, file: str) -> Download:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=re.compile(f"^{file}")).click()
    return download.value


def _path(download: Download) -> Path:
    return Path(download.path())


@pytest.mark.parametrize("file", ["CSV", "GraphML", "JSON"])
def test_a_rings_file_holds_its_members_and_its_taking_is_logged(
    opened: Opener, site: Site, file: str
) -> None:
    ring = site.service.store.ring(site.rings[0])
    members = {f"account:{account}" for account, _, _ in ring.members}
    page = opened(f"/rings/{site.rings[0]}")

    download = _taken(page, file)

    expect(page.get_by_text("written to the audit log")).to_be_visible()
    content = _path(download).read_bytes()
    assert members <= _ids(file, content)
    url = f"{site.url}/v1/audit?subject=ring:{site.rings[0]}&action=export.create"
    links = page.context.request.get(url).json()["items"]
    assert links
    fetched = page.context.request.get(f"{site.url}/v1/audit?action=export.fetch").json()["items"]
    assert hashlib.sha256(content).hexdigest() in json.dumps(fetched)


def _ids(file: str, content: bytes) -> set[str]:
    if file == "GraphML":
        return set(networkx.parse_graphml(content.decode()).nodes)
    if file == "JSON":
        return {node["id"] for node in json.loads(content)["nodes"]}
    return {row["id"] for row in csv.DictReader(content.decode("utf-8-sig").splitlines())}


def test_no_cell_of_a_downloaded_sheet_is_a_formula(quiet: Page, own_site: Site) -> None:
    formula = "=HYPERLINK(0)"
    own_site.service.store.write(Facts((Node(NodeType.ORGANISATION, formula, 1),)))
    own_site.sign_in(quiet.context)
    quiet.goto(f"{own_site.url}/console/explore?seed=organisation:{quote(formula)}")
    expect(quiet.locator("#graph[data-ready=true]")).to_be_visible()

    text = _path(_taken(quiet, "CSV")).read_text("utf-8-sig")

    assert "HYPERLINK" in text
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA)]


def test_the_evidence_pack_of_a_ring_is_sealed(opened: Opener, site: Site, tmp_path: Path) -> None:
    page = opened(f"/rings/{site.rings[0]}")

    pack = _path(_taken(page, "Evidence pack"))

    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path / "pack")
    key = site.service.door.pseudonyms.derived(SEAL_PURPOSE)
    assert verify_pack(tmp_path / "pack", key) == []


def test_the_picture_is_a_png_and_the_audit_log_a_sheet(opened: Opener, site: Site) -> None:
    page = opened(f"/rings/{site.rings[0]}")
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()

    assert _path(_taken(page, "Picture")).read_bytes().startswith(b"\x89PNG")
    page.goto(f"{site.url}/console/audit")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.reader(_path(download.value).read_text("utf-8-sig").splitlines()))
    assert "action" in rows[0]
