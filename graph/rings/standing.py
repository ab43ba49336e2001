"""A run of the ring finder that later ones go on from: only what changed is looked at again.

:func:`stand` looks at everything and learns what is usual; :func:`go_on` takes what is usual for
given, finds out which accounts changed (:mod:`graph.rings.changes`), runs the same finder on their
cells alone (:mod:`graph.rings.part`) and keeps what it knows of all others. The rings are to the
last digit those of a run over everything that holds the same for usual, which is tested. Accounts
that act are looked at every time: their evidence is a window of events, which moves. Where the past
was told otherwise, where more than a few accounts changed, and once in :data:`LEARNT_FOR_US`,
everything is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from graph.rings import cells, triage
from graph.rings.cells import Cells
from graph.rings.changes import Changes, Rewritten, changes
from graph.rings.evidence_signup import Joined, joined
from graph.rings.find import Candidates, Found, RingConfig, grouped, judged, named, scene_of
from graph.rings.inputs import DAY_US, Bools, Ints, RingInputs
from graph.rings.model import Ring, Rings, Status
from graph.rings.part import held_by, part_of
from graph.rings.relations import RELATIONS, incidences
from graph.rings.usual import Unlearnt, Usual
from graph.schema import EDGE_OF, NodeType

LEARNT_FOR_US = 7 * DAY_US
"""How long what is usual stays what it was."""
FEW = 0.5
"""Share of accounts to look at from which looking at all is no more work."""


@dataclass(frozen=True)
class Standing:
    """What a run found, and what the next one needs to go on.

    ``holders`` counts the accounts on each entity, by verb; ``known`` are all candidate groups,
    ``made`` rings (before they were given lasting ids) by their lowest account; ``looked`` is the
    share of accounts that this run looked at.
    """

    inputs: RingInputs
    rings: Rings
    cells: Cells
    holders: Mapping[str, Ints]
    known: Candidates
    made: Mapping[int, Ring]
    learnt_at: int
    looked: float = field(default=1.0)


def stand(
    inputs: RingInputs, previous: Rings | None = None, config: RingConfig | None = None
) -> Standing:
    """A run over everything; ``inputs.usual`` is learnt where it is not known yet."""
    config = config or RingConfig()
    scene = scene_of(inputs)
    found = judged(scene, *grouped(scene, config))
    chosen = found.candidates.kept(config)
    first = found.candidates.first[chosen].tolist()
    made = dict(zip(first, found.rings(chosen.tolist()), strict=True))
    rings = named(inputs, list(made.values()), previous)
    learnt_at = inputs.usual.of("aged_at", lambda: inputs.as_of)
    known, holders = found.candidates, held_by(inputs.snapshot)
    told = replace(inputs, joined=joined(inputs) if inputs.joined is None else inputs.joined)
    return Standing(told, rings, scene.cells, holders, known, made, learnt_at)


def go_on(
    standing: Standing | None,
    inputs: RingInputs,
    previous: Rings | None = None,
    config: RingConfig | None = None,
) -> Standing:
    """The run after ``standing``; over everything where that cannot be gone on from.

    ``previous`` are the rings whose ids go on; those of ``standing`` if None.
    """
    config = config or RingConfig()
    if standing is None:
        return stand(inputs, previous, config)
    previous = standing.rings if previous is None else previous
    usual = standing.inputs.usual
    if 0 <= inputs.as_of - standing.learnt_at < LEARNT_FOR_US and standing.inputs.size:
        told = replace(inputs, usual=usual.frozen())
        try:
            return _Step(standing, told, config).taken(previous)
        except (Rewritten, Unlearnt):
            pass
    return stand(replace(inputs, usual=Usual()), previous, config)


@dataclass(frozen=True)
class _Step:
    """From one run to the next."""

    last: Standing
    inputs: RingInputs
    config: RingConfig

    def taken(self, previous: Rings) -> Standing:
        """The next run.

        Raises:
            Rewritten: if the last one does not help.
            Unlearnt: if what is usual does not cover what is new.
        """
        last, inputs = self.last, self.inputs
        new = changes(last.inputs, inputs, last.holders)
        place, holders = new.laid[NodeType.ACCOUNT].place, new.holders
        near = Cells.cut(self._components(new), self._homes(new))
        stale = _stale(place[last.cells.cell], place, near.cell, _changed(new, near.cell))
        look = partial(self._looked, near.cell, holders, new.joined)
        found, rows = look(stale)
        merged = _moved(last.known, place, stale).beside(found.candidates, rows)
        told = self._stands(place, stale)
        best = merged.first[merged.kept(self.config)].tolist()
        told |= _made(found, rows, [row for row in best if row in rows])
        missing = [row for row in best if row not in told]
        if missing:  # they were not among the best, and no ring was made of them
            again = np.isin(near.cell, near.cell[missing])
            told |= _made(*look(again), missing)
            stale |= again
        told = {row: told[row] for row in best}
        return Standing(
            replace(inputs, usual=last.inputs.usual, joined=new.joined),
            named(inputs, list(told.values()), previous),
            near,
            holders,
            merged,
            told,
            last.learnt_at,
            float(stale.mean()),
        )

    def _components(self, new: Changes) -> Ints:
        """The components after some have grown together; things that tie are nodes beside them."""
        size = self.inputs.size
        place = new.laid[NodeType.ACCOUNT].place
        component = np.arange(size)
        component[place] = place[self.last.cells.component]
        starts = cells.offsets(self.inputs.snapshot)
        none = np.empty(0, np.int64)
        held = [none, *(component[source] for source, _ in new.tying.values())]
        by = [none, *(target + starts[verb] for verb, (_, target) in new.tying.items())]
        part, thing = _each_once(np.concatenate(held), np.concatenate(by), starts[""])
        touched, row = cells.compact(part, size)
        things, column = cells.compact(thing, starts[""])
        grown = np.arange(size)
        grown[touched] = touched[cells.lowest(cells.tied(row, column, len(touched), len(things)))]
        return grown[component]

    def _homes(self, new: Changes) -> Ints:
        """The strongest thing of every account, looked up anew where it may be another."""
        last, inputs = self.last, self.inputs
        was, now = (cells.offsets(i.snapshot) for i in (last.inputs, inputs))
        home = np.full(inputs.size, -1, np.int64)
        home[new.laid[NodeType.ACCOUNT].place] = _numbered(new, (was, now), last.cells.home)
        unsure = new.account.copy()
        for verb, edges in new.revalued.items():
            left = home[edges.account] == edges.entity + now[verb]
            unsure[edges.account[edges.more | left]] = True
        part = part_of(inputs, unsure, new.holders, bare=True)
        held = cells.Holdings.of(list(incidences(part.inputs)), inputs.snapshot, part.rows)
        found = cells.homes(held, len(part.own))
        home[unsure] = found[part.own]  # of who only referred one of them little is known here
        return home

    def _looked(
        self, cell: Ints, holders: Mapping[str, Ints], counted: Joined, stale: Bools
    ) -> tuple[Found, dict[int, int]]:
        """What the finder finds among stale accounts, and its groups by their lowest account."""
        if stale.mean() > FEW:
            raise Rewritten("most accounts")
        part = part_of(replace(self.inputs, joined=counted), stale, holders)
        rows = part.rows[NodeType.ACCOUNT]
        own = np.searchsorted(rows, cell[rows])
        inside = np.where(part.own, own, np.arange(len(rows)))
        scene = scene_of(part.inputs, Cells(inside, inside, inside))
        found = judged(scene, *grouped(scene, self.config))
        first = rows[found.candidates.first]
        return found, {row: group for group, row in enumerate(first.tolist())}

    def _stands(self, place: Ints, stale: Bools) -> dict[int, Ring]:
        """Rings nothing of which changed, as they stand now: they may have fallen asleep."""
        rows = place[np.fromiter(self.last.made, np.int64, len(self.last.made))]
        made = zip(rows.tolist(), stale[rows].tolist(), self.last.made.values(), strict=True)
        return {row: self._as_of(ring) for row, gone, ring in made if not gone}

    def _as_of(self, ring: Ring) -> Ring:
        banned = 1.0 if ring.status is Status.BANNED else 0.0
        status = triage.status(banned, ring.last_seen, self.inputs.as_of)
        return ring if status is ring.status else replace(ring, status=status)


def _made(found: Found, groups: Mapping[int, int], rows: list[int]) -> dict[int, Ring]:
    """Rings of the groups whose lowest accounts are ``rows``, by these."""
    rings = found.rings([groups[row] for row in rows])
    return dict(zip(rows, rings, strict=True))


def _each_once(part: Ints, thing: Ints, things: int) -> tuple[Ints, Ints]:
    """The edges [E] without most that say again of a thing that it is held in a part."""
    of = np.empty(things, np.int64)  # nobody asks for others than these
    of[thing] = part
    at = np.empty(things, np.int64)
    at[thing] = np.arange(len(thing))
    keep = of[thing] != part
    keep[at[thing]] = True
    return part[keep], thing[keep]


def _numbered(
    new: Changes, starts: tuple[Mapping[str, int], Mapping[str, int]], home: Ints
) -> Ints:
    """Former things by their present numbers; ``starts`` are :func:`cells.offsets` of both."""
    was, now = starts
    moved = np.full(was[""] + 1, -1, np.int64)  # the last place is that of -1, no thing
    for relation in RELATIONS:
        laid = new.laid.get(EDGE_OF[relation.verb].target)
        if laid is not None:
            start = was[relation.verb]
            moved[start : start + len(laid.place)] = laid.place + now[relation.verb]
    return moved[home]


def _changed(new: Changes, cell: Ints) -> Bools:
    """Accounts that changed, or hold what another of their cell does and is worth else now, [N]."""
    changed = new.account.copy()
    for edges in new.revalued.values():
        width = int(edges.entity.max(initial=0)) + 1
        both = cell[edges.account] * width + edges.entity
        order = np.argsort(both)
        twice = np.flatnonzero(np.diff(both[order]) == 0)
        changed[edges.account[order[twice]]] = True
    return changed


def _stale(was: Ints, place: Ints, cell: Ints, changed: Bools) -> Bools:
    """Accounts in cells that a changed account is in, or that are not what they were, [N].

    ``was`` is the former cell of each former account (by its present row), ``place`` its row.
    """
    size = len(cell)
    before = np.full(size, -1, np.int64)
    before[place] = was
    moved = np.flatnonzero(before != cell)
    other = np.zeros(size, np.bool_)
    other[cell[moved]] = True
    left = before[moved]
    other[left[left >= 0]] = True
    other[cell[changed]] = True
    return np.asarray(other[cell], np.bool_)


def _moved(known: Candidates, place: Ints, stale: Bools) -> Candidates:
    """Former candidates outside stale cells, by present rows."""
    first = place[known.first]
    stays = ~stale[first]
    return Candidates(first[stays], known.score[stays], known.size[stays])
