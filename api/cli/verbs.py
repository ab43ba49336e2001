"""The command line: every verb of ``ringsight``, its exit codes, and errors as one clear line.

The verbs live in ``api.cli_*`` by kind and import what they need when they run, so that
``ringsight --help`` and ``ringsight rings`` stay quick. Only the command line may import ``etl``.

Exit codes: 0 done; 1 it could not be done (store, source or model), or ``doctor`` found a fault;
2 the call or a setting is wrong; 70 a fault of Ringsight's own; 130 interrupted.
"""

import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.cli import (
    bench,
    bench_learn,
    demo,
    doctor,
    jobs,
    keep,
    keys,
    look,
    openapi,
    pipeline,
    ring,
    serve,
    worlds,
)
from api.cli.out import Desk, note
from api.places import place_of
from api.settings import Settings, unknown_names
from graph.errors import AccessError, InputError, MappingError, RingError, SettingsError

FAILED, MISUSED, BROKEN, INTERRUPTED = 1, 2, 70, 130
# Most specific wins, as in the HTTP table; what is not named here is FAILED.
EXIT_OF: dict[type[RingError], int] = {
    SettingsError: MISUSED,
    InputError: MISUSED,
    AccessError: MISUSED,
    MappingError: MISUSED,
}


def exit_of(error: RingError) -> int:
    """The exit code of ``error``."""
    return next((EXIT_OF[kind] for kind in type(error).__mro__ if kind in EXIT_OF), FAILED)


class _Verbs(TyperGroup):
    """The group of all verbs, which turns an error into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except RingError as error:
            raise typer.Exit(_complain(error, ctx.obj.as_json)) from None
        except BrokenPipeError:
            # The reader (``| head``) has what it wanted; keep Python from complaining at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (typer.Exit, typer.Abort, KeyboardInterrupt):
            raise
        except Exception as error:
            if isinstance(error, _usage_error()):
                raise
            if ctx.params.get("debug"):
                traceback.print_exc()
            raise typer.Exit(_confess(error, ctx.obj.as_json)) from None


app = typer.Typer(
    name="ringsight",
    cls=_Verbs,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Finds, explains and follows rings of accounts that distil a language model.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ringsight {version('ringsight')}")
        raise typer.Exit


@app.callback()
def front(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a fault.")] = False,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Finds, explains and follows rings of accounts that distil a language model."""


demo.add_to(app)
serve.add_to(app)
jobs.add_to(app)
pipeline.add_to(app)
worlds.add_to(app)
look.add_to(app)
openapi.add_to(app)
app.command("ring")(ring.ring)
app.add_typer(bench.app, name="bench")
bench_learn.add_to(bench.app)
keys.add_to(app)
keep.add_to(app)
doctor.add_to(app)


def verbs() -> list[str]:
    """The names of all verbs, in the order of the help."""
    group = typer.main.get_command(app)
    return list(group.commands) if isinstance(group, TyperGroup) else []


def run(
    arguments: Sequence[str], environment: Mapping[str, str], *, own_process: bool = False
) -> int:
    """Carry out one command line; gives its exit code.

    In a process of its own a long job gives way to others.
    """
    as_json = "--json" in arguments
    try:
        strays = tuple(unknown_names(environment))
        desk = Desk(Settings.from_environment(), strays, as_json, own_process)
        app(args=list(arguments), obj=desk, prog_name="ringsight")
    except SettingsError as error:
        return _complain(error, as_json)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else FAILED
    except KeyboardInterrupt:
        note("interrupted")
        return INTERRUPTED
    return 0


def _complain(error: RingError, as_json: bool) -> int:
    """One line on stderr; with ``--json`` an object on stdout as well. Gives the exit code."""
    note(f"ringsight: {error}")
    if as_json:
        _error_object(type(error).__name__, str(error))
    return exit_of(error)


def _confess(error: Exception, as_json: bool) -> int:
    """The same for an unforeseen error, whose text could hold a personal value: its place alone."""
    kind, where = type(error).__name__, place_of(error)
    text = f"a fault of its own: {kind} at {where}; ringsight --debug shows more"
    note(f"ringsight: {text}")
    if as_json:
        _error_object("Fault", text)
    return BROKEN


def _error_object(kind: str, text: str) -> None:
    sys.stdout.write(json.dumps({"error": kind, "detail": text}, ensure_ascii=False) + "\n")


def _usage_error() -> type[Exception]:
    """The class of usage errors, whichever click this typer stands on."""
    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
