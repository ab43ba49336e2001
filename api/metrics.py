"""Figures for Prometheus: what was decided, how long each stage took, what waits, what is degraded.

Counted in this process, read at ``GET /metrics``. Nothing here is labelled with an account, a key
or any value that a caller sent. What the weekly pipeline measured is
read from its folder when somebody asks.
"""

import re
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from api.serving.job import Job
from gnn.assess import Decision

STAGE_BUCKETS_S = (
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip
STAGES = ("clean", "queue", "score", "record", "total")


class Metrics:
    """One service's figures, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = _Answers()
        self._registry.register(self._answers)
        self._events = Counter(
            "ringsight_events", "Rows sent to /v1/events", ["result"], registry=self._registry
        )

    def answered(self, job: Job) -> None:
        """Count one answered sign-up."""
        self._answers.add(job)

    def ingested(self, accepted: int, refused: int) -> None:
        """Count the rows of one call."""
        self._events.labels("accepted").inc(accepted)
        self._events.labels("refused").inc(refused)

    def watch(self, name: str, what: str, read: Callable[[], float]) -> None:
        """A gauge that is read when somebody asks."""
        Gauge(f"ringsight_{name}", what, registry=self._registry).set_function(read)

    def told(self, read: Callable[[], Mapping[str, float]]) -> None:
        """Gauges of what ``read`` gives when somebody asks, whatever their names are by then."""
        self._registry.register(_Told(read))

    def text(self) -> bytes:
        """All of it in Prometheus's text form."""
        return generate_latest(self._registry)


class _Answers(Collector):
    """Answers to sign-ups by decision, and the seconds of their stages by bucket.

    Every answer pays for its count, on the event loop: one list of a stage is a tenth of what the
    library's own histogram takes, which locks and walks its buckets. Added to by one thread alone;
    whoever reads meanwhile may miss the last answer.
    """

    def __init__(self) -> None:
        self._decisions: Tally[tuple[Decision, bool]] = Tally()
        self._buckets = {stage: [0] * (len(STAGE_BUCKETS_S) + 1) for stage in STAGES}
        self._sums_s = dict.fromkeys(STAGES, 0.0)

    def add(self, job: Job) -> None:
        """Count one; a job that nobody answered does not count."""
        found = job.found
        if found is None:
            return
        self._decisions[found.decision, found.degraded] += 1
        # A copy: one that was late may still be on its way.
        for stage, seconds in list(job.stages.items()):
            self._spent(stage, seconds)
        self._spent("total", job.elapsed_ms() / 1_000)

    def _spent(self, stage: str, seconds: float) -> None:
        self._buckets[stage][bisect_left(STAGE_BUCKETS_S, seconds)] += 1
        self._sums_s[stage] += seconds

    def collect(self) -> Iterator[Metric]:
        """The count of decisions and the histogram of seconds."""
        decided = CounterMetricFamily(
            "ringsight_signup_decisions", "Answers to sign-ups", labels=["decision", "degraded"]
        )
        for (decision, degraded), count in list(self._decisions.items()):
            decided.add_metric([decision.value, str(degraded).lower()], count)
        yield decided
        spent = HistogramMetricFamily(
            "ringsight_signup_seconds",
            "Seconds that a sign-up spent in each stage",
            labels=["stage"],
        )
        for stage, buckets in self._buckets.items():
            counts = zip(_BOUNDS, accumulate(list(buckets)), strict=True)
            spent.add_metric([stage], list(counts), self._sums_s[stage])
        yield spent


_BOUNDS = (*map(str, STAGE_BUCKETS_S), "+Inf")


class _Told(Collector):
    """Gauges whose names are known only when they are read."""

    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge a figure."""
        for name, value in sorted(self._read().items()):
            clean = re.sub(r"[^a-z0-9_]", "_", name.lower())
            told = "Of the latest weekly run, or of its shadow"
            yield GaugeMetricFamily(f"ringsight_pipeline_{clean}", told, value=value)
