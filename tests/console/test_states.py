"""What the console shows when something is missing, too large, away or unreadable."""

import re

from playwright.sync_api import Browser, Page, Route, expect

from graph.ledger.port import Role, Scope
from graph.store import Generation
from tests.api.looked_at import HUB, HUB_ACCOUNTS
from tests.console.conftest import Front, Opener, Site
from tests.console.grown import grown

NO_CANVAS = "HTMLCanvasElement.prototype.getContext = () => null"


def test_without_a_canvas_the_table_the_timeline_and_the_actions_go_on(
    page: Page, site: Site
) -> None:
    site.sign_in(page.context)
    page.add_init_script(NO_CANVAS)

    page.goto(site.ring_path())

    expect(page.locator("[data-boundary=graph]")).to_contain_text("cannot be drawn")
    expect(page.get_by_role("table", name="Shared identifiers")).to_be_visible()
    expect(page.get_by_role("region", name="Timeline").locator("rect").first).to_be_visible()
    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_enabled()


def test_a_hub_is_counted_narrowed_and_never_opened_in_one_go(opened: Opener, site: Site) -> None:
    page = opened(f"/explore?seed={HUB}&sel={HUB}")
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()

    page.get_by_role("button", name="Expand").click()
    panel = page.get_by_role("region", name="Expand")
    expect(panel).to_contain_text("so many that it says nothing")
    add = panel.get_by_role("button", name=re.compile(r"^Add 50 of 1,5"))
    expect(add).to_be_visible()
    add.click()

    expect(page.get_by_text("51 entities, 1 step")).to_be_visible()
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    names = page.evaluate("window.__graph.order()")
    assert f"bundle:{HUB}" in names
    assert len(names) < 200 < HUB_ACCOUNTS
    page.go_back()
    expect(page.get_by_text("1 entity, 0 steps")).to_be_visible()


def test_what_was_placed_stays_where_it_is_when_more_comes(opened: Opener, site: Site) -> None:
    account = f"account:{site.service.store.ring(site.rings[0]).members[0][0]}"
    page = opened(f"/explore?seed={account}&do=x.{account}.50&sel={account}")
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    held = page.evaluate(
        "JSON.stringify(Object.fromEntries(__graph.order().map((id) => [id, __graph.pos(id)])))"
    )

    page.get_by_role("region", name="In the picture").get_by_role("row").nth(2).get_by_role(
        "cell"
    ).last.click()
    page.keyboard.press("e")
    panel = page.get_by_role("region", name="Expand")
    panel.get_by_role("button", name=re.compile(r"^Add \d+")).click()
    expect(page.get_by_text("2 steps")).to_be_visible()
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()

    moved = page.evaluate(
        """(held) => {
          const before = JSON.parse(held);
          const ids = Object.keys(before).filter((id) => __graph.pos(id));
          const [a, b] = ids;
          const scale = (q) => Math.hypot(q(a).x - q(b).x, q(a).y - q(b).y);
          const zoom = scale((id) => __graph.pos(id)) / scale((id) => before[id]);
          const shift = (id) => [__graph.pos(id).x - zoom * before[id].x,
                                 __graph.pos(id).y - zoom * before[id].y];
          const [x, y] = shift(a);
          return Math.max(...ids.map((id) => Math.hypot(shift(id)[0] - x, shift(id)[1] - y)));
        }""",
        held,
    )
    assert moved < 2


def test_while_the_service_is_away_the_page_stays_readable_and_nothing_can_be_changed(
    page: Page, site: Site
) -> None:
    site.sign_in(page.context)
    page.goto(site.ring_path())
    expect(page.get_by_role("table", name="Shared identifiers")).to_be_visible()

    page.context.route("**/v1/**", lambda route: route.abort())
    page.context.route("**/healthz", lambda route: route.abort())
    page.get_by_role("tab", name="Notes").click()

    expect(page.get_by_role("alert").first).to_contain_text("The service does not answer")
    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()
    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_disabled()
    page.context.unroute_all()
    expect(page.get_by_role("button", name="Ban", exact=True)).to_be_enabled()


def test_an_empty_queue_says_what_there_is_instead(opened: Opener) -> None:
    page = opened("/?q=nothing-is-called-that")

    expect(page.get_by_role("heading", name="No ring fits these filters")).to_be_visible()
    page.get_by_role("button", name=re.compile("Show all")).click()
    expect(page.get_by_role("table", name="Rings")).to_be_visible()


def test_how_many_accounts_alike_are_drawn_as_one_is_chosen_and_stands_in_the_link(
    opened: Opener, site: Site
) -> None:
    page = opened(site.ring_path().partition("/console")[2])
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    shapes = page.evaluate("__graph.order().length")

    page.get_by_label("Smallest group").select_option("50")

    expect(page).to_have_url(re.compile("least=50"))
    page.wait_for_function("fewer => __graph.order().length > fewer", arg=shapes)
    page.go_back()
    page.wait_for_function("as_before => __graph.order().length === as_before", arg=shapes)


def test_a_window_without_anybody_says_so_and_can_be_cleared(opened: Opener, site: Site) -> None:
    page = opened(f"/rings/{site.rings[0]}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z")

    expect(
        page.get_by_text(re.compile(r"All \d+ accounts are outside this window"))
    ).to_be_visible()
    page.get_by_role("button", name="Clear the window").first.click()
    expect(page.get_by_role("table", name="Shared identifiers")).to_be_visible()


def test_a_link_with_a_bad_part_is_mended_and_said(opened: Opener, site: Site) -> None:
    page = opened(f"/rings/{site.rings[0]}?tab=nonsense&future=1")

    expect(page.get_by_text("The link's tab cannot be right")).to_be_visible()
    expect(page).not_to_have_url(re.compile("tab="))
    expect(page).to_have_url(re.compile("future=1"))


def test_a_ring_that_another_took_over_leads_there(opened: Opener, site: Site) -> None:
    page = opened("/rings/rcampaign-03")

    page.get_by_role("link", name=re.compile("Go to rcampaign")).click()
    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()


def test_what_takes_long_keeps_its_shape_says_so_and_can_be_left(page: Page, site: Site) -> None:
    site.sign_in(page.context)
    held = _held(page, r"/v1/rings/[^/?]+$")

    page.goto(site.ring_path())

    expect(page.locator("[data-state=loading]").first).to_be_visible()
    expect(page.get_by_text("Still reading.").first).to_be_visible()
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    assert held


def test_while_another_picture_is_read_the_last_one_stays(page: Page, site: Site) -> None:
    site.sign_in(page.context)
    page.goto(site.ring_path())
    expect(page.locator("#graph[data-ready=true]")).to_be_visible()
    held = _held(page, "detail=all")

    page.get_by_text("Every account").click()

    pane = page.get_by_role("region", name="Graph")
    expect(pane.locator(".thin-bar")).to_be_visible()
    expect(pane.locator("#graph")).to_be_visible()
    _let_go(page, held)
    expect(pane.locator(".thin-bar")).to_have_count(0)


def test_what_is_cut_short_says_how_much_there_is_and_how_to_go_on(
    opened: Opener, site: Site
) -> None:
    page = opened(f"/entities/{HUB.replace('/', '%2F')}")

    note = page.get_by_role("note").filter(has_text=re.compile(r"Showing \d+ of 1,5\d\d"))
    expect(note).to_contain_text("Showing 200 of")
    note.get_by_role("button", name="Load 200 more").click()
    expect(note).to_contain_text("Showing 400 of")


def test_a_ring_that_a_refresh_changed_is_read_again_by_itself(page: Page, own_site: Site) -> None:
    own_site.sign_in(page.context)
    page.goto(own_site.ring_path())
    expect(page.get_by_role("img", name="Live updates on")).to_be_visible()
    expect(page.locator(".ring-head")).to_contain_text("version 5")
    store = own_site.service.store
    number, as_of = store.generation()
    rings, members = grown(store, own_site.rings[0])

    store.publish(Generation(number + 1, as_of + 1, {}, rings, members))

    expect(page.locator(".ring-head")).to_contain_text("version 6")


def test_who_takes_a_ring_that_a_colleague_just_took_is_told(
    page: Page, own_site: Site, browser: Browser
) -> None:
    own_site.sign_in(page.context, name="jo")
    page.route("**/v1/stream", lambda route: route.abort())
    page.goto(own_site.ring_path())
    expect(page.get_by_role("button", name="Assign to me")).to_be_enabled()
    other = browser.new_context()
    own_site.sign_in(other, name="mo", role=Role.INVESTIGATOR)
    colleague = other.new_page()
    colleague.goto(own_site.ring_path())
    colleague.get_by_role("button", name="Assign to me").click()
    expect(colleague.get_by_role("button", name="Give back")).to_be_visible()

    page.get_by_role("button", name="Assign to me").click()

    expect(page.get_by_text("Somebody changed this ring meanwhile")).to_be_visible()
    expect(page.locator(".ring-head")).to_contain_text("mo")
    other.close()


def test_a_service_that_stops_and_comes_back_takes_nothing_from_the_page(
    page: Page, own_site: Site
) -> None:
    own_site.sign_in(page.context)
    page.goto(own_site.ring_path())
    expect(page.get_by_role("img", name="Live updates on")).to_be_visible()
    ban = page.get_by_role("button", name="Ban", exact=True)
    expect(ban).to_be_enabled()

    own_site.front.stop()
    page.get_by_role("tab", name="Notes").click()
    expect(page.get_by_role("alert").first).to_contain_text("The service does not answer")
    expect(page.get_by_role("img", name="Live updates off: read again each minute")).to_be_visible()
    expect(page.get_by_role("region", name="Why it is flagged")).to_be_visible()
    expect(ban).to_be_disabled()

    again = Front(own_site.service, own_site.front.port)
    expect(ban).to_be_enabled(timeout=60_000)
    expect(page.get_by_text("The service does not answer")).to_have_count(0)
    expect(page.get_by_text("No notes yet")).to_be_visible()
    again.stop()


def test_a_key_without_the_right_to_look_is_told_which_one_it_lacks(page: Page, site: Site) -> None:
    site.sign_in(page.context, scopes=frozenset({Scope.SCORE}))

    page.goto(f"{site.url}/console/")

    expect(page.get_by_role("heading", name="You may not see this queue")).to_be_visible()
    expect(page.locator(".state")).to_contain_text("investigate")
    expect(page.get_by_role("table", name="Rings")).to_have_count(0)


def test_a_browser_without_scripts_is_told_what_to_do(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(site.ring_path())

    expect(page.get_by_role("heading", name="The console needs JavaScript")).to_be_visible()
    expect(page.locator("noscript code").first).to_have_text("ringsight rings")
    context.close()


def _held(page: Page, url: str) -> list[Route]:
    """Calls of an address that matches ``url``, which wait until somebody lets them go on."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(url), hold)
    return held


def _let_go(page: Page, held: list[Route]) -> None:
    """The first of the calls that are held, once it has come, goes on."""
    for _ in range(200):
        if held:
            break
        page.wait_for_timeout(50)
    held[0].continue_()
