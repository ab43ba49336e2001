"""What cannot be run here is linted with what PyPI has, and held to what the code says."""

import json
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

from api.metrics import Metrics
from api.settings import documented

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


def test_the_dashboard_asks_for_figures_that_there_are() -> None:
    metrics = Metrics()
    for name in ("outbox_depth", "outbox_lag_seconds", "ledger_kept", "graph_age_seconds",
                 "pipeline_drift_psi_highest"):  # fmt: skip
        metrics.watch(name, "as the service has it", lambda: 0.0)
    exist = set(re.findall(r"^# TYPE (\w+)", metrics.text().decode(), re.MULTILINE))
    board = json.loads((DEPLOY / "grafana.json").read_text())

    asked = {
        re.sub("_bucket$", "", name)
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"ringsight_\w+", target["expr"])
    }

    assert asked
    assert asked <= exist | {f"{name}_total" for name in exist}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) >= 8
