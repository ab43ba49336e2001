"""From log odds to a probability that means what it says, without losing the order of rows.

Beta calibration (Kull, Silva Filho, Flach, AISTATS 2017): ``logit(q) = a ln p - b ln(1 - p) + c``
with ``a, b >= 0``. Unlike isotonic steps it is strictly increasing, so thresholds and rankings
survive it. Knows nothing of what is calibrated.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_EDGE = 1e-9  # probabilities are kept this far from 0 and 1
# Where the two kinds are apart without overlap the likelihood has no maximum; a pull towards the
# identity and bounds keep scores from piling up at exactly 1, where they could not be ranked.
_PULL = 1e-3
_BOUNDS = [(0.2, 1.5), (0.2, 1.5), (-5.0, 5.0)]


@dataclass(frozen=True, slots=True)
class Calibration:
    """``a``, ``b`` (> 0) and ``c`` of beta calibration; the default changes nothing."""

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def probability(self, margin: Floats) -> Floats:
        """Calibrated probability (0..1) of log odds ``margin``; same shape."""
        logs = _logs(np.asarray(margin, np.float64))
        return _sigmoid(self.a * logs[0] + self.b * logs[1] + self.c)

    def one(self, margin: float) -> float:
        """The same for one margin, without an array around it."""
        limit = -math.log(_EDGE)
        bounded = min(max(margin, -limit), limit)
        log_odds = -self.a * _softplus(-bounded) + self.b * _softplus(bounded) + self.c
        return math.exp(-_softplus(-log_odds))

    @classmethod
    def fit(
        cls, margin: Floats, fraud: npt.NDArray[np.bool_], weight: Floats | None = None
    ) -> "Calibration":
        """The calibration that makes ``fraud`` most likely.

        ``margin`` must be out of fold, or the model is believed more than it deserves. With fewer
        than five of either kind there is nothing to fit, and the identity is given.
        """
        from scipy.optimize import minimize  # noqa: PLC0415 - only training needs it

        if min(int(fraud.sum()), int((~fraud).sum())) < 5:
            return cls()
        logs = _logs(np.asarray(margin, np.float64))
        share = np.ones(len(margin)) if weight is None else weight
        share = share / share.sum()

        def loss(parameters: Floats) -> tuple[float, Floats]:
            log_odds = parameters[0] * logs[0] + parameters[1] * logs[1] + parameters[2]
            cost = np.logaddexp(0.0, log_odds) - fraud * log_odds
            slope = share * (_sigmoid(log_odds) - fraud)
            away = np.array([parameters[0] - 1.0, parameters[1] - 1.0, 0.0])
            gradient = np.array([slope @ logs[0], slope @ logs[1], slope.sum()])
            return float(share @ cost + _PULL * away @ away / 2), gradient + _PULL * away

        best = minimize(
            loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=_BOUNDS
        )
        return cls(*(float(value) for value in best.x))


def _logs(margin: Floats) -> tuple[Floats, Floats]:
    """``ln p`` and ``-ln(1 - p)`` of log odds."""
    limit = -np.log(_EDGE)
    bounded = np.clip(margin, -limit, limit)
    return -np.logaddexp(0.0, -bounded), np.logaddexp(0.0, bounded)


def _sigmoid(log_odds: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)), np.float64)


def _softplus(value: float) -> float:
    """``ln(1 + e^value)``, as ``np.logaddexp(0, value)`` computes it."""
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))
