"""What a command costs before it does anything: slow imports stay where they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.small_home import Home

ROOT = Path(__file__).parents[2]
SLOW = ("torch", "xgboost", "sklearn", "polars", "neo4j", "numba", "fastapi", "duckdb", "etl")


def _brought(words: list[str], home: Path) -> set[str]:
    """Which of the slow modules are there after a command line was carried out."""
    code = (
        "import sys; from api.cli.verbs import run; "
        f"code = run({words!r}, {{}}); "
        f"print('\\n', code, *({{*{SLOW!r}}} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"RINGSIGHT_HOME": str(home), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    exit_code, *found = done.stderr.split("\n")[-2].split()
    assert exit_code == "0", done.stderr
    return set(found)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["serve", "--help"], ["rings"]])
def test_a_command_does_not_pay_for_what_it_does_not_need(built: Home, words: list[str]) -> None:
    assert _brought(words, built.settings.home) == set()


def test_one_ring_needs_no_model(built: Home) -> None:
    ring_id = built.rings.rings[0].ring_id

    assert _brought(["ring", ring_id], built.settings.home) == set()


def test_scoring_needs_the_model_and_no_job(built: Home, tmp_path: Path) -> None:
    code = "import api.serving.service, sys; sys.exit(bool({'etl', 'fastapi'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)

    assert done.returncode == 0
