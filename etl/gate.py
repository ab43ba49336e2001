"""The gate: whether a challenger may take the champion's place, and why, in words either way.

Every rule looks at the evidence and gives a finding; one finding against is a refusal. Comparisons
are paired, since both lived through the same events, with intervals that resample whole campaigns;
a challenger is refused for what is shown to be worse by more than a stated margin, not for noise,
and never let through what a canary says is cheating. It takes boards and figures, reads nothing and
promotes nobody. How evidence is gathered: :mod:`etl.exam`, :mod:`etl.canaries`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from etl.gate_limits import GateLimits
from etl.outcome import Board
from gnn import evaluate
from gnn.evaluate import NEVER, Bools, Floats, Interval

FALSE_POSITIVE_LIMIT = 0.001
CLEARED = "legitimate"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found: whether it lets pass, a sentence that says why, and its figures."""

    rule: str
    passed: bool
    sentence: str
    figures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """An exam both sat: boards of the same accounts, and the slices these are in.

    ``champion`` is None where there is none yet. ``slices`` maps a kind of slice to each account's.
    ``by_labels``: judged by labels, where an account without one may be fraud that nobody found.
    """

    name: str
    challenger: Board
    champion: Board | None
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    by_labels: bool = False

    @property
    def cleared(self) -> Bools:
        """Accounts that are surely honest: by the truth, or because a label says so, [N]."""
        if not self.by_labels:
            return ~self.challenger.fraud
        return np.array([kind == CLEARED for kind in self.challenger.kind], np.bool_)

    @property
    def word(self) -> str:
        """How the accounts without known fraud are called."""
        return "accounts without a verdict of fraud" if self.by_labels else "honest accounts"


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring one sign-up takes (us, median and 99th percentile) and what a bundle weighs."""

    median_us: float
    p99_us: float
    size_bytes: int


@dataclass(frozen=True)
class Evidence:
    """Everything the gate looks at.

    ``recent`` are the last weeks; ``worlds`` the standing worlds; ``inputs`` findings about the
    events themselves; ``canaries`` figures of :mod:`etl.canaries`.
    """

    recent: Pair | None
    worlds: Sequence[Pair]
    challenger_cost: Cost
    champion_cost: Cost | None
    canaries: Mapping[str, float]
    inputs: Sequence[Finding] = ()


@dataclass(frozen=True)
class Ruling:
    """Whether the challenger passed, with every finding."""

    passed: bool
    findings: tuple[Finding, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks against it; what was found where nothing does."""
        against = tuple(f.sentence for f in self.findings if not f.passed)
        return against or tuple(f.sentence for f in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """For the run's folder, its report and the service."""
        return {
            "passed": self.passed,
            "reasons": list(self.reasons),
            "findings": [{**asdict(f), "figures": dict(f.figures)} for f in self.findings],
        }


def gate(evidence: Evidence, limits: GateLimits, rng: np.random.Generator) -> Ruling:
    """Every rule's finding; the challenger passes if all let it pass."""
    findings = list(evidence.inputs)
    findings += _canaries(evidence.canaries, limits)
    exams = [*([evidence.recent] if evidence.recent else []), *evidence.worlds]
    for pair in exams:
        findings += _exam(pair, limits, rng)
    findings += _cost(evidence, limits)
    return Ruling(all(finding.passed for finding in findings), tuple(findings))


# -- rules -----------------------------------------------------------------------------------------


def _exam(pair: Pair, limits: GateLimits, rng: np.random.Generator) -> Iterator[Finding]:
    rules: tuple[Callable[[Pair, GateLimits, np.random.Generator], Finding | None], ...] = (
        prevented, recall, honest, calibration,
    )  # fmt: skip
    for rule in rules:
        if (finding := rule(pair, limits, rng)) is not None:
            yield finding
    yield from slices(pair, limits, rng)


def prevented(pair: Pair, limits: GateLimits, rng: np.random.Generator) -> Finding | None:
    """Exchanges prevented: not shown to be worse by more than the margin."""
    seen, held = pair.challenger, pair.champion
    share = seen.prevented().share()
    if held is None:
        return Finding(f"{pair.name}: prevented", True,
                       f"{pair.name}: prevents {_per(share)} of fraudulent exchanges; there is "
                       "no champion to compare with", {"challenger": _plain(share)})  # fmt: skip
    if int(seen.fraud.sum()) < limits.least_fraud:
        return _acted(pair, held, limits, rng)
    ours, theirs = seen.prevented(), held.prevented()
    change = evaluate.bootstrap(seen.groups, lambda w: ours.share(w) - theirs.share(w), rng)
    worse = change.value < -limits.prevented_margin and change.high < 0.0
    text = (
        f"{pair.name}: prevents {_per(share)} of fraudulent exchanges, the champion "
        f"{_per(theirs.share())}; change {_between(change)}, at most "
        f"{_per(limits.prevented_margin)} may be lost"
    )
    return Finding(f"{pair.name}: prevented", not worse, text,
                   {"challenger": _plain(share), "champion": _plain(theirs.share()),
                    **_of(change)})  # fmt: skip


def _acted(pair: Pair, held: Board, limits: GateLimits, rng: np.random.Generator) -> Finding:
    """Where labels are too few to say what was prevented: does it act on as much as before?

    A model that falls silent would pass every other rule; whether the silence is right, a person
    can say, and force it.
    """
    ours, theirs = _after_flags(pair.challenger), _after_flags(held)

    def ratio_of(weight: Floats) -> float:
        total = float(weight @ theirs)
        return float(weight @ ours) / total if total else float("nan")

    ratio = evaluate.bootstrap(np.arange(len(ours)), ratio_of, rng)
    silent = ratio.value < limits.acted_ratio and ratio.high < 1.0
    text = (
        f"{pair.name}: {int(pair.challenger.fraud.sum())} known fraud accounts are too few to "
        f"compare what was prevented; it acts on {ours.sum():.0f} exchanges, the champion on "
        f"{theirs.sum():.0f}, and {limits.acted_ratio:g} of those are asked for"
    )
    figures = {"ratio": _plain(ratio.value), "high": _plain(ratio.high)}
    return Finding(f"{pair.name}: prevented", not silent, text, figures)


def _after_flags(seen: Board) -> Floats:
    """Exchanges of each account after its flag, whoever it is, [N]."""
    late = seen.exchange_at > seen.flagged_at[seen.exchange_account]
    size = len(seen.account_id)
    return np.bincount(seen.exchange_account[late], minlength=size).astype(np.float64)


def recall(pair: Pair, limits: GateLimits, rng: np.random.Generator) -> Finding | None:
    """Recall at 0.1 % false positives: not shown to be worse by more than the margin."""
    seen, held = pair.challenger, pair.champion
    if held is None or int(seen.fraud.sum()) < limits.least_fraud:
        return None
    fraud = seen.fraud

    def change_of(weight: Floats) -> float:
        ours = evaluate.recall_at_fpr(fraud, seen.score, FALSE_POSITIVE_LIMIT, weight)
        return ours - evaluate.recall_at_fpr(fraud, held.score, FALSE_POSITIVE_LIMIT, weight)

    change = evaluate.bootstrap(seen.groups, change_of, rng)
    worse = change.value < -limits.recall_margin and change.high < 0.0
    text = (
        f"{pair.name}: recall at 0.1 % false positives changes by {_between(change)}, at most "
        f"{_per(limits.recall_margin)} may be lost"
    )
    return Finding(f"{pair.name}: recall", not worse, text, _of(change))


def honest(pair: Pair, limits: GateLimits, rng: np.random.Generator) -> Finding:
    """Honest accounts flagged: few at all, and not shown to be more by more than the margin.

    Where labels judge, the first is asked of accounts that were cleared, the second of all without
    a verdict of fraud: those flagged among them may be finds.
    """
    mine, cleared = ~pair.challenger.fraud, pair.cleared
    flagged = _flagged(pair.challenger)
    count, total = int(flagged[cleared].sum()), int(cleared.sum())
    low, high = wilson(count, total)
    limit = limits.cleared_limit if pair.by_labels else limits.honest_limit
    too_many = low > limit
    kind = "cleared" if pair.by_labels else "honest"
    text = (
        f"{pair.name}: flags {count} of {total:,} {kind} accounts "
        f"({_per(low, 2)} to {_per(high, 2)}; the limit is {_per(limit, 2)})"
    )
    figures: dict[str, float | None] = {"flagged": count, "honest": total, "low": low, "high": high}
    worse = False
    if pair.champion is not None:
        margin = limits.unlabelled_margin if pair.by_labels else limits.honest_margin
        change = _more(flagged, _flagged(pair.champion), mine, rng)
        worse = change.value > margin and change.low > 0.0
        text += f"; {_between(change, 2)} more {pair.word} than the champion, {_per(margin)} may be"
        figures |= {"champion": int(_flagged(pair.champion)[mine].sum()), **_of(change)}
    return Finding(f"{pair.name}: honest accounts", not (too_many or worse), text, figures)


def _more(ours: Bools, theirs: Bools, rows: Bools, rng: np.random.Generator) -> Interval:
    """How much more often ``rows`` are flagged by one than by the other, paired."""
    more = ours[rows].astype(float) - theirs[rows]
    return evaluate.bootstrap(
        np.arange(len(more)), lambda w: float(w @ more / max(w.sum(), 1.0)), rng
    )


def calibration(pair: Pair, limits: GateLimits, rng: np.random.Generator) -> Finding | None:
    """Brier score: not shown to be worse by more than the margin."""
    seen, held = pair.challenger, pair.champion
    if held is None:
        return None
    fraud = seen.fraud.astype(float)
    more = (seen.score - fraud) ** 2 - (held.score - fraud) ** 2
    change = evaluate.bootstrap(seen.groups, lambda w: float(w @ more / max(w.sum(), 1.0)), rng)
    margin = limits.brier_margin if pair.by_labels else limits.world_brier_margin
    worse = change.value > margin and change.low > 0.0
    text = (
        f"{pair.name}: the Brier score of accounts changes by {change.value:+.4f} "
        f"({change.low:+.4f} to {change.high:+.4f}), {margin} may be added"
    )
    return Finding(f"{pair.name}: calibration", not worse, text, _of(change))


def slices(pair: Pair, limits: GateLimits, rng: np.random.Generator) -> Iterator[Finding]:
    """No slice of honest people is flagged much more than before, or than everybody else."""
    mine, flagged = ~pair.challenger.fraud, _flagged(pair.challenger)
    before = None if pair.champion is None else _flagged(pair.champion)
    worst: list[str] = []
    for kind, values in pair.slices.items():
        named = np.asarray(values, dtype=object).astype(str)
        for name in np.unique(named[mine]):
            here = mine & (named == name)
            if int(here.sum()) < limits.slice_least:
                continue
            rest = mine & ~here
            if (
                not pair.by_labels
                and kind != "ip_class"
                and (said := _ratio(flagged, here, rest, limits))
            ):
                worst.append(f"{kind} {name}: {said}")
            if before is not None and (said := _grown(flagged, before, here, limits, rng)):
                worst.append(f"{kind} {name}: {said}")
    if pair.slices:
        told = "; ".join(worst) or (
            f"no country, pathway or kind of network with {limits.slice_least} honest accounts or "
            f"more is flagged {_per(limits.slice_margin)} more often than before, no country or "
            f"pathway {limits.slice_ratio:g} times as often as the others"
        )
        yield Finding(f"{pair.name}: slices", not worst, f"{pair.name}: {told}")


def _grown(
    flagged: Bools, before: Bools, here: Bools, limits: GateLimits, rng: np.random.Generator
) -> str | None:
    if float((flagged[here].astype(float) - before[here]).mean()) <= limits.slice_margin:
        return None
    change = _more(flagged, before, here, rng)
    return f"flagged {_between(change)} more often than before" if change.low > 0.0 else None


def _ratio(flagged: Bools, here: Bools, rest: Bools, limits: GateLimits) -> str | None:
    """The ratio of false positives to everybody else's, by Katz's logarithmic interval."""
    ratio, low = ratio_to_rest(
        int(flagged[here].sum()), int(here.sum()), int(flagged[rest].sum()), int(rest.sum())
    )
    if low <= limits.slice_ratio:
        return None
    return (
        f"its honest accounts are flagged {ratio:.1f} times as often as others (at least {low:.1f})"
    )


def ratio_to_rest(hits: int, size: int, other_hits: int, other_size: int) -> tuple[float, float]:
    """Ratio of two shares and its lower 95 % bound; half a hit is imagined on either side."""
    a, b = hits + 0.5, other_hits + 0.5
    ratio = (a / (size + 1.0)) / (b / (other_size + 1.0))
    spread = np.sqrt(max(1 / a - 1 / (size + 1.0) + 1 / b - 1 / (other_size + 1.0), 0.0))
    return float(ratio), float(ratio * np.exp(-1.96 * spread))


def _canaries(figures: Mapping[str, float], limits: GateLimits) -> Iterator[Finding]:
    """What only a cheat could know: an edge of the future, labels without meaning."""
    if "future_edge" in figures:
        gap = figures["future_edge"]
        yield Finding("canary: future", gap <= 1e-9,
                      "scores as of a moment do not change when later events and labels are there"
                      if gap <= 1e-9 else
                      f"scores as of a moment change by up to {gap:.3g} when later events are "
                      "there: something of the future is read", {"gap": gap})  # fmt: skip
    if "shuffled_auc" in figures:
        auc = figures["shuffled_auc"]
        fine = auc <= limits.shuffled_auc
        yield Finding("canary: shuffled labels", fine,
                      f"with labels dealt out at random the model tells nothing (AUC {auc:.2f})"
                      if fine else
                      f"with labels dealt out at random the model still tells (AUC {auc:.2f}, "
                      f"limit {limits.shuffled_auc}): labels leak into columns",
                      {"auc": auc})  # fmt: skip


def _cost(evidence: Evidence, limits: GateLimits) -> Iterator[Finding]:
    ours, theirs = evidence.challenger_cost, evidence.champion_cost
    if theirs is not None:
        ratio = ours.median_us / max(theirs.median_us, 1e-9)
        yield Finding("latency", ratio <= limits.latency_ratio,
                      f"a sign-up's score takes {ratio:.2f} times as long as the champion's, "
                      f"{limits.latency_ratio:g} is the limit",
                      {"ratio": ratio, "median_us": ours.median_us,
                       "p99_us": ours.p99_us})  # fmt: skip
    grown = 1.0 if theirs is None else ours.size_bytes / max(theirs.size_bytes, 1)
    fine = ours.size_bytes <= limits.size_bytes and grown <= limits.size_ratio
    yield Finding("size", fine,
                  f"the bundle weighs {ours.size_bytes / 1e6:.1f} MB, {grown:.2f} times the "
                  f"champion's; limits {limits.size_bytes / 1e6:.0f} MB and "
                  f"{limits.size_ratio:g} times",
                  {"bytes": ours.size_bytes, "ratio": grown})  # fmt: skip


# -- figures ---------------------------------------------------------------------------------------


def wilson(hits: int, size: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share (1927), 95 % by default; (0, 1) of nothing."""
    if not size:
        return 0.0, 1.0
    share, weight = hits / size, z * z / size
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / size + weight / (4 * size)) / (1 + weight)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _flagged(seen: Board) -> Bools:
    return np.asarray(seen.flagged_at != NEVER, np.bool_)


def _per(share: float, digits: int = 1) -> str:
    return "an unknown share" if np.isnan(share) else f"{100 * share:.{digits}f} %"


def _between(change: Interval, digits: int = 1) -> str:
    low, value, high = (100 * x for x in (change.low, change.value, change.high))
    return f"{value:+.{digits}f} points ({low:+.{digits}f} to {high:+.{digits}f})"


def _of(change: Interval) -> dict[str, float | None]:
    return {"change": _plain(change.value), "low": _plain(change.low), "high": _plain(change.high)}


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
