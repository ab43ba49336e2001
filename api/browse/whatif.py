"""A ring imagined without some of its identifiers: what would be left of the evidence and of it.

The same judgement as in a refresh (``graph.rings.judge``) over the stored reasons. A reason that
lives from ties through things of a kind weighs as much less as fewer members are tied through what
is left of that kind; what does not speak of the things taken away weighs what it did.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.browse.history import Told
from api.browse.nodes import around_of, nodes_of
from api.browse.picture import PER_ACCOUNT
from api.schemas.answers import ReasonOut, moment
from api.schemas.rings import WhatIfOut
from graph.rings.groups import Evidence, Groups
from graph.rings.judge import Judgement, judge
from graph.rings.model import Reason
from graph.schema import NodeType, split_id
from graph.store import GraphStore

Ties = Mapping[str, set[str]]


@dataclass(frozen=True)
class _Case:
    """The ring before and after: who holds what that others hold too, and the members left."""

    before: Ties
    after: Ties
    pieces: Sequence[Sequence[str]]

    def share_left(self, kind: str) -> float:
        """Of the members tied through things of a kind, the share that still is."""
        was, now = (_tied(ties, kind) for ties in (self.before, self.after))
        return len(now) / len(was) if was else 1.0


def imagined(store: GraphStore, told: Told, without: Sequence[str]) -> WhatIfOut:
    """The ring of ``told`` without some things or accounts."""
    gone = frozenset(without)
    case = _case(store, told, gone)
    size = len(case.pieces[0]) if case.pieces else 0
    reasons = [Reason.of(form) for form in _forms(told)]
    kept = [_weighed(reason, case, gone) for reason in reasons]
    before, after = _judged(reasons, told.row.size), _judged(kept, size)
    # The stored score may know more than its reasons: what changes is what is imagined away.
    change = _logit(after.score[0]) - _logit(before.score[0])
    score = float(1 / (1 + np.exp(-(_logit(told.row.score) + change)))) if size else 0.0
    nothing = dict.fromkeys((family.value for family in before.families), 0.0)
    return WhatIfOut(
        score_before=told.row.score,
        score=round(score, 6),
        families_before={f.value: round(float(w[0]), 4) for f, w in before.families.items()},
        families={f.value: round(float(w[0]), 4) for f, w in after.families.items()}
        if size
        else nothing,
        flagged=bool(size and after.flagged[0]),
        pieces=[list(piece) for piece in case.pieces],
        left_out=_left_out(told, case, gone),
        reasons=[_shown(reason) for reason in kept if reason.weight],
        lost=[
            _shown(was)
            for was, now in zip(reasons, kept, strict=True)
            if was.weight and not now.weight
        ],
        as_of=moment(told.as_of),
    )


def _forms(told: Told) -> list[Mapping[str, Any]]:
    detail: Mapping[str, Any] = told.row.detail
    return [*detail.get("reasons", ()), *detail.get("counter_evidence", ())]


def _case(store: GraphStore, told: Told, gone: frozenset[str]) -> _Case:
    piece = store.neighbourhood(told.member_ids, per_id=PER_ACCOUNT)
    nodes, around = nodes_of(piece), around_of(piece)
    says_nothing = {i for i, node in nodes.items() if node.supernode}
    members = [member for member in told.member_ids if member in nodes]
    before = _shared({m: around.get(m, set()) - says_nothing for m in members})
    left = [member for member in members if member not in gone]
    after = _shared({m: around.get(m, set()) - says_nothing - gone for m in left})
    return _Case(before, after, _pieces(after))


def _shared(ties: Ties) -> dict[str, set[str]]:
    """Of what each account holds, what another one holds too."""
    holders = Counter(thing for held in ties.values() for thing in held)
    members = ties.keys()
    return {
        account: {thing for thing in held if holders[thing] > 1 or thing in members}
        for account, held in ties.items()
    }


def _pieces(ties: Ties) -> list[list[str]]:
    """Accounts that hang together through what they share, largest piece first; no loners."""
    holders: dict[str, list[str]] = {}
    for account, held in ties.items():
        for thing in held:
            holders.setdefault(thing, []).append(account)
    left, found = dict.fromkeys(ties), []
    while left:
        piece: dict[str, None] = {}
        edge = [next(iter(left))]
        while edge:
            account = edge.pop()
            if account in left:
                del left[account]
                piece[account] = None
                edge += [o for thing in ties[account] for o in (*holders.get(thing, ()), thing)]
        if len(piece) > 1:
            found.append(list(piece))
    return sorted(found, key=lambda piece: (-len(piece), piece[0]))


def _tied(ties: Ties, kind: str) -> set[str]:
    return {a for a, held in ties.items() if any(split_id(t)[0].value == kind for t in held)}


def _weighed(reason: Reason, case: _Case, gone: frozenset[str]) -> Reason:
    """A reason with the weight that is left to it."""
    things = [i for i in reason.entities if not i.startswith(f"{NodeType.ACCOUNT}:")]
    if not things:
        return reason
    kinds = {split_id(thing)[0].value for thing in things}
    left = min(case.share_left(kind) for kind in kinds)
    named = tuple(i for i in reason.entities if i not in gone)
    return Reason(
        reason.code,
        reason.sentence,
        round(reason.observed * left, 6),
        reason.usual,
        round(reason.weight * left, 4),
        reason.family,
        named,
    )


def _judged(reasons: Iterable[Reason], size: int) -> Judgement:
    """The judgement over one group of ``size`` accounts."""
    groups = Groups(np.zeros(max(size, 1), np.int64))
    return judge([_evidence(reason) for reason in reasons], groups)


def _evidence(reason: Reason) -> Evidence:
    def one(value: float) -> "np.typing.NDArray[np.float64]":
        return np.array([value], np.float64)

    return Evidence(
        reason.code, reason.family, one(reason.weight), one(reason.observed), one(reason.usual), ""
    )


def _logit(score: float) -> float:
    clipped = min(max(float(score), 1e-9), 1 - 1e-9)
    return float(np.log(clipped / (1 - clipped)))


def _left_out(told: Told, case: _Case, gone: frozenset[str]) -> list[str]:
    inside = {account for piece in case.pieces for account in piece}
    return [member for member in told.member_ids if member not in inside and member not in gone]


def _shown(reason: Reason) -> ReasonOut:
    return ReasonOut.of(reason.as_json())
