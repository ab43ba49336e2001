"""``ringsight doctor``: what is installed, reachable and misconfigured, one line a finding.

A finding is ``ok``, ``warn`` (it works, but look) or ``fail`` (something will not work); any
``fail`` makes the exit code 1. Nothing is changed and no secret is shown.
"""

import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from api.cli.out import AsJson, Desk, answer, desk_of
from api.settings import Settings, readable_by_others
from graph.errors import KeyMissing, ModelMissing, NotFound, RingError
from graph.schema import SCHEMA_VERSION

OK, WARN, FAIL = "ok", "warn", "fail"
_STYLE = {OK: "green", WARN: "yellow", FAIL: "bold red"}
# What each extra brings, by the package that stands for it.
_PACKAGES = {
    "numpy": "base", "pyarrow": "base", "polars": "base", "neo4j": "base", "xgboost-cpu": "gnn",
    "xgboost": "gnn", "torch": "gnn", "fastapi": "api", "uvicorn": "api",
}  # fmt: skip
DISK_FREE_BYTES_LEAST = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, its state, and what was found."""

    name: str
    state: str
    detail: str


def add_to(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command("doctor")(doctor)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Say what is installed, reachable and misconfigured; exit 1 if something will not work."""
    findings = list(examine(desk_of(context)))
    healthy = all(finding.state != FAIL for finding in findings)
    payload = {"healthy": healthy, "findings": [asdict(finding) for finding in findings]}
    answer(payload, as_json, lambda console: _show(console, findings))
    if not healthy:
        raise typer.Exit(1)


def _show(console: Console, findings: list[Finding]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        style = _STYLE[finding.state]
        table.add_row(f"[{style}]{finding.state}[/]", finding.name, finding.detail)
    console.print(table)


def examine(desk: Desk) -> Iterator[Finding]:
    """Every finding, in the order in which things depend on each other."""
    settings = desk.settings
    yield _python()
    yield from _packages()
    yield from (
        Finding("setting", WARN, f"{name} is no setting of this version: misspelt?")
        for name in desk.strays
    )
    yield _key(settings)
    yield _disk(settings.home)
    yield from _guarded("store", lambda: _store(settings))
    yield from _guarded("journal", lambda: _journal(settings))
    yield from _guarded("model", lambda: _model(settings))
    yield from _guarded("ledger", lambda: _ledger(settings))


def _guarded(name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings of ``look``; an error of ours becomes a finding itself."""
    try:
        yield from look()
    except (NotFound, KeyMissing, ModelMissing) as error:
        yield Finding(name, WARN, str(error))
    except RingError as error:
        yield Finding(name, FAIL, f"{type(error).__name__}: {error}")


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("python", OK if sys.version_info >= (3, 11) else FAIL, found)


def _packages() -> Iterator[Finding]:
    yield Finding("ringsight", OK, f"{version('ringsight')}, graph schema {SCHEMA_VERSION}")
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    yield Finding("packages", OK, ", ".join(f"{name} {v}" for name, v in found.items()))
    for extra in sorted({extra for name, extra in _PACKAGES.items() if name not in found}):
        if not any(_PACKAGES[name] == extra for name in found):
            yield Finding(
                f"extra {extra}", WARN, f"not installed: pip install 'ringsight[{extra}]'"
            )


def _key(settings: Settings) -> Finding:
    try:
        settings.given_key()
    except KeyMissing as error:
        return Finding("key", WARN, str(error))
    except RingError as error:
        return Finding("key", FAIL, str(error))
    if settings.key_file is not None and readable_by_others(settings.key_file):
        return Finding("key", WARN, f"{settings.key_file} can be read by others: chmod 600")
    source = "RINGSIGHT_KEY" if settings.key_file is None else str(settings.key_file)
    return Finding("key", OK, f"given by {source}")


def _disk(home: Path) -> Finding:
    place = next(path for path in (home, *home.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    state = OK if free >= DISK_FREE_BYTES_LEAST else WARN
    return Finding("disk", state, f"{free / 1024**3:.1f} GiB free for {home}")


def _store(settings: Settings) -> Iterator[Finding]:
    from api.opened import store_of  # noqa: PLC0415

    with store_of(settings) as store:
        counts, (number, as_of) = store.counts(), store.generation()
        kept_id = store.meta("key_id")
    told = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
    yield Finding("store", OK, f"{settings.store_url}: {told or 'empty'}")
    yield _key_of_store(settings, kept_id)
    yield _generation(number, as_of)


def _key_of_store(settings: Settings, kept_id: str | None) -> Finding:
    from graph.normalise import key_id  # noqa: PLC0415

    if kept_id is None:
        return Finding("store key", OK, "no key has been used on it yet")
    try:
        given = key_id(settings.known_key())
    except KeyMissing:
        return Finding("store key", WARN, f"made with key {kept_id}; none is given")
    if given != kept_id:
        text = (
            f"made with key {kept_id}, given is {given}: give the first, or another RINGSIGHT_HOME"
        )
        return Finding("store key", FAIL, text)
    return Finding("store key", OK, f"key {kept_id} fits")


def _generation(number: int, as_of: int) -> Finding:
    from api.schemas.answers import moment  # noqa: PLC0415

    if not number:
        return Finding("refresh", WARN, "nothing published yet: ringsight refresh")
    return Finding("refresh", OK, f"generation {number}, as of {moment(as_of):%Y-%m-%d %H:%M} UTC")


def _journal(settings: Settings) -> Iterator[Finding]:
    from api.workshop import journal_of  # noqa: PLC0415

    with journal_of(settings) as journal:
        counts = journal.counts()
    told = ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)
    yield Finding("journal", OK, told or "empty")


def _ledger(settings: Settings) -> Iterator[Finding]:
    if settings.ledger_url is None and not settings.ledger_path.exists():
        yield Finding("ledger", WARN, "none yet: ringsight key create NAME --scope investigate")
        return
    from graph.ledger import audit, handover, keys  # noqa: PLC0415
    from graph.ledger.engine import Ledger  # noqa: PLC0415

    with Ledger(settings.ledger_address) as ledger, ledger.reading() as book:
        links, waits = audit.count(book), handover.waiting(book)
        live = sum(key.revoked_at is None for key in keys.every(book))
    told = f"{ledger.dialect}: {live} keys, {links:,} links of the audit chain"
    yield Finding("ledger", OK, told + (f", {waits} events wait for the journal" if waits else ""))


def _model(settings: Settings) -> Iterator[Finding]:
    from api.workshop import shelf_of  # noqa: PLC0415

    bundle = shelf_of(settings).load()
    yield Finding("model", OK, f"{bundle.version}, every digest fits")
