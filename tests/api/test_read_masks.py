"""Who may only view sees prefixes, domains and card ranges behind tokens, and can still go on."""

import json
from urllib.parse import quote

import pytest

from graph.ledger.port import Role
from tests.api.looked_at import HUB, Seen
from tests.api.small_home import bearer

RING = "rcampaign-01"


@pytest.fixture(scope="module")
def viewer(seen: Seen) -> dict[str, str]:
    return bearer(seen.service, role=Role.VIEWER)


@pytest.mark.parametrize(
    "path",
    [f"/v1/rings/{RING}/shared", f"/v1/rings/{RING}/graph", f"/v1/rings/{RING}/graph?detail=all"],
)
def test_no_prefix_is_shown_to_a_viewer(seen: Seen, viewer: dict[str, str], path: str) -> None:
    shown = seen.client.get(path, headers=viewer)
    whole = seen.client.get(path)

    assert HUB in whole.text
    assert HUB.partition(":")[2] not in shown.text
    assert "subnet:~" in shown.text
    assert len(shown.json()["nodes" if "graph" in path else "rows"]) == len(
        whole.json()["nodes" if "graph" in path else "rows"]
    )


def test_a_viewers_answer_says_which_properties_are_not_there(
    seen: Seen, viewer: dict[str, str]
) -> None:
    url = f"/v1/entities/account:{seen.ring.members[0].account_id}"

    shown = seen.client.get(url, headers=viewer).json()["properties"]

    assert "email_domain" not in shown
    assert "email_domain" in seen.get(url)["properties"]
    assert shown["pathway"]


def test_a_token_leads_on_to_what_is_behind_it(seen: Seen, viewer: dict[str, str]) -> None:
    shown = seen.client.get(f"/v1/rings/{RING}/shared", headers=viewer).json()
    token = shown["identifiers"][-1]["id"]

    page = seen.client.get(f"/v1/entities/{quote(token)}/neighbours", headers=viewer)
    badges = seen.client.post("/v1/entities/counts", json={"ids": [token]}, headers=viewer)

    assert token.startswith("subnet:~")
    assert page.json()["total"] == seen.get(f"/v1/entities/{quote(HUB)}/neighbours")["total"]
    assert list(badges.json()["counts"]) == [token]


def test_a_token_is_the_same_for_every_viewer_and_nobody_can_make_one(
    seen: Seen, viewer: dict[str, str]
) -> None:
    other = bearer(seen.service, role=Role.VIEWER, name="other")
    url = f"/v1/rings/{RING}/shared"

    assert seen.client.get(url, headers=viewer).text == seen.client.get(url, headers=other).text
    guess = seen.client.get("/v1/entities/subnet:~0123456789abcdef", headers=viewer)
    assert guess.status_code == 404


def test_an_investigator_sees_what_is_readable(seen: Seen) -> None:
    headers = bearer(seen.service, role=Role.INVESTIGATOR)

    assert HUB in json.dumps(seen.client.get(f"/v1/rings/{RING}/shared", headers=headers).json())
