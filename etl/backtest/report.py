"""The page people look at after a back-test: one HTML file with its pictures inside.

It draws what ``etl.backtest.judge`` found and reads nothing else. No script, no font, no link
leaves the file, so it can be mailed or kept with a release.
"""

import html
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes

from etl.drawing import drawn

Verdict = dict[str, Any]

INK, ACCENT, SOFT, ALARM = "#1f2430", "#2f6f9f", "#c9d6df", "#b3432b"
US_PER_DAY = 86_400_000_000
HONEST_TARGET, HONEST_KIND_LIMIT = 0.001, 0.005

STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --paper: #fff; --rule: #d8dde3; --dim: #5b6472; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ee; --paper: #14171c; --rule: #333a44; --dim: #9aa4b1; }
  figure { background: #fff; border-radius: 6px; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
p.lead { color: var(--dim); margin-top: .2rem; }
dl.head { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; }
dl.head div { border: 1px solid var(--rule); border-radius: 6px; padding: .6rem .8rem; }
dl.head dt { color: var(--dim); font-size: .85rem; } dl.head dd { margin: 0; font-size: 1.4rem; }
dl.head small { display: block; font-size: .8rem; color: var(--dim); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .3rem .5rem; border-bottom: 1px solid var(--rule); }
th:first-child, td:first-child { text-align: left; }
figure { margin: 1rem 0; } figure svg { width: 100%; height: auto; }
p.warn { border-left: 4px solid #b3432b; padding-left: .8rem; }
"""


def page(verdict: Verdict) -> str:
    """The whole report of ``verdict`` (from ``etl.backtest.judge.judge``) as one HTML document."""
    parts = [
        _head(verdict),
        _section("Exchanges prevented, by campaign", _campaign_plot, verdict, "campaigns"),
        _campaign_table(verdict["campaigns"]),
        _section("Fraudulent exchanges day by day", _daily_plot, verdict, "daily"),
        _section("Requests before the flag", _requests_plot, _met(verdict), "campaigns"),
        _reason_table(verdict["flagged_by"]),
        _section("Honest accounts flagged, by kind", _honest_plot, verdict, "honest"),
        _honest_table(verdict["honest"]["by_kind"]),
        _section("What another threshold would give", _curve_plot, verdict, "operating_curve"),
        _section("Scores at the end", _score_plot, verdict, "score_histogram"),
        _section("Calibration", _calibration_plot, verdict, "calibration"),
        _panel_table(verdict.get("panel", [])),
        _slice_table(verdict.get("slices", [])),
        _fidelity_table(verdict.get("reasons", {})),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Ringsight back-test</title><style>{STYLE}</style><body>{body}</body></html>\n"
    )


def _head(verdict: Verdict) -> str:
    exchanges, honest = verdict["exchanges"], verdict["honest"]
    accounts, rings, signups = verdict["accounts"], verdict["rings"], verdict["signups"]
    figures = [
        ("Exchanges prevented", _share(exchanges["prevented"]), _bounds(exchanges["prevented"])),
        ("Honest accounts flagged", _share(honest["share"], 2), _bounds(honest["share"], 2)),
        (
            "Average precision",
            _plain(accounts["average_precision"]),
            _bounds(accounts["average_precision"]),
        ),
        (
            "Recall at 0.1 % false positives",
            _share(accounts["recall_at_0_1pct_fpr"]),
            _bounds(accounts["recall_at_0_1pct_fpr"]),
        ),
        (
            "Rings, B-cubed F1",
            f"{rings['f1']:.2f}",
            f"precision {rings['precision']:.2f}, recall {rings['recall']:.2f}",
        ),
        (
            "Sign-up recall, 1 % reviewed",
            _percent(signups["recall_within_1pct_review"]),
            f"{_percent(signups['most_within_1pct_review'])} at best: {signups['fraud']:,} of "
            f"{signups['scored']:,} were fraud; held back {_percent(signups['stopped']['recall'])} "
            f"of them, and {_percent(signups['stopped']['precision'])} of those held rightly",
        ),
    ]
    cards = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{value}<small>{note}</small></dd></div>"
        for name, value, note in figures
    )
    span = f"{_day(verdict['train_until'])} to {_day(verdict['until'])}"
    return (
        "<h1>Back-test</h1>"
        f'<p class="lead">Trained on what was known on {_day(verdict["train_until"])}; replayed '
        f"{span} through the serving code with {len(verdict['refreshes'])} refreshes.</p>"
        f'{_caveat(verdict["against"])}<dl class="head">{cards}</dl>'
        "<p>Bounds are 95 % intervals over resampled campaigns. A detector that knew every ring "
        "and flagged at the third request would have prevented "
        f"{_percent(exchanges['bound_live'])}; woken by the same refreshes only, "
        f"{_percent(exchanges['bound_with_refreshes_only'])}.</p>"
    )


def _caveat(against: str) -> str:
    if against == "truth":
        return ""
    return (
        '<p class="warn">Judged against <b>labels</b>, not against the truth. Labels are few, late '
        "and partly wrong, and an account without one counts as honest here: prevented and recall "
        "are of known fraud only, and some of the honest accounts flagged may not be honest.</p>"
    )


def _section(title: str, draw: Callable[[Axes, Any], None], verdict: Verdict, key: str) -> str:
    data = verdict.get(key)
    if not data:
        return ""
    return drawn(title, lambda axes: draw(axes, data), height_in=4.0)


def _campaign_plot(axes: Axes, campaigns: Sequence[Verdict]) -> None:
    rows = [row for row in campaigns if row["prevented"] is not None][::-1]
    names = [row["campaign"] for row in rows]
    axes.barh(names, [row["bound"] for row in rows], color=SOFT, label="a perfect detector")
    axes.barh(
        names, [row["prevented"] for row in rows], color=ACCENT, height=0.45, label="prevented"
    )
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the campaign's exchanges")
    axes.legend(loc="lower right", frameon=False)


def _daily_plot(axes: Axes, days: Sequence[Verdict]) -> None:
    at = [row["day"] for row in days]
    axes.plot(at, [row["fraudulent"] for row in days], color=INK, label="fraudulent exchanges")
    through = [row["fraudulent"] - row["prevented"] for row in days]
    axes.fill_between(at, through, color=ALARM, alpha=0.6, label="went through")
    bound = [row["fraudulent"] - row["bound"] for row in days]
    axes.plot(at, bound, color=ACCENT, linestyle="--", label="bound of a perfect detector")
    axes.set_xlabel("days after training")
    axes.set_ylabel("exchanges a day")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def _met(verdict: Verdict) -> Verdict:
    """The campaigns of which an account was flagged."""
    rows = [r for r in verdict["campaigns"] if r["requests_before_flag_median"] is not None]
    return {"campaigns": rows}


def _requests_plot(axes: Axes, campaigns: Sequence[Verdict]) -> None:
    rows = sorted(campaigns, key=lambda row: row["requests_before_flag_median"])
    names = [row["campaign"] for row in rows]
    axes.barh(names, [row["requests_before_flag_median"] for row in rows], color=ACCENT)
    axes.axvline(3, color=ALARM, linestyle=":", label="bar for pure traffic (3)")
    axes.set_xscale("symlog")
    axes.set_xlabel("campaign requests an account sent before its flag, median")
    axes.legend(frameon=False)


def _honest_plot(axes: Axes, honest: Verdict) -> None:
    rows = honest["by_kind"][::-1]
    axes.barh(
        [row["kind"] for row in rows],
        [100 * row["share"] for row in rows],
        color=[ALARM if row["share"] > HONEST_KIND_LIMIT else ACCENT for row in rows],
    )
    axes.axvline(100 * HONEST_TARGET, color=INK, linestyle=":", label="target for all")
    axes.axvline(100 * HONEST_KIND_LIMIT, color=ALARM, linestyle=":", label="limit for a kind")
    axes.set_xlabel("honest accounts flagged, %")
    axes.legend(frameon=False)


def _curve_plot(axes: Axes, points: Sequence[Verdict]) -> None:
    axes.plot(
        [max(point["honest_flagged"], 1e-5) * 100 for point in points],
        [point["prevented"] for point in points],
        color=ACCENT,
        marker=".",
    )
    axes.axvline(100 * HONEST_TARGET, color=ALARM, linestyle=":", label="0.1 % of honest accounts")
    axes.set_xscale("log")
    axes.set_ylim(0, 1)
    axes.set_xlabel("honest accounts flagged, % (by the account's own score alone)")
    axes.set_ylabel("exchanges prevented")
    axes.legend(frameon=False)


def _score_plot(axes: Axes, histogram: Verdict) -> None:
    edges = histogram["edges"]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(edges)]
    width = edges[1] - edges[0]
    axes.bar(middles, histogram["honest"], width=width, color=SOFT, label="honest")
    axes.bar(
        middles, histogram["fraud"], width=width * 0.5, color=ALARM, alpha=0.7, label="campaign"
    )
    axes.set_yscale("symlog")
    axes.set_xlabel("score")
    axes.set_ylabel("accounts")
    axes.legend(frameon=False)


def _calibration_plot(axes: Axes, bands: Sequence[Verdict]) -> None:
    axes.plot([0, 1], [0, 1], color=SOFT, label="perfect")
    axes.plot(
        [band["score"] for band in bands],
        [band["fraud"] for band in bands],
        color=ACCENT,
        marker="o",
        label="observed",
    )
    axes.set_xlabel("mean score of the band")
    axes.set_ylabel("share of fraud in it")
    axes.legend(frameon=False)


def _campaign_table(rows: Sequence[Verdict]) -> str:
    cells = [
        (
            row["campaign"],
            f"{row['accounts']:,}",
            f"{row['accounts_flagged']:,}",
            f"{row['exchanges']:,}",
            _percent(row["prevented"]),
            _percent(row["bound"]),
            ""
            if row["requests_before_flag_median"] is None
            else f"{row['requests_before_flag_median']:g}",
            str(row["rings"]),
        )
        for row in rows
    ]
    titles = (
        "campaign",
        "accounts",
        "flagged",
        "exchanges",
        "prevented",
        "bound",
        "requests before flag",
        "rings",
    )
    return _table(titles, cells)


def _honest_table(rows: Sequence[Verdict]) -> str:
    cells = [
        (r["kind"], f"{r['accounts']:,}", f"{r['flagged']:,}", _percent(r["share"], 2))
        for r in rows
    ]
    return _table(("honest kind", "accounts", "flagged", "share"), cells)


def _reason_table(rows: Sequence[Verdict]) -> str:
    cells = [(r["reason"], f"{r['fraud']:,}", f"{r['honest']:,}") for r in rows]
    return _table(("flagged first by", "campaign accounts", "honest accounts"), cells)


def _panel_table(rows: Sequence[Verdict]) -> str:
    if not rows:
        return ""
    cells = [
        (
            r["detector"],
            f"{r['average_precision']:.3f}",
            _percent(r["recall_at_0_1pct_fpr"]),
            _ahead(r["ahead"]),
        )
        for r in rows
    ]
    titles = ("detector", "average precision", "recall at 0.1 %", "the full stack is ahead by")
    return f"<h2>The panel</h2>{_table(titles, cells)}"


def _ahead(interval: Verdict | None) -> str:
    if interval is None:
        return ""
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def _slice_table(rows: Sequence[Verdict]) -> str:
    if not rows:
        return ""
    cells = [
        (
            f"{r['by']}: {r['slice']}",
            str(r["fraud"]),
            _percent(r["fraud_flagged"]),
            str(r["honest"]),
            _percent(r["honest_flagged"], 2),
            f"{r['average_precision']:.3f}",
        )
        for r in rows
    ]
    titles = ("slice", "fraud", "flagged", "honest", "flagged", "average precision")
    return f"<h2>Slices</h2>{_table(titles, cells)}"


def _fidelity_table(figures: Verdict) -> str:
    """Whether scores fall without what reasons name, and whether links lead to the ring."""
    if not figures:
        return ""

    def fall(title: str, name: str) -> tuple[str, str, str]:
        named, others = figures[f"{name}_named"], figures[f"{name}_others"]
        return title, f"{named:.2f}", f"{others:.2f}"

    def hit(title: str, name: str) -> tuple[str, str, str]:
        return title, _percent(figures[name]), _percent(figures[f"{name}_by_chance"])

    cells = [
        fall("the score falls by (log odds)", "fall_without"),
        hit("the link leads to the same campaign", "links_hit"),
    ]
    if "company_asked" in figures:
        named = "the graph network's part falls without the entities it names by (log odds)"
        cells += [
            fall(named, "company_fall_without"),
            hit("the first of them leads to the same campaign", "company_hit"),
        ]
    titles = (f"of {figures['accounts']} accounts", "as reasons name it", "drawn at random")
    return f"<h2>Reliability of reasons</h2>{_table(titles, cells)}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _share(interval: Verdict, digits: int = 1) -> str:
    return _percent(interval["value"], digits)


def _plain(interval: Verdict) -> str:
    return "n/a" if interval["value"] is None else f"{interval['value']:.3f}"


def _bounds(interval: Verdict, digits: int = 1) -> str:
    if interval["low"] is None:
        return ""
    return f"{_percent(interval['low'], digits)} to {_percent(interval['high'], digits)}"


def _percent(value: float | None, digits: int = 1) -> str:
    return "n/a" if value is None else f"{100 * value:.{digits}f} %"


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%-d %B %Y")
