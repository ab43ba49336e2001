"""What a detector was worth: the figures of a back-test, each as the event contract defines it.

Arrays in, numbers out. It knows nothing of files, stores or models, and it never decides who is
guilty: truth, scores and moments of flags come from the caller (``etl.backtest.judge``). Accounts
are rows ``0 .. N-1`` of every array; times are int64 microseconds since the epoch, UTC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score, roc_curve

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).max
"""The moment of a flag that was never raised."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds between which it fell in the middle ``level`` of resamplings."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BCubed:
    """B-cubed precision and recall (0..1) of a clustering, and their harmonic mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Prevented:
    """Per account: its fraudulent exchanges, and how many of them came after its flag; int64 [N].

    ``before_flag`` counts the fraudulent exchanges that went through.
    """

    fraudulent: Ints
    prevented: Ints

    @property
    def before_flag(self) -> Ints:
        """Fraudulent exchanges at or before the flag, int64 [N]."""
        return self.fraudulent - self.prevented

    def share(self, weight: Floats | None = None) -> float:
        """Prevented over fraudulent exchanges (0..1), accounts weighted; NaN without any."""
        weights = np.ones(len(self.fraudulent)) if weight is None else weight
        total = float(weights @ self.fraudulent)
        return float(weights @ self.prevented) / total if total else float("nan")


@dataclass(frozen=True, slots=True)
class KindShare:
    """How many honest accounts of one kind there are, and how many of them were flagged."""

    kind: str
    accounts: int
    flagged: int

    @property
    def share(self) -> float:
        """Flagged over accounts (0..1)."""
        return self.flagged / self.accounts if self.accounts else 0.0


def average_precision(fraud: Bools, score: Floats, weight: Floats | None = None) -> float:
    """Average precision (0..1) of ``score`` as a ranking of ``fraud``; NaN without any fraud."""
    if not fraud.any() or (weight is not None and not weight[fraud].any()):
        return float("nan")
    return float(average_precision_score(fraud, score, sample_weight=weight))


def recall_at_fpr(fraud: Bools, score: Floats, limit: float, weight: Floats | None = None) -> float:
    """The best recall of a threshold that flags at most ``limit`` (0..1) of honest accounts."""
    weights = np.ones(len(fraud)) if weight is None else weight
    if not weights[fraud].any() or not weights[~fraud].any():
        return float("nan")
    false, true, _ = roc_curve(fraud, score, sample_weight=weight, drop_intermediate=False)
    return float(true[false <= limit + 1e-12].max())


def recall_within_budget(fraud: Bools, score: Floats, budget: float) -> float:
    """Share of fraud among the ``budget`` (0..1) highest scores, that is what reviewers can see.

    Where the budget ends inside a tie, the tied take their expected share of what is left.
    """
    if not fraud.any():
        return float("nan")
    room = budget * len(fraud)
    found = 0.0
    values, first = np.unique(-score, return_inverse=True)
    sizes = np.bincount(first, minlength=len(values))
    hits = np.bincount(first, weights=fraud, minlength=len(values))
    for size, hit in zip(sizes, hits, strict=True):
        taken = min(1.0, room / size)
        found += hit * taken
        room -= size * taken
        if room <= 0:
            break
    return float(found / fraud.sum())


def most_within_budget(fraud: Bools, budget: float) -> float:
    """What :func:`recall_within_budget` is at best: much fraud fits into no small budget."""
    return min(1.0, budget * len(fraud) / float(fraud.sum())) if fraud.any() else float("nan")


def exchanges_prevented(account: Ints, at: Ints, flagged_at: Ints, active_from: Ints) -> Prevented:
    """Fraudulent exchanges of each account, and those that happened after its flag.

    Args:
        account: the account of each exchange, int64 [E].
        at: the moment of each exchange, int64 [E].
        flagged_at: first flag of each account, int64 [N]; :data:`NEVER` = not flagged.
        active_from: when each account began to work for its campaign, int64 [N]; an exchange
            before it is not fraud. :data:`NEVER` = honest.
    """
    size = len(flagged_at)
    fraudulent = at >= active_from[account]
    late = fraudulent & (at > flagged_at[account])
    return Prevented(
        np.bincount(account[fraudulent], minlength=size).astype(np.int64),
        np.bincount(account[late], minlength=size).astype(np.int64),
    )


def first_refresh_after(moments: Ints, refreshes: Ints) -> Ints:
    """For each moment the first refresh at or after it; :data:`NEVER` where there is none.

    With ``moments`` = each account's third request this is what a detector that knows every ring
    reaches with the same refreshes: the bound beside which a result should be read.
    """
    place = np.searchsorted(refreshes, moments, side="left")
    known = place < len(refreshes)
    found = np.full(len(moments), NEVER, dtype=np.int64)
    found[known] = refreshes[place[known]]
    return found


def nth_exchange(account: Ints, at: Ints, size: int, n: int) -> Ints:
    """The moment of each account's ``n``-th (from 1) exchange, int64 [size]; else NEVER."""
    order = np.lexsort((at, account))
    owners = account[order]
    starts = np.searchsorted(owners, np.arange(size), side="left")
    ends = np.searchsorted(owners, np.arange(size), side="right")
    moments = np.full(size, NEVER, dtype=np.int64)
    enough = ends - starts >= n
    moments[enough] = at[order[starts[enough] + n - 1]]
    return moments


def honest_flagged(kinds: Sequence[str], flagged: Bools) -> list[KindShare]:
    """Flags among honest accounts by kind, the worst share first; ``kinds`` names each account."""
    names, which = np.unique(np.asarray(kinds, dtype=object).astype(str), return_inverse=True)
    totals = np.bincount(which, minlength=len(names))
    hits = np.bincount(which, weights=flagged, minlength=len(names))
    rows = [
        KindShare(str(name), int(n), int(hit))
        for name, n, hit in zip(names, totals, hits, strict=True)
    ]
    return sorted(rows, key=lambda row: (-row.share, row.kind))


def b_cubed(cluster: Sequence[str | None], truth: Sequence[str | None]) -> BCubed:
    """B-cubed of reported rings against true campaigns (Bagga and Baldwin, 1998).

    Counted over the accounts that are in a ring or in a campaign; others are passed over. None
    in ``cluster`` is a cluster of its own, None in ``truth`` (honest) a class of its own. With
    no account to count both figures are 0.
    """
    rows = [
        (c if c is not None else (i,), t if t is not None else (i,))
        for i, (c, t) in enumerate(zip(cluster, truth, strict=True))
        if c is not None or t is not None
    ]
    if not rows:
        return BCubed(0.0, 0.0)
    in_cluster = _sizes([c for c, _ in rows])
    in_class = _sizes([t for _, t in rows])
    in_both = _sizes(rows)
    precision = sum(in_both[row] / in_cluster[row[0]] for row in rows)
    recall = sum(in_both[row] / in_class[row[1]] for row in rows)
    return BCubed(precision / len(rows), recall / len(rows))


def bootstrap(
    groups: Ints,
    statistic: Callable[[Floats], float],
    rng: np.random.Generator,
    rounds: int = 200,
    level: float = 0.95,
) -> Interval:
    """An interval for ``statistic`` that resamples whole groups (rings), not accounts.

    Accounts of one ring stand or fall together, so resampling accounts would promise far more
    than a handful of rings can. ``statistic`` takes a weight per account, float64 [N]: how often
    its group was drawn. Rounds that leave it undefined (NaN) are left out.

    Args:
        groups: the group of each account, int64 [N]; an honest account may be its own.
        statistic: the figure as a function of account weights.
        rng: source of chance.
        rounds: number of resamplings.
        level: share of resamplings inside the bounds (0..1).
    """
    value = statistic(np.ones(len(groups)))
    if not len(groups):
        return Interval(value, float("nan"), float("nan"))
    names, which = np.unique(groups, return_inverse=True)
    chance = np.full(len(names), 1 / len(names))
    drawn = [rng.multinomial(len(names), chance)[which].astype(float) for _ in range(rounds)]
    values = np.array([statistic(weights) for weights in drawn])
    values = values[~np.isnan(values)]
    if not len(values):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))


def _sizes(items: Sequence[object]) -> dict[object, int]:
    counted: dict[object, int] = {}
    for item in items:
        counted[item] = counted.get(item, 0) + 1
    return counted
