"""The first sixty seconds of an investigator, and what goes wrong in them: by mouse and by keys."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from graph.ledger.port import Role
from graph.store import Generation
from tests.console.conftest import Opener, Site
from tests.console.grown import grown


def test_a_pasted_key_opens_the_queue_and_a_wrong_one_says_so(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/console/")

    page.get_by_label("API key").fill("rsk_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("opens nothing")
    page.get_by_label("API key").fill(site.key())
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    assert "rsk_" not in page.evaluate("JSON.stringify(localStorage) + document.cookie")


def test_the_queue_opens_a_ring_and_the_link_says_all_that_is_seen(
    opened: Opener, site: Site
) -> None:
    page = opened("/")

    page.get_by_role("table", name="Rings").get_by_role("link").first.click()
    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()
    head = page.locator(".matrix-head button").first
    head.click()
    expect(head).to_have_attribute("aria-pressed", "true")
    said = page.locator(".matrix-said").inner_text()
    page.get_by_role("tab", name="Accounts").click()
    page.get_by_role("tab", name="Shared identifiers").click()

    address = page.url
    page.goto("about:blank")
    page.goto(address)

    expect(page.locator(".matrix-head button").first).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".matrix-said")).to_have_text(said, use_inner_text=True)
    assert "sel=" in address


def test_the_first_minute_ends_with_a_ban_that_can_be_undone(quiet: Page, own_site: Site) -> None:
    page, ring = quiet, own_site.rings[0]
    own_site.sign_in(page.context)
    page.goto(own_site.ring_path())
    members = own_site.service.store.ring(ring).size

    page.locator(".matrix-account input[type=checkbox]").last.uncheck()
    expect(page.get_by_text("left out")).to_be_visible()
    left_out = len(re.search(r"out=([^&]*)", page.url)[1].split(","))  # type: ignore[index]
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="Give back")).to_be_visible()
    page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    ban = dialog.get_by_role("button", name=re.compile(r"Ban \d+"))
    expect(ban).to_be_disabled()
    affected = int(re.search(r"\d+", ban.inner_text())[0])  # type: ignore[index]
    dialog.get_by_label("Reason").fill("One card, one device, one burst")
    ban.click()

    expect(page.get_by_text(f"{affected} accounts banned, undo for 15 minutes")).to_be_visible()
    assert affected <= members - left_out
    page.get_by_role("tab", name="Audit").click()
    expect(page.get_by_role("table", name="Audit log")).to_contain_text("One card, one device")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Undone", exact=True)).to_be_visible()


def test_a_ring_that_changed_meanwhile_keeps_the_reason(page: Page, own_site: Site) -> None:
    # Without the stream nothing but the answer to the ban tells of the change.
    page.route("**/v1/stream", lambda route: route.abort())
    dialog = _about_to_ban(page, own_site)

    _grow(own_site, own_site.rings[0])
    dialog.get_by_role("button", name=re.compile(r"Ban \d+")).click()

    _reviewed_and_banned(page, dialog)


def test_a_ring_that_changes_while_the_ban_is_looked_at_says_so_before_it_is_sent(
    page: Page, own_site: Site
) -> None:
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    dialog = _about_to_ban(page, own_site)
    expect(page.get_by_role("img", name="Live updates on", include_hidden=True)).to_be_attached()

    _grow(own_site, own_site.rings[0])

    _reviewed_and_banned(page, dialog)
    assert thrown == []


def _about_to_ban(page: Page, site: Site) -> Locator:
    """The dialog of a ban that was tried out and has its reason."""
    site.sign_in(page.context)
    page.goto(site.ring_path())
    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_enabled()
    page.keyboard.press("b")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name=re.compile(r"Ban \d+"))).to_be_visible()
    dialog.get_by_label("Reason").fill("They share a card")
    return dialog


def _reviewed_and_banned(page: Page, dialog: Locator) -> None:
    alert = dialog.get_by_role("alert")
    expect(alert).to_contain_text("changed while you were deciding")
    expect(alert).to_contain_text("1 account joined")
    alert.get_by_role("button", name="Review changes").click()
    expect(dialog.get_by_label("Reason")).to_have_value("They share a card")
    dialog.get_by_role("button", name=re.compile(r"Ban \d+")).click()
    expect(page.get_by_text(re.compile(r"\d+ accounts banned, undo for"))).to_be_visible()


def test_by_keys_alone_from_the_queue_to_a_dismissal(quiet: Page, own_site: Site) -> None:
    page = quiet
    own_site.sign_in(page.context)
    page.goto(f"{own_site.url}/console/")
    expect(page.get_by_role("table", name="Rings")).to_be_visible()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    page.keyboard.press("t")
    expect(page.locator("#graph")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-said]")).to_contain_text("tied to")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sel="))
    page.keyboard.press("z")
    expect(page).not_to_have_url(re.compile("sel="))
    page.keyboard.press("d")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("A class with one teacher")
    expect(page.get_by_role("status", name="What it would do")).to_be_visible()
    page.keyboard.press("Control+Enter")

    expect(page.get_by_text(re.compile("dismissed, undo for"))).to_be_visible()
    page.keyboard.type("gq")
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()


def test_the_first_tab_leads_past_the_frame_and_each_control_can_be_reached(
    opened: Opener,
) -> None:
    page = opened("/")
    expect(page.get_by_role("table", name="Rings")).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "document.activeElement.getAttribute('aria-label') || "
                "document.activeElement.textContent.trim().slice(0, 40)"
            )
        )

    assert {"Queue", "Explore", "Keyboard shortcuts", "Status", "Select all rows"} <= reached


def test_a_viewer_reads_everything_and_is_told_who_may_act(opened: Opener, site: Site) -> None:
    page = opened(f"/rings/{site.rings[0]}", role=Role.VIEWER)

    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_disabled()
    expect(page.get_by_label("Needs the role investigator; yours is viewer.").first).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("screen", ["/rings/ring-none", "/entities/account%3Anone", "/nowhere"])
def test_what_does_not_exist_is_said_with_a_way_on(page: Page, site: Site, screen: str) -> None:
    site.sign_in(page.context)
    page.goto(f"{site.url}/console{screen}")

    expect(page.get_by_role("heading", name=re.compile("No such"))).to_be_visible()
    page.get_by_role("link", name=re.compile("the queue")).click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()


def _grow(site: Site, ring_id: str) -> None:
    """Publish a refresh in which one account more belongs to the ring."""
    store = site.service.store
    number, as_of = store.generation()
    rings, members = grown(store, ring_id)
    store.publish(Generation(number + 1, as_of + 1, {}, rings, members))
