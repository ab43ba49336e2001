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


class MonitorOut(BaseModel):
    """What is watched between runs."""

    as_of: datetime
    champion: str | None = None
    summary: str
    features: list[DriftOut] = Field(default_factory=list)
    prompts: dict[str, Any] = Field(default_factory=dict)
    labels: list[dict[str, Any]] = Field(default_factory=list)
    overturned: list[dict[str, Any]] = Field(default_factory=list)
    audited: dict[str, Any] = Field(default_factory=dict)
    past: list[dict[str, Any]] = Field(default_factory=list)
    staleness: dict[str, Any] = Field(default_factory=dict)
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
