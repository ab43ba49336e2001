"""Second looks in a browser: appeals, the second pair of eyes, and accounts drawn at random."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from graph.ledger.port import Role
from tests.console.conftest import Site


def _ban(page: Page, site: Site, reason: str) -> None:
    page.goto(site.ring_path())
    page.get_by_role("button", name="Ban", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=re.compile(r"Ban \d+")).click()


@contextmanager
def _colleague(browser: Browser, site: Site) -> Iterator[Page]:
    """A page of another person, in a browser of their own."""
    context = browser.new_context()
    site.sign_in(context, name="mo", role=Role.INVESTIGATOR)
    yield context.new_page()
    context.close()


def _reasoned(page: Page, label: re.Pattern[str], reason: str, button: str) -> None:
    card = page.get_by_role("article").filter(has=page.get_by_label(label))
    expect(card.get_by_role("button", name=button)).to_be_disabled()
    card.get_by_label(label).fill(reason)
    card.get_by_role("button", name=button).click()


@pytest.mark.parametrize(
    ("button", "outcome", "status"),
    [("Overturn it", "Overturned", "active"), ("Uphold the decision", "Upheld", "banned")],
)
def test_an_appeal_is_decided_by_another_person_and_the_account_follows(
    page: Page, own_site: Site, browser: Browser, button: str, outcome: str, status: str
) -> None:
    account = own_site.service.store.ring(own_site.rings[0]).members[0][0]
    own_site.sign_in(page.context, name="jo")
    _ban(page, own_site, "One hand")
    expect(page.get_by_text(re.compile("accounts banned, undo"))).to_be_visible()
    page.goto(f"{own_site.url}/console/appeals")
    expect(page.get_by_role("heading", name="No appeal is waiting")).to_be_visible()
    page.get_by_role("button", name="Write down an appeal").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Account").fill(f"account:{account}")
    dialog.get_by_label("What they say").fill("We are a school; call +49 151 23456789")
    dialog.get_by_role("button", name="Write down").click()
    expect(page.get_by_role("article")).to_contain_text("We are a school")
    expect(page.get_by_role("article")).not_to_contain_text("23456789")
    _reasoned(page, re.compile("Reason for the appeal"), "I was right", button)
    expect(page.get_by_role("alert")).to_contain_text("somebody else")

    with _colleague(browser, own_site) as second:
        second.goto(f"{own_site.url}/console/appeals")
        _reasoned(second, re.compile("Reason for the appeal"), "Looked at again", button)

        expect(second.get_by_role("heading", name="No appeal is waiting")).to_be_visible()
        second.get_by_text("Decided", exact=True).click()
        expect(second.get_by_role("article")).to_contain_text(outcome)
        expect(second.get_by_role("article")).to_contain_text("Looked at again")
    held = page.context.request.get(f"{own_site.url}/v1/entities/account:{account}").json()
    assert held["status"] == status


def test_a_ban_that_asks_for_four_eyes_waits_until_another_person_agrees(
    quiet: Page, own_site: Site, browser: Browser
) -> None:
    own_site.service.office.second_from = 2
    page = quiet
    own_site.sign_in(page.context, name="jo", role=Role.INVESTIGATOR)
    account = own_site.service.store.ring(own_site.rings[0]).members[0][0]
    entity = f"{own_site.url}/v1/entities/account:{account}"
    _ban(page, own_site, "One hand")

    expect(page.get_by_text(re.compile("second person"))).to_be_visible()
    assert page.context.request.get(entity).json()["status"] != "banned"
    with _colleague(browser, own_site) as second:
        second.goto(f"{own_site.url}/console/appeals?tab=waiting")
        expect(second.get_by_role("article")).to_contain_text("One hand")
        _reasoned(second, re.compile("Reason about the decision"), "So do I think", "Approve")
        expect(second.get_by_role("heading", name="No decision waits")).to_be_visible()

    assert page.context.request.get(entity).json()["status"] == "banned"
    page.goto(f"{own_site.ring_path()}?tab=audit")
    expect(page.get_by_role("table", name="Audit log")).to_contain_text("So do I think")


def test_whoever_proposed_cannot_be_the_second_person(page: Page, own_site: Site) -> None:
    own_site.service.office.second_from = 2
    own_site.sign_in(page.context)
    _ban(page, own_site, "One hand")
    expect(page.get_by_text(re.compile("second person"))).to_be_visible()

    page.goto(f"{own_site.url}/console/appeals?tab=waiting")
    _reasoned(page, re.compile("Reason about the decision"), "I am sure", "Approve")

    expect(page.get_by_role("alert")).to_contain_text("second person")
    expect(page.get_by_role("article")).to_contain_text("One hand")


def test_accounts_drawn_at_random_are_judged_and_become_labels(quiet: Page, own_site: Site) -> None:
    page = quiet
    own_site.sign_in(page.context)
    page.goto(f"{own_site.url}/console/appeals?tab=sample")
    expect(page.get_by_role("heading", name="No account waits for a look")).to_be_visible()

    page.get_by_role("button", name=re.compile(r"Draw \d+ accounts")).click()
    cards = page.get_by_role("article")
    expect(cards.first).to_contain_text("one chance in")
    drawn = cards.count()
    name = cards.first.get_by_role("textbox").get_attribute("aria-label") or ""
    cards.first.get_by_role("textbox").fill("A teacher")
    cards.first.get_by_role("button", name="Legitimate").click()

    expect(cards).to_have_count(drawn - 1)
    rows = own_site.service.journal.read("labels").to_pylist()
    told = {(row["account_id"], row["verdict"], row["source"]) for row in rows}
    assert (name.rpartition(" ")[2], "legitimate", "audit") in told


def _told_more(page: Page, ring: str, more: dict[str, object]) -> None:
    """The answer about a ring says ``more`` than the small world has to tell."""

    def told(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), **more})

    page.route(re.compile(rf"/v1/rings/{ring}(\?.*)?$"), told)


def test_a_ring_names_the_rings_near_it(page: Page, site: Site) -> None:
    ring, other = site.rings[0], site.rings[-1]
    why = {"code": "kin.wallet", "text": "One wallet pays for both.", "weight": 4.0}
    near = {"ring_id": other, "kind": "same_operator", "weight": 4.0, "says": "of one operator"}
    near["reasons"] = [{**why, "entity_ids": []}]
    _told_more(page, ring, {"relatives": [near]})
    site.sign_in(page.context)
    page.goto(site.ring_path())

    section = page.get_by_role("region", name="Other rings")
    expect(section.get_by_role("link", name=other)).to_have_attribute(
        "href", re.compile(f"/rings/{other}$")
    )
    expect(section).to_contain_text(f"{other}, of one operator")
    expect(section).to_contain_text("One wallet pays for both.")


def test_the_parts_of_a_ring_are_told_named_and_marked_in_its_picture(
    page: Page, site: Site
) -> None:
    ring, other = site.rings[0], site.rings[-1]
    first, second = (row[0] for row in site.service.store.ring(ring).members[:2])
    customer = {"part": "customer", "ring_id": other, "accounts": [first, second]}
    pools = [
        {"part": "resold", "ring_id": None, "accounts": [first], "says": "sold to strangers"},
        {**customer, "says": "of a customer"},
    ]
    _told_more(page, ring, {"pools": pools})
    site.sign_in(page.context)
    page.goto(site.ring_path())

    section = page.get_by_role("region", name="Its parts")
    sold = section.get_by_role("button", name=re.compile("Accounts sold to strangers"))
    expect(sold).to_contain_text("1 account")
    expect(section.get_by_role("link", name=other)).to_have_attribute(
        "href", re.compile(f"/rings/{other}$")
    )
    section.get_by_text("Which").last.click()
    expect(section.locator(f'a[href$="{second}"]')).to_be_visible()
    sold.click()
    expect(sold).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile(f"sel=[^&]*{first}"))
