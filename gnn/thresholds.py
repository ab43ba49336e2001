"""From which score something is done, so that honest people are left alone.

Quantiles of rows mislead: an account is looked at many times, and .1 % of rows became 3 to 4 % of
accounts. So each account's highest out-of-fold score over a replay before the end of training is
taken, and the threshold set on accounts.

The reference is never free of fraud: rings that nobody labelled stand at its top, and a threshold
over their heads lets everybody through. How many they are is estimated from how the known ones
score (:func:`hidden_above`), and what may be flagged by mistake is bounded from above: the upper
end of the interval of the honest share has to keep to the target, not its middle.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NEVER_SCORE = 2.0
SURE = 0.9
"""Score under which nobody is convicted, whatever a quantile says: one in ten would be honest."""
_EDGE = 1e-9
_UPPER = 0.95  # the upper end of a two-sided interval of 90 %


def threshold_for(reference: Floats, target_share: float) -> float:
    """The least score that at most ``target_share`` of ``reference`` (one score each) reach.

    With too few in the reference for that share to be one of them, it lies one nat of log odds
    above the highest of them.

    Args:
        reference: highest score (0..1) of each account that is not known to be fraud.
        target_share: 0..1.
    """
    ranked = np.sort(reference)[::-1]
    if not len(ranked):
        return NEVER_SCORE
    allowed = int(np.floor(target_share * len(ranked)))
    if allowed == 0:
        top = float(np.clip(ranked[0], _EDGE, 1.0 - _EDGE))
        return top * np.e / (top * np.e + 1.0 - top)
    return float((ranked[allowed - 1] + ranked[min(allowed, len(ranked) - 1)]) / 2.0)


def flag_threshold(reference: Floats, known: Floats, target_share: float) -> float:
    """The least score at which honest accounts are flagged for at most ``target_share`` of all.

    Of the unlabelled accounts over a score those expected to be fraud are taken off; of what is
    left the upper end of a 90 % interval (Poisson) must keep to the target. With an account of
    which even none at all is no proof for so small a share, the threshold lies up to one nat of log
    odds above the highest that is believed honest.

    What stands at the very top is few, so the threshold is held between :data:`SURE` and, where the
    model is sure of half of the known, the score of their median: unlabelled accounts over that are
    taken to be fraud.

    Args:
        reference: highest score (0..1) of each account that is not known to be fraud.
        known: highest out-of-fold score (0..1) of each account that is, before it became known.
        target_share: 0..1.
    """
    if not len(reference):
        return NEVER_SCORE
    middle = float(np.median(known)) if len(known) else 0.0
    most = middle if middle >= SURE else NEVER_SCORE
    return float(np.clip(by_share(reference, known, target_share), SURE, most))


def by_share(reference: Floats, known: Floats, target_share: float) -> float:
    """The threshold as the share alone would have it; see :func:`flag_threshold`."""
    from scipy.stats import chi2  # noqa: PLC0415 - half a second that serving must not pay

    ranked = np.sort(reference)[::-1]
    allowed = target_share * len(ranked)
    honest = np.maximum(np.arange(1, len(ranked) + 1) - hidden_above(reference, known, ranked), 0.0)
    honest = np.maximum.accumulate(honest)
    most = chi2.ppf(_UPPER, 2.0 * (honest + 1.0)) / 2.0
    fine = int((most <= allowed).sum())
    if fine == len(ranked):
        return float(ranked[-1])
    if fine:
        return float((ranked[fine - 1] + ranked[fine]) / 2.0)
    first = min(int((honest < 0.5).sum()), len(ranked) - 1)
    top = float(np.clip(ranked[first], _EDGE, 1.0 - _EDGE))
    odds = top / (1.0 - top) * float(np.clip(most[0] / max(allowed, _EDGE), 1.0, np.e))
    return odds / (odds + 1.0)


def hidden_above(reference: Floats, known: Floats, scores: Floats) -> Floats:
    """How many accounts of ``reference`` at or over each of ``scores`` are fraud by expectation.

    Labels are drawn from fraud, not from honest people (Elkan and Noto 2008, "Learning classifiers
    from only positive and unlabeled data"): an unlabelled account over the median of the known is
    taken to be fraud, and further down hidden fraud grows as the known do. No more than the
    accounts that are there; the same shape as ``scores``.
    """
    if not len(known):
        return np.zeros(len(scores))
    middle = float(np.median(known))
    per_known = float((reference >= middle).sum()) / float((known >= middle).sum())
    expected = per_known * _above(known, scores)
    return np.asarray(np.minimum(expected, _above(reference, scores)), np.float64)


def _above(values: Floats, scores: Floats) -> Floats:
    """How many of ``values`` are at or over each of ``scores``."""
    below = np.searchsorted(np.sort(values), scores, side="left")
    return np.asarray(len(values) - below, np.float64)


def interval_of(reference: Floats, known: Floats, threshold: float) -> tuple[float, float]:
    """90 % interval (exact, Poisson) of the share of honest accounts at or over ``threshold``."""
    from scipy.stats import chi2  # noqa: PLC0415

    at = np.array([threshold])
    honest = float((_above(reference, at) - hidden_above(reference, known, at))[0])
    low = chi2.ppf(1.0 - _UPPER, 2.0 * honest) / 2.0 if honest > 0 else 0.0
    high = chi2.ppf(_UPPER, 2.0 * (honest + 1.0)) / 2.0
    size = max(len(reference), 1)
    return float(low) / size, min(float(high) / size, 1.0)
