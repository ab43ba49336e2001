"""The gate: whether a challenger may take the champion's place, and why, in words either way.

Every rule looks at the evidence and gives a finding; one finding against is a refusal. Comparisons
are paired, since both lived through the same events, with intervals that resample whole campaigns;
a challenger is refused for what is shown to be worse by more than a stated margin, not for noise,
and never let through what a canary says is cheating. It takes boards and figures, reads nothing and
promotes nobody. How evidence is gathered: :mod:`etl.weekly.exam`, :mod:`etl.weekly.canaries`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from etl.backtest.outcome import HONEST_KIND_WITHOUT_TRUTH, Board
from etl.weekly.gate_rings import expected, ring_changes
from etl.weekly.gate_slices import against, slices_seen
from etl.weekly.limits import GateLimits
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
    def judged(self) -> Bools:
        """Accounts of which something is known: all by the truth, those with a label, [N]."""
        known = [kind != HONEST_KIND_WITHOUT_TRUTH for kind in self.challenger.kind]
        return np.array(known, np.bool_) if self.by_labels else np.ones(len(known), np.bool_)

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
    events themselves; ``canaries`` figures of :mod:`etl.weekly.canaries`.
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
    if (finding := next_ring(exams, limits)) is not None:
        findings.append(finding)
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
    if (finding := slices(pair, limits)) is not None:
        yield finding


def next_ring(exams: Sequence[Pair], limits: GateLimits) -> Finding | None:
    """What promoting is expected to cost against the next ring, by the rings of every exam."""
    changes = [
        change
        for pair in exams
        if pair.champion is not None
        for change in ring_changes(pair.name, pair.challenger, pair.champion)
    ]
    found = expected([one.change for one in changes], limits.ring_spread, limits.ring_worth)
    if found is None:
        return None
    text = (
        f"the next ring: {found.rings} rings say that its exchanges prevented change by "
        f"{100 * found.change:+.1f} points ({100 * found.low:+.1f} to {100 * found.high:+.1f}); "
        f"an expected loss of {_per(found.loss)}, {_per(limits.expected_loss)} may be"
    )
    if found.loss > limits.expected_loss and found.change > -limits.expected_loss:
        text += ": too little is known to risk it"
    return Finding("next ring", found.loss <= limits.expected_loss, text, asdict(found))


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
    """Recall at 0.1 % false positives: not shown to be worse by more than the margin.

    Not asked where labels judge: what ranks highest among accounts without a verdict is mostly
    fraud that nobody labelled yet, and a model that finds more of it would look worse.
    """
    seen, held = pair.challenger, pair.champion
    if held is None or pair.by_labels or int(seen.fraud.sum()) < limits.least_fraud:
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
    """Brier score: not shown to be worse by more than the margin.

    Of the deployment's own accounts with a verdict: one that was never labelled says nothing, and
    two models that are compared share how verdicts are chosen. A standing world is not asked: with
    a fraud as frequent as nowhere else it measures for what share of fraud a model was calibrated.
    """
    seen, held, judged = pair.challenger, pair.champion, pair.judged
    if held is None or not pair.by_labels or int(seen.fraud.sum()) < limits.least_fraud:
        return None
    fraud = seen.fraud.astype(float)
    more = ((seen.score - fraud) ** 2 - (held.score - fraud) ** 2)[judged]
    change = evaluate.bootstrap(
        seen.groups[judged], lambda w: float(w @ more / max(w.sum(), 1.0)), rng
    )
    margin = limits.brier_margin
    worse = change.value > margin and change.low > 0.0
    text = (
        f"{pair.name}: the Brier score of {int(judged.sum())} accounts changes by "
        f"{change.value:+.4f} ({change.low:+.4f} to {change.high:+.4f}), {margin} may be added"
    )
    return Finding(f"{pair.name}: calibration", not worse, text, _of(change))


def slices(pair: Pair, limits: GateLimits) -> Finding | None:
    """No slice of honest people is flagged much more than before, or than everybody else."""
    if not pair.slices:
        return None
    mine, flagged = ~pair.challenger.fraud, _flagged(pair.challenger)
    before = flagged if pair.champion is None else _flagged(pair.champion)
    seen = slices_seen(pair.slices, mine, flagged, before, limits.slice_least)
    worst = list(against(seen, limits, by_labels=pair.by_labels))
    margin = limits.labels_slice_margin if pair.by_labels else limits.slice_margin
    ratio = "" if pair.by_labels else (
        f", no country or pathway {limits.slice_ratio:g} times as often as the others"
    )  # fmt: skip
    told = "; ".join(worst) or (
        f"none of {len(seen)} countries, pathways and kinds of network with {limits.slice_least} "
        f"{pair.word} or more is flagged {_per(margin)} more often than before{ratio}"
    )
    return Finding(f"{pair.name}: slices", not worst, f"{pair.name}: {told}")


def _canaries(figures: Mapping[str, float], limits: GateLimits) -> Iterator[Finding]:
    """What only a cheat could know: an edge of the future, labels without meaning."""
    if "future_edge" in figures:
        gap = figures["future_edge"]
        yield Finding("canary: future", gap <= 1e-9,
                      "scores as of a moment do not change when later events and labels are there"
                      if gap <= 1e-9 else
                      f"scores as of a moment change by up to {gap:.3g} when later events are "
                      "there: something of the future is read", {"gap": gap})  # fmt: skip
    if "torn_rings" in figures:
        torn = int(figures["torn_rings"])
        yield Finding("canary: rings on both sides", torn == 0,
                      "no campaign stands on both sides of a fold" if torn == 0 else
                      f"{torn} campaigns stand on both sides of a fold: out-of-fold figures are "
                      "too good", {"torn": torn})  # fmt: skip
    if "shuffled_auc" in figures:
        auc, spread = figures["shuffled_auc"], figures.get("shuffled_spread", 0.0)
        most = max(limits.shuffled_auc, 0.5 + limits.shuffled_deviations * spread)
        fine = auc <= most
        yield Finding("canary: shuffled labels", fine,
                      f"with labels dealt out at random the model tells nothing (AUC {auc:.2f})"
                      if fine else
                      f"with labels dealt out at random the model still tells (AUC {auc:.2f}, "
                      f"limit {most:.2f}): labels leak into columns",
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
