"""A browser on a served console: Debian's Chromium, a real service, a page that is signed in.

The world is that of ``tests.api.looked_at``: three rings over three refreshes and a hub of 1,500
accounts. It is made once a session and copied for who changes something. Without Chromium, or
where the console was not built for want of Node, the tests are skipped by name.
"""

import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import uvicorn
from playwright.sync_api import BrowserContext, Page, expect

from api import console
from api.app import create_app
from api.desk.office import full_key
from api.schemas.answers import moment
from api.serving.service import Service
from graph.ledger.port import Role
from graph.rings import RingInputs
from graph.rings.record import FOLDER, Provenance, Record, keep_record
from tests.api.looked_at import looked_at
from tests.api.small_home import KEY, Home, build
from tests.conftest import require

CHROMIUM = os.environ.get("RINGSIGHT_TEST_CHROMIUM", "/usr/bin/chromium")  # noqa: TID251
# A forced GPU emulation draws 3 to 35 times slower; the rest keeps the browser from calling home.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)


class Front:
    """A service answering on a port of this machine; it can be stopped, and come back there."""

    def __init__(self, service: Service, port: int) -> None:
        config = uvicorn.Config(
            create_app(service), log_level="critical", access_log=False, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        gate = socket.create_server(("127.0.0.1", port))
        self.port = gate.getsockname()[1]
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [gate]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.should_exit = True
        self._thread.join(10)


@dataclass(frozen=True)
class Site:
    """A served console: where it is, the service behind it, and the rings that it shows."""

    url: str
    service: Service
    rings: tuple[str, ...]
    front: Front

    def key(self, **changes: Any) -> str:
        """A new key; it may do everything but for ``changes``."""
        like = replace(full_key("jo", self.service.clock(), "tests"), **changes)
        return self.service.office.new_key(like, "tests")

    def sign_in(self, context: BrowserContext, **changes: Any) -> None:
        """Give ``context`` a session, and the service's clock."""
        context.clock.set_fixed_time(moment(self.service.clock()))
        answer = context.request.post(f"{self.url}/v1/session", data={"key": self.key(**changes)})
        assert answer.ok, answer.text()

    def ring_path(self, place: int = 0) -> str:
        """The address of a ring's page."""
        return f"{self.url}/console/rings/{self.rings[place]}"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium with our flags; skips where there is none."""
    if not Path(CHROMIUM).exists():
        require("chromium")
    if not (console.STATIC / "index.html").exists():
        require("node", "needs Node: the console is not built (python hatch_build.py)")
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A desktop screen; axe is put into the page past its policy."""
    screen = {"width": 1440, "height": 900}
    return {**browser_context_args, "viewport": screen, "bypass_csp": True}


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home that every site is a copy of, with the record of its last refresh."""
    home = build(tmp_path_factory.mktemp("console") / "home")
    with looked_at(home) as seen:
        rings = seen.refreshes[-1]
        plain = replace(rings, rings=tuple(replace(ring, story=None) for ring in rings.rings))
        snapshot = replace(seen.service.store.snapshot(), as_of=rings.as_of)
        record = Record(RingInputs(snapshot, rings.as_of), None, plain, Provenance("tests"))
        keep_record(record, home.settings.home / FOLDER)
    return home


@contextmanager
def served(kept: Home, folder: Path) -> Iterator[Site]:
    """A copy of ``kept`` behind HTTP on a free port."""
    shutil.copytree(kept.settings.home, folder)
    settings = kept.settings.model_copy(update={"home": folder})
    end = kept.world.town.end + 3 * 86_400_000_000
    service = Service.of(settings, KEY, clock=lambda: end)
    rings = sorted(service.rings(), key=lambda row: (-row.score, row.ring_id))
    flagged = tuple(row.ring_id for row in rings if row.detail.get("flagged"))
    front = Front(service, 0)
    try:
        yield Site(f"http://127.0.0.1:{front.port}", service, flagged, front)
    finally:
        front.stop()


@pytest.fixture(scope="session")
def site(
    browser_type_launch_args: dict[str, Any], kept: Home, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A console that tests look at and change nothing of."""
    with served(kept, tmp_path_factory.mktemp("site") / "home") as found:
        yield found


@pytest.fixture
def own_site(
    browser_type_launch_args: dict[str, Any], kept: Home, tmp_path: Path
) -> Iterator[Site]:
    """A console of the test's own."""
    with served(kept, tmp_path / "home") as found:
        yield found


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page on which nothing throws, no message is an error and no query is made up."""
    troubles: list[str] = []
    page.on(
        "request", lambda request: troubles.extend(unknown_queries(request.method, request.url))
    )
    page.set_default_timeout(WAIT_MS)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda said: (
            troubles.append(f"{said.text} {said.location['url']}") if said.type == "error" else None
        ),
    )
    yield page
    assert not troubles


@cache
def _described() -> list[tuple[re.Pattern[str], str, frozenset[str]]]:
    """Of every operation the pattern of its path, its method, and the names of its query."""
    found = []
    for path, operations in create_app(Service.__new__(Service)).openapi()["paths"].items():
        pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", re.escape(path).replace("\\", "")) + "$")
        for method, operation in operations.items():
            told = operation.get("parameters", ())
            names = frozenset(one["name"] for one in told if one["in"] == "query")
            found.append((pattern, method.upper(), names))
    return found


def unknown_queries(method: str, url: str) -> list[str]:
    """What a call asks for in its address that the service's description does not know.

    The typed client lets unknown names of a query pass, and the service ignores them: a filter
    that does nothing looks like one that finds nothing.
    """
    parts = urlsplit(url)
    asked = set(parse_qs(parts.query, keep_blank_values=True))
    known = [names for at, verb, names in _described() if verb == method and at.match(parts.path)]
    if not parts.path.startswith("/v1/"):
        return []
    fewest = min((asked - names for names in known), key=len, default=asked or {"no such call"})
    return [f"{method} {parts.path}: {name}" for name in fewest]


Opener = Callable[..., Page]


@pytest.fixture
def opened(quiet: Page, site: Site) -> Opener:
    """``opened("/explore")``: that screen of the common site, signed in."""

    def opened(path: str = "/", role: Role = Role.ADMIN) -> Page:
        site.sign_in(quiet.context, role=role)
        quiet.goto(f"{site.url}/console{path}")
        return quiet

    return opened
