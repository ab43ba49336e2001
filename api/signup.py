"""The call in a sign-up flow's critical path: score one sign-up, with the evidence."""

from fastapi import APIRouter

from api.deps import ServiceDep
from api.schemas_signup import AssessmentOut, SignupIn

router = APIRouter(prefix="/v1/signups", tags=["signups"])


@router.post("/score", operation_id="score_signup", response_model=AssessmentOut)
def score_signup(signup: SignupIn, service: ServiceDep) -> AssessmentOut:
    """How likely this sign-up belongs to a ring, what to do, and the evidence.

    Scored before it is written; with `dry_run` nothing is written. Past `budget_ms`, or with store
    or model down, the stated policy answers and `degraded` is true.
    """
    return service.score(signup)
