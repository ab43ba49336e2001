"""How soon the console can be used: a real browser on a real service, with nothing in its cache.

Each round opens the queue and the page of the largest flagged ring in a browser context of its own,
as a person does who follows a link in the morning. Times are the page's own, from the beginning of
the navigation to the frame in which a thing can first be used. What is wanted stands beside what
was seen; nothing fails for being slow. It knows nothing of how the page is made but its roles.
"""

import json
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from api import console, demo
from api.desk.office import full_key
from api.serving.service import Service
from api.settings import Settings
from graph.errors import InputError
from graph.flush import Told

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Figures = dict[str, dict[str, float]]

WANTED_MS = {"ring usable": 1_500.0, "graph drawn": 2_500.0}
"""What a first visit should take on two cores."""
_ROW = "table[aria-label=Rings] tbody tr a"
_TABLE = "table[aria-label='Shared identifiers'] tbody tr"
_BAN = "//button[normalize-space()='Ban' and not(@disabled)]"
_GRAPH = "#graph[data-ready=true]"
# Looked for once a frame, inside the page: what a driver asks from outside comes late by itself.
_WATCH = """(wanted) => {
  window.__usable = {};
  const found = (part) => part.startsWith("/")
    ? document.evaluate(part, document, null, 9, null).singleNodeValue
    : document.querySelector(part);
  const look = () => {
    for (const [name, parts] of Object.entries(wanted))
      if (!(name in window.__usable) && parts.every(found))
        window.__usable[name] = performance.now();
    if (Object.keys(window.__usable).length < Object.keys(wanted).length)
      requestAnimationFrame(look);
  };
  look();
}"""
# The network's own pages and checks are nobody's loading time, nor is a GPU that is emulated.
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_KEY = "a benchmark's key: it hides nothing that is anybody's"
_WAIT_MS = 60_000


def bench_console(
    settings: Settings | None = None,
    rounds: int = 5,
    *,
    preset: str = "small",
    chromium: Path | None = None,
    progress: Told = lambda step, done, total: None,
) -> Figures:
    """Milliseconds until queue, ring and graph can be used, median and most, and what is wanted.

    Args:
        settings: of a home with rings; without, a world of ``preset`` is made and lived through.
        rounds: times each page is opened.
        preset: the world to make.
        chromium: the browser; by default the one on the path, else playwright's own.
        progress: told the step, what is done, and of how much.

    Returns:
        A row a moment: ``accounts`` of the ring, ``p50_ms``, ``most_ms``, and where something is
        wanted ``wanted_ms`` and ``ratio``, the median's share of it.

    Raises:
        InputError: if playwright, a browser, the built page or a ring is missing; says which.
    """
    _check_page()
    with ExitStack() as held:
        browser = held.enter_context(_browser(chromium))
        if settings is None:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="ringsight-bench-"))
            settings = Settings(home=Path(folder), key=_KEY)
            demo.run(settings, settings.known_key(), preset, 1, progress)
        service = held.enter_context(Service.of(settings, settings.known_key()))
        ring = _largest(service)
        url = held.enter_context(_served(service))
        key = service.office.new_key(full_key("bench", service.clock(), "bench"), "bench")
        seen: dict[str, list[float]] = {}
        for done in range(rounds):
            for name, spent in _round(browser, url, key, ring.ring_id).items():
                seen.setdefault(name, []).append(spent)
            progress("open", done + 1, rounds)
    return {name: {"accounts": ring.size, **_summed(name, spent)} for name, spent in seen.items()}


def _summed(name: str, spent: Sequence[float]) -> dict[str, float]:
    median = statistics.median(spent)
    found: dict[str, float] = {"p50_ms": round(median), "most_ms": round(max(spent))}
    if name in WANTED_MS:
        found |= {"wanted_ms": WANTED_MS[name], "ratio": round(median / WANTED_MS[name], 3)}
    return found


def _round(browser: "Browser", url: str, key: str, ring_id: str) -> dict[str, float]:
    """One visit with nothing cached: the queue, then the ring by its link."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    try:
        answer = context.request.post(f"{url}/v1/session", data={"key": key})
        if not answer.ok:
            raise InputError(f"the bench's session was refused: {answer.status}")
        ring = f"{url}/console/rings/{quote(ring_id, safe='')}"
        told = _opened(context.new_page(), ring, _RING)
        return told | _opened(context.new_page(), f"{url}/console/", _QUEUE)
    finally:
        context.close()


_RING = {"ring usable": [_TABLE, _BAN], "graph drawn": [_GRAPH]}
_QUEUE = {"queue usable": [_ROW]}


def _opened(page: "Page", url: str, wanted: Mapping[str, Sequence[str]]) -> dict[str, float]:
    page.set_default_timeout(_WAIT_MS)
    page.add_init_script(f"({_WATCH})({json.dumps(wanted)})")
    page.goto(url)
    page.wait_for_function(f"Object.keys(window.__usable).length === {len(wanted)}")
    found: dict[str, float] = page.evaluate("window.__usable")
    page.close()
    return found


# -- what has to be there --------------------------------------------------------------------------


def _check_page() -> None:
    if not (console.STATIC / "index.html").exists():
        raise InputError(f"the console is not built: {console.BUILD_COMMAND}")


@contextmanager
def _browser(chromium: Path | None) -> Iterator["Browser"]:
    try:
        from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415
    except ImportError:
        raise InputError("this benchmark needs playwright: pip install 'ringsight[dev]'") from None
    found = str(chromium) if chromium else shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as player:
        try:
            browser = player.chromium.launch(executable_path=found, args=_FLAGS)
        except Error as error:
            said = str(error).partition("\n")[0]
            raise InputError(
                f"no browser starts ({said}): install chromium, or name one with --chromium"
            ) from None
        yield browser
        browser.close()


def _largest(service: Service) -> Any:
    rings = sorted(service.reader.era().rings.values(), key=lambda r: (-r.size, r.ring_id))
    if not rings:
        raise InputError("the home has no rings yet: build, train and refresh first")
    return next((ring for ring in rings if ring.detail.get("flagged")), rings[0])


@contextmanager
def _served(service: Service) -> Iterator[str]:
    """The service behind a free port of this machine."""
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415

    config = uvicorn.Config(
        create_app(service), log_level="critical", access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    gate = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, kwargs={"sockets": [gate]}, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{gate.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
