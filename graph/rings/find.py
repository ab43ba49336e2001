"""Finding rings: links, groups, evidence, judgement, names. One call does a whole refresh.

:func:`find` is the only entrance. Equal inputs give equal rings, whatever order rows came in. Each
step is a module of its own; read them in the order of the imports.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.rings import communities, evidence_ties, lineage, links, relations
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import Floats, Ints, RingInputs
from graph.rings.judge import Judgement, judge
from graph.rings.links import Links
from graph.rings.model import Member, Reason, Ring, Rings, Status, Verdict

MIN_TOLD = 0.05
"""Nats under which evidence is not worth a sentence."""


@dataclass(frozen=True, slots=True)
class RingConfig:
    """How to search.

    Usage::

        RingConfig()                  # what the service uses
        RingConfig(kept_size=3)       # keep every group, also households

    ``seed`` of the community search; ``smallest`` ring (accounts); a group is kept when its score
    is at least ``kept_score`` (0..1) or it has ``kept_size`` members, but at most ``kept_most``, the
    highest scores and then the largest: households are counted in hundreds of thousands.
    """

    seed: int = 1
    smallest: int = 3
    kept_score: float = 0.01
    kept_size: int = 6
    kept_most: int = 5_000


@dataclass(frozen=True)
class _Found:
    """Everything known about the candidate groups of a refresh."""

    inputs: RingInputs
    links: Links
    groups: Groups
    evidence: Sequence[Evidence]
    judgement: Judgement
    strength: Floats


def find(
    inputs: RingInputs, previous: Rings | None = None, config: RingConfig | None = None
) -> Rings:
    """The rings as of ``inputs.as_of``, under the ids they had in ``previous``."""
    config = config or RingConfig()
    if not inputs.size:
        return lineage.carry_on([], previous, inputs.as_of)
    incidences = list(relations.incidences(inputs))
    tied = links.weigh(incidences, inputs.size)
    label = communities.communities(tied.total, config.seed, smallest=config.smallest)
    groups = Groups(label)
    evidence = list(evidence_ties.ties(incidences, tied, groups))
    strength = communities.tie_strength(tied.total, label)
    found = _Found(inputs, tied, groups, evidence, judge(evidence, groups), strength)
    return lineage.carry_on(_rings(found, config), previous, inputs.as_of)


def _rings(found: _Found, config: RingConfig) -> list[Ring]:
    score, sizes = found.judgement.score, found.groups.sizes
    kept = np.flatnonzero((score >= config.kept_score) | (sizes >= config.kept_size))
    first = np.lexsort((kept, -sizes[kept], -score[kept]))[: config.kept_most]
    return [_ring(found, int(group)) for group in np.sort(kept[first])]


def _ring(found: _Found, group: int) -> Ring:
    rows = found.groups.members(group)
    told = _told(found, group, len(rows))
    inputs, judgement = found.inputs, found.judgement
    ids = inputs.account_ids.take(rows).to_pylist()
    order = sorted(range(len(rows)), key=lambda i: (-found.strength[rows[i]], ids[i]))
    members = tuple(
        Member(ids[i], round(float(found.strength[rows[i]]), 6), int(inputs.created_at[rows[i]]))
        for i in order
    )
    return Ring(
        ring_id=lineage.founding_id(ids),
        version=1,
        score=round(float(judgement.score[group]), 6),
        flagged=bool(judgement.flagged[group]),
        status=Status.ACTIVE,
        verdict=Verdict.UNCLEAR,
        members=members,
        families={f: round(float(w[group]), 4) for f, w in judgement.families.items()},
        reasons=tuple(reason for reason in told if reason.weight >= 0),
        counter_evidence=tuple(reason for reason in told if reason.weight < 0),
        first_seen=int(inputs.created_at[rows].min()),
        last_seen=_last_seen(inputs, rows),
    )


def _told(found: _Found, group: int, size: int) -> list[Reason]:
    pieces = [p for p in found.evidence if abs(p.weight[group]) >= MIN_TOLD]
    reasons = [piece.reason(group, size) for piece in pieces]
    return sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.code))


def _last_seen(inputs: RingInputs, rows: Ints) -> int:
    """The last event of any of the accounts ``rows`` (us)."""
    return int(inputs.last_seen[rows].max())
