"""Verbs that work: events built into the graph, a model trained, a refresh published.

Each is a job of :mod:`etl` given what the settings name; here its report is printed. Worlds and
back-tests are in ``api.cli.worlds``.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.out import AsJson, Bars, answer, job_of
from graph.errors import InputError, ModelMissing

if TYPE_CHECKING:
    from api.settings import Settings
    from etl.load import BuildReport
    from etl.refresh import FitsClusters
    from etl.refreshed import RefreshReport
    from gnn.scorer import Scorer

Moment = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="ISO 8601 with an offset; default: the latest event."),
]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("build")(build)
    app.command("train")(train)
    app.command("refresh")(refresh)


def build(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="Folder, file or object-store prefix of events.")],
    mapping: Annotated[
        str | None,
        typer.Option(help="A mapping file (TOML), or the name of a shipped one: fraud_ecom."),
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Read again exactly the rows in the quarantine.")
    ] = False,
    limit_quarantine: Annotated[
        float, typer.Option(min=0, max=1, help="Share of rows that may be refused.")
    ] = 0.05,
    as_json: AsJson = False,
) -> None:
    """Read what is new in SOURCE into the graph."""
    settings = job_of(context).settings
    key = settings.given_key()
    from api.opened import store_of  # noqa: PLC0415
    from api.workshop import journal_of  # noqa: PLC0415
    from etl import load  # noqa: PLC0415
    from etl.mapping import load_mapping  # noqa: PLC0415
    from graph.door import Door  # noqa: PLC0415

    chosen = None if mapping is None else load_mapping(Path(mapping))
    work = load.retry if retry else load.build
    with Bars() as bars, journal_of(settings, key) as journal:
        options = load.BuildOptions(limit=limit_quarantine, mapping=chosen, progress=bars)
        with store_of(settings, make=True) as store:
            report = work(source, journal, store, Door(key), options)
    answer(report.as_dict(), as_json, lambda console: show_build(console, report))


def show_build(console: Console, report: "BuildReport") -> None:
    """The report of a build: a line a table, then what was refused and why."""
    table = Table(box=None, pad_edge=False)
    table.add_column("table")
    for name in ("read", "new", "known", "refused"):
        table.add_column(name, justify="right")
    for name, tally in report.tables.items():
        counts = (tally.read, tally.added, tally.repeated, sum(tally.refused.values()))
        table.add_row(name, *(f"{count:,}" for count in counts))
    console.print(table)
    if report.released:
        console.print(f"{report.released:,} rows left the quarantine")
    for reason, count in report.quarantined.items():
        console.print(f"in quarantine: {count:,} {reason}")
    for finding in report.findings:
        ignored, missing = ", ".join(finding.ignored), ", ".join(finding.missing)
        told = [f"ignored columns {ignored}"] * bool(ignored)
        told += [f"missing columns {missing}"] * bool(missing)
        console.print(f"{finding.file}: {'; '.join(told)}", markup=False)
    speed = f"{report.rows_per_second:,.0f} rows/s"
    console.print(f"{report.facts:,} facts written in {report.seconds:.1f} s ({speed})")


def train(
    context: typer.Context,
    until: Moment = None,
    seed: Annotated[int, typer.Option(help="The chance; equal data and seed, equal model.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Train a model on what was known at a moment, and put it in use."""
    settings = job_of(context).settings
    from api.workshop import journal_of, shelf_of  # noqa: PLC0415
    from etl.jobs import latest_moment, train_bundle  # noqa: PLC0415
    from etl.prompts.fit import fit_clusters  # noqa: PLC0415

    with Bars() as bars, journal_of(settings) as journal:
        moment = latest_moment(journal) if until is None else time_of(until)
        bundle = train_bundle(journal, fit_clusters, moment, seed, bars)
    place = shelf_of(settings, sign=True).put(bundle)
    payload = {
        "model_version": bundle.version,
        "trained_as_of": iso(bundle.trained_as_of),
        "folder": str(place),
        "thresholds": {
            name: getattr(bundle.thresholds, name) for name in bundle.thresholds.__slots__
        },
        "notes": dict(bundle.notes),
    }
    text = f"model {bundle.version}, trained on what was known at {iso(bundle.trained_as_of)}"
    answer(payload, as_json, lambda console: console.print(text))


def refresh(
    context: typer.Context,
    as_of: Moment = None,
    source: Annotated[
        str | None,
        typer.Option(help="Read templates, redacted, from these events again: the graph has none."),
    ] = None,
    when_called: Annotated[
        bool,
        typer.Option(help="Only if the service calls for one: young accounts crowd to a ring."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find prompt clusters and rings, score every account, publish it all as one generation."""
    settings = job_of(context).settings
    if when_called and not _called(settings):
        nobody = "nobody calls for a refresh before its time"
        answer({"called": False}, as_json, lambda console: console.print(nobody))
        return
    from api.opened import store_of  # noqa: PLC0415
    from api.workshop import journal_of, shelf_of  # noqa: PLC0415
    from etl.jobs import Deployment, latest_moment, refresh_now  # noqa: PLC0415
    from etl.prompts.fit import fit_clusters  # noqa: PLC0415
    from gnn.scorer import Scorer  # noqa: PLC0415

    scorer: Scorer | None
    try:
        scorer = Scorer(shelf_of(settings).load())
    except ModelMissing:
        scorer = None
    with Bars() as bars, journal_of(settings) as journal, store_of(settings, make=True) as store:
        moment = latest_moment(journal) if as_of is None else time_of(as_of)
        fit = fit_clusters if source is None else _showing(settings, source)
        deployment = Deployment(journal, store, fit, settings.refresh_path)
        report = refresh_now(deployment, scorer, moment, bars)
    payload = refresh_payload(report, scorer)
    answer(payload, as_json, lambda console: show_refresh(console, payload))


def _called(settings: "Settings") -> bool:
    """Whether a service asked for a refresh after the one that is visible."""
    from api.opened import store_of  # noqa: PLC0415
    from graph.rings.early import called  # noqa: PLC0415
    from graph.rings.watchlist import FOLDER  # noqa: PLC0415

    with store_of(settings) as store:
        number, _ = store.generation()
    return called(settings.refresh_path.with_name(FOLDER), number) is not None


def _showing(settings: "Settings", source: str) -> "FitsClusters":
    """The fit of prompt clusters, with templates read from a source of events."""
    from etl.prompts.fit import fit_clusters  # noqa: PLC0415
    from etl.prompts.templates import prompts_in, showing  # noqa: PLC0415
    from graph.prompts import Fingerprinter  # noqa: PLC0415

    systems = prompts_in(source, column="system_prompt")
    reader = Fingerprinter(settings.given_key())
    return showing(fit_clusters, prompts_in(source), reader, systems)


def refresh_payload(report: "RefreshReport", scorer: "Scorer | None") -> dict[str, Any]:
    """What a refresh found, as JSON."""
    return {
        "generation": report.state.number,
        "as_of": iso(report.as_of),
        "rings": len(report.rings),
        "rings_flagged": len(report.rings.flagged),
        "accounts_flagged": report.flags.height,
        "model_version": None if scorer is None else scorer.version,
    }


def show_refresh(console: Console, payload: dict[str, Any]) -> None:
    """The same for people."""
    console.print(
        f"generation {payload['generation']} as of {payload['as_of']}: {payload['rings']} groups; "
        f"{payload['rings_flagged']} of them and {payload['accounts_flagged']} accounts flagged"
    )
    if payload["model_version"] is None:
        console.print("without a model: rings by links and evidence alone (ringsight train)")


def time_of(text: str) -> int:
    """A moment given on the command line, in microseconds since the epoch.

    Raises:
        InputError: if it is no ISO 8601 time with an offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is no time; write 2026-03-01T00:00:00Z") from None
    if moment.tzinfo is None:
        raise InputError(f"{text!r} says no offset from UTC; write {text}Z for UTC")
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def iso(at: int) -> str:
    """A moment as the command line writes it."""
    from api.schemas.answers import moment  # noqa: PLC0415

    return moment(at).isoformat().replace("+00:00", "Z")
