"""Exploring in a browser: paths, cases made by hand, saved views, what would be without a thing."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from api.browse.nodes import around_of
from graph.ledger.port import Role
from tests.api.looked_at import HUB
from tests.console.conftest import Opener, Site


def _members(site: Site, place: int = 0, count: int = 3) -> list[str]:
    ring = site.service.store.ring(site.rings[place])
    return [f"account:{account}" for account, _, _ in ring.members[:count]]


def _tied(site: Site) -> tuple[str, str, str]:
    """A thing that exactly two or a few members of the first ring share, and two of them."""
    members = [f"account:{a}" for a, _, _ in site.service.store.ring(site.rings[0]).members]
    around = around_of(site.service.store.neighbourhood(members, per_id=50))
    held = {
        thing: [m for m in members if thing in around[m]] for m in members for thing in around[m]
    }
    thing = min(
        (t for t, who in held.items() if len(who) > 1 and t != HUB), key=lambda t: len(around[t])
    )
    one, two = held[thing][:2]
    return thing, one, two


def _drawn(page: Page, *names: str) -> None:
    """Wait until the picture is drawn, with all of ``names`` in it."""
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    page.wait_for_function(
        "names => names.every((name) => window.__graph?.order().includes(name))", arg=list(names)
    )


def test_a_path_between_two_brings_what_ties_them_and_steps_over_the_hub(
    opened: Opener, site: Site
) -> None:
    thing, one, two = _tied(site)
    page = opened(f"/explore?seed={one},{two}&sel={one},{two}")
    _drawn(page)

    page.get_by_role("button", name="Path", exact=True).click()

    expect(page.get_by_text("1 step")).to_be_visible()
    _drawn(page, one, two, thing)
    assert HUB not in page.evaluate("window.__graph.order()")
    page.go_back()
    expect(page.get_by_text("2 entities, 0 steps")).to_be_visible()


def test_two_between_whom_there_is_no_path_are_told_so(opened: Opener, site: Site) -> None:
    (one,) = _members(site, count=1)
    page = opened(f"/explore?seed={one},account:h0700&sel={one},account:h0700")
    _drawn(page)

    page.get_by_role("button", name="Path", exact=True).click()

    expect(page.get_by_text(re.compile("No path"))).to_be_visible()


def test_a_case_is_made_of_the_selection_and_stands_in_the_queue(
    quiet: Page, own_site: Site
) -> None:
    page = quiet
    own_site.sign_in(page.context)
    chosen = [*_members(own_site, 0, 2), *_members(own_site, 1, 1)]
    page.goto(f"{own_site.url}/console/explore?seed={','.join(chosen)}&sel={chosen[0]}")
    _drawn(page)
    expect(page.get_by_role("button", name="Make a case")).to_be_disabled()
    for account in chosen[1:]:
        page.get_by_role("checkbox", name=re.compile(account.removeprefix("account:"))).check()

    page.get_by_role("button", name="Make a case").click()
    dialog = page.get_by_role("dialog", name="Make a case of 3 accounts")
    make = dialog.get_by_role("button", name="Make the case")
    expect(make).to_be_disabled()
    dialog.get_by_label("Why they belong together").fill("They write alike")
    make.click()

    expect(page).to_have_url(re.compile(r"/rings/case-\w+"))
    expect(page.get_by_role("heading", name=re.compile("They write alike"))).to_be_visible()
    expect(page.locator(".matrix-account input[type=checkbox]")).to_have_count(3)
    page.keyboard.type("gq")
    row = page.get_by_role("table", name="Rings").get_by_role("row", name=re.compile("write alike"))
    expect(row).to_be_visible()


def test_who_may_only_read_makes_no_case(opened: Opener, site: Site) -> None:
    chosen = _members(site, count=2)
    page = opened(f"/explore?seed={','.join(chosen)}&sel={','.join(chosen)}", role=Role.VIEWER)
    _drawn(page)

    expect(page.get_by_role("button", name="Make a case")).to_be_disabled()


def test_what_if_says_what_is_left_without_the_selected_thing(opened: Opener, site: Site) -> None:
    page = opened(f"/rings/{site.rings[0]}")
    page.locator(".matrix-head button").first.click()

    page.get_by_role("button", name="What if without").click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("would (not|still) be flagged"))).to_be_visible()
    table = dialog.get_by_role("table", name="Kinds of evidence before and after")
    expect(table.get_by_role("row").nth(1)).to_be_visible()


def test_a_saved_view_opens_for_a_colleague_as_it_was(
    quiet: Page, own_site: Site, browser: Browser
) -> None:
    page = quiet
    own_site.sign_in(page.context, name="jo", role=Role.INVESTIGATOR)
    (account,) = _members(own_site, count=1)
    page.goto(f"{own_site.url}/console/explore?seed={account}&do=x.{account}.50")
    _drawn(page)
    shown = set(page.evaluate("window.__graph.order()"))
    page.get_by_role("button", name="Saved").click()
    page.get_by_role("menuitem", name="Save what you see").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Around the first")
    dialog.get_by_label("Everybody may open it").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as Around the first")).to_be_visible()

    context = browser.new_context()
    own_site.sign_in(context, name="mo", role=Role.INVESTIGATOR)
    other = context.new_page()
    other.goto(f"{own_site.url}/console/explore?seed={HUB}")
    _drawn(other)
    other.get_by_role("button", name="Saved").click()
    expect(other.get_by_role("button", name=re.compile("Forget"))).to_have_count(0)
    other.get_by_role("menuitem", name=re.compile("Around the first")).click()
    expect(other.get_by_text("1 step")).to_be_visible()
    other.wait_for_function("(n) => window.__graph.order().length === n", arg=len(shown))

    assert set(other.evaluate("window.__graph.order()")) == shown
    context.close()


def test_a_filter_of_the_queue_is_kept_under_a_name_and_forgotten(
    quiet: Page, own_site: Site
) -> None:
    page = quiet
    own_site.sign_in(page.context)
    page.goto(f"{own_site.url}/console/?status=any&sort=accounts")
    page.get_by_role("button", name="Saved").click()
    page.get_by_role("menuitem", name="Save what you see").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Everything, largest first")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()

    page.goto(f"{own_site.url}/console/")
    page.get_by_role("button", name="Saved").click()
    page.get_by_role("menuitem", name="Everything, largest first").click()
    expect(page).to_have_url(re.compile("sort=accounts"))
    page.get_by_role("button", name="Saved").click()
    page.get_by_role("button", name="Forget Everything, largest first").click()

    expect(page.get_by_text("Nothing saved yet")).to_be_visible()


@pytest.mark.parametrize("steps", [60])
def test_an_exploration_too_long_for_a_link_is_kept_and_its_link_is_short(
    quiet: Page, own_site: Site, steps: int
) -> None:
    page = quiet
    own_site.sign_in(page.context)
    (account,) = _members(own_site, count=1)
    do = "~".join(f"h.account:h{n:04d}" for n in range(1, steps + 1))
    page.goto(f"{own_site.url}/console/explore?seed={account}&sel={account}&do={do}")
    _drawn(page)
    before = page.evaluate("location.href.length")
    while page.evaluate("new URL(location.href).searchParams.get('do')?.length ?? 0") < 1450:
        page.keyboard.press(".")
        page.wait_for_timeout(50)

    page.keyboard.press(".")
    page.keyboard.press(".")

    # The link is long for a moment after each step, until the step is kept.
    page.wait_for_function(
        "before => /[?&]v=\\w+/.test(location.href) && location.href.length < before", arg=before
    )
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_text(re.compile(r"\d\d steps"))).to_be_visible()


def test_what_is_hidden_leaves_picture_and_list_and_comes_back_with_undo(
    opened: Opener, site: Site
) -> None:
    one, two, three = _members(site)
    page = opened(f"/explore?seed={one},{two},{three}&sel={two}")
    _drawn(page, one, two, three)

    page.get_by_role("button", name="Hide", exact=True).click()

    expect(page.get_by_text("2 entities, 1 step")).to_be_visible()
    _drawn(page, one, three)
    assert two not in page.evaluate("window.__graph.order()")
    expect(
        page.get_by_role("table", name="Entities in the picture").locator("tbody tr")
    ).to_have_count(2)
    page.keyboard.press("z")
    _drawn(page, one, two, three)
    expect(page.get_by_text("3 entities, 0 steps")).to_be_visible()


def test_a_pinned_entity_is_counted_and_stays_where_it_is(opened: Opener, site: Site) -> None:
    thing, one, two = _tied(site)
    page = opened(f"/explore?seed={one},{two}&do=a.{_written(thing)}&sel={one}")
    _drawn(page, one, two, thing)

    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_text("1 pinned")).to_be_visible()
    expect(page).to_have_url(re.compile(r"p\."))
    page.keyboard.press(".")

    expect(page.get_by_text("1 pinned")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.get_by_text("1 pinned")).to_be_visible()


def test_a_group_is_drawn_as_one_with_its_ties_and_is_taken_apart_again(
    opened: Opener, site: Site
) -> None:
    thing, one, two = _tied(site)
    page = opened(f"/explore?seed={one},{two}&do=a.{_written(thing)}&sel={one},{two}")
    _drawn(page, one, two, thing)

    page.get_by_role("button", name="Group", exact=True).click()

    page.wait_for_function("() => window.__graph?.order().includes('group:0')")
    _drawn(page, "group:0", thing)
    names = page.evaluate("window.__graph.order()")
    assert one not in names
    assert two not in names
    expect(page.get_by_text("3 entities, 2 steps")).to_be_visible()
    page.keyboard.press("z")
    _drawn(page, one, two, thing)


def _written(identity: str) -> str:
    """An id as a step of a link has it: dots and tildes are the link's own."""
    marks = {"!": "!!", ".": "!d", "~": "!t", "&": "!a"}
    return "".join(marks.get(letter, letter) for letter in identity)
