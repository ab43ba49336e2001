"""What cannot be run here is linted with what PyPI has, and held to what the code says."""

import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.serving.service import Service
from api.settings import documented
from api.weekly.told import STATUS

DEPLOY = Path(__file__).parents[2] / "deploy"
BIN = Path(sys.executable).parent


def run(tool: str, *arguments: str) -> None:
    command = BIN / tool
    if not command.exists():
        pytest.skip(f"needs {tool}: install the dev extra")
    found = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_dockerfile_passes_hadolint() -> None:
    # DL3042 and DL3013 ask for pins that the constraints file gives.
    run("hadolint", "--ignore", "DL3013", str(DEPLOY / "Dockerfile"))


def test_yaml_files_are_clean() -> None:
    rules = "{extends: default, rules: {line-length: {max: 120}, braces: {max-spaces-inside: 0}}}"
    run("yamllint", "-d", rules, *map(str, sorted(DEPLOY.glob("*.yaml"))))


def test_compose_fits_its_schema() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml"))


def test_compose_keeps_secrets_in_files_and_listens_on_loopback() -> None:
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())

    assert set(told["secrets"]) == {"ringsight_key", "neo4j_password", "postgres_password"}
    assert all(port.startswith("127.0.0.1:") for port in told["services"]["ringsight"]["ports"])
    for service in told["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD$|KEY$", name), value


def test_settings_named_in_deployment_files_exist() -> None:
    known = {name for name, _, _ in documented()}

    named = {
        found
        for file in DEPLOY.iterdir()
        if file.is_file()
        for found in re.findall(r"RINGSIGHT_[A-Z_]+", file.read_text())
    }

    assert named <= known | {"RINGSIGHT_OUTBOX_MOST"}, named - known


def test_the_unit_has_what_systemd_reads() -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "ringsight.service")

    assert set(unit.sections()) == {"Unit", "Service", "Install"}
    assert unit["Service"]["ExecStart"].split()[1] == "serve"
    assert unit["Service"]["User"] != "root"


def figures_of(service: Service) -> set[str]:
    """The series that a scrape of the service finds, histograms and counters by their own names."""
    found = re.findall(r"^# TYPE (ringsight_\w+)", service.metrics.text().decode(), re.MULTILINE)
    return {name for name in found if not name.endswith("_created")}


def asked_of(board: dict[str, Any]) -> set[str]:
    """The series that a dashboard asks for by name."""
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    named = {name for e in expressions for name in re.findall(r"\bringsight_\w+", e)}
    return {re.sub("_bucket$", "", name) for name in named if not name.endswith("_")}


def test_the_dashboard_shows_every_figure_and_asks_for_no_other(service: Service) -> None:
    assert service.pipeline_path is not None
    run = {"passed": True, "as_of": 1, "labels": {}}
    told = {"monitor": {"metrics": {"drift_psi_highest": 0.1}}, "runs": [run]}
    service.pipeline_path.mkdir(parents=True, exist_ok=True)
    (service.pipeline_path / STATUS).write_text(json.dumps(told))
    shelf = service.champion.shelf
    shelf.stand_in(shelf.current())
    board = json.loads((DEPLOY / "grafana.json").read_text())

    exist, asked = figures_of(service), asked_of(board)

    assert exist
    assert asked == exist
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
