"""Ids that last and the history of rings: matching the groups of one refresh to the last one's.

A ring keeps its id while its members overlap: pairs of old and new are matched by Jaccard overlap,
best first, each once. What is not matched is new, and its id is a digest of its founding members,
so the same data give the same ids whenever they are computed.
"""

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter

import numpy as np
import pyarrow as pa

from graph.rings.inputs import Ints
from graph.rings.model import Change, LineageEvent, Ring, Rings, Status

MIN_OVERLAP = 0.3
"""Least Jaccard overlap at which a group is still the ring it was."""
MIN_PART = 0.5
"""A ring came from another if it took this share of its members, or they are this share of it."""


@dataclass(frozen=True, slots=True)
class _Overlap:
    jaccard: float
    old: int
    new: int
    common: int


def founding_id(account_ids: Iterable[str]) -> str:
    """The id of a ring founded by these accounts: ``"ring-"`` and 12 hex digits."""
    digest = hashlib.sha256("\n".join(sorted(account_ids)).encode()).hexdigest()
    return f"ring-{digest[:12]}"


def carry_on(found: Sequence[Ring], previous: Rings | None, as_of: int) -> Rings:
    """The groups of a refresh under lasting ids, with versions and what happened to each."""
    before = previous.rings if previous else ()
    alone = _alone(before, found)
    overlaps = _overlaps(before, found, alone)
    chosen = {**alone, **_matched(overlaps)}
    taken: set[str] = {before[old].ring_id for old in chosen.values()}
    named = []
    for number, ring in enumerate(found):
        if number in chosen:
            named.append(_continued(before[chosen[number]], ring))
        else:
            named.append(replace(ring, ring_id=_free(founding_id(ring.account_ids), taken)))
            taken.add(named[-1].ring_id)
    events = _events(before, named, overlaps, as_of)
    live = {*chosen.values(), *_went_on(overlaps, before)}
    events += [
        LineageEvent(ring.ring_id, as_of, Change.GONE)
        for old, ring in enumerate(before)
        if old not in live
    ]
    ranked = sorted(named, key=lambda ring: (not ring.flagged, -ring.score, ring.ring_id))
    return Rings(as_of, tuple(ranked), tuple(events))


def match(found: Sequence[Ring], previous: Rings) -> dict[int, int]:
    """Place in ``found`` -> place in ``previous`` of the ring it goes on from."""
    alone = _alone(previous.rings, found)
    return {**alone, **_matched(_overlaps(previous.rings, found, alone))}


def _alone(before: Sequence[Ring], found: Sequence[Ring]) -> dict[int, int]:
    """New rings that are an old one over again and share nobody with any other: their old places.

    Most rings of a refresh that goes on from the last one. They are known by their members being
    the very same object, so that nobody has to be looked up.
    """
    place = {id(ring.members): number for number, ring in enumerate(before) if ring.members}
    at = [place.get(id(ring.members)) for ring in found]
    same = {now: was for now, was in enumerate(at) if was is not None}
    inside = list(_names(found[now] for now in same))
    if len(set(inside)) < len(inside):
        return {}
    gone = set(same.values())
    others = set(_names(ring for n, ring in enumerate(found) if n not in same))
    others.update(_names(ring for n, ring in enumerate(before) if n not in gone))
    if others.isdisjoint(inside):
        return same
    return {
        now: was
        for now, was in same.items()
        if others.isdisjoint(m.account_id for m in found[now].members)
    }


def _names(rings: Iterable[Ring]) -> Iterator[str]:
    """The account of every membership."""
    return map(attrgetter("account_id"), chain.from_iterable(ring.members for ring in rings))


def _overlaps(
    before: Sequence[Ring], found: Sequence[Ring], alone: Mapping[int, int]
) -> list[_Overlap]:
    """Every two rings that have members in common, but for those alone, the likest first."""
    old, new = _beside(_members(before, set(alone.values())), _members(found, alone))
    width = max(len(found), 1)
    pair, both = np.unique(old * width + new, return_counts=True)
    old, new = pair // width, pair % width
    sizes = [np.array([ring.size for ring in rings] or [0]) for rings in (before, found)]
    jaccard = both / (sizes[0][old] + sizes[1][new] - both)
    ids = sorted(set(old.tolist()), key=lambda number: before[number].ring_id)
    rank = np.empty(len(before), np.int64)  # nobody asks for those without a pair
    rank[ids] = np.arange(len(ids))
    order = np.lexsort((new, rank[old], -jaccard))
    columns = (column[order].tolist() for column in (jaccard, old, new, both))
    return [_Overlap(*row) for row in zip(*columns, strict=True)]


def _members(rings: Sequence[Ring], without: Container[int]) -> tuple[pa.Array, Ints]:
    """The account of every membership, and the place of its ring; both [M]."""
    chosen = [number for number in range(len(rings)) if number not in without]
    ids = pa.array(list(_names(rings[n] for n in chosen)), pa.string())
    return ids, np.repeat(np.array(chosen, np.int64), [rings[n].size for n in chosen])


def _beside(old: tuple[pa.Array, Ints], new: tuple[pa.Array, Ints]) -> tuple[Ints, Ints]:
    """The rings of every two memberships of one account, one old and one new; both [P]."""
    coded = pa.concat_arrays([old[0], new[0]]).dictionary_encode().indices
    code = np.asarray(coded, dtype=np.int64)
    was, now = code[: len(old[0])], code[len(old[0]) :]
    order = np.argsort(was, kind="stable")
    start, stop = (np.searchsorted(was[order], now, side=side) for side in ("left", "right"))
    times = stop - start
    place = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return old[1][order[np.repeat(start, times) + place]], np.repeat(new[1], times)


def _matched(overlaps: Sequence[_Overlap]) -> dict[int, int]:
    """New group -> old ring, best overlap first, each used once."""
    match: dict[int, int] = {}
    used: set[int] = set()
    for overlap in overlaps:
        if overlap.jaccard < MIN_OVERLAP:
            break
        if overlap.new not in match and overlap.old not in used:
            match[overlap.new] = overlap.old
            used.add(overlap.old)
    return match


def _continued(old: Ring, new: Ring) -> Ring:
    if _untouched(old, new):
        return old if old.story is None else replace(old, story=None)
    since = {member.account_id: member.since for member in old.members}
    members = new.members
    if any(since.get(member.account_id, member.since) != member.since for member in members):
        members = tuple(
            replace(member, since=since.get(member.account_id, member.since))
            for member in new.members
        )
    same = old.account_ids == new.account_ids and old.flagged == new.flagged
    version = old.version if same else old.version + 1
    return replace(new, ring_id=old.ring_id, version=version, members=members, genome=old.genome)


def _untouched(old: Ring, new: Ring) -> bool:
    """Whether ``new`` is what ``old`` was made of: found then, and not looked at since."""
    return (
        new.members is old.members
        and new.reasons is old.reasons
        and new.counter_evidence is old.counter_evidence
        and new.score == old.score
        and new.flagged == old.flagged
        and new.status is old.status
        and new.verdict is old.verdict
        and new.last_seen == old.last_seen
    )


def _free(ring_id: str, taken: set[str]) -> str:
    """``ring_id``, or the next one after it that no living ring has."""
    while ring_id in taken:
        ring_id = founding_id([ring_id])
    return ring_id


def _events(
    before: Sequence[Ring], named: Sequence[Ring], overlaps: Sequence[_Overlap], as_of: int
) -> list[LineageEvent]:
    old_of: dict[int, list[_Overlap]] = {}
    for overlap in overlaps:
        old_of.setdefault(overlap.new, []).append(overlap)
    at_home = {ring.ring_id: ring for ring in before}
    events = []
    for number, ring in enumerate(named):
        was = at_home.get(ring.ring_id)
        if was is ring and len(old_of.get(number, ())) <= 1:
            continue
        others = [(before[o.old], o) for o in old_of.get(number, []) if before[o.old] is not was]
        change = _change(was, ring, others)
        if change is not None:
            events.append(LineageEvent(ring.ring_id, as_of, change[0], change[1]))
    return events


def _change(
    was: Ring | None, ring: Ring, others: Sequence[tuple[Ring, _Overlap]]
) -> tuple[Change, tuple[str, ...]] | None:
    eaten = tuple(old.ring_id for old, o in others if o.common >= MIN_PART * old.size)
    if was is None:
        parents = tuple(old.ring_id for old, o in others if o.common >= MIN_PART * ring.size)
        return (Change.SPLIT, parents) if parents else (Change.BORN, eaten)
    if eaten:
        return Change.MERGED, eaten
    if ring.status is not was.status and ring.status is not Status.ACTIVE:
        return (Change.BANNED if ring.status is Status.BANNED else Change.DORMANT), ()
    if ring.members == was.members:
        return None
    now, before = ring.account_ids, was.account_ids
    if now == before:
        return None
    return (Change.GREW if len(now) >= len(before) else Change.SHRANK), ()


def _went_on(overlaps: Sequence[_Overlap], before: Sequence[Ring]) -> set[int]:
    """Old rings most of which live on in a new one (they merged)."""
    return {o.old for o in overlaps if o.common >= MIN_PART * before[o.old].size}
