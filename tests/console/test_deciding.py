"""Decisions that close nothing: snooze, watch, limit, ask to verify; made and taken back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Site

REASON = "Seen twice this week"


def _ask(page: Page, site: Site, item: str) -> None:
    """Open the first ring and choose ``item`` among the further actions."""
    page.goto(site.ring_path())
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name=item).click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _make(page: Page, button: re.Pattern[str]) -> None:
    dialog = page.get_by_role("dialog")
    made = dialog.get_by_role("button", name=button)
    expect(made).to_be_disabled()
    dialog.get_by_label("Reason").fill(REASON)
    made.click()
    expect(dialog).to_have_count(0)


def _wait(page: Page, site: Site, status: str, *, there: bool) -> None:
    """The first ring is in the queue under this status, or is not once the queue is read."""
    page.goto(f"{site.url}/console/?status={status}")
    rows = page.locator("table[aria-label=Rings] tbody a")
    expect(rows.or_(page.locator(".state")).first).to_be_visible()
    ring = page.locator(f"table[aria-label=Rings] a[href$='/rings/{site.rings[0]}']")
    expect(ring).to_have_count(int(there))


def test_a_snoozed_ring_leaves_the_queue_until_its_day(quiet: Page, own_site: Site) -> None:
    page = quiet
    own_site.sign_in(page.context)
    _wait(page, own_site, "open", there=True)
    _ask(page, own_site, "Snooze…")
    page.get_by_label("For how long").select_option("7")

    _make(page, re.compile("^Snooze$"))

    expect(page.get_by_text(re.compile("Ring snoozed, undo for 15 minutes"))).to_be_visible()
    expect(page.locator(".ring-head")).to_contain_text("Snoozed")
    until = own_site.service.reader.cases.cases([own_site.rings[0]])[own_site.rings[0]]
    assert until["snoozed_until"].timestamp() * 1e6 == pytest.approx(
        own_site.service.clock() + 7 * 86_400e6, abs=60e6
    )
    _wait(page, own_site, "open", there=False)
    _wait(page, own_site, "snoozed", there=True)


def test_a_watched_ring_stays_in_view_and_nothing_happens_to_its_accounts(
    quiet: Page, own_site: Site
) -> None:
    page = quiet
    own_site.sign_in(page.context)
    _ask(page, own_site, "Watch…")

    _make(page, re.compile("^Watch$"))

    expect(page.locator(".ring-head")).to_contain_text("Watched")
    _wait(page, own_site, "watched", there=True)
    told = page.request.get(f"{own_site.url}/v1/decisions").json()
    assert [one["data"]["accounts"] for one in told["items"] if one["data"]["accounts"]] == []


@pytest.mark.parametrize(
    ("item", "button", "done", "action"),
    [
        ("Limit accounts…", r"^Limit \d+ accounts$", "limited", "limit"),
        ("Ask to verify…", r"^Ask to verify \d+ accounts$", "asked to verify", "verify"),
    ],
)
def test_a_milder_action_is_tried_out_told_to_machines_and_taken_back(
    quiet: Page, own_site: Site, item: str, button: str, done: str, action: str
) -> None:
    page = quiet
    own_site.sign_in(page.context)
    _ask(page, own_site, item)
    tried = page.get_by_role("status", name="What it would do")
    expect(tried).to_contain_text(f"would be {done}")
    affected = int(tried.locator("b").first.inner_text())

    _make(page, re.compile(button))

    expect(page.get_by_text(f"{affected} accounts {done}, undo for 15 minutes")).to_be_visible()
    feed = page.request.get(f"{own_site.url}/v1/decisions").json()["items"]
    assert [one["data"]["action"] for one in feed] == [action]
    assert len(feed[0]["data"]["accounts"]) == affected
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Undone", exact=True)).to_be_visible()
    _wait(page, own_site, "open", there=True)
