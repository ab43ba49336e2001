"""The evasion ladder: how much of a ring is still found the harder it works at not being found.

One model is trained on a small world. Then, for each knob that an attacker can turn, worlds with a
single new ring live through with that model, the ring turning the knob further from world to world.
Everything but the knob stays: crowds, sizes, the ring's other habits. What comes out is a curve for
each knob. The last knob is turned on the defender's side: labels that lie, with a model for each
level. The replay is the back-test's; the worlds are :mod:`graph.simulate`.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from etl.backtest.outcome import Board
from etl.refresh import FitsClusters, Job, RefreshConfig
from etl.replay.lazily import LazyStore
from etl.replay.unrolled import unroll
from etl.replay.walk import Replay
from etl.train import Course, collect
from etl.weekly.exam import ExamConfig, Paper, beginning, paper_of, sit
from gnn.bundle import Bundle
from gnn.evaluate import NEVER
from gnn.known import Known
from gnn.train import TrainConfig, train
from gnn.training_rows import TrainingRows
from graph.simulate.presets import CampaignSpec, WorldSpec, preset_named
from graph.stores import open_store

Progress = Callable[[str, int, int], None]
Tactics = tuple[tuple[str, float | None], ...]

HABITS: Tactics = (("shared_cards", 0.3), ("lockstep", 0.5), ("sibling_templates", 0.5))
"""What every ring of the ladder does besides its knob."""
FARM: Tactics = (("device_farm", 0.3),)
"""What a ring has besides that hides identifiers, so that there is something to hide."""
RATE = 14.0
POISONING = "label poisoning"
HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Rung:
    """One level of a knob: ``effort`` is 0..1 of what can be done, or the knob's own unit."""

    knob: str
    effort: float
    tactics: Tactics = ()
    rate: float = RATE


def _tactic(
    knob: str, name: str, efforts: tuple[float, ...], besides: Tactics = ()
) -> tuple[Rung, ...]:
    return tuple(Rung(knob, effort, (*besides, (name, effort))) for effort in efforts)


_THIRDS = (0.33, 0.67, 1.0)
LADDER: tuple[tuple[Rung, ...], ...] = (
    _tactic("identifier splitting", "identifier_splitting", _THIRDS, FARM),
    _tactic("residential addresses", "residential_proxies", _THIRDS),
    _tactic("one card each", "own_cards", _THIRDS, FARM),
    _tactic("paraphrase", "paraphrase", _THIRDS),
    _tactic("jitter", "jitter", _THIRDS),
    _tactic("dilution", "mixed_traffic", (0.5, 0.7, 0.85)),
    tuple(Rung("requests a day", rate, rate=rate) for rate in (20.0, 10.0, 5.0)),
    _tactic("drip", "slow_drip", _THIRDS),
    _tactic("ring sharding", "small_rings", _THIRDS),
    tuple(Rung(POISONING, share) for share in (0.1, 0.2, 0.4)),
)
"""Every knob with its levels, easiest first."""


@dataclass(frozen=True, slots=True)
class StressConfig:
    """How large: ``StressConfig.quick()`` turns every knob to its last level once."""

    seeds: tuple[int, ...] = (1, 2, 3)
    honest: int = 420
    ring: int = 24
    days: float = 24.0
    last_level_only: bool = False

    @classmethod
    def quick(cls) -> "StressConfig":
        """One small world a knob."""
        return cls(seeds=(1,), honest=160, ring=16, days=18.0, last_level_only=True)

    def rungs(self) -> list[Rung]:
        """What is climbed."""
        return [r for knob in LADDER for r in (knob[-1:] if self.last_level_only else knob)]


@dataclass(frozen=True, slots=True)
class Climb:
    """What one rung came to with one seed; shares are 0..1."""

    knob: str
    effort: float
    seed: int
    recall: float
    prevented: float
    honest_flagged: float


def stress(
    config: StressConfig,
    fit: FitsClusters,
    told: Progress = lambda step, done, total: None,
    rungs: Sequence[Rung] | None = None,
) -> dict[str, Any]:
    """``config``, ``climbs`` (one a rung and seed) and ``curves`` (means over seeds) as JSON.

    ``rungs`` are those to climb; all that ``config`` asks for when None.
    """
    rungs = config.rungs() if rungs is None else rungs
    total = len(rungs) * len(config.seeds) + 1
    told("stress", 0, total)
    rows = _schooling(config, fit)
    bundle = _model(rows)
    climbs: list[Climb] = []
    for rung, seed in ((rung, seed) for rung in rungs for seed in config.seeds):
        model = _model(poisoned(rows, rung.effort, seed)) if rung.knob == POISONING else bundle
        told("stress", len(climbs) + 1, total)
        climbs.append(_climbed(rung, seed, _lived(config, rung, seed, model, fit)))
    told("stress", total, total)
    return {
        "config": asdict(config),
        "model": bundle.version,
        "climbs": [asdict(climb) for climb in climbs],
        "curves": list(_curves(climbs)),
    }


def fallen(now: Mapping[str, Any], before: Mapping[str, Any], by: float = 0.1) -> list[str]:
    """The rungs whose recall fell by more than ``by`` since an earlier run, in words."""
    was = {(c["knob"], c["effort"]): c["recall"] for c in before["curves"]}
    return [
        f"{c['knob']} at {c['effort']:g}: {was[key]:.2f} then, {c['recall']:.2f} now"
        for c in now["curves"]
        if (key := (c["knob"], c["effort"])) in was and was[key] - c["recall"] > by
    ]


def _curves(climbs: list[Climb]) -> Iterator[dict[str, Any]]:
    for key in dict.fromkeys((c.knob, c.effort) for c in climbs):
        here = [c for c in climbs if (c.knob, c.effort) == key]
        means = {
            name: float(np.mean([getattr(c, name) for c in here]))
            for name in ("recall", "prevented", "honest_flagged")
        }
        low, high = min(c.recall for c in here), max(c.recall for c in here)
        yield {"knob": key[0], "effort": key[1], **means, "recall_low": low, "recall_high": high}


def _climbed(rung: Rung, seed: int, seen: Board) -> Climb:
    flagged = seen.flagged_at != NEVER
    fraud = seen.fraud
    honest = float(flagged[~fraud].mean()) if (~fraud).any() else 0.0
    recall = float(flagged[fraud].mean()) if fraud.any() else 0.0
    return Climb(rung.knob, rung.effort, seed, recall, seen.prevented().share(), honest)


def rung_spec(config: StressConfig, rung: Rung) -> WorldSpec:
    """The world of a rung: the honest people, and the one ring."""
    ring = CampaignSpec(0.45, 0.5, config.ring, rung.rate, (*HABITS, *rung.tactics))
    return WorldSpec("rung", config.honest, config.days, (ring,), train_share=0.4, volume=0.5)


def _lived(config: StressConfig, rung: Rung, seed: int, bundle: Bundle, fit: FitsClusters) -> Board:
    """The rung's world, lived through with the model from the day before the ring."""
    paper = paper_of(rung_spec(config, rung), 1_000 + seed)
    with tempfile.TemporaryDirectory(prefix="ringsight-stress-") as work:
        return sit(paper, bundle, fit, Path(work), ExamConfig(look_every_us=0), _silent)


def _schooling(config: StressConfig, fit: FitsClusters) -> TrainingRows:
    """What the one model learns from: a world of the same size with known rings of other habits."""
    known = [c for c in preset_named("hard").campaigns if c.known][:4]
    rings = tuple(replace(c, accounts=config.ring) for c in known)
    spec = WorldSpec(
        "school", 2 * config.honest, 1.5 * config.days, rings, volume=0.5, label_share=0.5
    )
    paper = paper_of(spec, 1)
    return _learnt(paper, fit)


def _learnt(paper: Paper, fit: FitsClusters) -> TrainingRows:
    with LazyStore(open_store("sqlite://"), unroll(paper.timeline)) as store:
        job = Job(paper.timeline, store, fit, RefreshConfig(keep_asked=False))
        replay = Replay(paper.timeline, store)
        rows, _ = collect(replay, job, paper.since, beginning(), Course(every_us=48 * HOUR_US))
    return rows


def _model(rows: TrainingRows) -> Bundle:
    return train(rows, TrainConfig(), np.random.default_rng(1))


def poisoned(rows: TrainingRows, share: float, seed: int) -> TrainingRows:
    """The same rows with this share of the known let go, as many honest ones accused instead."""
    rng = np.random.default_rng(seed)
    names = sorted(rows.known.fraud)
    freed = set(rng.permutation(names)[: round(share * len(names))].tolist())
    others = sorted({k for m in rows.moments for k in m.keys} - set(names))
    accused = rng.permutation(others)[: len(freed)].tolist()
    moments = [rows.known.fraud[name] for name in sorted(freed)]
    fraud = {k: at for k, at in rows.known.fraud.items() if k not in freed}
    known = Known(
        {**fraud, **dict(zip(accused, moments, strict=True))},
        rows.known.legitimate,
        rows.known.banned - freed,
        {k: name for k, name in rows.known.campaign.items() if k not in freed},
    )
    return replace(rows, known=known)


def _silent(step: str, done: int, total: int) -> None:
    """A rung tells nothing of its own."""
