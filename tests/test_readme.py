"""The README cannot rot: every setting, endpoint, verb and error has its line there."""

from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from api.app import STATUS_OF, create_app
from api.cli.verbs import EXIT_OF, app, exit_of
from api.serving.service import Service
from api.settings import documented
from graph.errors import RingError

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
ROWS = [line for line in README.splitlines() if line.startswith("|")]


def _row_of(name: str) -> str:
    found = [row for row in ROWS if row.startswith(f"| `{name}`") or f"`{name}`" in row]
    assert found, f"`{name}` has no row in the README's tables"
    return found[0]


def _errors(kind: type[RingError] = RingError) -> list[type[RingError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in _errors(child))]


def _calls() -> list[str]:
    paths = create_app(Service.__new__(Service)).openapi()["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


def _verbs() -> list[str]:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    names = []
    for name, command in group.commands.items():
        below = command.commands if isinstance(command, TyperGroup) else {}
        names += [f"{name} {inner}" for inner in below] or [name]
    return names


@pytest.mark.parametrize(("name", "default", "_meaning"), documented())
def test_a_setting_has_its_row_with_its_default(name: str, default: str, _meaning: str) -> None:
    assert default in _row_of(name)


@pytest.mark.parametrize("call", _calls())
def test_an_endpoint_has_its_row(call: str) -> None:
    assert any(f"`{call}`" in row for row in ROWS), call


@pytest.mark.parametrize("verb", _verbs())
def test_a_verb_has_its_row(verb: str) -> None:
    assert any(f"`ringsight {verb}" in row for row in ROWS), verb


@pytest.mark.parametrize("kind", _errors(), ids=lambda kind: kind.__name__)
def test_an_error_has_its_row_with_status_and_exit_code(kind: type[RingError]) -> None:
    row = _row_of(kind.__name__)

    assert str(STATUS_OF[kind]) in row
    assert f"| {exit_of(kind('x'))} |" in row


def test_exit_codes_are_explained() -> None:
    for code in {0, 1, 70, 130, *EXIT_OF.values()}:
        assert any(row.startswith(f"| {code} |") for row in ROWS), code
