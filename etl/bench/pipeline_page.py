"""The page of a simulated quarter: what was prevented week by week, and what became of each run."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from etl.backtest.report import ACCENT, ALARM, SOFT, STYLE
from etl.drawing import drawn
from etl.weekly.page import MORE_STYLE


def page(found: Mapping[str, Any]) -> str:
    """The whole report as one HTML document."""
    runs = found["runs"]
    back = found["rolled_back"]
    told = (
        f"<p>Rollback from {back['before']} to {back['version']} took {back['seconds']:.2f} s.</p>"
        if back
        else ""
    )
    body = (
        "<h1>A simulated quarter</h1>"
        f'<p class="lead">{found["accounts"]:,} accounts, {len(runs)} weekly runs, '
        f"{found['seconds'] / 60:.0f} minutes in the last sitting.</p>"
        + drawn("Fraudulent exchanges prevented, week by week", lambda axes: _prevented(axes, runs))
        + drawn("Honest accounts flagged, week by week", lambda axes: _honest(axes, runs))
        + _table(runs)
        + told
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Ringsight: a quarter</title><style>{STYLE}{MORE_STYLE}</style>"
        f"<body>{body}</body></html>\n"
    )


def _of(runs: Sequence[Mapping[str, Any]], role: str, name: str) -> tuple[list[int], list[float]]:
    known = [(r["week"], r[f"{role}_true"][name]) for r in runs if f"{role}_true" in r]
    known = [(week, value) for week, value in known if value is not None]
    return [week for week, _ in known], [value for _, value in known]


def _prevented(axes: Axes, runs: Sequence[Mapping[str, Any]]) -> None:
    weeks, shares = _of(runs, "champion", "prevented")
    axes.plot(weeks, shares, color=ACCENT, marker="o", label="the model in use")
    weeks, shares = _of(runs, "challenger", "prevented")
    axes.plot(weeks, shares, color=SOFT, marker=".", linestyle="--", label="its challenger")
    for run in runs:
        if run["happened"]:
            axes.axvline(run["week"], color=ALARM, linestyle=":", linewidth=1)
            axes.annotate(run["happened"], (run["week"], 0.02), rotation=90, fontsize=7,
                          color=ALARM, ha="right", va="bottom")  # fmt: skip
    axes.set_ylim(0, 1)
    axes.set_xlabel("week")
    axes.set_ylabel("share prevented, by the truth")
    axes.legend(frameon=False, loc="upper left")


def _honest(axes: Axes, runs: Sequence[Mapping[str, Any]]) -> None:
    for role, color in (("champion", ACCENT), ("challenger", SOFT)):
        weeks, flagged = _of(runs, role, "honest_flagged")
        _, honest = _of(runs, role, "honest")
        shares = [100 * f / max(h, 1) for f, h in zip(flagged, honest, strict=True)]
        axes.plot(weeks, shares, color=color, marker="o", label=role)
    axes.set_xlabel("week")
    axes.set_ylabel("% of honest accounts, by the truth")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def _table(runs: Sequence[Mapping[str, Any]]) -> str:
    rows = "".join(_row(run) for run in runs)
    return (
        "<h2>Runs</h2><table><thead><tr><th>week</th><th>what happened, and what the gate said</th>"
        f"<th>became</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _row(run: Mapping[str, Any]) -> str:
    said = run["reasons"][:4] if not run["passed"] else []
    said = [*said, *(doubt["reason"] for doubt in run["labels"].get("doubts", []))]
    if run["killed"]:
        said.append(f"killed; taken up again: {', '.join(run['taken_up'])}")
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in said)
    kind = "yes" if run["passed"] else "no"
    return (
        f"<tr><td>{run['week']}</td><td>{html.escape(run['happened'])}<ul>{listed}</ul></td>"
        f'<td class="{kind}">{html.escape(run["became"])}</td></tr>'
    )
