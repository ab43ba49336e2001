"""From phases to requests: when, from where, on which model, in which conversation.

Everything is arrays; a million requests take seconds. Prompts are not made here but in
:mod:`graph.simulate.wording`, chunk by chunk, so that memory stays flat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.simulate.cast import Account, Phase
from graph.simulate.chance import stream, uniforms
from graph.simulate.clock import DAY_US, HOUR_US, MINUTE_US, RHYTHMS, SECOND_US, rhythms
from graph.simulate.ragged import Ragged
from graph.simulate.town import Town

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_PACES = ("sitting", "run", "steady")


@dataclass(frozen=True, slots=True)
class Activity:
    """Every request of a world in order of time; arrays [N].

    ``account`` and ``phase`` index the cast and its flattened phases; ``cell`` numbers a sitting;
    ``address`` is an IPv4 as int; ``stream`` indexes the repertoire; ``conversation`` and ``turn``
    (from 1); ``parent`` is the row whose conversation another account took over, or -1.
    """

    account: Ints
    phase: Ints
    at: Ints
    cell: Ints
    address: Ints
    agent: Ints
    stream: Ints
    model: Ints
    conversation: Ints
    turn: Ints
    parent: Ints
    agents: tuple[str | None, ...]
    models: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class _Phases:
    """The phases of a cast as columns."""

    items: tuple[Phase, ...]
    account: Ints

    @classmethod
    def of(cls, cast: Sequence[Account]) -> "_Phases":
        pairs = [(p, i) for i, a in enumerate(cast) for p in a.phases if p.ends_at > p.starts_at]
        return cls(tuple(p for p, _ in pairs), np.array([i for _, i in pairs], np.int64))

    def column(self, name: str) -> Floats:
        return np.array([getattr(p, name) for p in self.items], np.float64)

    def times(self, name: str) -> Ints:
        return np.array([getattr(p, name) for p in self.items], np.int64)


def activity(town: Town, cast: Sequence[Account]) -> Activity:
    """Every request the cast makes inside the town's window."""
    rng = stream(town.seed, "activity")
    phases = _Phases.of(cast)
    owner, day, at = _moments(phases, rng)
    at = _ticked(phases, owner, at, rng)
    inside = (at >= phases.times("starts_at")[owner]) & (at < phases.times("ends_at")[owner])
    inside &= (at >= town.start) & (at < town.end)
    owner, day, at = owner[inside], day[inside], at[inside]
    order = np.lexsort((owner, at))
    owner, day, at = owner[order], day[order], at[order]
    account = phases.account[owner]
    part = (at % DAY_US) // (6 * HOUR_US)
    cell = (account * 4096 + (at - town.start) // DAY_US) * 4 + part
    address = _addresses(phases, owner, cell, at)
    agent, agents = _agents(phases, owner, cell)
    diets = Ragged.of([[w for _, w in p.diet] for p in phases.items])
    flat = np.array([s for p in phases.items for s, _ in p.diet], np.int64)
    streams = flat[diets.pick(owner, rng.random(len(owner)))]
    model, models = _models(town, cast, account, at, rng)
    talks = np.array([not s.variants for s in town.repertoire.streams])[streams]
    turns = phases.column("turns")[owner]
    conversation, turn = _conversations(account, cell, at, talks, turns, rng)
    parent = _handed_over(cast, account, at, phases.column("handover")[owner], rng)
    conversation, turn = _joined(conversation, turn, parent)
    return Activity(
        account, owner, at, cell, address, agent, streams, model, conversation, turn, parent,
        agents, models,
    )  # fmt: skip


def _moments(phases: _Phases, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Phase, local day and moment of every request, before ticks."""
    offset = phases.column("utc_offset_hours").astype(np.int64) * HOUR_US
    first = (phases.times("starts_at") + offset) // DAY_US
    last = (phases.times("ends_at") - 1 + offset) // DAY_US
    days = last - first + 1
    owner = np.repeat(np.arange(len(days)), days)
    day = first[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(days) - days, days)
    table = rhythms()
    rhythm = np.array([RHYTHMS.index(p.rhythm) for p in phases.items])
    weekend = (day + 3) % 7 >= 5
    chance = phases.column("active_share")[owner]
    chance = chance * np.where(weekend, table.weekend[rhythm][owner], 1.0)
    awake = rng.random(len(owner)) < np.minimum(chance, 0.97)
    owner, day = owner[awake], day[awake]
    shape = phases.column("burst")[owner]
    more = np.maximum(phases.column("rate")[owner] - 1.0, 0.05)
    counts = 1 + rng.poisson(rng.gamma(shape, more / shape))
    row = np.repeat(np.arange(len(owner)), counts)
    pace = np.array([_PACES.index(p.pace) for p in phases.items])[owner]
    hours = _hours(table.hours, rhythm[owner][row], row, counts[row], pace[row], rng)
    at = day[row] * DAY_US + (hours * HOUR_US).astype(np.int64) - offset[owner][row]
    return owner[row], day[row], at


def _hours(
    table: Floats, rhythm: Ints, cell: Ints, counts: Ints, pace: Ints, rng: np.random.Generator
) -> Floats:
    """The local hour of each request: alone, in a sitting, or in a run."""
    size = len(cell)
    sittings = 1 + (uniforms(cell, 11) * np.minimum(counts, 4)).astype(np.int64)
    which = (rng.random(size) * sittings).astype(np.int64)
    shared = uniforms(cell * 8 + np.where(pace == 1, 0, which), 12)
    draw = np.where(pace == 2, rng.random(size), shared)
    flat = (table + np.arange(len(table))[:, None]).ravel()
    hour = np.searchsorted(flat, np.minimum(draw, 0.999999) + rhythm, side="right") % 24
    minute = np.where(pace == 2, rng.random(size), uniforms(cell * 8 + which, 13))
    talk = rng.exponential(1.0, size) * np.minimum(counts / sittings * 0.03, 1.5)
    gap = np.exp(np.log(0.006) + 1.2 * (uniforms(cell, 14) - 0.5) * 2)
    run = rng.random(size) * counts * gap
    return np.asarray(
        hour + minute + np.select([pace == 0, pace == 1], [talk, run], 0.0), np.float64
    )


def _ticked(phases: _Phases, owner: Ints, at: Ints, rng: np.random.Generator) -> Ints:
    """Moments pulled to the schedule of their phase, where it has one."""
    schedules: dict[tuple[int, ...], list[int]] = {}
    for i, phase in enumerate(phases.items):
        if phase.ticks:
            schedules.setdefault(phase.ticks, []).append(i)
    group = np.full(len(phases.items), -1, np.int64)
    for number, members in enumerate(schedules.values()):
        group[members] = number
    rows = np.flatnonzero(group[owner] >= 0)
    rows = rows[np.argsort(group[owner[rows]], kind="stable")]
    cuts = np.searchsorted(group[owner[rows]], np.arange(len(schedules) + 1))
    pulled = at.copy()
    jitter = phases.times("jitter_us")
    for number, ticks in enumerate(schedules):
        mine = rows[cuts[number] : cuts[number + 1]]
        moments = np.array(sorted(ticks), np.int64)
        nearest = np.clip(np.searchsorted(moments, at[mine]), 0, len(moments) - 1)
        spread = np.maximum(jitter[owner[mine]], MINUTE_US)
        pulled[mine] = moments[nearest] + (rng.random(len(mine)) * spread).astype(np.int64)
    return pulled


def _addresses(phases: _Phases, owner: Ints, cell: Ints, at: Ints) -> Ints:
    """The address of each request: one place a sitting, one address of the place."""
    places = [place for p in phases.items for place in p.places]
    spots = Ragged.of([[place.weight for place in p.places] for p in phases.items])
    place = spots.pick(owner, uniforms(cell, 21))
    lengths = np.array([len(p.addresses) for p in places], np.int64)
    starts = np.cumsum(lengths) - lengths
    flat = np.array([a for p in places for a in p.addresses], np.int64)
    period = np.array([p.period_days for p in places], np.int64)[place]
    size = lengths[place]
    turn = (at // DAY_US) // np.maximum(period, 1) % size
    pick = np.where(period > 0, turn, (uniforms(cell, 22) * size).astype(np.int64))
    return np.asarray(flat[starts[place] + pick], np.int64)


def _agents(phases: _Phases, owner: Ints, cell: Ints) -> tuple[Ints, tuple[str | None, ...]]:
    known = sorted({a for p in phases.items for a in p.agents if a is not None})
    number = {a: i for i, a in enumerate(known)}
    flat = np.array(
        [number.get(a, len(known)) if a else len(known) for p in phases.items for a in p.agents]
    )
    lists = Ragged.of([[1.0 / (i + 1) for i, _ in enumerate(p.agents)] for p in phases.items])
    return flat[lists.pick(owner, uniforms(cell, 23))], (*known, None)


def _models(
    town: Town, cast: Sequence[Account], account: Ints, at: Ints, rng: np.random.Generator
) -> tuple[Ints, tuple[str, ...]]:
    """The model each request names, by its account's habit."""
    names = tuple(town.releases)
    ladders = [
        [n for n in names if not n.endswith("mini")],
        [n for n in names if n.endswith("mini")],
    ]
    family = np.array([a.models.family for a in cast])[account]
    mini = (family == 1) | ((family == 2) & (rng.random(len(account)) < 0.5))
    created = np.array([a.created_at for a in cast], np.int64)
    lag = np.array([a.models.lag_days for a in cast]) * DAY_US
    keeps = np.array([a.models.keeps_old for a in cast])[account]
    pivot = np.array([a.models.pivot for a in cast])[account]
    fresh = uniforms(np.arange(len(cast)), 31) < 0.7
    result = np.zeros(len(account), np.int64)
    for ladder, chosen in zip(ladders, (~mini, mini), strict=True):
        level = np.zeros(len(account), np.int64)
        for step, name in enumerate(ladder[1:], 1):
            released = town.releases[name]
            wait = np.where((created > released) & fresh, 0.0, lag)
            moved = at > (released + wait[account]).astype(np.int64)
            soon = (at > released + rng.random(len(at)) * DAY_US) & (rng.random(len(at)) < pivot)
            level = np.where(moved | (soon & (released > town.start)), step, level)
        level = np.where(rng.random(len(at)) < keeps, np.maximum(level - 1, 0), level)
        index = np.array([names.index(name) for name in ladder])
        result = np.where(chosen, index[level], result)
    return result, names


def _conversations(
    account: Ints, cell: Ints, at: Ints, talks: NDArray[np.bool_], turns: Floats,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Conversation number and turn: runs of free talk within one sitting."""
    order = np.lexsort((at, account))
    gap = np.diff(at[order], prepend=0) > 45 * MINUTE_US
    other = np.diff(cell[order], prepend=-1) != 0
    template = ~talks[order]
    after_template = np.concatenate([[True], template[:-1]])
    ends = rng.random(len(order)) < 1.0 / np.maximum(turns[order], 1.0)
    begins = gap | other | template | after_template | ends
    number = np.cumsum(begins)
    first = np.flatnonzero(begins)
    turn = np.arange(len(order)) - first[number - 1] + 1
    conversation = np.empty(len(order), np.int64)
    position = np.empty(len(order), np.int64)
    conversation[order], position[order] = number, turn
    return conversation, position


def _handed_over(
    cast: Sequence[Account], account: Ints, at: Ints, share: Floats, rng: np.random.Generator
) -> Ints:
    """For each request, the request of a team mate whose conversation it goes on with, or -1."""
    names = {a.team: i for i, a in enumerate(cast) if a.team}
    team = np.array([names[a.team] if a.team else -1 for a in cast], np.int64)[account]
    parent = np.full(len(at), -1, np.int64)
    rows = np.flatnonzero(team >= 0)
    rows = rows[np.lexsort((at[rows], team[rows]))]
    if len(rows) < 2:
        return parent
    before, here = rows[:-1], rows[1:]
    mates = (team[before] == team[here]) & (account[before] != account[here])
    near = at[here] - at[before] < 6 * HOUR_US
    chosen = mates & near & (rng.random(len(here)) < share[here])
    parent[here[chosen]] = before[chosen]
    return parent


def _joined(conversation: Ints, turn: Ints, parent: Ints) -> tuple[Ints, Ints]:
    """Conversation and turn after the hand-overs; parents come before children in time."""
    conversation, turn = conversation.copy(), turn.copy()
    for row in np.flatnonzero(parent >= 0):
        conversation[row] = conversation[parent[row]]
        turn[row] = turn[parent[row]] + 1
    return conversation, turn


def sittings(act: Activity, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The first request of every sitting and the moment (us) its session began."""
    _, first = np.unique(act.cell, return_index=True)
    first.sort()
    return first, act.at[first] - (5 + rng.integers(0, 115, len(first))) * SECOND_US
