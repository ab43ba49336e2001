"""What a challenger may cost: every limit of the gate, with its default and its meaning.

The rules that use them are in :mod:`etl.weekly.gate`; why each is what it is, in ``docs/gate.md``.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What a challenger may cost: ``GateLimits(prevented_margin=0.03)``.

    Shares are 0..1. ``prevented_margin``: exchanges prevented that may be lost in one exam;
    ``expected_loss``: of the next ring's, over all exams, with what rings differ by
    (``ring_spread``) before any is seen, worth ``ring_worth`` rings; ``acted_ratio``: exchanges
    acted on at all, of the champion's, asked where known fraud is too little to compare by;
    ``honest_margin``: more of honest accounts flagged, ``unlabelled_margin`` where only
    labels say who is honest; ``honest_limit``: flagged at all, shown beyond chance;
    ``cleared_limit``: the same of accounts that a label cleared, which fall on the conspicuous
    and are partly wrong; ``slice_margin``: more flagged in a slice of at least ``slice_least``
    honest accounts, ``labels_slice_margin`` where labels judge; ``slice_ratio``: how many times as
    often the honest of one country or pathway may be flagged as the others; ``chance``: of
    refusing for slices that are as before, all together; ``brier_margin``: calibration;
    ``latency_ratio`` and ``size_ratio``: to the champion's; ``size_bytes``: at all;
    ``least_fraud``: fewer known fraud accounts than this are too few to compare recall on;
    ``shuffled_auc``: of labels dealt out at random, or ``shuffled_deviations`` of what chance
    gives to so few labels where that is more.
    """

    prevented_margin: float = 0.03
    expected_loss: float = 0.03
    ring_spread: float = 0.10
    ring_worth: float = 2.0
    acted_ratio: float = 0.6
    recall_margin: float = 0.10
    honest_margin: float = 0.015
    unlabelled_margin: float = 0.03
    honest_limit: float = 0.05
    cleared_limit: float = 0.25
    slice_margin: float = 0.02
    labels_slice_margin: float = 0.10
    slice_least: int = 50
    slice_ratio: float = 4.0
    chance: float = 0.05
    brier_margin: float = 0.03
    latency_ratio: float = 2.0
    size_ratio: float = 3.0
    size_bytes: int = 500_000_000
    least_fraud: int = 10
    shuffled_auc: float = 0.65
    shuffled_deviations: float = 3.0
