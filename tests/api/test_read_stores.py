"""The read side says the same over either store: every kind of question, word for word."""

import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from graph.stores import open_store
from tests.api.looked_at import DAY, HUB, Seen, looked_at
from tests.api.small_home import Home
from tests.api.test_read_rings import iso

pytestmark = pytest.mark.neo4j
RING = "rcampaign-01"
HUB_URL = f"/v1/entities/{quote(HUB)}"
GETS = [
    "/v1/rings",
    f"/v1/rings/{RING}",
    "/v1/rings/rcampaign-03",
    f"/v1/rings/{RING}/graph",
    f"/v1/rings/{RING}/graph?detail=all&max_nodes=12",
    f"/v1/rings/{RING}/shared",
    f"/v1/rings/{RING}/timeline",
    f"/v1/rings/{RING}/accounts",
    f"/v1/rings/{RING}/events",
    HUB_URL,
    f"{HUB_URL}/neighbours?limit=7",
    f"{HUB_URL}/neighbours?flagged=true&order=score",
    f"{HUB_URL}/neighbours?shares_with=ring:{RING}&co_shared=2",
    f"{HUB_URL}/neighbours?order=degree",
    f"{HUB_URL}/shared",
]


@pytest.fixture(scope="module")
def other(
    built: Home, neo4j_address: tuple[str, str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seen]:
    """The same home over Neo4j."""
    url, user, password = neo4j_address
    with open_store(url, user, password) as store:
        store.clear()
    folder = tmp_path_factory.mktemp("over-neo4j") / "home"
    shutil.copytree(built.settings.home, folder)
    changes = {
        "home": folder, "store": url, "store_user": user, "store_password": SecretStr(password)
    }  # fmt: skip
    settings = built.settings.model_copy(update=changes)
    with looked_at(Home(settings, built.world, built.rings, built.signups)) as found:
        yield found


@pytest.mark.parametrize("path", GETS)
def test_both_stores_answer_alike(seen: Seen, other: Seen, path: str) -> None:
    assert other.get(path) == seen.get(path)


def test_both_stores_remember_alike(seen: Seen, other: Seen) -> None:
    then = iso(seen.refreshes[1].as_of + DAY // 2)

    for part in ("", "/graph", "/accounts"):
        url = f"/v1/rings/{RING}{part}"
        assert other.get(url, as_of=then) == seen.get(url, as_of=then)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/search", {"q": "h150"}),
        ("/v1/search", {"q": "h15000"}),
        ("/v1/graph/path", {"from": "account:h0001", "to": HUB}),
        ("/v1/graph/subgraph", {"ids": [HUB, "account:h0001", "account:none"]}),
        ("/v1/entities/counts", {"ids": [HUB, "account:h0001"]}),
        (f"/v1/rings/{RING}/whatif", {"without": [HUB]}),
    ],
)
def test_both_stores_find_alike(seen: Seen, other: Seen, path: str, body: dict[str, Any]) -> None:
    there, here = other.post(path, body), seen.post(path, body)

    assert {**there, "took_ms": 0} == {**here, "took_ms": 0}
