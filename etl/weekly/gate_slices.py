"""Whether a challenger's mistakes fall on one country, pathway or kind of network.

Many slices are asked at once, so chance is held for all of them together (Holm, 1979): with thirty
slices tested one by one at 5 %, every other week would be refused for nothing. Two questions of
each slice's honest accounts: are more flagged than before (McNemar's exact test on the accounts on
which the two models differ, 1947), and are they flagged many times as often as everybody else
(Katz's logarithmic interval, 1978). It knows arrays, no gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from etl.weekly.limits import GateLimits
from gnn.evaluate import Bools

NETWORK = "ip_class"


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice's honest accounts: how many, flagged now, and flagged by one of the two alone."""

    kind: str
    name: str
    size: int
    flagged: int
    only_now: int
    only_before: int
    rest: int
    rest_flagged: int

    @property
    def grown(self) -> float:
        """By how much the share flagged rose, -1..1."""
        return (self.only_now - self.only_before) / self.size


def slices_seen(
    slices: Mapping[str, Sequence[str]], mine: Bools, now: Bools, before: Bools, least: int
) -> list[Slice]:
    """Every slice with at least ``least`` of the accounts ``mine``; arrays are bool [N]."""
    found = []
    for kind, values in slices.items():
        named = np.asarray(values, dtype=object).astype(str)
        for name in np.unique(named[mine]):
            here = mine & (named == name)
            if int(here.sum()) < least:
                continue
            rest = mine & ~here
            counts = (
                here, here & now, here & now & ~before, here & before & ~now, rest, rest & now
            )  # fmt: skip
            found.append(Slice(kind, str(name), *(int(rows.sum()) for rows in counts)))
    return found


def against(seen: Sequence[Slice], limits: GateLimits, *, by_labels: bool) -> Iterator[str]:
    """What speaks against the challenger, a sentence a slice.

    The ratio to others is not asked of kinds of network, which differ by what they are, nor where
    labels judge: a ring that nobody labelled lies in one country, and is no injustice to it.
    """
    margin = limits.labels_slice_margin if by_labels else limits.slice_margin
    for one, chance in zip(seen, _chances(seen), strict=True):
        if one.grown > margin and chance <= limits.chance:
            yield (
                f"{one.kind} {one.name}: {one.only_now} of {one.size} accounts are flagged that "
                f"were not, {one.only_before} no longer ({100 * one.grown:+.1f} points)"
            )
    if by_labels:
        return
    asked = [one for one in seen if one.kind != NETWORK]
    deviations = _deviations(len(asked), limits.chance)
    for one in asked:
        ratio, low = ratio_to_rest(one.flagged, one.size, one.rest_flagged, one.rest, deviations)
        if low > limits.slice_ratio:
            yield (
                f"{one.kind} {one.name}: its honest accounts are flagged {ratio:.1f} times as "
                f"often as others (at least {low:.1f})"
            )


def _chances(seen: Sequence[Slice]) -> list[float]:
    """The chance of as many more flags in each slice, corrected for all slices (Holm)."""
    from scipy.stats import binom  # noqa: PLC0415

    raw = [
        float(binom.sf(one.only_now - 1, one.only_now + one.only_before, 0.5))
        if one.only_now else 1.0
        for one in seen
    ]  # fmt: skip
    corrected, highest = [0.0] * len(raw), 0.0
    for rank, place in enumerate(np.argsort(raw, kind="stable")):
        highest = max(highest, min(1.0, (len(raw) - rank) * raw[place]))
        corrected[place] = highest
    return corrected


def _deviations(questions: int, chance: float) -> float:
    """Standard deviations of a one-sided bound that holds for all questions (Bonferroni)."""
    from scipy.stats import norm  # noqa: PLC0415

    return float(norm.isf(chance / max(questions, 1)))


def ratio_to_rest(
    hits: int, size: int, other_hits: int, other_size: int, deviations: float = 1.96
) -> tuple[float, float]:
    """Ratio of two shares and its lower bound; half a hit is imagined on either side."""
    a, b = hits + 0.5, other_hits + 0.5
    ratio = (a / (size + 1.0)) / (b / (other_size + 1.0))
    spread = np.sqrt(max(1 / a - 1 / (size + 1.0) + 1 / b - 1 / (other_size + 1.0), 0.0))
    return float(ratio), float(ratio * np.exp(-deviations * spread))
