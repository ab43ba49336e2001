"""Figures for Prometheus: what was decided, how long each stage took, what waits, what is degraded.

Counted in this process, read at ``GET /metrics``. Nothing here is labelled with an account, a key
or any value that a caller sent. What the weekly pipeline measured is
read from its folder when somebody asks.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from api.serving.job import Job

STAGE_BUCKETS_S = (
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
)  # fmt: skip
STAGES = ("clean", "queue", "score", "record", "total")


class Metrics:
    """One service's figures, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        stage = Histogram(
            "ringsight_signup_seconds",
            "Seconds that a sign-up spent in each stage",
            ["stage"],
            buckets=STAGE_BUCKETS_S,
            registry=self._registry,
        )
        self._stage = {name: stage.labels(name) for name in STAGES}
        self._decisions = Counter(
            "ringsight_signup_decisions",
            "Answers to sign-ups",
            ["decision", "degraded"],
            registry=self._registry,
        )
        self._events = Counter(
            "ringsight_events", "Rows sent to /v1/events", ["result"], registry=self._registry
        )

    def answered(self, job: Job) -> None:
        """Count one answered sign-up."""
        found = job.found
        if found is None:
            return
        self._decisions.labels(found.decision.value, str(found.degraded).lower()).inc()
        # A copy: one that was late may still be on its way.
        for name, seconds in list(job.stages.items()):
            self._stage[name].observe(seconds)
        self._stage["total"].observe(job.elapsed_ms() / 1_000)

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
