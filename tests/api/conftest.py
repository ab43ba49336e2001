"""A home, a service and a client of the test's own; what is in them is in ``small_home``."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import current_thread
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.serving.service import Service
from tests.api.looked_at import Seen, looked_at
from tests.api.small_home import KEY, Home, bearer, build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home that every test's own is a copy of; never written to."""
    return build(tmp_path_factory.mktemp("built") / "home")


@pytest.fixture
def home(built: Home, tmp_path: Path) -> Home:
    """A home of the test's own."""
    shutil.copytree(built.settings.home, tmp_path / "home")
    settings = built.settings.model_copy(update={"home": tmp_path / "home"})
    return Home(settings, built.world, built.rings, built.signups)


@pytest.fixture
def service(home: Home) -> Iterator[Service]:
    """The service over that home; its clock stands at the end of the world."""
    with Service.of(home.settings, KEY, clock=lambda: home.world.town.end + 1) as service:
        yield service


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    """HTTP in front of that service."""
    app = create_app(service)
    with TestClient(app, raise_server_exceptions=False, headers=bearer(service)) as client:
        yield client


@pytest.fixture(scope="session")
def seen(built: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What the console reads, open once a session: tests look and change nothing."""
    folder = tmp_path_factory.mktemp("seen") / "home"
    shutil.copytree(built.settings.home, folder)
    settings = built.settings.model_copy(update={"home": folder})
    with looked_at(Home(settings, built.world, built.rings, built.signups)) as found:
        yield found


@pytest.fixture
def reads(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each verb of the store is called from now on."""
    seen.get("/v1/rings")
    counted: Counter[str] = Counter()
    store = seen.service.store
    for verb in READS:
        monkeypatch.setattr(store, verb, _counting(getattr(store, verb), verb, counted))
    return counted


# Not `meta`: a thread that brings journal and store together reads it as well.
READS = (
    "snapshot", "neighbourhood", "neighbours", "generation", "rings", "ring", "ring_at",
    "ring_versions", "flags", "between", "degrees", "find",
)  # fmt: skip


def _counting(call: Callable[..., Any], verb: str, counted: Counter[str]) -> Callable[..., Any]:
    def counting(*args: Any, **rest: Any) -> Any:
        # Of the service's own threads, which look after store and ledger, nothing is counted.
        counted[verb] += current_thread().name.startswith("AnyIO")
        return call(*args, **rest)

    return counting
