"""The whole first minute on a world of 20,000 accounts, with a model that learnt from its past.

What a deployment does makes the home: build, train at two thirds, refresh three times. Then one
person follows a link, understands, leaves the doubtful out, bans, takes the evidence, goes on to
the next ring and undoes, with a picture of every step in light and in dark (in pytest's folder:
``--basetemp DIR`` names it). ``RINGSIGHT_TEST_WALK_HOME`` walks through a copy of a home that is
there already and has :data:`KEY`.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from api.schemas.answers import moment
from api.serving.service import Service
from api.settings import Settings
from graph.simulate import simulate
from graph.simulate.presets import PRESETS
from tests.conftest import ENVIRONMENT
from tests.console.conftest import Front, Site

pytestmark = pytest.mark.slow

KEY = "0123456789abcdef" * 4
HOME = ENVIRONMENT.get("RINGSIGHT_TEST_WALK_HOME")
ROOT = Path(__file__).parents[2]
HONEST = 19_500
DAYS = 21.0
HOUR_US = 3_600_000_000
REFRESHES_H = (60, 27, 4)
"""Hours before the end of the world at which rings are looked for."""
Look = Callable[[str], None]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of 20,000 accounts that was built, learnt from and refreshed."""
    home = tmp_path_factory.mktemp("walk") / "home"
    if HOME:
        shutil.copytree(HOME, home)
        return home
    spec = replace(PRESETS["standard"], name="walk", honest=HONEST, days=DAYS, volume=0.45)
    world = simulate(home.parent / "world", spec, 7)
    _ringsight(home, "build", str(home.parent / "world" / "events"))
    _ringsight(home, "train", "--until", _moment(world.train_until))
    for hours in REFRESHES_H:
        _ringsight(home, "refresh", "--as-of", _moment(world.town.end - hours * HOUR_US))
    return home


@pytest.fixture
def walked(browser_type_launch_args: dict[str, Any], lived: Path) -> Iterator[Site]:
    """That home behind HTTP, its rings as the queue has them."""
    settings = Settings(home=lived, key=KEY)
    with Service.of(settings, settings.known_key()) as seen:
        now = seen.as_of() + HOUR_US
    # An hour after the latest refresh: what is done then stands on the timeline beside the rest.
    with Service.of(settings, settings.known_key(), clock=lambda: now) as service:
        rings = sorted(service.rings(), key=lambda row: (-row.score, row.ring_id))
        flagged = tuple(row.ring_id for row in rings if row.detail.get("flagged"))
        front = Front(service, 0)
        yield Site(f"http://127.0.0.1:{front.port}", service, flagged, front)
        front.stop()


def test_from_the_link_to_the_evidence_and_on_to_the_next_ring(
    quiet: Page, walked: Site, tmp_path: Path
) -> None:
    page, look = quiet, _looker(quiet, tmp_path)
    page.set_default_timeout(60_000)
    walked.sign_in(page.context)
    ring = _telling(walked)

    # 0 s: the link of an alert
    page.goto(f"{walked.url}/console/rings/{ring}")
    head = page.locator(".ring-head")
    expect(head).to_contain_text("nobody")
    expect(head).to_contain_text(re.compile(r"\d+ accounts"))
    # 3 s: why, and what is not counted
    why = page.get_by_role("region", name="Why it is flagged")
    expect(why.get_by_role("listitem").nth(2)).to_be_visible()
    # 8 s: who hangs together
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    look("1-ring")
    # 15 s: are these the same people?
    page.locator(".matrix-head button").first.click()
    expect(page.locator(".matrix-said")).to_be_visible()
    look("2-selected")
    # 30 s: when, by the burst on the timeline
    _brush(page)
    look("3-window")
    page.get_by_role("button", name="All time").click()
    # 38 s: the doubtful are left out, the ring is taken, the ban is tried out
    boxes = page.locator(".matrix-account input[type=checkbox]")
    left = min(3, boxes.count() - 3)
    for _ in range(left):
        page.locator(".matrix-account input[type=checkbox]:checked").last.uncheck()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Give back")).to_be_visible()
    page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    ban = dialog.get_by_role("button", name=re.compile(r"Ban \d+"))
    expect(ban).to_be_visible()
    affected = int(re.search(r"\d+", ban.inner_text())[0])  # type: ignore[index]
    expect(dialog.get_by_role("status", name="What it would do")).to_contain_text("left out by you")
    look("4-ban")
    # 50 s: the reason, and it is done
    dialog.get_by_label("Reason").fill("One kit, one rhythm, one burst of sign-ups")
    ban.click()
    expect(
        page.get_by_text(re.compile(rf"{affected} accounts? banned, undo for 15 minutes"))
    ).to_be_visible()
    look("5-banned")
    # 60 s: the evidence goes to the case, and the next ring is one key away
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Evidence pack").click()
    assert download.value.path().stat().st_size > 1_000
    page.get_by_role("tab", name="Audit").click()
    expect(page.get_by_role("table", name="Audit log")).to_contain_text("One kit, one rhythm")
    look("6-audit")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Undone", exact=True)).to_be_visible()
    page.keyboard.press("p" if ring == walked.rings[-1] else "n")
    expect(page).not_to_have_url(re.compile(ring))
    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()


def test_the_queue_names_every_ring_in_words_of_its_own(
    quiet: Page, walked: Site, tmp_path: Path
) -> None:
    walked.sign_in(quiet.context)

    quiet.goto(f"{walked.url}/console/?status=any")

    titles = quiet.locator(".queue-title")
    expect(titles.first).to_be_visible()
    _looker(quiet, tmp_path)("7-queue")
    said = titles.all_inner_texts()
    assert len(said) > 1
    assert len(set(said)) == len(said)


def _telling(site: Site) -> str:
    """A flagged ring whose accounts share something that has a column in the table."""
    rows = [site.service.reader.ring(ring) for ring in site.rings]
    sharing = [row for row in rows if row.size >= 6 and row.detail.get("identifiers")]
    return max(sharing, key=lambda row: sum(row.detail["identifiers"].values())).ring_id  # type: ignore[attr-defined]


def _brush(page: Page) -> None:
    box = page.get_by_role("region", name="Timeline").get_by_role("img").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.95, box["y"] + 30, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("from="))
    expect(page.locator(".brush")).to_be_visible()


def _looker(page: Page, folder: Path) -> Look:
    """Takes a picture of the page in light and in dark, when nothing on it loads any more."""

    def look(name: str) -> None:
        expect(page.locator("[data-state=loading]")).to_have_count(0)
        expect(page.locator("[data-ready=false]")).to_have_count(0)
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            expect(page.locator(f"[data-mantine-color-scheme={theme}]")).to_be_attached()
            page.wait_for_timeout(400)
            page.screenshot(path=folder / f"{name}-{theme}.png")

    return look


def _ringsight(home: Path, *words: str) -> None:
    kept = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("RINGSIGHT")}
    done = subprocess.run(
        [sys.executable, "-m", "api", *words],
        cwd=ROOT, env={**kept, "RINGSIGHT_HOME": str(home), "RINGSIGHT_KEY": KEY,
                       "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def _moment(at: int) -> str:
    return moment(at).isoformat()
