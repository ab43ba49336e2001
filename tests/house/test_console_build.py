"""The build hook: what makes the console, what a failure says, and when nothing is done twice."""

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """``hatch_build.py`` over a copy of the sources' head, with nothing built."""
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / "console"
    (folder / "src").mkdir(parents=True)
    (folder / "public").mkdir()
    for name in ("index.html", "package.json", "package-lock.json", "vite.config.ts"):
        shutil.copy(ROOT / "api" / "console" / name, folder / name)
    (folder / "src" / "main.tsx").write_text("export {};\n")
    monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr(module, "STATIC", folder / "static")
    monkeypatch.setattr(module, "STAMP", folder / "static" / ".stamp")
    return module


def _commands(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """A search path that holds these commands and nothing else."""
    folder.mkdir()
    for name, body in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_no_npm_is_a_warning_that_says_so(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commands(tmp_path / "bin", monkeypatch)
    told: list[str] = []

    hook.ensure("", told.append)

    assert len(told) == 1
    assert "npm is not installed" in told[0]
    assert "/console says how" in told[0]


def test_an_old_node_is_named(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commands(tmp_path / "bin", monkeypatch, npm="exit 0", node="echo v18.20.4")
    told: list[str] = []

    hook.ensure("", told.append)

    assert "v18.20.4 is older than 20.19" in told[0]


def test_a_registry_that_is_away_is_named(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse = "echo 'npm error code ECONNREFUSED' >&2; exit 1"
    _commands(tmp_path / "bin", monkeypatch, npm=refuse, node="echo v20.19.0")
    told: list[str] = []

    hook.ensure("", told.append)

    assert "is a registry reachable?" in told[0]
    assert "ECONNREFUSED" in told[0]


def test_required_makes_the_warning_an_error(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commands(tmp_path / "bin", monkeypatch)

    with pytest.raises(hook.NotBuilt, match="npm is not installed"):
        hook.ensure("required", print)


def test_skip_leaves_the_page_out_in_silence(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _commands(tmp_path / "bin", monkeypatch)
    told: list[str] = []

    hook.ensure("skip", told.append)

    assert not told
    assert not hook.STATIC.exists()


def test_what_is_built_from_the_same_sources_is_not_built_again(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = 'if [ "$1" = run ]; then /bin/mkdir -p static; echo built >> built.log; fi'
    make += "; /bin/mkdir -p node_modules"
    _commands(tmp_path / "bin", monkeypatch, npm=make, node="echo v22.1.0")
    log = hook.FOLDER / "built.log"

    hook.ensure("required", print)
    hook.ensure("required", print)
    assert log.read_text().count("built") == 1

    (hook.FOLDER / "src" / "main.test.ts").write_text("a test changes nothing\n")
    hook.ensure("required", print)
    assert log.read_text().count("built") == 1

    (hook.FOLDER / "src" / "main.tsx").write_text("export const changed = 1;\n")
    hook.ensure("required", print)
    assert log.read_text().count("built") == 2


def test_the_lock_file_names_no_host_but_the_public_registry() -> None:
    lock = (ROOT / "api" / "console" / "package-lock.json").read_text()

    hosts = {line.strip() for line in lock.splitlines() if '"resolved"' in line}

    assert all("https://registry.npmjs.org/" in line for line in hosts)
