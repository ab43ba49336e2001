"""What is done with a ruling: registry, shadow, promotion, rollback; and what is told of it.

The shelf's pointer is the one truth of which model serves, turned in a single rename. Why is noted
before it (:mod:`etl.weekly.turns`), the registry's aliases follow after it and are brought up to it
by whoever comes next, so that a kill between them loses nothing that matters. The service reads
``status.json`` and never imports this.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.weekly.registry import CHALLENGER, CHAMPION, SHADOW, Registry
from etl.weekly.retrain import Proven, Workplace
from etl.weekly.run_folder import read_json, write_json
from etl.weekly.shadow_report import ShadowLimits, shadow_finding
from etl.weekly.turns import Turn, alone, history, mend, note
from graph.errors import GateRefused, InputError, ModelMissing, RegistryUnavailable

GATES, STATUS = "gates", "status.json"
REMEMBERED_RUNS = 60


@dataclass(frozen=True)
class Desk:
    """Where models are turned: shelf and folders of a workplace, and the registry if there is one.

    ``now`` is the moment (us) that is noted; ``author`` who does it.
    """

    place: Workplace
    registry: Registry | None
    now: int
    author: str = "pipeline"


def settle(desk: Desk, proven: Proven, *, at_once: bool = False) -> dict[str, Any]:
    """Put a proven model on the shelf and, if the gate let it pass, into the shadow or into use.

    The first champion, and with ``at_once`` any, goes straight into use. Doing it twice is doing
    it once. Gives what the service and the report are told of the run.
    """
    shelf, passed = desk.place.shelf, proven.ruling.passed
    shelf.add(proven.bundle)
    write_json(_gate_path(desk, proven.bundle.version), _ruling(proven))
    version = proven.bundle.version
    became = "refused"
    if passed and version in shelf.history()[:1]:
        became = "champion"
    elif passed and (at_once or not shelf.history()):
        _turn(desk, version, "promoted", f"run {proven.name}: the gate let it pass")
        became = "champion"
    elif passed:
        shelf.stand_in(version)
        became = "shadow"
    told = {**_told(proven), "became": became}
    _remember(desk, told)
    return told


def promote(
    desk: Desk,
    version: str | None = None,
    *,
    force: bool = False,
    reason: str | None = None,
    limits: ShadowLimits | None = None,
) -> dict[str, Any]:
    """Put ``version`` (default: the shadow) into use.

    Raises:
        InputError: if it is forced without a reason.
        ModelMissing: if no version is named and none is in the shadow.
        GateRefused: if the gate did not let it pass, or its shadow says too little, or too much.
        ModelError: if it cannot be verified; nothing is changed then.
    """
    shelf = desk.place.shelf
    wanted = version or shelf.shadow()
    if wanted is None:
        raise ModelMissing("no model in the shadow; name the version to promote")
    if force and not (reason or "").strip():
        raise InputError("a forced promotion needs a reason: --reason TEXT")
    against = _against(desk, wanted, limits or ShadowLimits())
    if against and not force:
        raise GateRefused(f"{wanted} is not promoted: {against}; --force --reason TEXT overrides")
    why = (reason or "the gate let it pass, and so did its shadow").strip()
    left = _turn(desk, wanted, "forced" if against else "promoted", why)
    return {"version": wanted, "before": left, "forced": bool(against), "against": against or None}


def rollback(desk: Desk, reason: str | None = None) -> dict[str, Any]:
    """Put the champion before into use again.

    Raises:
        ModelMissing: if there was none before.
        ModelError: if it cannot be verified any more; nothing is changed then.
    """
    shelf, why = desk.place.shelf, (reason or "no reason given").strip()
    with _turning(desk):
        left, *before = shelf.history() or [""]
        if not before:
            raise ModelMissing("no champion before the one in use; nothing to go back to")
        shelf.load(before[0])
        _note(desk, "rolled back", before[0], left, why)
        shelf.rollback()
    return {"version": before[0], "before": left}


def follow(desk: Desk) -> str:
    """Bring the registry's aliases up to the shelf; gives ``ok`` or what is wrong with it."""
    if desk.registry is None:
        return "none"
    shelf = desk.place.shelf
    held = shelf.history()
    try:
        desk.registry.follow({CHAMPION: held[0] if held else None, SHADOW: shelf.shadow()})
    except RegistryUnavailable as error:
        return str(error)
    return "ok"


def ruling_of(out: Path, version: str) -> dict[str, Any] | None:
    """What the gate said of a version, if it came before it."""
    return read_json(out / GATES / f"{version}.json")


def tell(desk: Desk, **more: Mapping[str, Any] | Sequence[Any] | str | None) -> None:
    """Write what the service shows; ``more`` replaces parts of it."""
    shelf, place = desk.place.shelf, desk.place.out / STATUS
    held = shelf.history()
    told = {
        **(read_json(place) or {"runs": []}),
        **more,
        "champion": held[0] if held else None,
        "before": held[1:],
        "shadow": shelf.shadow(),
        "history": history(desk.place.out)[-REMEMBERED_RUNS:],
        "told_at": desk.now,
    }
    write_json(place, told)


def record(desk: Desk, proven: Proven) -> str:
    """Note run, bundle and report in the registry; gives ``ok``, ``none`` or what is wrong with it.

    A registry that is away stops no run: the next one brings its aliases up to the shelf.
    """
    if desk.registry is None:
        return "none"
    shipped = proven.folder / ".artifacts"
    shutil.rmtree(shipped, ignore_errors=True)
    shutil.copytree(desk.place.shelf.folder / proven.bundle.version, shipped / "bundle")
    for name in ("gate.json", "report.html"):
        if (proven.folder / name).exists():
            shutil.copy(proven.folder / name, shipped / name)
    try:
        desk.registry.record(
            proven.name, proven.bundle.version, metrics=metrics_of(proven),
            tags={"as_of": str(proven.plan.until), "against": proven.champion or "nobody"},
            files=shipped, passed=proven.ruling.passed,
        )  # fmt: skip
        passed = proven.ruling.passed
        desk.registry.follow({CHALLENGER: proven.bundle.version if passed else None})
    except RegistryUnavailable as error:
        return str(error)
    finally:
        shutil.rmtree(shipped, ignore_errors=True)
    return follow(desk)


def _against(desk: Desk, version: str, limits: ShadowLimits) -> str:
    """What speaks against putting ``version`` into use; empty where nothing does."""
    ruling = ruling_of(desk.place.out, version)
    if ruling is None:
        return "it never came before the gate"
    if not ruling["passed"]:
        return "the gate refused it: " + "; ".join(ruling["reasons"])
    held = desk.place.shelf.history()
    if version in held:
        return ""
    if ruling.get("champion") not in {None, held[0] if held else None}:
        return "it was held against another champion than the one in use; retrain"
    finding = shadow_finding(desk.place.out / "shadow", version, limits)
    return "" if finding.passed else finding.sentence


def _turn(desk: Desk, version: str, what: str, why: str) -> str | None:
    """Put ``version`` into use; gives the version before. The reason is on the disk first."""
    shelf = desk.place.shelf
    with _turning(desk):
        left = next(iter(shelf.history()), None)
        shelf.load(version)
        if left != version:
            _note(desk, what, version, left, why)
        shelf.promote(version)
    return left


@contextmanager
def _turning(desk: Desk) -> Iterator[None]:
    """One turn at a time, after what an earlier one left undone; told to everybody at its end."""
    with alone(desk.place.out):
        serving = next(iter(desk.place.shelf.history()), None)
        mend(desk.place.out, serving, desk.now, desk.author)
        yield
    follow(desk)
    tell(desk)


def _note(desk: Desk, what: str, version: str, before: str | None, why: str) -> None:
    note(desk.place.out, Turn(desk.now, what, version, before, why, desk.author))


def metrics_of(proven: Proven) -> dict[str, float]:
    """The figures of a run by name, for the registry and for comparisons over time."""
    found: dict[str, float] = {}
    for finding in proven.ruling.findings:
        for name, value in finding.figures.items():
            if value is not None:
                key = f"{finding.rule}.{name}".replace(": ", ".").replace(" ", "_")
                found[key] = float(value)
    for name, row in proven.panel.get("rows", {}).items():
        found[f"panel.{name}.average_precision"] = float(row["average_precision"])
    return {name: value for name, value in found.items() if value == value}  # noqa: PLR0124 - no NaN


def _ruling(proven: Proven) -> dict[str, Any]:
    return {**proven.ruling.as_dict(), "run": proven.name, "champion": proven.champion}


def _told(proven: Proven) -> dict[str, Any]:
    return {
        "run": proven.name,
        "as_of": proven.plan.until,
        "learnt_until": proven.plan.since,
        "version": proven.bundle.version,
        "champion": proven.champion,
        "passed": proven.ruling.passed,
        "reasons": list(proven.ruling.reasons),
        "findings": proven.ruling.as_dict()["findings"],
        "labels": dict(proven.review),
        "panel": dict(proven.panel),
        "steps": [
            {"step": s.name, "seconds": s.seconds, "skipped": s.skipped} for s in proven.steps
        ],
    }


def _remember(desk: Desk, told: Mapping[str, Any]) -> None:
    held = (read_json(desk.place.out / STATUS) or {}).get("runs", [])
    others = [run for run in held if run["run"] != told["run"]]
    tell(desk, runs=sorted([*others, dict(told)], key=lambda run: run["as_of"])[-REMEMBERED_RUNS:])


def _gate_path(desk: Desk, version: str) -> Path:
    return desk.place.out / GATES / f"{version}.json"
