"""What is kept when a ring is banned, and how a new group is recognised as its heir.

A genome is the ring's likeness (:mod:`graph.rings.profile`) frozen while it still stood. It is the
ban that freezes it, which somebody decided, and not what was thought of the ring before. Newcomers
are matched to it event by event by the same :class:`graph.rings.live.LiveMatcher` that matches them
to living rings; new groups here, by what their members hold and how they signed up.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace

import numpy as np

from graph.rings import traits
from graph.rings.inputs import Ints, RingInputs
from graph.rings.judge import SPEAKS
from graph.rings.model import Change, Family, LineageEvent, Ring, Rings, Status
from graph.rings.profile import Profile, profiles
from graph.rings.relations import Incidence, incidences

FROZEN_FROM = 0.5
"""Share of banned members from which a ring's likeness is kept."""


FEWEST = 3
"""Banned members from which there is a likeness to keep: two may have been banned for anything."""


def freeze(inputs: RingInputs, rings: Rings, previous: Rings | None, out: Set[str]) -> Rings:
    """The rings, those newly banned with their genome; ``out`` are the banned accounts.

    Those of ``previous`` that went with their ban, and are no longer found, stand again as banned.
    Of a ring that was never flagged only the banned members are known for bad: it is their likeness
    that is kept.
    """
    present = {ring.ring_id for ring in rings.rings}
    gone = [ring for ring in (previous.rings if previous else ()) if ring.ring_id not in present]
    due = [ring for ring in (*rings.rings, *gone) if _is_due(ring, out)]
    known = [ring if ring.flagged else _banned_part(ring, out) for ring in due]
    kept = {p.ring_id: p.as_json() for p in profiles(inputs, known)} if due else {}
    found = [replace(r, genome=kept.get(r.ring_id, r.genome)) for r in rings.rings]
    found += [
        replace(ring, genome=kept[ring.ring_id], status=Status.BANNED, flagged=False)
        for ring in gone
        if ring.ring_id in kept
    ]
    return replace(rings, rings=tuple(found))


def _is_due(ring: Ring, out: Set[str]) -> bool:
    banned = len(ring.account_ids & out)
    return ring.genome is None and banned >= max(FEWEST, FROZEN_FROM * ring.size)


def _banned_part(ring: Ring, out: Set[str]) -> Ring:
    return replace(ring, members=tuple(m for m in ring.members if m.account_id in out))


def genomes(rings: Rings) -> list[Profile]:
    """Every genome that is kept, oldest ban first."""
    held = [Profile.of(ring.genome) for ring in rings.rings if ring.genome is not None]
    return sorted(held, key=lambda profile: (profile.frozen_at, profile.ring_id))


def recognise(inputs: RingInputs, rings: Rings, previous: Rings) -> Rings:
    """The rings with those that resemble a genome of ``previous`` told as regrown.

    Either one just born that is the heir of another ring, or a ring that grew again itself: found
    as one body with its banned members.
    """
    kept = genomes(previous)
    if not kept:
        return rings
    heirs = {**_heirs(inputs, rings, kept), **_grown_again(rings, previous)}
    events = [
        LineageEvent(e.ring_id, e.at, Change.REGROWN, (heirs[e.ring_id],))
        if e.ring_id in heirs and e.change in (Change.BORN, Change.GREW)
        else e
        for e in rings.lineage
    ]
    told = {e.ring_id for e in events if e.change is Change.REGROWN}
    events += [  # beside what else became of them
        LineageEvent(ring_id, rings.as_of, Change.REGROWN, (old,))
        for ring_id, old in heirs.items()
        if ring_id not in told
    ]
    return replace(rings, lineage=tuple(events))


def _heirs(inputs: RingInputs, rings: Rings, kept: Sequence[Profile]) -> dict[str, str]:
    """By id of each ring just born that resembles a genome: whose."""
    born = {e.ring_id for e in rings.lineage if e.change is Change.BORN}
    young = [ring for ring in rings.rings if ring.ring_id in born]
    if not young:
        return {}
    held, known = list(incidences(inputs)), traits.traits(inputs)
    heirs: dict[str, str] = {}
    for ring in young:
        rows = inputs.known(member.account_id for member in ring.members)
        likeness = ((_likeness(profile, held, known, rows), profile.ring_id) for profile in kept)
        scores = [(sum(nats.values()), old) for nats, old in likeness if _is_heir(nats)]
        if scores:
            heirs[ring.ring_id] = max(scores)[1]
    return heirs


def _grown_again(rings: Rings, previous: Rings) -> dict[str, str]:
    """Rings with a genome to which accounts came that had not signed up when it was frozen."""
    before = {r.ring_id: r.account_ids for r in previous.rings if r.genome is not None}
    again = {}
    for ring in rings.rings:
        if ring.genome is not None and ring.ring_id in before:
            was, frozen_at = before[ring.ring_id], ring.genome["frozen_at"]
            fresh = {m.account_id for m in ring.members if m.since > frozen_at}
            if len(fresh - was) >= FEWEST:
                again[ring.ring_id] = ring.ring_id
    return again


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
