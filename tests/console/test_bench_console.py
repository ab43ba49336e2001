"""``ringsight bench console`` opens a real page, and says what is missing where it cannot."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api import console
from api.bench.console import WANTED_MS, bench_console
from graph.errors import InputError
from tests.api.small_home import KEY, Home
from tests.conftest import ENVIRONMENT

ROOT = Path(__file__).parents[2]


def test_a_homes_pages_are_opened_and_their_times_stand_beside_what_is_wanted(
    browser_type_launch_args: dict[str, Any], kept: Home
) -> None:
    words = ["bench", "console", "--home", "--rounds", "1", "--json"]
    words += ["--chromium", str(browser_type_launch_args["executable_path"])]
    here = {"RINGSIGHT_HOME": str(kept.settings.home), "RINGSIGHT_KEY": KEY.decode()}

    done = subprocess.run(
        [sys.executable, "-m", "api", *words],
        cwd=ROOT, env={**ENVIRONMENT, **here}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == {"ring usable", "graph drawn", "queue usable"}
    for name, row in figures.items():
        assert 0 < row["p50_ms"] <= row["most_ms"]
        assert row.get("wanted_ms") == WANTED_MS.get(name)


def test_without_playwright_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text("a page")
    monkeypatch.setattr(console, "STATIC", tmp_path)
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)

    with pytest.raises(InputError, match=r"pip install 'ringsight\[dev\]'"):
        bench_console()


def test_without_a_built_page_it_says_how_to_build_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(console, "STATIC", tmp_path / "nowhere")

    with pytest.raises(InputError, match=r"not built: python hatch_build\.py"):
        bench_console()
