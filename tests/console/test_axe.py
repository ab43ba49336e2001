"""axe finds nothing on any screen, dialog or state, in light and dark: WCAG 2.2 A and AA.

A screen is an address, what is pressed or clicked there, and what must then be seen. Each is looked
at whole, so that a dialog's page behind it counts as well.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from graph.ledger.port import Role
from tests.api.looked_at import HUB
from tests.console.conftest import Site

AXE = Path(__file__).parents[2] / "api/console/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FINDINGS = """async (rules) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: rules } });
  const places = (v) => v.nodes.map((n) => n.target.join(" ")).slice(0, 4);
  return found.violations.map((v) =>
    `${v.id}: ${places(v)} ${v.nodes[0].failureSummary.slice(0, 160)}`);
}"""
FADE_MS = 400
"""A dialog fades in, and half a colour has no contrast."""


@dataclass(frozen=True)
class Screen:
    """``path`` may name {ring}, {account} and {hub}; ``clicks`` are selectors, in their order."""

    path: str
    keys: str = ""
    clicks: tuple[str, ...] = ()
    sees: str = "h1"
    role: Role | None = Role.ADMIN


DIALOG = "[role=dialog]"
_EXPLORE = "/explore?seed={account}&sel={account}"
SCREENS = {
    "queue": Screen("/", sees="table"),
    "queue-empty": Screen("/?q=nothing-is-called-that", sees=".state"),
    "queue-ticked": Screen("/", clicks=("tbody input[type=checkbox] >> nth=0",), sees=".bulk-bar"),
    "ring": Screen("/rings/{ring}", sees="#graph[data-ready=true]"),
    "ring-accounts": Screen("/rings/{ring}?tab=accounts", sees="table"),
    "ring-events": Screen("/rings/{ring}?tab=events", sees="table"),
    "ring-notes": Screen("/rings/{ring}?tab=notes", sees="textarea"),
    "ring-audit": Screen("/rings/{ring}?tab=audit"),
    "ring-past": Screen(
        "/rings/{ring}",
        clicks=(".as-of [role=slider]",),
        keys="ArrowLeft",
        sees="[data-state=past]",
    ),
    "ring-viewed": Screen("/rings/{ring}", role=Role.VIEWER, sees="#graph[data-ready=true]"),
    "ring-window": Screen("/rings/{ring}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z"),
    "entity": Screen("/entities/{hub}"),
    "account": Screen("/entities/{account}"),
    "explore": Screen(_EXPLORE, sees="#graph[data-ready=true]"),
    "explore-begin": Screen("/explore"),
    "explore-hub": Screen(
        "/explore?seed={hub}&sel={hub}", clicks=("text=Expand",), sees="[aria-label=Expand]"
    ),
    "audit": Screen("/audit"),
    "appeals": Screen("/appeals"),
    "waiting": Screen("/appeals?tab=waiting"),
    "sample": Screen("/appeals?tab=sample"),
    "lists": Screen("/lists"),
    "pipeline": Screen("/pipeline"),
    "missing": Screen("/rings/ring-none", sees=".state"),
    "login": Screen("/", role=None, sees="form"),
    "keys": Screen("/", keys="?", sees=DIALOG),
    "search": Screen("/", keys="/", sees=DIALOG),
    "ban": Screen("/rings/{ring}", clicks=("button:has-text('Ban')",), sees=DIALOG),
    "dismiss": Screen("/rings/{ring}", clicks=("button:has-text('Dismiss')",), sees=DIALOG),
    "export": Screen("/rings/{ring}", clicks=("button:has-text('Export')",), sees="[role=menu]"),
    "what-if": Screen(
        "/rings/{ring}",
        clicks=(".matrix-head button >> nth=0", "button:has-text('What if without')"),
        sees=f"{DIALOG} table",
    ),
    "save": Screen("/", clicks=("button:has-text('Saved')", "text=Save what you see"), sees=DIALOG),
    "appeal": Screen("/appeals", clicks=("text=Write down an appeal",), sees=DIALOG),
    "list-entry": Screen("/lists", clicks=("button:has-text('Add')",), sees=DIALOG),
    "case": Screen(
        "/explore?seed={account},{other}&sel={account},{other}",
        clicks=("button:has-text('Make a case')",),
        sees=DIALOG,
    ),
}


@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_has_no_accessibility_violation_in_light_nor_in_dark(
    page: Page, site: Site, screen: str
) -> None:
    shown = SCREENS[screen]
    page.emulate_media(color_scheme="light")
    if shown.role is not None:
        site.sign_in(page.context, role=shown.role)
    _open(page, site, shown)

    page.add_script_tag(path=AXE)
    found = {"light": page.evaluate(FINDINGS, RULES)}
    page.emulate_media(color_scheme="dark")
    expect(page.locator("[data-mantine-color-scheme=dark]")).to_be_attached()
    page.wait_for_timeout(FADE_MS)
    found["dark"] = page.evaluate(FINDINGS, RULES)

    assert found == {"light": [], "dark": []}


def _open(page: Page, site: Site, shown: Screen) -> None:
    one, two = (f"account:{m[0]}" for m in site.service.store.ring(site.rings[0]).members[:2])
    named = {"ring": site.rings[0], "account": one, "other": two, "hub": quote(HUB, safe="")}
    page.goto(f"{site.url}/console{shown.path.format(**named)}")
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.locator("[data-state=loading]")).to_have_count(0)
    for click in shown.clicks:
        page.locator(click).first.click()
    if shown.keys:
        page.keyboard.press(shown.keys)
    expect(page.locator(shown.sees).first).to_be_visible()
    page.wait_for_timeout(FADE_MS)
