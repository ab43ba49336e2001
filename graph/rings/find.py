"""Finding rings: links, groups, evidence, judgement, names. One call does a whole refresh.

:func:`find` is the entrance; its steps are open to who compares ways of grouping. Equal inputs give
equal rings, whatever order rows came in. Each step is a module of its own; read them in the order
they are called here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from scipy import sparse

from graph.rings import (
    communities,
    counter,
    evidence_bans,
    evidence_release,
    evidence_signup,
    evidence_ties,
    evidence_timing,
    genome,
    lineage,
    linkage,
    links,
    memory,
    relations,
    suspects,
    timing,
    traits,
    triage,
)
from graph.rings.cells import Cells
from graph.rings.evidence_timing import Clock
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import Bools, Floats, Ints, RingInputs, distinct
from graph.rings.judge import Judgement, judge
from graph.rings.links import Links
from graph.rings.model import Family, Member, Reason, Ring, Rings
from graph.rings.relations import Incidence
from graph.rings.timing import Handovers, Moments
from graph.rings.traits import Trait
from graph.rings.triage import Triage

MIN_TOLD = 0.05
"""Nats under which evidence is not worth a sentence."""


@dataclass(frozen=True, slots=True)
class RingConfig:
    """How to search.

    Usage::

        RingConfig()                  # what the service uses
        RingConfig(kept_size=3)       # keep every group, also households

    ``seed`` of the community search; ``smallest`` ring (accounts); a group is kept when its score
    is at least ``kept_score`` (0..1) or it has ``kept_size`` members; at most ``kept_most``, the
    highest scores and then the largest: households are counted in hundreds of thousands.
    """

    seed: int = 1
    smallest: int = 3
    kept_score: float = 0.01
    kept_size: int = 6
    kept_most: int = 2_000


@dataclass(frozen=True)
class Candidates:
    """Groups by number: lowest account row, score (0..1) and members of each, all [G]."""

    first: Ints
    score: Floats
    size: Ints

    def kept(self, config: RingConfig) -> Ints:
        """The numbers of the groups worth keeping, by their lowest account."""
        worth = np.flatnonzero((self.score >= config.kept_score) | (self.size >= config.kept_size))
        first, score, size = self.first[worth], self.score[worth], self.size[worth]
        best = worth[np.lexsort((first, -size, -score))[: config.kept_most]]
        return best[np.argsort(self.first[best])]

    def beside(self, fresh: "Candidates", rows: Iterable[int]) -> "Candidates":
        """These and ``fresh`` ones whose lowest accounts are ``rows`` of the same whole."""
        first = np.fromiter(rows, np.int64, len(fresh.first))
        return Candidates(
            np.concatenate([self.first, first]),
            np.concatenate([self.score, fresh.score]),
            np.concatenate([self.size, fresh.size]),
        )


@dataclass(frozen=True)
class Scene:
    """What a refresh looks at, before there are groups.

    ``cells`` part accounts that only possessions could tie.
    """

    inputs: RingInputs
    incidences: Sequence[Incidence]
    links: Links
    cells: Cells
    handed: Handovers
    moments: tuple[Moments, ...]
    traits: Sequence[Trait]


@dataclass(frozen=True)
class Found:
    """Everything known about the candidate groups of a refresh."""

    inputs: RingInputs
    groups: Groups
    evidence: Sequence[Evidence]
    judgement: Judgement
    strength: Floats
    triage: Triage
    banned: Bools

    @cached_property
    def candidates(self) -> Candidates:
        """All groups, by number."""
        first = np.full(self.groups.count, len(self.groups.label), np.int64)
        inside = np.flatnonzero(self.groups.label >= 0)
        np.minimum.at(first, self.groups.label[inside], inside)
        return Candidates(first, np.round(self.judgement.score, 6), self.groups.sizes)

    def rings(self, groups: Sequence[int]) -> list[Ring]:
        """Some groups as rings under their founders' ids."""
        return list(_rings(self, np.asarray(groups, np.int64))) if len(groups) else []


def find(
    inputs: RingInputs, previous: Rings | None = None, config: RingConfig | None = None
) -> Rings:
    """The rings as of ``inputs.as_of``, under the ids they had in ``previous``."""
    config = config or RingConfig()
    if not inputs.size:
        return lineage.carry_on([], previous, inputs.as_of)
    scene = scene_of(inputs)
    return named(inputs, weigh(scene, *grouped(scene, config), config), previous)


def named(inputs: RingInputs, found: Sequence[Ring], previous: Rings | None) -> Rings:
    """The groups of a refresh as what they were in ``previous``, with those that fell silent."""
    banned = triage.banned(inputs)
    kept = memory.with_silent(found, previous, inputs, banned)
    rings = lineage.carry_on(kept, previous, inputs.as_of)
    return _remembering(inputs, rings, previous, banned)


def weigh(scene: Scene, label: Ints, picked: Bools, config: RingConfig) -> list[Ring]:
    """The evidence about given groups, judged: those worth keeping, under their founders' ids.

    ``label`` [N] is a group from 0 or -1, ``picked`` [N] marks the suspects.
    """
    found = judged(scene, label, picked)
    return found.rings(found.candidates.kept(config).tolist())


def judged(scene: Scene, label: Ints, picked: Bools) -> Found:
    """The evidence about given groups, see :func:`weigh`."""
    groups = Groups(label)
    evidence = list(_evidence(scene, groups, picked))
    return Found(
        scene.inputs,
        groups,
        evidence,
        judge(evidence, groups),
        communities.tie_strength(scene.links.total, label),
        triage.triage(scene.inputs, scene.incidences, groups),
        triage.banned(scene.inputs),
    )


def _remembering(inputs: RingInputs, rings: Rings, previous: Rings | None, banned: Bools) -> Rings:
    """The rings with the genomes of what was banned, and newborns known again by them."""
    if previous is not None:
        rings = genome.recognise(inputs, rings, previous)
    if banned.any():
        out = set(inputs.account_ids.filter(pa.array(banned)).to_pylist())
        rings = genome.freeze(inputs, rings, previous, out)
    return genome.remembered(rings, previous)


def scene_of(inputs: RingInputs, cells: Cells | None = None) -> Scene:
    """Everything that ties accounts, weighed; within ``cells`` where they are known already."""
    incidences = list(relations.incidences(inputs))
    cells = cells or Cells.of(incidences, inputs.snapshot)
    handed = timing.handovers(inputs)
    tied = _with_handovers(inputs, links.weigh(incidences, inputs, cells.cell), handed)
    moments = tuple(Moments.of(inputs.request_columns, inputs.size, us) for us in timing.SCALES)
    return Scene(inputs, incidences, tied, cells, handed, moments, traits.traits(inputs))


def _with_handovers(inputs: RingInputs, tied: Links, handed: Handovers) -> Links:
    if not len(handed):
        return tied
    active = len(distinct(inputs.request_columns.account))
    holders = np.bincount(handed.talk)[handed.talk]
    worth = np.maximum(np.log(relations.SHARED_BY_TIED * active / holders), 0.0)
    pairs = links.product(handed.account, handed.talk, np.sqrt(worth), inputs.size)
    return tied.with_family(Family.TIMING, pairs)


def grouped(scene: Scene, config: RingConfig) -> tuple[Ints, Bools]:
    """Groups of suspects by everything and of all others by what they hold, and the suspects."""
    inputs, tied = scene.inputs, scene.links
    size = inputs.size
    zero = sparse.csr_array((size, size), dtype=np.float64)
    behaviour = (tied.kit + tied.families.get(Family.TIMING, zero)).tocsr()
    held = tied.without(Family.PROMPTS)
    apart = linkage.average_linkage(held.total, communities.RESOLUTION, inputs.created_at)
    label = communities.renumbered(apart, config.smallest)
    picked = suspects.suspects(tied, behaviour, inputs.suspicion)
    if picked.any():
        model = traits.learn(list(scene.traits), behaviour, suspects.KIT * tied.chance)
        ties = suspects.Ties(tied, model, scene.moments, inputs.suspicion)
        found = suspects.tell_apart(picked, behaviour, ties, config.seed)
        label = np.where(found >= 0, found + label.max(initial=0) + 1, label)
    return communities.renumbered(label, config.smallest), picked


def _evidence(scene: Scene, groups: Groups, picked: Bools) -> Iterator[Evidence]:
    inputs, incidences = scene.inputs, scene.incidences
    together = np.maximum(
        counter.gathered(inputs, incidences, groups), counter.named(incidences, groups)
    )
    reference = groups.share(picked) == 0
    held = scene.links.without(Family.PROMPTS).without(Family.TIMING).total
    clock = Clock(inputs, scene.moments, scene.handed, groups, reference, held)
    pieces = list(evidence_ties.ties(inputs, incidences, scene.links, groups))
    if len(inputs.request_columns):
        pieces += evidence_timing.timing(clock)
        pieces += evidence_release.pivots(clock)
    pieces += evidence_signup.signup(inputs, scene.traits, incidences, groups)
    yield from counter.explained(pieces, together)
    yield from evidence_bans.bans(inputs, groups)
    yield from counter.innocence(clock, incidences, pieces)


def _rings(found: Found, groups: Ints) -> Iterator[Ring]:
    inputs, judgement, size = found.inputs, found.judgement, found.groups.sizes[groups]
    rows = np.concatenate([found.groups.members(group) for group in groups.tolist()])
    # The firmest first; of equals the first by id, in whose order rows are.
    order = np.lexsort((rows, -found.strength[rows], np.repeat(np.arange(len(groups)), size)))
    rows, starts = rows[order], np.cumsum(size) - size
    created, seen = inputs.created_at[rows], inputs.last_seen[rows]
    ids, strength = inputs.account_ids.take(rows).to_pylist(), found.strength[rows].tolist()
    firm = zip(ids, strength, created.tolist(), strict=True)
    members = [Member(name, round(nats, 6), at) for name, nats, at in firm]
    first, last = np.minimum.reduceat(created, starts), np.maximum.reduceat(seen, starts)
    banned = np.add.reduceat(found.banned[rows].astype(np.int64), starts) / size
    figures = (column.tolist() for column in (groups, starts, starts + size, first, last, banned))
    for told, group, start, stop, since, until, out in zip(
        _told(found, groups), *figures, strict=True
    ):
        ring = tuple(members[start:stop])
        verdict, sorting = found.triage.verdict(group, judgement)
        yield Ring(
            ring_id=lineage.founding_id(member.account_id for member in ring),
            version=1,
            score=round(float(judgement.score[group]), 6),
            flagged=bool(judgement.flagged[group]),
            status=triage.status(out, until, inputs.as_of),
            verdict=verdict,
            members=ring,
            families={f: round(float(w[group]), 4) for f, w in judgement.families.items()},
            reasons=(*(reason for reason in told if reason.weight >= 0), *sorting),
            counter_evidence=tuple(reason for reason in told if reason.weight < 0),
            first_seen=since,
            last_seen=until,
        )


def _told(found: Found, groups: Ints) -> Iterator[list[Reason]]:
    """What there is to tell about each group, the heaviest first."""
    heavy = np.array([np.abs(piece.weight[groups]) >= MIN_TOLD for piece in found.evidence])
    sizes = found.groups.sizes[groups].tolist()
    for group, size, pieces in zip(groups.tolist(), sizes, heavy.T, strict=True):
        reasons = [found.evidence[at].reason(group, size) for at in np.flatnonzero(pieces).tolist()]
        yield sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.code))
