"""``ringsight key`` and ``ringsight audit``: who may call the service, and whether the chain holds.

A key's text is printed once, when it is made or rotated, and can never be read again. A service
that runs takes a change up within a second.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.out import AsJson, answer, desk_of
from graph.errors import StoreCorrupt
from graph.ledger.port import ApiKey, Role, Scope

if TYPE_CHECKING:
    from graph.ledger.engine import Ledger

ACTOR = "command line"
DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
keys_app = typer.Typer(no_args_is_help=True, help="API keys: make, show, rotate, revoke.")
audit_app = typer.Typer(no_args_is_help=True, help="The audit chain.")

KeyId = Annotated[str, typer.Argument(help="The key's id, as `key list` shows it.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.add_typer(keys_app, name="key")
    app.add_typer(audit_app, name="audit")


@keys_app.command("create")
def create(  # noqa: PLR0913, PLR0917 - a verb has as many arguments as options
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What people will call it.")],
    scope: Annotated[
        list[Scope], typer.Option("--scope", help="score, ingest, investigate or admin; repeat it.")
    ],
    role: Annotated[Role, typer.Option(help="Highest role: what it may do.")] = Role.INVESTIGATOR,
    days: Annotated[int, typer.Option(min=0, help="Ends after so many days; 0 is never.")] = 0,
    rate: Annotated[float | None, typer.Option(min=0, help="Calls a second; 0: no limit.")] = None,
    no_reasons: Annotated[
        bool, typer.Option("--no-reasons", help="Answers give a decision and nothing more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key; it is printed this once."""
    from graph.ledger import keys  # noqa: PLC0415
    from graph.ledger.audit import Act, append  # noqa: PLC0415

    now = _now()
    highest = Role.ADMIN if Scope.ADMIN in scope else role
    like = ApiKey(
        "", name, frozenset(scope), highest, now, ACTOR, "",
        reasons=not no_reasons, rate_per_s=rate, expires_at=now + days * DAY_US if days else None,
    )  # fmt: skip
    with _ledger(context) as ledger, ledger.writing() as book:
        key, text = keys.create(book, like)
        detail = {"name": key.name, "scopes": sorted(key.scopes), "role": key.role}
        append(book, [Act(now, ACTOR, "key.create", f"key:{key.id}", detail)])
    answer({"id": key.id, "key": text}, as_json, lambda console: _show_key(console, text))


@keys_app.command("list")
def list_keys(context: typer.Context, as_json: AsJson = False) -> None:
    """Show every key, ended ones too; never a secret."""
    from graph.ledger import keys  # noqa: PLC0415

    now = _now()
    with _ledger(context) as ledger, ledger.reading() as book:
        found = keys.every(book)
    payload = {"keys": [_row(key, now) for key in found]}
    answer(payload, as_json, lambda console: _show_keys(console, payload["keys"]))


@keys_app.command("rotate")
def rotate(
    context: typer.Context,
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, help="So long the old key goes on working.")
    ] = 24.0,
    as_json: AsJson = False,
) -> None:
    """Make a key with the same rights; the old one works a day longer."""
    from graph.ledger import keys  # noqa: PLC0415
    from graph.ledger.audit import Act, append  # noqa: PLC0415

    now = _now()
    with _ledger(context) as ledger, ledger.writing() as book:
        key, text = keys.rotate(book, key_id, now, int(overlap_hours * HOUR_US))
        detail = {"new": key.id}
        append(book, [Act(now, ACTOR, "key.rotate", f"key:{key_id}", detail)])
    answer({"id": key.id, "key": text}, as_json, lambda console: _show_key(console, text))


@keys_app.command("revoke")
def revoke(context: typer.Context, key_id: KeyId, as_json: AsJson = False) -> None:
    """End a key now."""
    from graph.ledger import keys  # noqa: PLC0415
    from graph.ledger.audit import Act, append  # noqa: PLC0415

    now = _now()
    with _ledger(context) as ledger, ledger.writing() as book:
        key = keys.revoke(book, key_id, now)
        append(book, [Act(now, ACTOR, "key.revoke", f"key:{key.id}")])
    said = f"{key.name} ({key.id}) opens nothing any more"
    answer({"id": key.id, "revoked": True}, as_json, lambda console: console.print(said))


@audit_app.command("verify")
def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Walk the audit chain, and that of answers to sign-ups; exit 1 if a link does not hold."""
    from graph.ledger import audit, hot  # noqa: PLC0415

    with _ledger(context) as ledger, ledger.reading() as book:
        found, answers = audit.verify(book), hot.verify(book)
    if found.broken_at is not None:
        raise StoreCorrupt(f"the audit chain breaks at link {found.broken_at}: {found.why}")
    if answers.broken_at is not None:
        raise StoreCorrupt(f"the chain of answers to sign-ups breaks at {answers.broken_at}")
    payload = {"holds": True, "links": found.links, "head": found.head, "answers": answers.links}
    said = (
        f"{found.links:,} links of the audit chain and {answers.links:,} answers to sign-ups hold; "
        f"the last link's digest is {found.head}"
    )
    answer(payload, as_json, lambda console: console.print(said))


@contextmanager
def _ledger(context: typer.Context) -> Iterator["Ledger"]:
    from graph.ledger.engine import Ledger  # noqa: PLC0415

    with Ledger(desk_of(context).settings.ledger_address) as ledger:
        yield ledger


def _now() -> int:
    return time.time_ns() // 1000


def _row(key: ApiKey, now: int) -> dict[str, Any]:
    from api.schemas.answers import moment  # noqa: PLC0415

    ended = not key.live(now)
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "role": key.role,
        "created_at": moment(key.created_at).isoformat(timespec="seconds"),
        "reasons": key.reasons,
        "state": "ended" if ended else "ends later" if key.revoked_at else "live",
    }


def _show_key(console: Console, text: str) -> None:
    console.print(text, markup=False)
    console.print("Keep it now: it cannot be shown again.")


def _show_keys(console: Console, rows: list[dict[str, Any]]) -> None:
    if not rows:
        console.print("No key yet: ringsight key create NAME --scope investigate")
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        shown = [" ".join(v) if isinstance(v, list) else str(v) for v in row.values()]
        table.add_row(*shown)
    console.print(table)
