"""Wire types of the pipeline hold what the jobs write: serving code imports none of theirs."""

from dataclasses import fields

import pytest

from api.schemas.pipeline import DoubtOut, DriftOut, FindingOut, PromotionOut
from etl.weekly.drift import Drift
from etl.weekly.gate import Finding
from etl.weekly.label_review import Doubt
from etl.weekly.turns import Turn


@pytest.mark.parametrize(
    ("wire", "written"),
    [(DriftOut, Drift), (DoubtOut, Doubt), (FindingOut, Finding), (PromotionOut, Turn)],
)
def test_a_wire_type_has_the_fields_that_the_job_writes(wire, written):
    assert list(wire.model_fields) == [field.name for field in fields(written)]
