"""Wire types of the weekly pipeline: its runs, what the gate said, drift, labels, and the shadow.

They mirror what ``etl.weekly.promotion`` writes to ``status.json``; a field that an older run did
not write is absent or null. Shares are 0..1 with the number they were seen on.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class FindingOut(BaseModel):
    """What one rule of the gate found."""

    rule: str
    passed: bool
    sentence: str
    figures: dict[str, float | None] = Field(default_factory=dict)


class DoubtOut(BaseModel):
    """A labeller or batch whose labels were left out, and why."""

    voice: str
    verdict: str
    test: str
    labels: int
    against: int
    peers: float
    chance: float
    expected_false: float
    reason: str


class LabelsOut(BaseModel):
    """Labels a run believed, and those it left out."""

    kept: int = 0
    quarantined: int = 0
    reweighted: int = 0
    by_source: dict[str, int] = Field(default_factory=dict)
    doubts: list[DoubtOut] = Field(default_factory=list)


class StepOut(BaseModel):
    """One step of a run."""

    step: str
    seconds: float
    skipped: bool = False


class RunOut(BaseModel):
    """One weekly run."""

    run: str
    as_of: datetime
    learnt_until: datetime
    version: str
    champion: str | None = None
    passed: bool
    became: str
    reasons: list[str]
    findings: list[FindingOut]
    labels: LabelsOut
    panel: dict[str, Any] = Field(default_factory=dict)
    steps: list[StepOut] = Field(default_factory=list)


class PromotionOut(BaseModel):
    """A promotion or a rollback, with who did it and why."""

    at: datetime
    what: str
    version: str
    before: str | None = None
    why: str
    author: str


class DriftOut(BaseModel):
    """One column against the champion's training: index with interval, distance, chance."""

    name: str
    psi: float
    low: float
    high: float
    distance: float
    chance: float
    before: int
    now: int
    drifted: bool


class MixOut(BaseModel):
    """Drift of a mix of names (templates, models): index, and the chance of as much by luck."""

    psi: float | None = None
    chance: float | None = None
    before: int = 0
    now: int = 0


class PromptsOut(BaseModel):
    """Prompts of the examined days against the same span before; shares have no known template."""

    without_template: float | None = None
    without_template_before: float | None = None
    templates: MixOut = Field(default_factory=MixOut)
    models: MixOut = Field(default_factory=MixOut)
    lengths: list[DriftOut] = Field(default_factory=list)


class DelayOut(BaseModel):
    """Days from sign-up to the first verdict of a source: quartiles, and those of late."""

    source: str
    labels: int
    median_days: float | None = None
    low_days: float | None = None
    high_days: float | None = None
    lately: int = 0
    median_days_lately: float | None = None


class OverturnedOut(BaseModel):
    """Verdicts of fraud and bans taken back, of one slice, with the interval of the share.

    ``by`` is ``every`` for all of them; ``apart``: more often than of the rest, beyond chance.
    """

    by: str
    name: str
    verdicts: int
    overturned: int
    share: float
    low: float
    high: float
    apart: bool = False


class AuditedOut(BaseModel):
    """Accounts that auditors drew at random: how many were honest, and of these were flagged."""

    audited: int = 0
    honest: int = 0
    flagged: int = 0
    share: float | None = None
    low: float | None = None
    high: float | None = None


class BandOut(BaseModel):
    """One band of scores: its mean, and the share of known fraud with its interval."""

    accounts: int
    score: float
    fraud: float
    low: float
    high: float


class PastOut(BaseModel):
    """One run's examined days, by the labels of their day and by those of today."""

    run: str
    as_of: datetime
    known_fraud_then: int
    known_fraud_now: int
    prevented_then: float | None = None
    prevented_now: float | None = None
    expected_fraud: float | None = None
    observed_fraud: float | None = None
    observed_low: float | None = None
    observed_high: float | None = None
    calibration_error: float | None = None
    bands: list[BandOut] = Field(default_factory=list)


class StalenessOut(BaseModel):
    """How old the weights in use are, and how alike fresh ones rank the same accounts (-1..1)."""

    champion_age_days: float | None = None
    rank_agreement: float | None = None


class LookOut(BaseModel):
    """What one run watched, for a line over time; ``label_days`` are recent medians by source."""

    run: str
    as_of: datetime
    champion: str | None = None
    score_psi: float | None = None
    score_psi_low: float | None = None
    score_psi_high: float | None = None
    columns: int = 0
    columns_drifted: int = 0
    template_psi: float | None = None
    model_psi: float | None = None
    without_template: float | None = None
    audit_honest: int = 0
    audit_flagged: int = 0
    audit_share: float | None = None
    audit_low: float | None = None
    audit_high: float | None = None
    overturned_share: float | None = None
    overturned_low: float | None = None
    overturned_high: float | None = None
    label_days: dict[str, float | None] = Field(default_factory=dict)
    champion_age_days: float | None = None
    rank_agreement: float | None = None


class MonitorOut(BaseModel):
    """What is watched between runs; ``past`` and ``looks`` hold a row a run, the oldest first."""

    as_of: datetime
    champion: str | None = None
    summary: str
    features: list[DriftOut] = Field(default_factory=list)
    prompts: PromptsOut = Field(default_factory=PromptsOut)
    labels: list[DelayOut] = Field(default_factory=list)
    overturned: list[OverturnedOut] = Field(default_factory=list)
    audited: AuditedOut = Field(default_factory=AuditedOut)
    past: list[PastOut] = Field(default_factory=list)
    looks: list[LookOut] = Field(default_factory=list)
    staleness: StalenessOut = Field(default_factory=StalenessOut)
    metrics: dict[str, float] = Field(default_factory=dict)


class ShadowOut(BaseModel):
    """What the challenger said of live sign-ups beside the champion."""

    version: str
    scored: int = 0
    changed: int = 0
    dropped: int = 0
    failed: int = 0
    mean_difference: float = 0.0
    decisions: dict[str, int] = Field(default_factory=dict)


class PipelineOut(BaseModel):
    """The weekly pipeline as it stands.

    ``champion`` is what the shelf names, ``serving`` what this process scores with; they differ
    for the moment in which a new model is taken up, or while it is refused.
    """

    champion: str | None = None
    serving: str | None = None
    trouble: str | None = None
    before: list[str] = Field(default_factory=list)
    shadow: ShadowOut | None = None
    runs: list[RunOut] = Field(default_factory=list)
    history: list[PromotionOut] = Field(default_factory=list)
    monitor: MonitorOut | None = None
