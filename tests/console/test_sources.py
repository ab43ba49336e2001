"""The console's own checks: unit tests, types, lint, its size, its client against the API."""

import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from api import console
from api.app import create_app
from api.serving.service import Service
from tests.conftest import require

FOLDER = Path(console.__file__).parent
JS_KB_MOST = 420
FIRST_KB_MOST = 300


@pytest.fixture
def npm() -> str:
    """npm, with the console's packages there; skips without."""
    found = shutil.which("npm")
    if found is None or not (FOLDER / "node_modules").exists():
        require("node", "needs Node: npm and api/console/node_modules (python hatch_build.py)")
    return found


def _run(npm: str, *words: str) -> None:
    done = subprocess.run(
        [npm, "run", "--silent", *words], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("check", ["test", "types", "lint"])
def test_the_sources_pass_their_own(npm: str, check: str) -> None:
    _run(npm, check)


def test_the_typed_client_is_generated_from_this_service(npm: str, tmp_path: Path) -> None:
    described = tmp_path / "openapi.json"
    schema = create_app(Service.__new__(Service)).openapi()
    described.write_text(json.dumps(schema, sort_keys=True))

    made = tmp_path / "api.d.ts"
    command = [
        "node",
        "node_modules/openapi-typescript/bin/cli.js",
        str(described),
        "-o",
        str(made),
    ]
    subprocess.run(command, cwd=FOLDER, capture_output=True, check=True)

    assert made.read_text() == (FOLDER / "src/wire/api.d.ts").read_text(), "make console-api"


def test_the_page_is_small_and_loads_the_graph_only_where_it_is_drawn() -> None:
    if not (console.STATIC / "index.html").exists():
        require("node", "needs Node: the console is not built (python hatch_build.py)")
    sizes = {
        path.name: len(gzip.compress(path.read_bytes(), 9)) / 1024
        for path in (console.STATIC / "assets").glob("*.js")
    }
    page = (console.STATIC / "index.html").read_text()

    assert sum(sizes.values()) <= JS_KB_MOST
    assert sum(size for name, size in sizes.items() if name in page) <= FIRST_KB_MOST
    lazy = [name for name in sizes if name.startswith(("GraphView", "cytoscape"))]
    assert lazy
    assert not [name for name in lazy if name in page]
