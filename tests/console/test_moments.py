"""Past moments in a browser: the ring as it was, the exploration as it was, the brushed window."""

import re

from playwright.sync_api import Page, expect

from tests.api.looked_at import HUB
from tests.console.conftest import Opener, Site


def test_the_slider_shows_the_ring_as_it_was_and_lets_nobody_decide_there(
    opened: Opener, site: Site
) -> None:
    page = opened(f"/rings/{site.rings[0]}")
    head = page.locator(".ring-head")
    now = site.service.store.ring(site.rings[0]).size
    expect(head).to_contain_text(f"{now} accounts")

    page.get_by_role("slider", name="As of version").focus()
    page.keyboard.press("ArrowLeft")

    expect(page).to_have_url(re.compile("asof=20"))
    expect(page.locator("[data-state=past]")).to_contain_text("As it was on")
    expect(head).to_contain_text(f"{now - 1} accounts")
    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_disabled()
    page.keyboard.press("b")
    expect(page.get_by_role("dialog")).to_have_count(0)
    for tab, table in (("Accounts", "Accounts of the ring"), ("Events", "Events")):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("table", name=table)).to_be_visible()

    page.get_by_role("button", name="Back to now").click()
    expect(page).not_to_have_url(re.compile("asof="))
    expect(head).to_contain_text(f"{now} accounts")
    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_enabled()


def test_a_moment_before_the_ring_was_kept_is_said_with_a_way_back(page: Page, site: Site) -> None:
    site.sign_in(page.context)
    page.goto(f"{site.ring_path()}?asof=2001-01-01T00:00:00Z")

    expect(page.get_by_role("heading", name="Not known as of then")).to_be_visible()
    page.get_by_role("button", name="Back to now").click()

    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()


def test_an_exploration_goes_back_in_time_by_its_slider(opened: Opener, site: Site) -> None:
    account = f"account:{site.service.store.ring(site.rings[0]).members[0][0]}"
    page = opened(f"/explore?seed={HUB},{account}")
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()

    page.get_by_role("slider", name="As of").focus()
    page.keyboard.press("Home")

    expect(page).to_have_url(re.compile("asof="))
    expect(page.get_by_text(re.compile("only existence is known"))).to_be_visible()
    expect(page.get_by_role("region", name="In the picture").get_by_role("row")).to_have_count(2)


def test_a_brushed_window_holds_for_the_graph_the_table_and_the_events(
    opened: Opener, site: Site
) -> None:
    page = opened(f"/rings/{site.rings[0]}")
    plot = page.get_by_role("region", name="Timeline").get_by_role("img")
    expect(plot).to_be_visible()
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    box = plot.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 30, steps=5)
    page.mouse.up()

    expect(page).to_have_url(re.compile("from=.*to=|to=.*from="))
    expect(page.locator(".brush")).to_be_visible()
    page.get_by_role("tab", name="Events").click()
    rows = page.get_by_role("table", name="Events").get_by_role("row")
    empty = page.get_by_role("heading", name="No events in this window")
    expect(rows.nth(1).or_(empty)).to_be_visible()
    page.get_by_role("button", name="All time").click()
    expect(page).not_to_have_url(re.compile("from="))
    expect(page.locator(".brush")).to_have_count(0)


# Right ends of bars and labels beyond the drawing's own; the last bar ends where the drawing does.
_INSIDE = """(plot) => {
  const right = plot.getBoundingClientRect().right;
  const ends = (part) =>
    [...plot.querySelectorAll(part)].map((e) => e.getBoundingClientRect().right);
  const bars = ends("g rect"), all = [...bars, ...ends("text")];
  return all.every((end) => end <= right + 0.5) && Math.max(...bars) >= right - 2;
}"""


def test_the_last_bucket_and_every_label_stand_inside_the_timeline(
    opened: Opener, site: Site
) -> None:
    page = opened(f"/rings/{site.rings[0]}")

    plot = page.get_by_role("region", name="Timeline").get_by_role("img")
    expect(plot.locator("g rect").first).to_be_visible()

    page.wait_for_function(_INSIDE, arg=plot.element_handle())


def test_the_clock_of_the_campaign_and_what_was_seen_before_are_told(
    opened: Opener, site: Site
) -> None:
    page = opened(f"/rings/{site.rings[1]}")

    clock = page.get_by_role("region", name="Campaign clock")
    expect(clock.get_by_role("listitem")).to_have_count(4)
    expect(clock).to_contain_text("First sign-up")
    before = page.get_by_role("region", name="Seen before")
    expect(before).to_contain_text("Took in")
