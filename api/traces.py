"""Traces of sign-ups for OpenTelemetry: a span for each, and below it one for each stage.

An extra, and off unless ``RINGSIGHT_TRACES`` names a collector. Spans are written after the answer,
from the times that the job took down anyway, so a sign-up pays nothing while it is scored. They
carry what was decided and nothing of what was sent: no account, no address, no key. It knows
nothing of scores; read :mod:`api.serving.job` for the stages.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

from api.serving.job import Job
from graph.errors import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

SERVICE = "ringsight"
SPAN = "signup.score"
# A stage begins where the one before it has ended; "queue" and "total" count from the beginning.
STAGES = ("clean", "queue", "score", "record")


class Traces:
    """Writes the spans of answered jobs: ``Traces.to("http://collector:4318/v1/traces")``."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - an extra
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        self._provider = provider
        self._tracer = provider.get_tracer(SERVICE)
        self._context = TraceContextTextMapPropagator()
        self._below = set_span_in_context

    @classmethod
    def to(cls, url: str) -> Self:
        """Spans in batches to the collector at ``url``, by OTLP over HTTP.

        Raises:
            SettingsError: if the extra is not installed, or ``url`` is no address.
        """
        if not url.startswith(("http://", "https://")):
            raise SettingsError("RINGSIGHT_TRACES must be http://collector:4318/v1/traces")
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ImportError:
            raise SettingsError(
                "RINGSIGHT_TRACES needs an extra: pip install 'ringsight[traces]'"
            ) from None
        provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
        return cls(provider)

    def answered(self, job: Job, headers: Mapping[str, str]) -> None:
        """Write the spans of one answered sign-up, below the caller's span if it names one."""
        ended_ns = time.time_ns()
        began_ns = ended_ns - round(job.elapsed_ms() * 1e6)
        parent = self._context.extract(headers)
        span = self._tracer.start_span(SPAN, parent, start_time=began_ns, attributes=_said(job))
        below = self._below(span)
        for name, since_ns, until_ns in spans_of(job, began_ns):
            stage = self._tracer.start_span(f"{SPAN}.{name}", below, start_time=since_ns)
            stage.end(until_ns)
        span.end(ended_ns)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def spans_of(job: Job, began_ns: int) -> list[tuple[str, int, int]]:
    """Name, beginning and end (ns since the epoch) of each stage that ``job`` went through."""
    found = []
    since_ns = began_ns
    for name in STAGES:
        if name not in job.stages:
            continue
        took_ns = round(job.stages[name] * 1e9)
        until_ns = max(since_ns, began_ns + took_ns) if name == "queue" else since_ns + took_ns
        found.append((name, since_ns, until_ns))
        since_ns = until_ns
    return found


def _said(job: Job) -> dict[str, str | bool]:
    """What a span may tell: the decision, never who it was about."""
    told: dict[str, str | bool] = {
        "ringsight.request_id": job.request_id, "ringsight.dry_run": job.ask.dry_run,
    }  # fmt: skip
    if job.found is not None:
        told |= {
            "ringsight.decision": job.found.decision.value,
            "ringsight.band": job.found.band.value,
            "ringsight.degraded": job.found.degraded,
            "ringsight.model_version": job.found.model_version or "none",
        }
    return told
