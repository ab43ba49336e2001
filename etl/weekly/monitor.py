"""Watching between runs: drift, late labels, calibration, overturned verdicts, stale weights.

It reads what runs left (rows, boards) and the labels of today, and gives one object for people and
flat ``metrics`` for the service's ``/metrics``. Every share comes with its interval and the number
it was seen on. It decides nothing: the gate does.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from etl.asked import clusters_of
from etl.backtest.outcome import Board, Truth
from etl.backtest.run import KEY_ID
from etl.kept import kept
from etl.replay.rows_kept import kept_timeline
from etl.replay.timeline import Timeline
from etl.replay.walk import DAY_US
from etl.weekly.drift import as_rows, drift_of, of_shares
from etl.weekly.exam import kept_board
from etl.weekly.gate import wilson
from etl.weekly.looks import keep_look, looks
from etl.weekly.monitor_labels import audited, delays, overturned
from etl.weekly.retrain import Proven, Workplace
from etl.weekly.run_folder import read_json
from gnn.evaluate import NEVER
from gnn.features import ACCOUNT_COLUMNS

SAMPLE = 5_000
PAST_RUNS = 8
REFERENCE = "reference"


def look(place: Workplace, proven: Proven) -> dict[str, Any]:
    """Everything that is watched, as of the run's T; keeps what the next run compares with."""
    timeline = kept_timeline(proven.folder / "snapshot")
    ours, _ = kept_board(proven.folder / "recent-challenger")
    held = proven.folder / "recent-champion"
    serving = kept_board(held)[0] if (held / "accounts.parquet").exists() else ours
    truth = Truth.of_labels(timeline.read("signups"), _believed(proven))
    found: dict[str, Any] = {
        "as_of": proven.plan.until,
        "champion": proven.champion,
        "features": _drift(place, proven, ours, serving),
        "prompts": _prompts(timeline, proven),
        "labels": delays(timeline, proven.plan.until),
        "overturned": overturned(timeline),
        "audited": audited(timeline, serving),
        "past": list(_past(place.runs, proven, truth)),
        "staleness": _staleness(proven, ours, serving),
    }
    found["metrics"] = _metrics(found)
    found["summary"] = _summary(found)
    keep_look(proven.folder, found)
    return {**found, "looks": looks(place.runs, proven.plan.until)}


# -- drift -----------------------------------------------------------------------------------------


def _drift(place: Workplace, proven: Proven, ours: Board, serving: Board) -> list[dict[str, Any]]:
    """Columns and scores against what the champion's own run saw; keeps what this one saw.

    The champion's scores are held to its own of then: other weights differ by the weights alone.
    """
    rng = np.random.default_rng(proven.plan.seed)
    columns = _columns(proven, rng)
    fresh = place.out / REFERENCE / f"{proven.bundle.version}.npz"
    against = place.out / REFERENCE / f"{proven.champion}.npz"
    now = {**columns, "score": serving.score}
    found = as_rows(drift_of(_reference(against), now, rng)) if against.exists() else []
    _keep_reference(fresh, {**columns, "score": ours.score})
    return found


def _columns(proven: Proven, rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    """A sample of the rows of the last moment, column by column."""
    from safetensors.numpy import load_file  # noqa: PLC0415

    last = sorted((proven.folder / "features").glob("moment-*.safetensors"))[-1]
    rows = load_file(last)["rows"]
    some = np.sort(rng.permutation(len(rows))[:SAMPLE])
    return {
        name: rows[some, place].astype(np.float64) for place, name in enumerate(ACCOUNT_COLUMNS)
    }


def _reference(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    with np.load(path, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _keep_reference(path: Path, columns: dict[str, np.ndarray[Any, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.stem}.new.npz")
    np.savez_compressed(fresh, **columns)  # type: ignore[arg-type]
    fresh.replace(path)


def _prompts(timeline: Timeline, proven: Proven) -> dict[str, Any]:
    """Templates, models and lengths of the examined days against the same span before."""
    plan = proven.plan
    span = plan.until - plan.since
    now = timeline.read("requests", since=plan.since, until=plan.until)
    before = timeline.read("requests", since=plan.since - span, until=plan.since)
    if not now.num_rows or not before.num_rows:
        return {}
    index = kept(proven.folder / "features" / "state", KEY_ID, 0).asked.index
    old, new = (_counts(clusters_of(table, index)) for table in (before, now))
    free = old.pop("", 0), new.pop("", 0)
    rng = np.random.default_rng(plan.seed)
    models = [_counts(table["model"].to_pylist()) for table in (before, now)]
    return {
        "without_template": free[1] / now.num_rows,
        "without_template_before": free[0] / before.num_rows,
        "templates": of_shares(old, new),
        "models": of_shares(models[0], models[1]),
        "lengths": as_rows(drift_of(_lengths(before), _lengths(now), rng)),
    }


def _lengths(requests: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    names = ("prompt_tokens", "completion_tokens")
    return {name: np.asarray(requests[name].cast("float64").to_numpy()) for name in names}


def _counts(values: list[str | None]) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in values:
        found[value or ""] = found.get(value or "", 0) + 1
    return found


# -- what was said then, by what is known now ------------------------------------------------------


def _past(runs: Path, proven: Proven, truth: Truth) -> Iterator[dict[str, Any]]:
    """The last runs' exams with the labels of their day, and with those of today."""
    folders = [f for f in sorted(runs.iterdir()) if (f / "recent-challenger").exists()]
    for folder in folders[-PAST_RUNS:]:
        plan = read_json(folder / "plan.json")
        if plan is None or plan["until"] > proven.plan.until:
            continue
        then, _ = kept_board(folder / "recent-challenger")
        now = relabelled(then, truth)
        yield {
            "run": folder.name,
            "as_of": plan["until"],
            "known_fraud_then": int(then.fraud.sum()),
            "known_fraud_now": int(now.fraud.sum()),
            "prevented_then": _plain(then.prevented().share()),
            "prevented_now": _plain(now.prevented().share()),
            **_calibration(now),
        }


def relabelled(seen: Board, truth: Truth) -> Board:
    """The same board by other verdicts."""
    rows = {a: (c, at) for a, c, at in truth.accounts.select(
        "account_id", "campaign", "active_from").iter_rows()}  # fmt: skip
    known = [rows.get(account, (None, None)) for account in seen.account_id]
    active = [NEVER if c is None or at is None else at for c, at in known]
    return replace(seen, campaign=[c for c, _ in known], active_from=np.array(active, np.int64))


def _calibration(seen: Board) -> dict[str, Any]:
    """Expected and observed fraud, and their mean distance over ten bands of the score."""
    band = np.minimum((seen.score * 10).astype(int), 9)
    size = np.bincount(band, minlength=10)
    score = np.bincount(band, weights=seen.score, minlength=10)
    fraud = np.bincount(band, weights=seen.fraud, minlength=10)
    low, high = wilson(int(fraud.sum()), len(seen.score))
    return {
        "expected_fraud": float(seen.score.mean()) if len(seen.score) else None,
        "observed_fraud": float(seen.fraud.mean()) if len(seen.score) else None,
        "observed_low": low,
        "observed_high": high,
        "calibration_error": float(np.abs(score - fraud).sum() / max(size.sum(), 1)),
        "bands": [_band(*row) for row in zip(size, score, fraud, strict=True) if row[0]],
    }


def _band(size: float, score: float, fraud: float) -> dict[str, Any]:
    """One band of scores: its mean score, and the share of known fraud with Wilson's interval."""
    low, high = wilson(int(fraud), int(size))
    return {"accounts": int(size), "score": float(score / size), "fraud": float(fraud / size),
            "low": low, "high": high}  # fmt: skip


# -- weights ---------------------------------------------------------------------------------------


def _staleness(proven: Proven, ours: Board, serving: Board) -> dict[str, Any]:
    """How old the weights in use are, and how differently fresh ones rank the same accounts."""
    from scipy.stats import spearmanr  # noqa: PLC0415

    agreed = None
    if proven.champion is not None and len(set(ours.score.tolist())) > 1 < len(set(serving.score)):
        agreed = _plain(float(spearmanr(ours.score, serving.score).statistic))
    known = read_json(proven.folder / "plan.json") or {}
    trained = known.get("champion_trained_as_of")
    age = None if trained is None else (proven.plan.until - int(trained)) / DAY_US
    return {"champion_age_days": age, "rank_agreement": agreed}


def _believed(proven: Proven) -> Any:
    return pl.read_parquet(proven.folder / "labels" / "kept.parquet").to_arrow()


def _metrics(found: dict[str, Any]) -> dict[str, float]:
    """Flat figures for ``/metrics``; what is unknown is left out."""
    drifted = [row for row in found["features"] if row["drifted"]]
    flat: dict[str, float | None] = {
        "drift_columns": len(found["features"]),
        "drift_columns_drifted": len(drifted),
        "drift_psi_highest": max((row["psi"] for row in found["features"]), default=None),
        "drift_psi_score": next(
            (row["psi"] for row in found["features"] if row["name"] == "score"), None
        ),
        "prompts_without_template_share": found["prompts"].get("without_template"),
        "prompts_template_psi": found["prompts"].get("templates", {}).get("psi"),
        "champion_age_days": found["staleness"]["champion_age_days"],
        "rank_agreement": found["staleness"]["rank_agreement"],
        "audit_honest_flagged_share": found["audited"].get("share"),
        "audit_honest_flagged_high": found["audited"].get("high"),
    }
    for row in found["labels"]:
        flat[f"label_delay_days_median_{row['source']}"] = row["median_days"]
        flat[f"label_delay_days_high_{row['source']}"] = row["high_days"]
    for row in found["overturned"]:
        flat[f"overturned_share_{row['by']}_{_plainly(row['name'])}"] = row["share"]
    if found["past"]:
        last = found["past"][-1]
        flat |= {name: last[name] for name in ("calibration_error", "expected_fraud")}
        flat["observed_fraud"] = last["observed_fraud"]
        flat["prevented_known_fraud_share"] = last["prevented_now"]
    return {name: float(value) for name, value in flat.items() if value is not None}


def _plainly(name: str) -> str:
    """A slice's name as a part of a metric's name."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name)


def _summary(found: dict[str, Any]) -> str:
    rows = found["features"]
    if not rows:
        return "No earlier champion's rows to compare with."
    drifted = [row["name"] for row in rows if row["drifted"]]
    if not drifted:
        return f"None of {len(rows)} columns moved beyond chance by an index of 0.1 or more."
    named = ", ".join(drifted[:6]) + (" and others" if len(drifted) > 6 else "")
    return f"{len(drifted)} of {len(rows)} columns moved beyond chance: {named}."


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value
