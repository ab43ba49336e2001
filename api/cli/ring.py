"""``ringsight ring``: one ring on the screen, as an evidence pack, and a pack held against itself.

A pack is made from the record that the last refresh kept (:mod:`graph.rings.evidence`), not from
the graph as it is now; checking one needs no graph at all, and with the record of its refresh at
hand the finder is run again.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.look import reason_table
from api.cli.out import AsJson, answer, desk_of
from api.settings import Settings
from graph.errors import InputError, KeyMissing, NotFound
from graph.normalise import Pseudonyms

Pack = Annotated[
    Path | None, typer.Option("--pack", metavar="DIR", help="Write an evidence pack there.")
]
Verify = Annotated[
    Path | None, typer.Option("--verify", metavar="DIR", help="Check the evidence pack in there.")
]


def ring(
    context: typer.Context,
    ring_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A ring's id, as `rings` shows it.")
    ] = None,
    pack: Pack = None,
    verify: Verify = None,
    as_json: AsJson = False,
) -> None:
    """Show one ring and why it is suspected, write its evidence pack, or check a pack."""
    settings = desk_of(context).settings
    if verify is not None and ring_id is None and pack is None:
        _verify(settings, verify, as_json)
    elif ring_id is None or verify is not None:
        raise InputError("give a ring's ID, with or without --pack DIR, or --verify DIR alone")
    elif pack is not None:
        _pack(settings, ring_id, pack, as_json)
    else:
        _show(settings, ring_id, as_json)


def seal_key(settings: Settings) -> bytes | None:
    """The key that seals packs: drawn from the deployment's, None without one."""
    from graph.rings.pack import SEAL_PURPOSE  # noqa: PLC0415

    try:
        return Pseudonyms(settings.known_key()).derived(SEAL_PURPOSE)
    except KeyMissing:
        return None


def evidence_path(settings: Settings) -> Path:
    """Where the last refresh kept what its rings stand on."""
    from graph.rings.record import FOLDER  # noqa: PLC0415

    return settings.refresh_path.with_name(FOLDER)


def _pack(settings: Settings, ring_id: str, folder: Path, as_json: bool) -> None:
    from graph.rings.evidence import pack_of  # noqa: PLC0415
    from graph.rings.pack import MANIFEST, lay_down  # noqa: PLC0415

    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise InputError(f"{folder} holds something else; name an empty folder")
    files = pack_of(evidence_path(settings), ring_id, key=seal_key(settings))
    head = lay_down(folder, files)
    payload = {"ring_id": ring_id, "folder": str(folder), "files": sorted(files), "head": head}
    text = f"evidence on {ring_id} in {folder}: open report.html; the head of its chain is {head}"
    answer(payload, as_json, lambda console: console.print(text))


def _verify(settings: Settings, folder: Path, as_json: bool) -> None:
    from graph.rings.pack import verify_pack  # noqa: PLC0415

    found = verify_pack(folder, seal_key(settings))
    again = None
    if not found:
        again = _again(settings, folder)
        found = again or []
    payload = {
        "sound": not found,
        "breaches": [{"file": b.file, "problem": b.problem} for b in found],
        "found_again": None if again is None else not again,
    }
    answer(payload, as_json, lambda console: _show_verified(console, folder, payload))
    if found:
        raise typer.Exit(1)


def _again(settings: Settings, folder: Path) -> list[Any] | None:
    """What the finder now finds otherwise; None where the record of that refresh is not kept."""
    from graph.rings.evidence import found_again  # noqa: PLC0415
    from graph.rings.record import kept_record  # noqa: PLC0415

    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    try:
        return found_again(files, kept_record(evidence_path(settings)))
    except NotFound:
        return None


def _show_verified(console: Console, folder: Path, payload: dict[str, Any]) -> None:
    for breach in payload["breaches"]:
        console.print(f"{breach['file']}: {breach['problem']}", markup=False)
    if payload["sound"]:
        console.print(f"{folder} is as it was written")
    if payload["found_again"]:
        console.print("found again on the record of its refresh, with the same numbers")
    elif payload["found_again"] is None and payload["sound"]:
        console.print("the record of its refresh is not kept here: the numbers were not made again")


def _show(settings: Settings, ring_id: str, as_json: bool) -> None:
    from api.opened import store_of  # noqa: PLC0415
    from api.schemas.answers import moment  # noqa: PLC0415
    from api.schemas.rings import RingDetail  # noqa: PLC0415

    with store_of(settings) as store:
        row = store.ring(ring_id)
        detail = RingDetail.at(row, store.generation()[1])
    members = [
        {"account_id": account, "strength": strength, "since": moment(at).isoformat()}
        for account, strength, at in row.members
    ]
    payload = {**detail.model_dump(mode="json"), "members": members}
    answer(payload, as_json, lambda console: _show_ring(console, payload))


def _show_ring(console: Console, ring: dict[str, Any]) -> None:
    state = "calls for action" if ring["flagged"] else "watched"
    console.print(f"[bold]{ring['id']}[/bold] version {ring['version']}: {ring['title']}")
    console.print(f"score {ring['score']:.2f}, {ring['verdict']}, {ring['status']}, {state}")
    console.print(f"first seen {ring['first_seen']}, last seen {ring['last_seen']}\n")
    reason_table(console, "Why", ring["reasons"])
    reason_table(console, "What speaks against it", ring["counter_evidence"])
    for other in ring["relatives"]:
        title = f"{other['ring_id']}: {other['says']} ({other['weight']:.1f} nats)"
        reason_table(console, title, other["reasons"])
    for pool in ring["pools"]:
        customer = "" if pool["ring_id"] is None else f", {pool['ring_id']}"
        console.print(f"{len(pool['accounts'])} accounts {pool['says']}{customer}", highlight=False)
    table = Table(title=f"Accounts: {len(ring['members'])}", title_justify="left", box=None)
    for name in ("membership", "account", "since", "carries"):
        table.add_column(name)
    for member in ring["members"][:30]:
        role = ring["roles"].get(member["account_id"])
        carries = "" if role is None else f"{role['says']} ({role['kit_share']:.0%} from its kit)"
        strength = f"{member['strength']:.2f}"
        table.add_row(strength, member["account_id"], member["since"], carries)
    console.print(table)
    if len(ring["members"]) > 30:
        console.print(f"and {len(ring['members']) - 30} more (--json shows all)")
