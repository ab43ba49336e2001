"""``ringsight demo``: from nothing to rings in a browser, in one command and a few minutes."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.out import AsJson, Bars, answer, desk_of
from api.cli.serve import PORT, Host, Port, bound, is_loopback, url_of
from api.settings import Settings
from graph.errors import SettingsError

if TYPE_CHECKING:
    import socket

    from api.demo import DemoRing, Findings


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command("demo")(demo)


def demo(  # noqa: PLR0913, PLR0917 - a verb has as many arguments as options
    context: typer.Context,
    headless: Annotated[
        bool, typer.Option("--headless", help="Print what was found and exit.")
    ] = False,
    preset: Annotated[str, typer.Option(help="small, demo, standard or hard.")] = "demo",
    seed: Annotated[int, typer.Option(help="The chance of the world.")] = 1,
    host: Host = "127.0.0.1",
    port: Port = PORT,
    as_json: AsJson = False,
) -> None:
    """Simulate a world, build, train, find its rings, and serve them."""
    settings = desk_of(context).settings
    key = settings.own_key()
    from api.demo import run  # noqa: PLC0415

    began = time.monotonic()
    with Bars() as bars:
        found = run(settings, key, preset, seed, bars)
    seconds = round(time.monotonic() - began, 1)
    gate = None if headless else _bound(host, port)
    url = gate and url_of(gate)
    payload: dict[str, Any] = {**found.as_json(), "seconds": seconds, "url": url}
    answer(payload, as_json, lambda console: _show(console, found, seconds))
    if gate is not None and url is not None:
        _serve(settings, key, gate, loopback=is_loopback(host))


def _bound(host: str, port: int) -> "socket.socket":
    """The port asked for, or a free one when it is taken: a demo should not fail at its end."""
    with suppress(SettingsError):
        return bound(host, port)
    return bound(host, 0)


def _serve(settings: Settings, key: bytes, gate: "socket.socket", *, loopback: bool) -> None:
    from api.demo import SIGNUP_FILE  # noqa: PLC0415
    from api.desk.office import full_key  # noqa: PLC0415
    from api.listen import listen  # noqa: PLC0415
    from api.serving.service import Service  # noqa: PLC0415

    url = url_of(gate)
    service = Service.of(settings, key)
    # The demo's key may do everything and is new with every start; a link opens the browser once.
    access, ticket = service.office.new_visitor(full_key("demo", service.clock(), "ringsight demo"))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"\nRings in a browser   {url}/enter?ticket={ticket}", markup=False)
    console.print(f"The key              {access}", markup=False)
    console.print(f"Rings as JSON        curl -sH 'authorization: Bearer {access}' {url}/v1/rings")
    console.print(f"The API              {url}/openapi.json")
    console.print("A sign-up that would join the surest ring:")
    console.print(
        f"  curl -s {url}/v1/signups/score -H 'authorization: Bearer {access}' "
        f"-H 'content-type: application/json' -d @{settings.home / SIGNUP_FILE}",
        markup=False,
    )
    console.print("Ctrl+C stops.")
    listen(service, gate, loopback=loopback)


def _show(console: Console, found: "Findings", seconds: float) -> None:
    as_of = found.as_json()["as_of"]
    console.print(f"Rings that call for action, as of {as_of}:" + " none" * (not found.rings))
    table = Table(box=None, pad_edge=False)
    for name in ("score", "ring", "accounts", "one campaign"):
        table.add_column(name, justify="left" if name == "ring" else "right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for ring in found.rings:
        table.add_row(*_row(ring))
    if found.rings:
        console.print(table)
    console.print(
        f"\n{found.accounts:,} accounts, {found.flagged} flagged. Against the simulated truth: "
        f"precision {found.precision:.3f}; recall {found.recall:.3f} of the {found.at_work} fraud "
        f"accounts at work;\n{found.campaigns_found} of {found.campaigns} campaigns at work found. "
        f"It took {seconds:.0f} s."
    )


def _row(ring: "DemoRing") -> tuple[str, ...]:
    summary = ring.summary
    return (
        f"{summary.score:.2f}",
        summary.id,
        str(summary.accounts),
        f"{ring.campaign_share:.0%}",
        "; ".join(ring.reasons),
    )
