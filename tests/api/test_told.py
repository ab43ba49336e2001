"""The text of a sign-up's answer is what its model would write, for whatever was found."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from api.schemas.answers import moment
from api.schemas.signup import AssessmentOut, StepUp, told
from api.serving.job import fresh_id
from gnn.assess import Assessment, Band, Decision, RingTie
from gnn.columns import Family
from gnn.explain import Reason

REASON = Reason("flagged_ring", 'Says "no"', "3 of 40", "", 1.23456, Family.MATES)
FOUND = Assessment(
    score=0.1 + 0.2,
    band=Band.ELEVATED,
    decision=Decision.REVIEW,
    reasons=(REASON, replace(REASON, observed="", usual="none", weight=1e-9)),
    counter_evidence=(replace(REASON, weight=-2.0),),
    ring=RingTie("r1", 3, 40, True, 2),
    missing_inputs=("phone",),
    pending_signals=("prompts", "timing"),
    degraded=False,
    model_version="m1",
    graph_as_of=1_700_000_000_123_456,
    row=np.zeros(3, np.float32),
)


@pytest.mark.parametrize(
    "found",
    [
        FOUND,
        replace(FOUND, ring=None, reasons=(), counter_evidence=(), missing_inputs=()),
        replace(FOUND, score=None, degraded=True, model_version=None, graph_as_of=0),
        replace(FOUND, score=1e-12, decision=Decision.ALLOW, band=Band.LOW),
        replace(FOUND, graph_as_of=1_700_000_000_000_000, score=1.0),
    ],
)
@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("evidence", [True, False])
def test_the_text_of_an_answer_is_what_its_model_writes(
    found: Assessment, written: bool, evidence: bool
) -> None:
    text = told(found, "id1", written=written, latency_ms=1.25, evidence=evidence)

    read = AssessmentOut.model_validate_json(text)
    assert read.model_dump_json().encode() == text
    assert read.degraded is (found.degraded or not written)
    assert bool(read.reasons) is (evidence and bool(found.reasons))
    assert read.graph_as_of == (moment(found.graph_as_of) if found.graph_as_of else None)
    assert (read.score, read.decision, read.band) == (found.score, found.decision, found.band)


def test_an_answer_tells_its_reasons_as_they_are_and_what_to_ask_for() -> None:
    read = AssessmentOut.model_validate_json(told(FOUND, "id1", written=True, latency_ms=1.0))

    first, second = read.reasons
    assert (first.code, first.text, first.weight) == ("flagged_ring", 'Says "no"', 1.2346)
    assert (first.observed, first.baseline, second.observed) == ("3 of 40", None, None)
    assert (read.ring is not None, read.step_up) == (True, StepUp.PHONE)


def test_ids_of_answers_are_random_uuids_and_none_comes_twice() -> None:
    drawn = [fresh_id() for _ in range(1_000)]

    assert len(set(drawn)) == len(drawn)
    assert {UUID(hex=one).version for one in drawn} == {4}
