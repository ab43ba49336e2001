"""The weekly verbs of the command line as an operator meets them: killed, forced, under load.

``ringsight retrain`` is killed (-9) in the middle of steps drawn at random and called again; a
service of its own process answers sign-ups while ``ringsight rollback`` turns the model under it.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.desk.office import Office, full_key
from api.serving.service import Service
from api.settings import Settings
from api.workshop import shelf_of
from etl.weekly.promotion import STATUS
from etl.weekly.run_folder import read_json
from etl.weekly.turns import history
from graph.ledger import audit
from graph.simulate import WorldSpec, simulate
from graph.simulate.presets import PRESETS
from tests.api.small_home import KEY, bearer, build, newcomer, tiny_bundle
from tests.slow.test_signup_kill import Caller, Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_000)]

ENVIRONMENT = os.environ  # noqa: TID251  the tests' one look at what this machine has
STEPS = ("snapshot", "features", "labels", "panel", "model", "recent-challenger", "canaries")
KILLS = 4
PATIENCE_S = 600.0
SECRET = "a test's key, 16 bytes or more"
CALLERS = 4


def ringsight(home: Path, *told: str, key: str = SECRET, **more: Any) -> subprocess.Popen[str]:
    """The command line in a process of its own."""
    environment = {**ENVIRONMENT, "RINGSIGHT_HOME": str(home), "RINGSIGHT_KEY": key}
    command = [sys.executable, "-m", "api", *told]
    return subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


def answered(home: Path, *told: str, key: str = SECRET) -> dict[str, Any]:
    with ringsight(home, *told, "--json", key=key) as process:
        out, error = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, error
    return json.loads(out)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of a small world with events of four weeks."""
    folder = tmp_path_factory.mktemp("weekly")
    campaigns = PRESETS["small"].campaigns
    spec = WorldSpec("weekly", 220, 28.0, campaigns, volume=0.4, label_share=0.8)
    simulate(folder / "world", spec, seed=3)
    answered(folder / "home", "build", str(folder / "world" / "events"))
    return folder / "home"


def run_of(home: Path) -> Path | None:
    runs = home / "runs"
    return next(iter(sorted(runs.iterdir())), None) if runs.exists() else None


def killed_in(home: Path, step: str, chance: random.Random) -> bool:
    """Call ``retrain`` and kill it while it makes ``step``; False where it ended before."""
    with ringsight(home, "retrain", "--json") as process:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            folder = run_of(home)
            if folder is not None and (folder / f".{step}.new").exists():
                time.sleep(chance.uniform(0.0, 0.5))
                break
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.returncode == -signal.SIGKILL


def test_a_run_killed_at_random_steps_goes_on_to_the_model_of_an_undisturbed_one(
    built: Path, tmp_path: Path
) -> None:
    chance = random.Random(int.from_bytes(os.urandom(2)))
    steps = sorted(chance.sample(STEPS, KILLS), key=STEPS.index)
    quiet, harmed = tmp_path / "quiet", tmp_path / "harmed"
    for home in (quiet, harmed):
        shutil.copytree(built, home)
    undisturbed = answered(quiet, "retrain")

    kills = [step for step in steps if killed_in(harmed, step, chance)]
    found = answered(harmed, "retrain")

    assert kills, steps
    assert (found["version"], found["became"]) == (undisturbed["version"], undisturbed["became"])
    assert found["run"] == undisturbed["run"]
    assert [f["rule"] for f in found["findings"]] == [f["rule"] for f in undisturbed["findings"]]
    taken_up = {step["step"] for step in found["steps"] if step["skipped"]}
    assert {name for name in STEPS if STEPS.index(name) < STEPS.index(kills[-1])} <= taken_up | {
        "panel"
    }
    assert len(history(harmed / "pipeline")) == len(history(quiet / "pipeline"))
    folder = run_of(harmed)
    assert folder is not None
    assert not list(folder.glob(".*.new"))
    assert (folder / "report.html").exists()


def test_every_watched_signal_of_a_real_home_is_in_the_metrics_and_on_the_console(
    built: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(built, home)
    answered(home, "retrain", "--promote")
    answered(home, "retrain", "--seed", "2")  # held against the first: now there is drift to tell

    settings = Settings(home=home, key=SECRET)  # type: ignore[arg-type]
    with Service.of(settings, SECRET.encode()) as service:
        client = TestClient(create_app(service), headers=bearer(service))
        text, told = client.get("/metrics").text, client.get("/v1/pipeline").json()["monitor"]

    for name in ("drift_psi_highest", "drift_psi_score", "prompts_template_psi",
                 "prompts_without_template_share", "label_delay_days_median", "overturned_share",
                 "calibration_error", "champion_age_days", "rank_agreement"):  # fmt: skip
        assert f"ringsight_pipeline_{name}" in text, name
    assert {"features", "prompts", "labels", "overturned", "audited", "past", "staleness"} <= {
        part for part, found in told.items() if found
    }


def test_force_needs_a_reason_which_is_kept_in_history_and_audit(tmp_path: Path) -> None:
    home = build(tmp_path / "home")
    shelf = shelf_of(home.settings, sign=True)
    challenger = tiny_bundle(seed=5)
    shelf.add(challenger)
    with Office.of(home.settings, KEY, lambda: 1) as office:
        office.new_key(full_key("load", 1, "test"), "test")
    told = ("promote", challenger.version, "--force")

    with ringsight(home.settings.home, *told, key=KEY.decode()) as process:
        _, error = process.communicate(timeout=PATIENCE_S)
    why = "ring 7 must stop tonight"
    found = answered(home.settings.home, *told, "--reason", why, key=KEY.decode())

    assert process.returncode != 0
    assert "reason" in error
    assert found["forced"]
    (line,) = history(home.settings.pipeline_path)
    assert (line["what"], line["why"], line["author"]) == ("forced", why, "operator")
    with Service.of(home.settings, KEY) as service, service.office.ledger.reading() as book:
        kept = [(entry.action, entry.actor) for entry in audit.entries(book)]
        assert ("model.promoted", "operator") in kept


def test_a_rollback_under_load_fails_no_request_and_the_shadow_tells_its_differences(
    tmp_path: Path,
) -> None:
    home = build(tmp_path / "home")
    shelf = shelf_of(home.settings, sign=True)
    old, new, challenger = shelf.current(), tiny_bundle(seed=5), tiny_bundle(seed=8)
    shelf.put(new)
    shelf.add(challenger)
    shelf.stand_in(challenger.version)
    with Office.of(home.settings, KEY, lambda: 1) as office:
        token = "Bearer " + office.new_key(full_key("load", 1, "test"), "test")
    server = Server(home.settings.home)
    replies: list[tuple[bool, str]] = []
    done = Event()

    def ask(worker: int) -> None:
        caller = Caller(server.port, token)
        for number in count():
            body = newcomer(home, account_id=f"load-{worker}-{number}", budget_ms=60_000)
            text = json.dumps(body).encode()
            if not number:
                caller.post("/v1/signups/score", text)  # tries again until the service is there
                continue
            if done.is_set():
                return
            status, said = caller._once("/v1/signups/score", text, {})
            assert status == 200, said
            told = json.loads(said)
            replies.append((told["degraded"], told["model_version"]))

    try:
        with ThreadPoolExecutor(CALLERS) as pool:
            asking = [pool.submit(ask, worker) for worker in range(CALLERS)]
            waited_for(lambda: sum(v == new.version for _, v in replies) > 50, asking)
            found = answered(
                home.settings.home, "rollback", "--reason", "it denied a campus", key=KEY.decode()
            )
            waited_for(lambda: sum(v == old for _, v in replies) > 50, asking)
            counts = home.settings.pipeline_path / "shadow" / challenger.version
            waited_for(lambda: counts.exists() and any(counts.glob("*.json")), asking)
            done.set()
            for one in asking:
                one.result()
    finally:
        done.set()
        server.stop()

    assert found == {"version": old, "before": new.version}
    assert not any(degraded for degraded, _ in replies)
    versions = [version for _, version in replies]
    assert set(versions) == {old, new.version}
    assert versions[-1] == old
    seen = read_json(next(counts.glob("*.json")))
    assert seen is not None
    assert (seen["scored"] > 50, seen["failed"], seen["difference"] > 0) == (True, 0, True)
    assert sum(seen["decisions"].values()) == seen["scored"]
    status = read_json(home.settings.pipeline_path / STATUS) or {}
    assert status["champion"] == old


def waited_for(met: Any, asking: list[Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not met() and time.monotonic() < deadline:
        for one in asking:
            if one.done():
                one.result()
        time.sleep(0.05)
    assert met()
