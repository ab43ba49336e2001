"""Members who have fallen silent keep the place they had: evidence that ages acquits nobody.

A ring is judged by what a window of events shows. An account that has done nothing since the last
refresh has shown nothing new, for it or against it, so it stays in the flagged ring it was in, and
a ring whose members have nearly all fallen silent (banned, spent, moved on) stays as it was judged.
Whoever acts again is judged again. Read :mod:`graph.rings.lineage` next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from graph.rings import lineage, triage
from graph.rings.inputs import Bools, RingInputs
from graph.rings.model import Ring, Rings

MOSTLY = 0.5
"""Share of silent members from which a ring that is not found again stays as it was."""


def with_silent(
    found: Sequence[Ring], previous: Rings | None, inputs: RingInputs, banned: Bools
) -> list[Ring]:
    """The groups of a refresh with the silent members of the rings they go on from.

    Rings of ``previous`` that are gone only because their members fell silent come last.
    """
    if previous is None or not previous.flagged:
        return list(found)
    silent = _silent(previous, inputs)
    taken = {a for ring in found if ring.flagged for a in ring.account_ids}
    match = _with_remnants(found, previous, lineage.match(found, previous), silent - taken)
    rings, stays = [], set(range(len(previous.rings))) - set(match.values())
    for number, ring in enumerate(found):
        old = previous.rings[match[number]] if number in match else None
        if old is not None and ring.flagged and old.flagged:
            rings.append(_joined(ring, old, silent - taken))
        elif old is not None and _left(old, silent - taken) is not None:
            stays.add(match[number])  # only its evidence grew old
        else:
            rings.append(ring)
    for place in sorted(stays):
        kept = _left(previous.rings[place], silent - taken)
        if kept is not None:
            rings.append(_as_of(kept, inputs, banned))
    return rings


def _with_remnants(
    found: Sequence[Ring], previous: Rings, match: Mapping[int, int], silent: frozenset[str]
) -> dict[int, int]:
    """``match``, and flagged rings that are what still acts of one whose other members fell silent.

    Those would stay as they were judged, under the old id, and who goes on get another: one ring
    under two names. Most of such a ring's members are the old one's; the largest part goes on.
    """
    known, free = dict(match), set(range(len(previous.rings))) - set(match.values())
    old = {place: previous.rings[place] for place in free}
    asleep = {place: one for place, one in old.items() if _left(one, silent) is not None}
    pairs = sorted(
        (-common, number, place)
        for number, ring in enumerate(found)
        if ring.flagged and number not in match
        for place, one in asleep.items()
        if (common := len(ring.account_ids & one.account_ids)) >= MOSTLY * ring.size
    )
    for _, number, place in pairs:
        if number not in known and place in free:
            known[number] = place
            free.remove(place)
    return known


def _silent(previous: Rings, inputs: RingInputs) -> frozenset[str]:
    """Members of flagged rings that did nothing after ``previous``."""
    ids = sorted({account for ring in previous.flagged for account in ring.account_ids})
    known = pa.array(ids, pa.string())
    rows = inputs.rows_of(known)
    quiet = (rows >= 0) & (inputs.last_seen[rows] <= previous.as_of)
    return frozenset(known.filter(pa.array(quiet)).to_pylist())


def _joined(ring: Ring, old: Ring, silent: frozenset[str]) -> Ring:
    mine = ring.account_ids
    more = [m for m in old.members if m.account_id in silent and m.account_id not in mine]
    if not more:
        return ring
    members = sorted((*ring.members, *more), key=lambda m: (-m.strength, m.account_id))
    return replace(
        ring,
        members=tuple(members),
        first_seen=min(ring.first_seen, *(member.since for member in more)),
    )


def _left(old: Ring, silent: frozenset[str]) -> Ring | None:
    members = tuple(member for member in old.members if member.account_id in silent)
    if not old.flagged or len(members) < max(3, MOSTLY * old.size):
        return None
    return replace(old, members=members)


def _as_of(ring: Ring, inputs: RingInputs, banned: Bools) -> Ring:
    """The ring with the status that its members' bans and silence give it now."""
    share = float(banned[inputs.known(ring.account_ids)].mean())
    return replace(ring, status=triage.status(share, ring.last_seen, inputs.as_of))
