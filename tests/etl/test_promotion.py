"""What becomes of a ruling: shelf, shadow, registry and history, whole at any moment."""

import multiprocessing
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from etl.replay.timeline import Timeline
from etl.weekly.gate import Finding, Ruling
from etl.weekly.promotion import Desk, follow, promote, record, rollback, settle
from etl.weekly.registry import Registry
from etl.weekly.retrain import Plan, Proven, Workplace
from etl.weekly.run_folder import read_json, write_json
from etl.weekly.shadow_report import ShadowLimits
from etl.weekly.turns import HISTORY, history
from gnn.shelf import Shelf
from gnn.signing import Signer, Trust
from graph.errors import GateRefused, InputError, ModelMissing, RegistryUnavailable
from tests.api.small_home import tiny_bundle

ASKS_NOTHING = ShadowLimits(least=0)


@pytest.fixture(scope="module")
def bundles():
    return [tiny_bundle(seed) for seed in range(1, 4)]


def desk_in(folder: Path) -> Desk:
    signer = Signer.of("11" * 32)
    shelf = Shelf(folder / "bundles", Trust.of([signer.public]), signer)
    place = Workplace(Timeline({}), lambda *_: None, shelf, folder / "runs", folder / "pipeline")
    return Desk(place, None, now=1_000_000)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_in(tmp_path)


def proven(desk: Desk, bundle, *, passed: bool = True, champion: str | None = None) -> Proven:
    ruling = Ruling(passed, (Finding("rule", passed, "because it is a test", {"x": 1.0}),))
    name = f"run-{bundle.version}"
    folder = desk.place.runs / name
    folder.mkdir(parents=True, exist_ok=True)
    return Proven(name, folder, Plan(0), bundle, champion, ruling, {}, {}, ())


def test_the_first_that_passes_is_the_champion_and_the_next_its_shadow(desk, bundles):
    first = settle(desk, proven(desk, bundles[0]))
    second = settle(desk, proven(desk, bundles[1], champion=bundles[0].version))

    assert (first["became"], second["became"]) == ("champion", "shadow")
    assert desk.place.shelf.current() == bundles[0].version
    assert desk.place.shelf.shadow() == bundles[1].version


def test_a_refused_model_serves_nobody_and_its_reasons_are_told(desk, bundles):
    settle(desk, proven(desk, bundles[0]))
    found = settle(desk, proven(desk, bundles[1], passed=False))

    assert found["became"] == "refused"
    assert desk.place.shelf.shadow() is None
    told = read_json(desk.place.out / "status.json")
    assert told["runs"][-1]["reasons"] == ["because it is a test"]
    with pytest.raises(GateRefused, match="because it is a test"):
        promote(desk, bundles[1].version, limits=ASKS_NOTHING)


def test_settling_twice_is_settling_once(desk, bundles):
    settle(desk, proven(desk, bundles[0]))
    again = settle(desk, proven(desk, bundles[0]))

    assert again["became"] == "champion"
    assert desk.place.shelf.history() == [bundles[0].version]
    assert len(history(desk.place.out)) == 1
    assert len(read_json(desk.place.out / "status.json")["runs"]) == 1


def test_a_shadow_that_saw_too_little_waits(desk, bundles):
    settle(desk, proven(desk, bundles[0]))
    settle(desk, proven(desk, bundles[1], champion=bundles[0].version))

    with pytest.raises(GateRefused, match="scored 0 sign-ups, 200 are asked for"):
        promote(desk)

    assert desk.place.shelf.current() == bundles[0].version


@pytest.mark.parametrize(("changed", "passes"), [(4, True), (90, False)])
def test_a_shadow_is_promoted_if_it_agrees(desk, bundles, changed, passes):
    settle(desk, proven(desk, bundles[0]))
    settle(desk, proven(desk, bundles[1], champion=bundles[0].version))
    for process in range(2):
        counts = {"scored": 150, "changed": changed // 2, "difference": 1.5}
        write_json(desk.place.out / "shadow" / bundles[1].version / f"{process}.json", counts)

    if passes:
        assert promote(desk)["version"] == bundles[1].version
    else:
        with pytest.raises(GateRefused, match="decided otherwise on 90 of 300"):
            promote(desk)


def test_force_needs_a_reason_that_is_kept(desk, bundles):
    settle(desk, proven(desk, bundles[0]))
    settle(desk, proven(desk, bundles[1], passed=False))

    with pytest.raises(InputError, match="needs a reason"):
        promote(desk, bundles[1].version, force=True, reason=" ")
    found = promote(desk, bundles[1].version, force=True, reason="ring 7 must stop tonight")

    assert found["forced"]
    last = history(desk.place.out)[-1]
    assert (last["what"], last["why"]) == ("forced", "ring 7 must stop tonight")
    assert (last["before"], last["version"]) == (bundles[0].version, bundles[1].version)


def test_what_never_came_before_the_gate_is_not_promoted(desk, bundles):
    desk.place.shelf.add(bundles[0])

    with pytest.raises(GateRefused, match="never came before the gate"):
        promote(desk, bundles[0].version)


def test_what_was_held_against_another_champion_is_not_promoted(desk, bundles):
    settle(desk, proven(desk, bundles[0]), at_once=True)
    settle(desk, proven(desk, bundles[1], champion=bundles[0].version))
    settle(desk, proven(desk, bundles[2], champion=bundles[0].version), at_once=True)

    with pytest.raises(GateRefused, match="another champion"):
        promote(desk, bundles[1].version, limits=ASKS_NOTHING)


def test_a_rollback_is_one_call_and_is_noted(desk, bundles):
    settle(desk, proven(desk, bundles[0]))
    settle(desk, proven(desk, bundles[1]), at_once=True)

    found = rollback(desk, "it denied a campus")

    assert found == {"version": bundles[0].version, "before": bundles[1].version}
    assert desk.place.shelf.current() == bundles[0].version
    assert history(desk.place.out)[-1]["why"] == "it denied a campus"
    assert read_json(desk.place.out / "status.json")["champion"] == bundles[0].version


def test_nothing_in_the_shadow_is_nothing_to_promote(desk):
    with pytest.raises(ModelMissing, match="no model in the shadow"):
        promote(desk)


def test_a_torn_last_line_of_the_history_is_passed_over(desk, bundles):
    settle(desk, proven(desk, bundles[0]))
    with (desk.place.out / HISTORY).open("a") as file:
        file.write('{"at": 1, "what": "prom')

    assert len(history(desk.place.out)) == 1


CHANGES = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"})
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
MOST_CHANGES = 100


def changes_files(event: str, told: tuple[object, ...]) -> bool:
    """Whether an audit event is one that changes the disk; between two of these nothing does."""
    if event == "open":
        return isinstance(told[2], int) and bool(told[2] & WRITES)
    return event in CHANGES


def do(folder: Path, turn: str, version: str) -> None:
    """One turn, by name: what a process of its own can be told to do."""
    desk = desk_in(folder)
    if turn == "rollback":
        rollback(desk, "it denied a campus")
    elif turn == "settle":
        settle(desk, proven(desk, desk.place.shelf.load(version)), at_once=True)
    else:
        force, reason = turn == "force", "ring 7 must stop tonight" if turn == "force" else None
        promote(desk, version, force=force, reason=reason, limits=ASKS_NOTHING)


def die_at(number: int, folder: Path, turn: str, version: str) -> None:
    """Do it in this process, which dies (-9) right before its change of a file of that number."""
    seen = 0

    def hook(event: str, told: tuple[object, ...]) -> None:
        nonlocal seen
        if changes_files(event, told):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    do(folder, turn, version)


def killed_at(number: int, *told: object) -> bool:
    """Whether a process that does it came to so many changes of files, and died."""
    # Forked from a process that never used a thread pool: XGBoost's does not survive a fork.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    child = context.Process(target=die_at, args=(number, *told))
    child.start()
    child.join(timeout=60)
    assert child.exitcode in {0, -signal.SIGKILL}
    return child.exitcode != 0


@pytest.mark.parametrize(
    "turn",
    [
        "promote",
        "force",
        *(pytest.param(t, marks=pytest.mark.slow) for t in ("rollback", "settle")),
    ],
)
def test_a_kill_at_any_file_operation_leaves_the_old_or_the_new_with_its_reason(
    desk, bundles, turn
):
    old, new, folder = bundles[0].version, bundles[1].version, desk.place.out.parent
    for bundle in (bundles[1], bundles[0]):
        settle(desk, proven(desk, bundle), at_once=True)
    before = {path: path.read_bytes() for path in files_of(folder)}
    served = []

    for number in range(1, MOST_CHANGES):
        for path in set(files_of(folder)) - before.keys():
            path.unlink()
        for path, held in before.items():
            path.write_bytes(held)
        if not killed_at(number, folder, turn, new):
            break
        serving = desk.place.shelf.load().version
        served.append(serving)
        last = history(desk.place.out)[-1]
        assert serving == old or (last["version"] == new and last["why"])
        do(folder, "force", new)  # whoever comes next goes on from there
        told = read_json(desk.place.out / "status.json")
        assert told["champion"] == desk.place.shelf.current() == new
        undone = [line for line in history(desk.place.out) if line["what"] == "not done"]
        assert len(undone) == (serving == old and last["version"] == new)
    else:
        pytest.fail("it never ended")

    assert set(served) == {old, new}
    assert served == sorted(served, key=[old, new].index)  # once turned it stays turned


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# -- the registry ----------------------------------------------------------------------------------


@pytest.fixture
def registered(desk, tmp_path):
    pytest.importorskip("mlflow")
    place = tmp_path / "registry"
    place.mkdir()
    return replace(desk, registry=Registry(f"sqlite:///{place / 'registry.db'}", place / "files"))


def test_runs_metrics_files_and_aliases_are_in_the_registry(registered, bundles):
    first = proven(registered, bundles[0])
    settle(registered, first)
    second = proven(registered, bundles[1], champion=bundles[0].version)
    settle(registered, second)

    assert record(registered, first) == record(registered, second) == "ok"

    registry = registered.registry
    assert registry.aliases() == {
        "champion": bundles[0].version,
        "challenger": bundles[1].version,
        "shadow": bundles[1].version,
    }
    assert registry.entry(bundles[1].version).passed
    files = list((registered.place.out.parent / "registry" / "files").rglob("manifest.json"))
    assert len(files) == 2
    assert record(registered, second) == "ok"  # noting a run twice is noting it once
    assert len(list((files[0].parents[3]).rglob("manifest.json"))) == 2

    promote(registered, limits=ASKS_NOTHING)

    assert registry.aliases()["champion"] == bundles[1].version
    assert "shadow" not in registry.aliases()


def test_a_registry_that_is_away_stops_nothing_and_is_brought_up_later(registered, bundles):
    away = replace(registered, registry=out_of_reach(registered.place.out))
    first = proven(registered, bundles[0])

    settle(away, first)
    said = record(away, first)

    assert said.startswith("the registry")
    assert away.place.shelf.current() == bundles[0].version
    assert record(registered, first) == "ok"
    assert follow(registered) == "ok"
    assert registered.registry.aliases()["champion"] == bundles[0].version


def out_of_reach(out: Path) -> Registry:
    """A registry whose folder is a file."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "secret-word").write_text("a file")
    return Registry(f"sqlite:///{out / 'secret-word' / 'x.db'}", out / "files")


def test_what_the_registry_says_never_shows_its_address(tmp_path):
    with pytest.raises(RegistryUnavailable) as caught:
        out_of_reach(tmp_path).aliases()

    assert "secret-word" not in str(caught.value)
