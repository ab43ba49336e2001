"""Rings that share identifiers with this one, and how they were decided: "seen before"."""

from api.browse.reader import Cases, Era, named_by
from api.schemas.rings import OPEN, PrecedentOut
from graph.store import RingRow

SHOWN = 5
LOOKED_AT = 200
"""Rings with anything in common of which it is asked how they were decided."""
SHARED_SHOWN = 10


def precedents_of(era: Era, row: RingRow, cases: Cases) -> list[PrecedentOut]:
    """Other rings whose evidence names the same: decided ones first, then most in common.

    Accounts that are in both are no precedent: what is told is what a new ring took from an old.
    """
    common: dict[str, list[str]] = {}
    for identity in named_by(row):
        for other in era.naming.get(identity, ()):
            if other != row.ring_id and not identity.startswith("account:"):
                common.setdefault(other, []).append(identity)
    near = sorted(common, key=lambda other: (-len(common[other]), other))[:LOOKED_AT]
    cased = cases.cases(near) if near else {}
    outcomes = {
        other: _outcome(era.rings[other], str(cased.get(other, {}).get("status", OPEN)))
        for other in near
    }
    nearest = sorted(near, key=lambda other: outcomes[other] == OPEN)[:SHOWN]
    return [
        PrecedentOut(
            ring=other,
            title=era.title(era.rings[other]),
            shared=common[other][:SHARED_SHOWN],
            outcome=outcomes[other],
        )
        for other in nearest
    ]


def _outcome(row: RingRow, status: str) -> str:
    """How a ring was decided: by people if they did, else where it stands."""
    return row.status if status == OPEN and row.status == "banned" else status
