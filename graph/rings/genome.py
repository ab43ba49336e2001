"""What is kept when a ring is banned, and how a new group is recognised as its heir.

A genome is the ring's likeness (:mod:`graph.rings.profile`) frozen while it still stood. Newcomers
are matched to it event by event by the same :class:`graph.rings.live.LiveMatcher` that matches them
to living rings; new groups here, by what their members hold and how they signed up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.rings import traits
from graph.rings.inputs import Ints, RingInputs
from graph.rings.judge import SPEAKS
from graph.rings.model import Change, Family, LineageEvent, Ring, Rings, Status
from graph.rings.profile import Profile, profiles
from graph.rings.relations import Incidence, incidences

FROZEN_FROM = 0.5
"""Share of banned members from which a ring's likeness is kept."""


def freeze(inputs: RingInputs, rings: Rings, out: Sequence[float]) -> Rings:
    """The rings, those newly banned with their genome; ``out`` is each one's banned share."""
    due = [
        ring
        for ring, share in zip(rings.rings, out, strict=True)
        if ring.genome is None and ring.flagged and share >= FROZEN_FROM
    ]
    kept = {p.ring_id: p.as_json() for p in profiles(inputs, due)} if due else {}
    found = [replace(r, genome=kept.get(r.ring_id, r.genome)) for r in rings.rings]
    return replace(rings, rings=tuple(found))


def genomes(rings: Rings) -> list[Profile]:
    """Every genome that is kept, oldest ban first."""
    held = [Profile.of(ring.genome) for ring in rings.rings if ring.genome is not None]
    return sorted(held, key=lambda profile: (profile.frozen_at, profile.ring_id))


def recognise(inputs: RingInputs, rings: Rings, kept: Sequence[Profile]) -> Rings:
    """The rings with those just born that resemble a genome told as regrown from it."""
    born = {e.ring_id for e in rings.lineage if e.change is Change.BORN}
    young = [ring for ring in rings.rings if ring.ring_id in born]
    if not young or not kept:
        return rings
    held, known = list(incidences(inputs)), traits.traits(inputs)
    heirs: dict[str, str] = {}
    for ring in young:
        rows = _rows(inputs, ring)
        likeness = ((_likeness(profile, held, known, rows), profile.ring_id) for profile in kept)
        scores = [(sum(nats.values()), old) for nats, old in likeness if _is_heir(nats)]
        if scores:
            heirs[ring.ring_id] = max(scores)[1]
    events = [
        LineageEvent(e.ring_id, e.at, Change.REGROWN, (heirs[e.ring_id],))
        if e.change is Change.BORN and e.ring_id in heirs
        else e
        for e in rings.lineage
    ]
    return replace(rings, lineage=tuple(events))


def _rows(inputs: RingInputs, ring: Ring) -> Ints:
    ids = pa.array([member.account_id for member in ring.members], pa.string())
    return np.asarray(pc.index_in(ids, value_set=inputs.account_ids).drop_null(), dtype=np.int64)


def _is_heir(nats: Mapping[Family, float]) -> bool:
    """Whether a group resembles a genome in two families: many rings use the toolkit it used."""
    return sum(mean >= SPEAKS for mean in nats.values()) >= 2


def _likeness(
    profile: Profile, held: Sequence[Incidence], known: Sequence[traits.Trait], rows: Ints
) -> dict[Family, float]:
    """Mean nats by which ``rows`` resemble the profile, a family, capped as live odds are."""
    place = {int(row): i for i, row in enumerate(rows)}
    total = {family: np.zeros(len(rows)) for family in Family}
    for incidence in held:
        for edge in np.flatnonzero(np.isin(incidence.account, rows)):
            hit = profile.entities.get(incidence.entity_id(int(incidence.entity[edge])))
            if hit is not None:
                total[hit[0]][place[int(incidence.account[edge])]] += hit[1]
    for trait in known:
        values = profile.traits.get(trait.name)
        if values:
            names = [trait.values[c] if c >= 0 else None for c in trait.code[rows].tolist()]
            total[Family.SIGNUP] += [
                0.0 if name is None else values.get(name, values[""]) for name in names
            ]
    return {family: float(np.minimum(nats, 6.0).mean()) for family, nats in total.items()}


def remembered(rings: Rings, previous: Rings | None) -> Rings:
    """The rings together with banned ones of ``previous`` that are no longer found."""
    if previous is None:
        return rings
    present = {ring.ring_id for ring in rings.rings}
    kept = [
        replace(ring, status=Status.BANNED, flagged=False)
        for ring in previous.rings
        if ring.genome is not None and ring.ring_id not in present
    ]
    return replace(rings, rings=(*rings.rings, *kept))
