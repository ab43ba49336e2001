"""Evidence from how members signed up: the same shapes, the same card range, a burst.

Shapes are compared value by value, each member against the others (so a group cannot vouch for
itself), bursts day by day; with the population, and with everybody else who asks from the group's
templates: a toolkit for researchers is used by researchers, and readers of one library come when
it is talked about. What those look-alikes do too ties nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from graph.rings.evidence_fit import left_out, plan_fit
from graph.rings.evidence_ties import own_templates
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, Floats, Ints, RingInputs, distinct
from graph.rings.model import Family
from graph.rings.relations import Incidence
from graph.rings.traits import SIGNUP_TRAITS, Trait
from graph.schema import NodeType

CAP = 6.0
TRAIT_CAP = 2.0
"""Most nats one trait brings: one habit in common is one habit."""
BURST_CAP = 3.0
_DAYS = 1_000_000
"""More days than there are since the epoch, to number pairs of pathway and day."""
SMOOTHING = 2.0
"""Accounts' worth of the population mixed into what a group is expected to show."""
BACKGROUND = 20.0
"""Accounts' worth of the population mixed into a group's look-alikes."""
_SAID = {
    "email_shape": "the pattern of their e-mail address",
    "email_domain": "their mail provider",
    "pathway": "their pathway",
    "plan": "their plan",
    "user_agent": "their user agent",
    "kind": "the kind of payment method",
    "issuer": "the card's issuer range",
    "left_out": "the fields they left blank, for their pathway",
}


@dataclass(frozen=True)
class Alike:
    """Accounts outside each group that ask from its templates: pairs, each once; int64 [P]."""

    group: Ints
    account: Ints

    @classmethod
    def of(cls, incidences: Sequence[Incidence], groups: Groups) -> "Alike":
        """The look-alikes of every group."""
        asked = [i for i in incidences if i.relation.family is Family.PROMPTS]
        if not asked:
            return cls(np.empty(0, np.int64), np.empty(0, np.int64))
        kit = own_templates(asked[0], groups)
        width, size = len(asked[0].weight), len(groups.label)
        order = np.argsort(asked[0].entity, kind="stable")
        holder, entity = asked[0].account[order], asked[0].entity[order]
        start, stop = (np.searchsorted(entity, kit % width, side=s) for s in ("left", "right"))
        group = np.repeat(kit // width, stop - start)
        place = np.repeat(start - np.r_[0, np.cumsum(stop - start)[:-1]], stop - start)
        account = holder[place + np.arange(len(group))]
        outside = groups.label[account] != group
        pair = distinct(group[outside] * size + account[outside])
        return cls(pair // size, pair % size)

    def expected(self, value: Ints, share: Floats, cell: Ints, width: int) -> Floats:
        """How often look-alikes have the value of each ``cell`` (group * width + value), [C].

        ``value`` is every account's (-1 = unknown), ``share`` the population's share of each cell.
        """
        known = value[self.account] >= 0
        group = self.group[known]
        held = np.sort(group * width + value[self.account[known]])
        count = np.searchsorted(held, cell, side="right") - np.searchsorted(held, cell)
        ordered = np.sort(group)
        of_group = cell // width
        everybody = np.searchsorted(ordered, of_group, side="right")
        everybody = everybody - np.searchsorted(ordered, of_group)
        mixed: Floats = (count + BACKGROUND * share) / (everybody + BACKGROUND)
        return mixed


def signup(
    inputs: RingInputs,
    traits: Sequence[Trait],
    incidences: Sequence[Incidence],
    groups: Groups,
) -> Iterator[Evidence]:
    """Sign-up evidence about every group (the card range counts as payment)."""
    alike = Alike.of(incidences, groups)
    for trait in traits:
        if trait.name in SIGNUP_TRAITS or trait.name == "issuer":
            yield _likeness(trait, groups, alike)
    blank = left_out(inputs)
    if blank is not None:
        yield _likeness(blank, groups, alike)
    yield from plan_fit(inputs, groups)
    yield _burst(inputs, groups, alike)


def _likeness(trait: Trait, groups: Groups, alike: Alike) -> Evidence:
    """Mean nats by which the other members' values foretell a member's better than chance."""
    inside = np.flatnonzero((groups.label >= 0) & (trait.code >= 0))
    label, code = groups.label[inside], trait.code[inside]
    width = max(len(trait.values), 1)
    cell, place, held = np.unique(label * width + code, return_inverse=True, return_counts=True)
    known = np.bincount(label, minlength=groups.count)
    share = trait.share[cell % width] if len(code) else np.empty(0)
    usual = np.maximum(share, alike.expected(trait.code, share, cell, width))
    foretold = (held - 1.0 + SMOOTHING * usual) / (known[cell // width] - 1.0 + SMOOTHING)
    nats = np.log(foretold / np.maximum(usual, 1e-6))
    mean = np.bincount(label, nats[place], groups.count) / np.maximum(known, 1)
    told = _telling(cell // width, held * nats, held, groups.count)
    family = Family.PAYMENT if trait.name == "issuer" else Family.SIGNUP
    weight = np.where(known >= 4, np.clip(mean, 0.0, TRAIT_CAP), 0.0)
    return Evidence(
        f"{family.value}.same_{trait.name}",
        family,
        weight,
        _of(held, told) / np.maximum(known, 1),
        _of(usual, told),
        f"{{observed:.0%}} of members agree in {_SAID[trait.name]}, as {{usual:.0%}} of all, or of "
        "the other users of their templates, do",
    )


def _telling(group: Ints, nats: Floats, held: Ints, count: int) -> Ints:
    """The place of each group's cell that weighs most (nats), -1 where it has none; [G].

    What is said of a group has to be what weighs against it: half of its members at a mail provider
    that hardly anybody uses, not the other half at everybody's. Where none weighs, the largest.
    """
    place = np.full(count, -1, np.int64)
    order = np.lexsort((held, np.maximum(nats, 0.0)))
    place[group[order]] = order  # ascending: the heaviest is written last
    return place


def _of(values: Floats | Ints, place: Ints) -> Floats:
    """The value at each place, 0 at -1."""
    found: Floats = np.r_[values.astype(np.float64), 0.0][place]
    return found


Joined = Mapping[tuple[str | None, int], int]
"""Sign-ups by pathway and day since the epoch."""


def joined(inputs: RingInputs, rows: Ints | None = None) -> Joined:
    """Sign-ups by pathway and day since the epoch, of all accounts or of some."""
    texts, created = inputs.snapshot.texts(NodeType.ACCOUNT, "pathway"), inputs.created_at
    if rows is not None:
        texts, created = texts.take(pa.array(rows)), created[rows]
    texts = texts.dictionary_encode()
    names = [*texts.dictionary.to_pylist(), None]
    pathway = np.asarray(texts.indices.cast(pa.int64()).fill_null(len(names) - 1), dtype=np.int64)
    day = created // DAY_US
    first = int(day.min(initial=0))
    width = int(day.max(initial=first)) - first + 1
    held = np.bincount(pathway * width + (day - first))
    cell = np.flatnonzero(held)
    pairs = zip((cell // width).tolist(), (cell % width + first).tolist(), strict=True)
    return {(names[p], d): n for (p, d), n in zip(pairs, held[cell].tolist(), strict=True)}


def _pace(inputs: RingInputs) -> tuple[Floats, Ints]:
    """Of every account: the share of its pathway that joined on its day, and the day; [N]."""
    counted = joined(inputs) if inputs.joined is None else inputs.joined
    totals = inputs.usual.of("burst/pathways", lambda: _totals(counted))
    rate = {(p, d): n / max(totals.get(p or "", 1), n) for (p, d), n in counted.items()}
    texts = inputs.snapshot.texts(NodeType.ACCOUNT, "pathway").dictionary_encode()
    names = [*texts.dictionary.to_pylist(), None]
    pathway = np.asarray(texts.indices.cast(pa.int64()).fill_null(len(names) - 1), dtype=np.int64)
    day = inputs.created_at // DAY_US
    cell, place = np.unique(pathway * _DAYS + day, return_inverse=True)
    pairs = zip((cell // _DAYS).tolist(), (cell % _DAYS).tolist(), strict=True)
    share = np.array([rate[names[p], d] for p, d in pairs], np.float64)[place]
    return share, day - int(day.min(initial=0))


def _totals(counted: Mapping[tuple[str | None, int], int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (pathway, _), count in counted.items():
        totals[pathway or ""] = totals.get(pathway or "", 0) + count
    return totals


def _burst(inputs: RingInputs, groups: Groups, alike: Alike) -> Evidence:
    """The most members that signed up within one day, against pathway and look-alikes."""
    share, day = _pace(inputs)
    width = int(day.max(initial=0)) + 1
    looks = inputs.usual.of("burst/days", lambda: width)
    inside = groups.label >= 0
    cell, place, joined = np.unique(
        groups.label[inside] * width + day[inside], return_inverse=True, return_counts=True
    )
    mean_share = np.bincount(place, share[inside]) / np.maximum(joined, 1)
    mean_share = np.maximum(mean_share, alike.expected(day, mean_share, cell, width))
    group = cell // width
    expected = np.maximum(groups.sizes[group] * mean_share, 1e-3)
    nats = joined * np.log(joined / expected) - (joined - expected) - np.log(looks)
    nats = np.where(joined > expected, nats / 2.0, 0.0)
    best = np.zeros(groups.count)
    np.maximum.at(best, group, nats)
    most = np.zeros(groups.count)
    np.maximum.at(most, group, joined)
    told = _telling(group, nats, joined, groups.count)
    return Evidence(
        "signup.burst",
        Family.SIGNUP,
        np.where((groups.sizes >= 4) & (most >= 3), np.clip(best, 0.0, BURST_CAP), 0.0),
        _of(joined, told),
        _of(expected, told),
        "{observed:.0f} of {size} members signed up on one day; the rhythm of their pathway and of "
        "others with their templates explains {usual:.1f}",
    )
