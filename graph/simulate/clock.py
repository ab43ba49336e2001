"""When people and jobs work: units of time, daily rhythms, time zones.

Times are int64 microseconds since the epoch, UTC. It knows nothing of who acts.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US

START_US: Final = 1_772_409_600 * SECOND_US
"""2026-03-02 00:00 UTC, a Monday: where every simulated window begins."""

_SHAPES: Final[dict[str, tuple[float, str]]] = {
    # weekend factor, weight of each hour of the local day (0..9)
    "office": (0.15, "000000013687456787532110"),
    "evening": (1.10, "310000012233344445678985"),
    "student": (0.60, "421000012356665666677776"),
    "allday": (0.80, "321112345566666666665554"),
    "night": (0.95, "887653211111222233345678"),
    "flat": (1.00, "555555555555555555555555"),
    "cron": (1.00, "966543222222222222222234"),
    "weekend": (3.50, "211000123456666666666543"),
}
RHYTHMS: Final = tuple(_SHAPES)


@dataclass(frozen=True, slots=True)
class Rhythms:
    """Every rhythm as arrays: ``weekend`` [R] factors and ``hours`` [R, 24] cumulative shares."""

    weekend: NDArray[np.float64]
    hours: NDArray[np.float64]


def rhythms() -> Rhythms:
    """The table of rhythms, in the order of ``RHYTHMS``."""
    weights = np.array([[1.0 * int(c) for c in shape] for _, shape in _SHAPES.values()])
    shares = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    return Rhythms(np.array([factor for factor, _ in _SHAPES.values()]), shares)


UTC_OFFSET_HOURS: Final[dict[str, int]] = {
    "US": -6, "CA": -5, "BR": -3, "GB": 0, "FR": 1, "DE": 1, "NL": 1, "ES": 1, "IT": 1, "PL": 1,
    "SE": 1, "NO": 1, "BE": 1, "ZA": 2, "TR": 3, "RU": 3, "IN": 5, "TH": 7, "VN": 7, "CN": 8,
    "SG": 8, "HK": 8, "PH": 8, "JP": 9, "KR": 9, "AU": 10,
}  # fmt: skip
