"""The house keeps its own rules: sizes, names, module openings and what an import may cost."""

import ast
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("graph", "gnn", "etl", "api")
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
DRAWERS = {"utils", "helpers", "common", "manager", "misc", "util", "helper"}
NAMES = [str(path.relative_to(ROOT)) for path in MODULES]


def _functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text())
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_module_says_what_it_is_and_stays_readable(path: Path) -> None:
    source = path.read_text()

    assert ast.get_docstring(ast.parse(source)), "opens without a paragraph that says what it is"
    assert len(source.splitlines()) <= 400
    assert path.stem not in DRAWERS


@pytest.mark.parametrize("path", MODULES, ids=NAMES)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = {f.name: _body_lines(f) for f in _functions(path) if _body_lines(f) > 50}

    assert not long


def test_most_modules_and_functions_are_small() -> None:
    lines = [len(path.read_text().splitlines()) for path in MODULES]
    bodies = [_body_lines(function) for path in MODULES for function in _functions(path)]

    assert statistics.median(lines) <= 150
    assert statistics.median(bodies) <= 8
    assert statistics.quantiles(bodies, n=10)[-1] <= 25


@pytest.mark.parametrize(
    ("first", "absent"),
    [
        ("graph", "torch"),
        ("graph", "neo4j"),
        ("graph", "fastapi"),
        ("gnn", "fastapi"),
        ("etl", "fastapi"),
        ("api.app", "mlflow"),
        ("api.app", "shap"),
        ("api.app", "etl"),
    ],
)
def test_an_import_does_not_pay_for_what_it_does_not_need(first: str, absent: str) -> None:
    code = f"import sys, {first}; sys.exit({absent!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_nothing_is_unpickled() -> None:
    guilty = [
        str(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and {"pickle", "joblib", "dill", "cloudpickle"}
        & {alias.name.split(".")[0] for alias in node.names}
    ]

    assert not guilty


def test_the_constraints_pin_a_plain_torch() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()

    assert "torch==2.13.0" in lines
    assert not [line for line in lines if "+cpu" in line or "@" in line or "/" in line]
