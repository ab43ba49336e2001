"""The plain pages: what a newcomer sees, with no script and nothing unescaped."""

import re

import pytest
from fastapi.testclient import TestClient

from api.app import LOOPBACK_HOSTS, create_app
from api.service import Service
from graph.rings.model import Member, Reason, Ring, Rings, Status, Verdict
from graph.store import Generation
from tests.api.small_home import Home, bearer


def test_rings_that_call_for_action_come_first(client: TestClient, home: Home) -> None:
    page = client.get("/")

    assert page.headers["content-type"].startswith("text/html")
    places = [page.text.index(ring.ring_id) for ring in home.rings]
    assert places == sorted(places)
    assert "Call for action: 2" in page.text


def test_a_ring_shows_why_and_leads_to_its_neighbours(client: TestClient, home: Home) -> None:
    ring = home.rings.rings[0]

    page = client.get(f"/rings/{ring.ring_id}").text

    assert "They pay with one card" in page
    assert "One of them is years old" in page
    links = re.findall(r'href="(/v1/[^"]+)"', page)
    assert any("neighbours" in link for link in links)
    assert all(client.get(link.replace("&amp;", "&")).status_code == 200 for link in links)


def test_a_ring_that_left_is_said_so(client: TestClient) -> None:
    page = client.get("/rings/none")

    assert page.status_code == 404
    assert "No such ring" in page.text


def test_nothing_published_yet_says_what_to_do(home: Home, service: Service) -> None:
    service.store.clear()

    page = TestClient(create_app(service), headers=bearer(service)).get("/").text

    assert "ringsight demo" in page


def test_what_a_refresh_found_is_escaped(client: TestClient, service: Service, home: Home) -> None:
    evil = "<script src=x>"
    reason = Reason("x", evil, 1, 1, 1.0, None, (f"account:{evil}",))
    member = Member(evil, 1.0, 0)
    ring = Ring(
        "r1", 1, 0.9, True, Status.ACTIVE, Verdict.UNCLEAR, (member,), {}, (reason,), (), 0, 0
    )
    table, members = Rings(0, (ring,)).tables()
    service.store.publish(Generation(2, home.world.town.end + 1, {}, table, members))

    for path in ("/", "/rings/r1", f"/rings/{evil}"):
        assert "<script" not in client.get(path).text


def test_pages_carry_no_script_and_the_policy_forbids_it(client: TestClient, home: Home) -> None:
    for path in ("/", f"/rings/{home.rings.rings[0].ring_id}"):
        answer = client.get(path)
        assert "<script" not in answer.text
        assert "style=" not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get("/front.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1:8417", 200), ("evil.example", 400)])
def test_a_service_on_loopback_answers_to_its_own_names_only(
    service: Service, host: str, status: int
) -> None:
    client = TestClient(create_app(service, hosts=LOOPBACK_HOSTS))

    assert client.get("/healthz", headers={"host": host}).status_code == status
