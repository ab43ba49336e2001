"""Traces: a span for each stage, below the caller's, off by default and of nobody."""

from collections.abc import Iterator, Sequence

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.app import create_app
from api.serving.service import Service
from api.traces import SPAN, STAGES, Traces
from graph.errors import SettingsError
from tests.api.small_home import KEY, Home, bearer, newcomer

SCORE = "/v1/signups/score"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def kept(service: Service) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    service.traces = Traces(provider)
    yield exporter
    service.traces = None


def root_of(spans: Sequence[ReadableSpan]) -> ReadableSpan:
    (root,) = [span for span in spans if span.name == SPAN]
    return root


def test_a_sign_up_leaves_a_span_a_stage_in_their_order(
    client: TestClient, home: Home, kept: InMemorySpanExporter
) -> None:
    reply = client.post(SCORE, json=newcomer(home)).json()

    spans = kept.get_finished_spans()
    root = root_of(spans)
    below = [span for span in spans if span is not root]
    assert [span.name for span in below] == [f"{SPAN}.{name}" for name in STAGES]
    assert {span.parent.span_id for span in below if span.parent} == {root.context.span_id}
    edges = [moment for span in below for moment in (span.start_time, span.end_time)]
    assert edges == sorted(edges, key=int)
    assert root.start_time is not None
    assert root.start_time <= (edges[0] or 0)
    assert (root.attributes or {})["ringsight.decision"] == reply["decision"]
    assert (root.attributes or {})["ringsight.request_id"] == reply["request_id"]


def test_a_span_stands_below_the_callers_own(
    client: TestClient, home: Home, kept: InMemorySpanExporter
) -> None:
    client.post(SCORE, json=newcomer(home, dry_run=True), headers={"traceparent": PARENT})

    root = root_of(kept.get_finished_spans())
    assert f"{root.context.trace_id:032x}" == PARENT.split("-")[1]
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == PARENT.split("-")[2]


def test_each_sign_up_of_a_batch_has_its_own(
    client: TestClient, home: Home, kept: InMemorySpanExporter
) -> None:
    batch = {"signups": [newcomer(home, account_id=f"n{n}", dry_run=True) for n in range(3)]}

    client.post(f"{SCORE}/batch", json=batch)

    assert [s.name for s in kept.get_finished_spans()].count(SPAN) == 3


def test_no_span_says_whom_it_is_about(
    client: TestClient, home: Home, kept: InMemorySpanExporter
) -> None:
    body = newcomer(home, email="ada.lovelace@example.org", phone="+4915112345678", ip="93.184.0.7")

    client.post(SCORE, json=body)

    told = " ".join(span.to_json() for span in kept.get_finished_spans())
    for value in ("newcomer-1", "lovelace", "15112345678", "93.184.0.7"):
        assert value not in told


def test_without_a_collector_nothing_is_traced(home: Home) -> None:
    with Service.of(home.settings, KEY) as service:
        assert service.traces is None


def test_a_collector_that_is_no_address_is_refused_at_the_start(home: Home) -> None:
    given = home.settings.model_copy(update={"traces": "collector:4318"})

    with pytest.raises(SettingsError, match="RINGSIGHT_TRACES"):
        Service.of(given, KEY)


def test_a_collector_that_is_away_holds_up_no_answer(home: Home) -> None:
    given = home.settings.model_copy(update={"traces": "http://127.0.0.1:1/v1/traces"})
    with Service.of(given, KEY) as service:
        assert service.traces is not None
        client = TestClient(create_app(service), headers=bearer(service))
        reply = client.post(SCORE, json=newcomer(home)).json()

    assert reply["degraded"] is False
