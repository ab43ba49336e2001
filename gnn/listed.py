"""What block, allow and protected lists make of an assessment: rules that people set, over a score.

An entry that allows the account itself wins over everything; then a block denies; then an allowed
identifier lets pass; a protected one is never denied without a person. The score of a blocked
sign-up is 1: it is decided, not estimated, and the reason says what the model said.
"""

from collections.abc import Sequence
from dataclasses import replace

from gnn.assess import Assessment, Band, Decision
from gnn.columns import Family
from gnn.explain import Reason
from graph.ledger.lists import Hit
from graph.ledger.port import ListName

_SAYS = {
    ListName.BLOCK: "is on the block list",
    ListName.ALLOW: "is on the allow list",
    ListName.PROTECTED: "is protected: no denial without a person",
}


def listed(found: Assessment, hits: Sequence[Hit]) -> Assessment:
    """``found`` with the lists applied; they are named first among the reasons."""
    if not hits:
        return found
    by_list = {name: [hit for hit in hits if hit.list is name] for name in ListName}
    own = [hit for hit in by_list[ListName.ALLOW] if hit.entity_id.startswith("account:")]
    if by_list[ListName.BLOCK] and not own:
        reasons = (*_reasons(by_list[ListName.BLOCK], found.score), *found.reasons)
        blocked = {"score": 1.0, "band": Band.CRITICAL, "decision": Decision.DENY}
        return replace(found, reasons=reasons, **blocked)  # type: ignore[arg-type]
    if by_list[ListName.ALLOW]:
        counter = (*_reasons(by_list[ListName.ALLOW], None), *found.counter_evidence)
        return replace(found, decision=Decision.ALLOW, band=Band.LOW, counter_evidence=counter)
    counter = (*_reasons(by_list[ListName.PROTECTED], None), *found.counter_evidence)
    decision = Decision.REVIEW if found.decision is Decision.DENY else found.decision
    return replace(found, decision=decision, counter_evidence=counter)


def _reasons(hits: Sequence[Hit], score: float | None) -> tuple[Reason, ...]:
    said = "none" if score is None else f"{score:.2f} by the model"
    return tuple(
        Reason(
            f"{hit.list}_list",
            f"{hit.entity_id.partition(':')[0].replace('_', ' ').capitalize()} {_SAYS[hit.list]}",
            hit.entity_id,
            said,
            0.0,
            Family.IDENTIFIERS,
        )
        for hit in hits
    )
