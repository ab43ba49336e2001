"""The page people look at after a weekly run: ruling, exams, panel, labels, drift, model card.

One HTML file with its pictures inside, in the form of a back-test's (:mod:`etl.backtest.report`),
so that it can be mailed, kept with the model, and read without a network. It draws what a run left
and decides nothing.
"""

import html
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from etl.backtest.outcome import Board
from etl.backtest.report import ACCENT, ALARM, INK, SOFT, STYLE, US_PER_DAY
from etl.drawing import drawn
from etl.weekly.exam import kept_board
from etl.weekly.retrain import Proven

MORE_STYLE = """
.ruling { border-left: 6px solid; padding: .4rem .9rem; margin: 1rem 0; }
.ruling.passed { border-color: #2f7d4f; } .ruling.refused { border-color: #b3432b; }
td.no { color: #b3432b; font-weight: 600; } td.yes { color: #2f7d4f; }
th:nth-child(2), td:nth-child(2) { text-align: left; } p.note { color: var(--dim); }
@media (prefers-color-scheme: dark) { td.no { color: #ef8d75; } td.yes { color: #7fce9d; } }
"""


def page(proven: Proven, told: Mapping[str, Any], monitor: Mapping[str, Any] | None) -> str:
    """The whole report of a run as one HTML document.

    Args:
        proven: the run.
        told: what became of it (``etl.weekly.promotion.settle``), with earlier runs under ``runs``.
        monitor: what :mod:`etl.weekly.monitor` found, if it looked.
    """
    parts = [
        _head(proven, told),
        _findings(proven),
        _exams(proven),
        _panel(proven.panel),
        _labels(proven.review),
        _history(told.get("runs", [])),
        _drift(monitor or {}),
        _card(proven),
        _steps(proven),
    ]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Ringsight weekly run {html.escape(proven.name)}</title>"
        f"<style>{STYLE}{MORE_STYLE}</style><body>{''.join(parts)}</body></html>\n"
    )


def _head(proven: Proven, told: Mapping[str, Any]) -> str:
    verb = {"champion": "is in use", "shadow": "scores beside the champion"}.get(
        str(told.get("became")), "was refused"
    )
    kind = "passed" if proven.ruling.passed else "refused"
    reasons = "".join(f"<li>{html.escape(reason)}</li>" for reason in proven.ruling.reasons[:12])
    title = "The gate let it pass" if proven.ruling.passed else "The gate refused it"
    against = proven.champion or "nobody: there was no champion"
    return (
        f"<h1>Weekly run {html.escape(proven.name)}</h1>"
        f'<p class="lead">Learnt what was known on {day(proven.plan.since)}, examined on the days '
        f"up to {day(proven.plan.until)}. Challenger <code>{proven.bundle.version}</code> "
        f"against <code>{html.escape(against)}</code>; it {verb}.</p>"
        f'<div class="ruling {kind}"><b>{title}</b><ul>{reasons}</ul></div>'
    )


def _findings(proven: Proven) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(f.rule)}</td><td>{html.escape(f.sentence)}</td>"
        f'<td class="{"yes" if f.passed else "no"}">{"passed" if f.passed else "against"}</td></tr>'
        for f in proven.ruling.findings
    )
    return (
        "<h2>What every rule found</h2><table><thead><tr><th>rule</th><th>finding</th>"
        f"<th>verdict</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _exams(proven: Proven) -> str:
    """The last weeks day by day, and what each world says of both models."""
    place = proven.folder / "recent-challenger"
    if not (place / "accounts.parquet").exists():
        return ""
    ours, _ = kept_board(place)
    held = proven.folder / "recent-champion"
    theirs = kept_board(held)[0] if (held / "accounts.parquet").exists() else None
    parts = [
        drawn("Fraudulent exchanges that went through, day by day",
              lambda axes: _daily(axes, ours, theirs, proven.plan.since)),
        drawn("Scores of the last weeks, by what labels say", lambda axes: _scores(axes, ours)),
        drawn("Calibration on the last weeks", lambda axes: _calibration(axes, ours, theirs)),
    ]  # fmt: skip
    note = (
        '<p class="note">Judged by labels: few, late and partly wrong. An account without one '
        "counts as honest here.</p>"
    )
    return note + "".join(parts)


def _daily(axes: Axes, ours: Board, theirs: Board | None, since: int) -> None:
    for seen, color, name in ((ours, ACCENT, "challenger"), (theirs, ALARM, "champion")):
        if seen is None:
            continue
        fraud = seen.exchange_at >= seen.active_from[seen.exchange_account]
        through = fraud & (seen.exchange_at <= seen.flagged_at[seen.exchange_account])
        days = ((seen.exchange_at - since) // US_PER_DAY).astype(int)
        counts = np.bincount(days[through], minlength=int(days.max(initial=0)) + 1)
        # the champion lies over the challenger where both let the same through
        line = "--" if seen is theirs else "-"
        axes.step(np.arange(len(counts)), counts, line, where="mid", color=color, label=name)
    axes.set_xlabel("days after what was learnt")
    axes.set_ylabel("exchanges of known fraud")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def _scores(axes: Axes, seen: Board) -> None:
    edges = np.linspace(0, 1, 26).tolist()
    axes.hist(seen.score[~seen.fraud], edges, color=SOFT, label="others")
    axes.hist(seen.score[seen.fraud], edges, color=ALARM, alpha=0.7, label="known fraud")
    axes.set_yscale("symlog")
    axes.set_xlabel("score")
    axes.set_ylabel("accounts")
    axes.legend(frameon=False)


def _calibration(axes: Axes, ours: Board, theirs: Board | None) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, label="perfect")
    for seen, color, name in ((ours, ACCENT, "challenger"), (theirs, ALARM, "champion")):
        if seen is None:
            continue
        band = np.minimum((seen.score * 10).astype(int), 9)
        used = [b for b in range(10) if (band == b).sum() >= 5]
        axes.plot(
            [float(seen.score[band == b].mean()) for b in used],
            [float(seen.fraud[band == b].mean()) for b in used],
            color=color, marker="o", label=name,
        )  # fmt: skip
    axes.set_xlabel("mean score of the band (five accounts or more)")
    axes.set_ylabel("share of known fraud")
    axes.legend(frameon=False)


def _panel(found: Mapping[str, Any]) -> str:
    rows = found.get("rows", {})
    if not rows:
        return "<h2>The panel</h2><p>Too few rings with known fraud to hold any out.</p>"

    def draw(axes: Axes) -> None:
        names = list(rows)[::-1]
        values = [rows[name]["average_precision"] for name in names]
        bounds = [
            [v - rows[n]["low"] for n, v in zip(names, values, strict=True)],
            [rows[n]["high"] - v for n, v in zip(names, values, strict=True)],
        ]
        axes.barh([n.replace("_", " ") for n in names], values, color=ACCENT,
                  xerr=np.maximum(np.nan_to_num(bounds), 0), ecolor=INK)  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_xlabel("average precision on rings held out whole, 95 % interval")

    return drawn("The panel: what simpler models make of the same rows", draw)


def _labels(found: Mapping[str, Any]) -> str:
    doubts = "".join(f"<li>{html.escape(d['reason'])}</li>" for d in found.get("doubts", []))
    said = f"<ul>{doubts}</ul>" if doubts else "<p>No labeller stands apart from the others.</p>"
    sources = ", ".join(f"{n} by {s}" for s, n in found.get("by_source", {}).items())
    return (
        f"<h2>Labels</h2><p>{found.get('kept', 0)} believed ({html.escape(sources or 'none')}), "
        f"{found.get('quarantined', 0)} in quarantine, {found.get('reweighted', 0)} accounts count "
        f"more because a verdict on them was overturned.</p>{said}"
    )


def _history(runs: Sequence[Mapping[str, Any]]) -> str:
    shares = [(run["as_of"], _figure(run, "last weeks: prevented")) for run in runs]
    known = [(at, share) for at, share in shares if share is not None]
    if len(known) < 2:
        return ""

    def draw(axes: Axes) -> None:
        axes.plot(
            [day(at)[:-5] for at, _ in known], [s for _, s in known], color=ACCENT, marker="o"
        )
        axes.set_ylim(0, 1)
        axes.set_ylabel("share prevented, known fraud")

    return drawn("Exchanges prevented in the examined days, run by run", draw)


def _figure(run: Mapping[str, Any], rule: str) -> float | None:
    found = [f["figures"].get("challenger") for f in run["findings"] if f["rule"] == rule]
    return None if not found or found[0] is None else float(found[0])


def _drift(monitor: Mapping[str, Any]) -> str:
    rows = [r for r in monitor.get("features", []) if r.get("psi") is not None][:15]
    if not rows:
        return ""

    def draw(axes: Axes) -> None:
        ordered = rows[::-1]
        colors = [ALARM if row["drifted"] else ACCENT for row in ordered]
        axes.barh([row["name"] for row in ordered], [row["psi"] for row in ordered], color=colors)
        axes.axvline(0.1, color=INK, linestyle=":", label="0.1: looked at")
        axes.set_xlabel("population stability index against the champion's training")
        axes.legend(frameon=False)

    text = html.escape(str(monitor.get("summary", "")))
    return drawn("Drift of columns", draw) + f"<p>{text}</p>"


def _card(proven: Proven) -> str:
    bundle = proven.bundle
    facts = {
        "version": bundle.version,
        "trained on what was known at": day(bundle.trained_as_of),
        "forests": str(len(bundle.forests)),
        "threshold: account flagged": f"{bundle.thresholds.account_flag:.4f}",
        "threshold: sign-up reviewed": f"{bundle.thresholds.signup_review:.4f}",
        "threshold: sign-up denied": f"{bundle.thresholds.signup_deny:.4f}",
        **{name.replace("_", " "): _short(value) for name, value in bundle.notes.items()},
    }
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
        for name, value in facts.items()
    )
    return (
        "<h2>Model card</h2><p>Meant for: ranking accounts and sign-ups of a service that sells a "
        "language model by how likely they serve a distillation campaign, for people to act on. "
        "Not meant for: deciding alone, other kinds of fraud, or people outside the service. "
        "Its errors fall on crowds that share things honestly (campuses, offices, households, "
        "resellers); the slices above say how often. Labels it learnt from are few, late and "
        f"partly wrong.</p><table><tbody>{cells}</tbody></table>"
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 160 else text[:157] + "..."


def _steps(proven: Proven) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(s.name)}</td><td>{s.seconds:.1f} s</td>"
        f"<td>{'taken up' if s.skipped else 'made'}</td></tr>"
        for s in proven.steps
    )
    return f"<h2>Steps</h2><table><tbody>{cells}</tbody></table>"


def day(at: int) -> str:
    """A moment (us) as people write a day."""
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%-d %B %Y")
