"""``ringsight erase``, ``backup``, ``restore``, ``retain``, ``export-neo4j``: keeping, and moving.

The work is ``api.erasure``'s and ``api.backup``'s; stop the service before ``restore``.
"""

import shlex
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.out import AsJson, answer, desk_of

DAY_US = 86_400_000_000


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("erase")(erase)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("retain")(retain)
    app.command("export-neo4j")(export_neo4j)


def erase(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="The account's id.")],
    as_json: AsJson = False,
) -> None:
    """Forget an account everywhere, and print a receipt of what was removed."""
    settings = desk_of(context).settings
    from api.erasure import erase_account  # noqa: PLC0415

    receipt = erase_account(settings, settings.known_key(), account, _now())
    _answered(receipt.as_json(), as_json)


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    as_json: AsJson = False,
) -> None:
    """Copy journal, ledger, embedded store and bundles as they are, while the service runs."""
    settings = desk_of(context).settings
    from api.backup import back_up  # noqa: PLC0415

    _answered(back_up(settings, folder, _now()), as_json)


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder that `backup` made.")],
    as_json: AsJson = False,
) -> None:
    """Put a backup back into an empty home; every file's digest is looked at first."""
    settings = desk_of(context).settings
    from api.backup import put_back  # noqa: PLC0415

    _answered(put_back(settings, folder), as_json)


def retain(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, help="Keep what is younger than so many days.")] = 400,
    as_json: AsJson = False,
) -> None:
    """Remove from the ledger what nobody needs any more: old answers, deliveries, ended entries."""
    settings = desk_of(context).settings
    from graph.ledger.engine import Ledger  # noqa: PLC0415
    from graph.ledger.retention import sweep  # noqa: PLC0415

    now = _now()
    with Ledger(settings.ledger_address) as ledger, ledger.writing() as book:
        _answered({"removed": sweep(book, now - days * DAY_US, now)}, as_json)


def export_neo4j(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the files go; some 100 bytes an edge.")],
    as_json: AsJson = False,
) -> None:
    """Write the graph as files for `neo4j-admin database import`: a large graph's first load."""
    settings = desk_of(context).settings
    from api.opened import store_of  # noqa: PLC0415
    from graph.stores.neo4j_import import write_import  # noqa: PLC0415

    with store_of(settings) as store:
        arguments = write_import(store.snapshot(), folder.resolve())
    command = shlex.join(["neo4j-admin", "database", "import", "full", *arguments])
    _answered({"run, with the server stopped": command}, as_json)


def _answered(payload: dict[str, Any], as_json: bool) -> None:
    def show(console: Any) -> None:
        for name, value in payload.items():
            console.print(f"{name}: {value}", markup=False)

    answer(payload, as_json, show)


def _now() -> int:
    return time.time_ns() // 1000
