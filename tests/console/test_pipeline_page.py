"""The weekly page shows what a quarter of runs left, with every watched signal drawn.

``quarter_status.json`` is the status that ``ringsight bench pipeline`` (3,000 accounts) left, with
findings of the last two runs and eight columns of drift; no line of it was written by hand.
"""

import json
import re
import shutil
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.console.conftest import Site
from tests.console.test_axe import AXE, FADE_MS, FINDINGS, RULES

QUARTER = Path(__file__).parent / "quarter_status.json"
RUNS = 8
PLOTS = {
    "Runs": ["Share prevented"],
    "Calibration": [
        "Share of accounts that are fraud",
        "Calibration error",
        "Calibration of the run",
    ],
    "Late labels": ["Label delay by source", "Accounts of known fraud", "Share prevented"],
    "Honest people": [
        "Share of verdicts taken back by", "Share of honest accounts flagged",
        "Share of verdicts taken back",
    ],
    "Drift": ["Population stability", "Drift of scores", "Drift of prompts", "Share of prompts"],
    "Staleness": ["Age of the champion", "Rank agreement"],
}  # fmt: skip


def opened(page: Page, site: Site) -> None:
    folder = site.service.pipeline_path
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(QUARTER, folder / "status.json")
    site.sign_in(page.context)
    page.goto(f"{site.url}/console/pipeline")
    expect(page.get_by_role("heading", name="Calibration over time")).to_be_visible()


def test_every_watched_signal_of_a_quarter_is_drawn_and_told_in_words(
    quiet: Page, own_site: Site
) -> None:
    told = json.loads(QUARTER.read_text())
    opened(quiet, own_site)

    for section, plots in PLOTS.items():
        region = quiet.get_by_role("region", name=section, exact=True)
        for label in plots:
            expect(region.locator(f"svg[role=img][aria-label^='{label}']").first).to_be_visible()

    agreement = quiet.locator("svg[aria-label^='Rank agreement']")
    known = [row for row in told["monitor"]["looks"] if row["rank_agreement"] is not None]
    assert 1 < len(known) < RUNS  # the first run had no champion: a gap, and not nought
    expect(agreement.locator("circle")).to_have_count(len(known))
    last = known[-1]["rank_agreement"]
    assert f"{last:.2f}" in (agreement.get_attribute("aria-label") or "")


def test_slices_of_overturned_verdicts_are_chosen_and_the_one_apart_is_named(
    quiet: Page, own_site: Site
) -> None:
    rows = json.loads(QUARTER.read_text())["monitor"]["overturned"]
    (apart,) = [row for row in rows if row["apart"]]
    opened(quiet, own_site)
    region = quiet.get_by_role("region", name="Honest people")

    bars = region.locator("svg[aria-label*='taken back by']")
    expect(bars).to_have_attribute("aria-label", _ending(f"{apart['name']} ", "(marked)"))
    region.get_by_role("button", name="country").click()

    countries = sum(row["by"] == "country" for row in rows)
    assert countries > 3
    expect(bars.locator("rect")).to_have_count(countries)


def test_the_weekly_page_has_no_accessibility_violation_in_light_nor_in_dark(
    quiet: Page, own_site: Site
) -> None:
    quiet.emulate_media(color_scheme="light")
    opened(quiet, own_site)
    quiet.add_script_tag(path=AXE)

    found = {"light": quiet.evaluate(FINDINGS, RULES)}
    quiet.emulate_media(color_scheme="dark")
    expect(quiet.locator("[data-mantine-color-scheme=dark]")).to_be_attached()
    quiet.wait_for_timeout(FADE_MS)
    found["dark"] = quiet.evaluate(FINDINGS, RULES)

    assert found == {"light": [], "dark": []}


def _ending(*parts: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in parts))
