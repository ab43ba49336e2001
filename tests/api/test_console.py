"""The console is served: one page below any path, assets for ever, and plain words when unbuilt."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import console
from api.app import LOOPBACK_HOSTS, create_app
from api.serving.service import Service

PAGE = (
    '<!doctype html><html><head><base href="/console/" /><script type="module" '
    'src="./assets/index-1a2b.js"></script></head><body></body></html>'
)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build of three files in place of the real one."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-1a2b.js").write_text("export {};")
    (tmp_path / "secret.txt").write_text("not an asset")
    monkeypatch.setattr(console, "STATIC", tmp_path)
    return tmp_path


def test_the_front_door_leads_to_the_console(client: TestClient, page: Path) -> None:
    for path in ("/", "/console"):
        answer = client.get(path, follow_redirects=False)

        assert answer.status_code == 307
        assert answer.headers["location"] == "/console/"


@pytest.mark.parametrize(
    "path", ["", "rings/ring-1", "entities/subnet%3A203.0.113.0%2F24", "x/y/z"]
)
def test_every_path_below_it_is_the_same_page_and_is_asked_for_anew(
    client: TestClient, page: Path, path: str
) -> None:
    answer = client.get(f"/console/{path}")

    assert answer.status_code == 200
    assert answer.text == PAGE
    assert answer.headers["cache-control"] == "no-cache"


def test_the_page_may_run_its_own_script_and_nothing_from_elsewhere(
    client: TestClient, page: Path
) -> None:
    policies = client.get("/console/").headers.get_list("content-security-policy")

    assert policies == [console.CONTENT_SECURITY_POLICY]
    assert "default-src 'self'" in policies[0]
    assert "frame-ancestors 'none'" in policies[0]
    assert "unsafe-eval" not in policies[0]
    assert not re.search(r"https?:", policies[0])


def test_an_asset_is_kept_for_ever_and_only_assets_are_given(
    client: TestClient, page: Path
) -> None:
    asset = client.get("/console/assets/index-1a2b.js")

    assert asset.headers["content-type"].startswith("text/javascript")
    assert "immutable" in asset.headers["cache-control"]
    assert client.get("/console/icon.svg").headers["content-type"].startswith("image/svg")
    for name in ("absent.js", "..%2Fsecret.txt", "%2E%2E", "..%5Csecret.txt"):
        answer = client.get(f"/console/assets/{name}")
        assert "not an asset" not in answer.text
        assert "immutable" not in answer.headers["cache-control"]


def test_below_a_proxys_prefix_the_page_finds_its_assets(service: Service, page: Path) -> None:
    client = TestClient(create_app(service), root_path="/fraud/")

    assert '<base href="/fraud/console/" />' in client.get("/console/").text
    assert client.get("/", follow_redirects=False).headers["location"] == "/fraud/console/"


def test_without_a_build_the_page_says_how_to_make_it_and_the_api_works(
    client: TestClient, page: Path
) -> None:
    (page / "index.html").unlink()

    answer = client.get("/console/rings/ring-1")

    assert answer.status_code == 503
    assert console.BUILD_COMMAND in answer.text
    assert "20.19" in answer.text
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8417", 200), ("evil.example", 400)])
def test_a_service_on_loopback_answers_to_its_own_names_only(
    service: Service, host: str, status: int
) -> None:
    client = TestClient(create_app(service, hosts=LOOPBACK_HOSTS))

    assert client.get("/healthz", headers={"host": host}).status_code == status
