"""Population tests: whether what comes in now is still what was learnt from.

Two figures for each column, the population stability index over deciles of the reference and the
distance of Kolmogorov and Smirnov. An index alone calls every small sample drifted: without any
change it is about ``(1/n + 1/m) chi2(B - 1)`` (Yurdakul, 2018), so the chance of as much is told
beside it, corrected for asking of many columns at once. It knows nothing of what columns mean.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BINS = 10
LEAST = 30
_FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class DriftLimits:
    """What counts as drift: an index of ``psi`` or more, by chance in at most ``chance`` (0..1)."""

    psi: float = 0.1
    chance: float = 0.01


@dataclass(frozen=True, slots=True)
class Drift:
    """One column: its index with a 95 % interval, its distance (0..1), and the chance of either.

    ``before`` and ``now`` are sample sizes; ``chance`` is corrected for all columns asked.
    """

    name: str
    psi: float
    low: float
    high: float
    distance: float
    chance: float
    before: int
    now: int
    drifted: bool


def drift_of(
    before: Mapping[str, Floats],
    now: Mapping[str, Floats],
    rng: np.random.Generator,
    limits: DriftLimits | None = None,
) -> list[Drift]:
    """Every column that both have enough of, the most moved first; NaN counts as a value."""
    from scipy.stats import false_discovery_control, ks_2samp  # noqa: PLC0415

    limits = limits or DriftLimits()
    names = [n for n in before if n in now and min(len(before[n]), len(now[n])) >= LEAST]
    if not names:
        return []
    shares = {name: _binned(before[name], now[name]) for name in names}
    raw = [_chance(*shares[n], len(before[n]), len(now[n])) for n in names]
    adjusted = false_discovery_control(np.clip(raw, 0.0, 1.0))
    found = []
    for name, chance in zip(names, adjusted.tolist(), strict=True):
        old, new = shares[name]
        psi = index(old, new)
        low, high = _interval(old, new, len(before[name]), len(now[name]), rng)
        a, b = _known(before[name]), _known(now[name])
        distance = float(ks_2samp(a, b).statistic) if len(a) and len(b) else 0.0
        drifted = psi >= limits.psi and chance <= limits.chance
        sizes = len(before[name]), len(now[name])
        found.append(Drift(name, psi, low, high, distance, chance, *sizes, drifted))
    return sorted(found, key=lambda row: -row.psi)


def of_shares(before: Mapping[str, int], now: Mapping[str, int], most: int = 20) -> dict[str, Any]:
    """Drift of a mix of names by count: the ``most`` frequent ones of before, and all others."""
    top = sorted(before, key=lambda name: (-before[name], name))[:most]
    old = np.array([*(before[n] for n in top), sum(before.values()) - sum(before[n] for n in top)])
    held = [now.get(n, 0) for n in top]
    new = np.array([*held, sum(now.values()) - sum(held)])
    if min(old.sum(), new.sum()) < LEAST:
        return {}
    shares = old / old.sum(), new / new.sum()
    chance = _chance(*shares, int(old.sum()), int(new.sum()))
    return {"psi": index(*shares), "chance": chance, "before": int(old.sum()),
            "now": int(new.sum())}  # fmt: skip


def index(old: Floats, new: Floats) -> float:
    """The population stability index of two vectors of shares, [B] each."""
    a, b = np.maximum(old, _FLOOR), np.maximum(new, _FLOOR)
    return float(((b - a) * np.log(b / a)).sum())


def as_rows(found: Sequence[Drift]) -> list[dict[str, Any]]:
    """For JSON."""
    return [asdict(row) for row in found]


def _binned(before: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Shares in the deciles of ``before``, and of blanks; equal deciles fall together."""
    known = _known(before)
    deciles = np.linspace(0, 1, BINS + 1)[1:-1]
    edges: Floats = np.unique(np.quantile(known, deciles)) if len(known) else np.empty(0)
    return _shares(before, edges), _shares(now, edges)


def _shares(values: Floats, edges: Floats) -> Floats:
    blank = np.isnan(values)
    place = np.where(blank, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(place, minlength=len(edges) + 2) / max(len(values), 1)


def _known(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _chance(old: Floats, new: Floats, before: int, now: int) -> float:
    from scipy.stats import chi2  # noqa: PLC0415

    used = int(((old > 0) | (new > 0)).sum())
    if used < 2:
        return 1.0
    return float(chi2.sf(index(old, new) / (1 / before + 1 / now), used - 1))


def _interval(
    old: Floats, new: Floats, before: int, now: int, rng: np.random.Generator, rounds: int = 200
) -> tuple[float, float]:
    """95 % of the indices of resampled shares."""
    a = rng.multinomial(before, old / old.sum(), size=rounds) / before
    b = rng.multinomial(now, new / new.sum(), size=rounds) / now
    drawn = [index(x, y) for x, y in zip(a, b, strict=True)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
