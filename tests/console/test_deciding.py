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


def _waiting(page: Page, site: Site, status: str) -> int:
    """Rows of the queue under this status, by the links to the first ring."""
    page.goto(f"{site.url}/console/?status={status}")
    expect(page.locator("[data-state=loading]")).to_have_count(0)
    expect(page.locator(".state, table[aria-label=Rings]").first).to_be_visible()
    return page.locator(f"a[href$='/rings/{site.rings[0]}']").count()


def test_a_snoozed_ring_leaves_the_queue_until_its_day(quiet: Page, own_site: Site) -> None:
    page = quiet
    own_site.sign_in(page.context)
    assert _waiting(page, own_site, "open") == 1
    _ask(page, own_site, "Snooze…")
    page.get_by_label("For how long").select_option("7")

    _make(page, re.compile("^Snooze$"))

    expect(page.get_by_text(re.compile("Ring snoozed, undo for 15 minutes"))).to_be_visible()
    expect(page.locator(".ring-head")).to_contain_text("Snoozed")
    until = own_site.service.reader.cases.cases([own_site.rings[0]])[own_site.rings[0]]
    assert until["snoozed_until"].timestamp() * 1e6 == pytest.approx(
        own_site.service.clock() + 7 * 86_400e6, abs=60e6
    )
    assert _waiting(page, own_site, "open") == 0
    assert _waiting(page, own_site, "snoozed") == 1


def test_a_watched_ring_stays_in_view_and_nothing_happens_to_its_accounts(
    quiet: Page, own_site: Site
) -> None:
    page = quiet
    own_site.sign_in(page.context)
    _ask(page, own_site, "Watch…")

    _make(page, re.compile("^Watch$"))

    expect(page.locator(".ring-head")).to_contain_text("Watched")
    assert _waiting(page, own_site, "watched") == 1
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
    assert _waiting(page, own_site, "open") == 1
