"""Evidence from what members hold in common: identifiers, payment methods, prompt templates.

The population itself is the yardstick: how many accounts share a thing of this kind at all.
Possessions say that accounts belong together; a household says so too (:mod:`graph.rings.judge`).
What ties a part of a group is the part's: two colleagues among eight readers of one library make
no ring of the eight, and three teams with three names are not one organisation.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import Bools, Floats, Ints, RingInputs
from graph.rings.links import FAMILY_CAP, Links
from graph.rings.model import Family
from graph.rings.relations import Incidence

KIT_NATS = 4.0
"""What one toolkit in common, used by all, is worth against a group."""
ONE_HAND_NATS = 2.0
"""What it is worth beyond that, if the clusterer saw the users of all its templates go together."""
KIT_HOLDERS = 0.3
"""A template that this share of members asks from belongs to the group's kit."""
WHOLE = 0.5
"""Share of members from which what ties them ties the group."""
_NAMES = frozenset({"MAILED_AT", "BELONGS_TO"})
"""Relations by which people say who they are; there the share is of those who say the same."""
SHOWN = 5
"""Entities named in a reason."""
_WORDS = {
    "PAID_WITH": ("payment.shared_method", "pay with a payment method of another member"),
    "USED": ("identifiers.shared_device", "were used on a device of another member"),
    "WRITES_FROM": ("identifiers.same_mailbox", "write from the mailbox of another member"),
    "CALLED_ON": ("identifiers.same_phone", "gave the phone number of another member"),
    "SEEN_AT": ("identifiers.shared_address", "were used from an address of another member"),
    "SEEN_IN": ("identifiers.shared_subnet", "were used from a network prefix of another member"),
    "MAILED_AT": ("identifiers.same_domain", "use the private e-mail domain of another member"),
    "BELONGS_TO": ("identifiers.same_organisation", "name the organisation of another member"),
    "REFERRED_BY": ("identifiers.referral", "are tied by a referral"),
    "ASKED": ("prompts.shared_template", "send prompts from a template of another member"),
}


def ties(
    inputs: RingInputs, incidences: Sequence[Incidence], links: Links, groups: Groups
) -> Iterator[Evidence]:
    """Evidence of every relation, each weighing what the mean member's best tie is worth."""
    for incidence in incidences:
        yield _tie(inputs, incidence, groups)
    prompts = links.families.get(Family.PROMPTS)
    if prompts is not None:
        share = groups.pair_mean(prompts) / links.chance
        yield _kit(share, inputs, incidences, groups)
        yield _one_hand(groups.pair_mean(links.one_hand) / links.chance, incidences, groups)


def _tie(inputs: RingInputs, incidence: Incidence, groups: Groups) -> Evidence:
    best, tied = best_tie(incidence, groups)
    observed = groups.share(tied)
    by_chance = min(_shared_by_chance(inputs, incidence, groups), 1.0)
    code, words = _WORDS[incidence.relation.verb]
    weight = np.nan_to_num(groups.mean(np.where(groups.label >= 0, best, np.nan)))
    reach = _most(incidence, groups) if incidence.relation.verb in _NAMES else observed
    weight = weight * np.minimum(reach / WHOLE, 1.0)
    if incidence.relation.family is Family.PROMPTS:
        weight = np.zeros_like(weight)  # the pairwise view below weighs them, once
    return Evidence(
        code,
        incidence.relation.family,
        np.minimum(weight, FAMILY_CAP),
        observed,
        1.0 - (1.0 - by_chance) ** np.maximum(groups.sizes - 1, 0),
        f"{{observed:.0%}} of {{size}} members {words}; "
        "among as many accounts drawn at random it is {usual:.1%}",
        _entities(incidence, groups),
    )


def _shared_by_chance(inputs: RingInputs, incidence: Incidence, groups: Groups) -> float:
    """How many things of this relation two accounts drawn at random have in common, on average."""

    def learnt() -> float:
        holders, size = incidence.degree[incidence.weight > 0].astype(np.float64), groups.label.size
        return float((holders * (holders - 1.0)).sum() / max(size * (size - 1.0), 1.0))

    return inputs.usual.of(f"pairs/{incidence.relation.verb}", learnt)


def _most(incidence: Incidence, groups: Groups) -> Floats:
    """Share of each group's members on the entity that most of them hold, [G]."""
    group, _, holders = _held(incidence, groups, incidence.weight > 0)
    most = np.zeros(groups.count)
    np.maximum.at(most, group, holders.astype(np.float64))
    share: Floats = most / np.maximum(groups.sizes, 1)
    return share


def _kit(
    share: Floats, inputs: RingInputs, incidences: Sequence[Incidence], groups: Groups
) -> Evidence:
    """How much the prompt templates of two members tie them, as a share of the most they can."""
    asked = next(i for i in incidences if i.relation.family is Family.PROMPTS)
    siblings = _siblings(asked, groups)
    return Evidence(
        "prompts.kit",
        Family.PROMPTS,
        np.minimum(KIT_NATS * share, KIT_NATS),
        siblings,
        np.full(groups.count, _shared_by_chance(inputs, asked, groups)),
        "two members share {observed:.1f} rare templates on average; "
        "two accounts drawn at random share {usual:.2g}",
        _entities(asked, groups),
    )


def _one_hand(share: Floats, incidences: Sequence[Incidence], groups: Groups) -> Evidence:
    """How far members are tied by templates whose users go together, of the most there can be.

    A public template is rare, too, where few have found it: what parts it from a ring's own is that
    its users come and go as they please (:mod:`graph.prompts.weigh`).
    """
    asked = next(i for i in incidences if i.relation.family is Family.PROMPTS)
    return Evidence(
        "prompts.one_hand",
        Family.PROMPTS,
        np.minimum(ONE_HAND_NATS * share, ONE_HAND_NATS),
        share,
        np.zeros(groups.count),
        "templates whose users act as one hand tie members by {observed:.0%} of the most that "
        "templates can; those that strangers use as they please tie nobody so",
        _entities(replace(asked, weight=asked.one_hand), groups),
    )


def _siblings(asked: Incidence, groups: Groups) -> Floats:
    """Mean number of weighed templates two members of a group share, [G]."""
    group, entity, holders = _held(asked, groups, asked.weight > 0)
    del entity
    pairs = np.bincount(group, weights=holders * (holders - 1.0), minlength=groups.count)
    mean: Floats = pairs / np.maximum(groups.sizes * (groups.sizes - 1), 1)
    return mean


def _held(incidence: Incidence, groups: Groups, useful: Bools) -> tuple[Ints, Ints, Ints]:
    """Every (group, entity) with at least two members on it: group, entity, members."""
    inside = (groups.label[incidence.account] >= 0) & useful[incidence.entity]
    width = len(incidence.weight)
    key = groups.label[incidence.account[inside]] * width + incidence.entity[inside]
    pair, holders = np.unique(key, return_counts=True)
    shared = holders >= 2
    return pair[shared] // width, pair[shared] % width, holders[shared]


def best_tie(incidence: Incidence, groups: Groups) -> tuple[Floats, Bools]:
    """Each account's best shared entity inside its group: its worth and whether there is one."""
    size = len(groups.label)
    group, entity, _ = _held(incidence, groups, incidence.weight > 0)
    width = len(incidence.weight)
    held = inside(incidence, groups, group * width + entity)
    best = np.zeros(size)
    worth = incidence.weight[incidence.entity[held]] * incidence.strength[held]
    np.maximum.at(best, incidence.account[held], worth)
    tied = np.zeros(size, np.bool_)
    tied[incidence.account[held]] = True
    return best, tied


def inside(incidence: Incidence, groups: Groups, cells: Ints) -> Bools:
    """Which edges [E] lead from a member to what its group holds: ``cells``, numbered as below."""
    label = groups.label[incidence.account]
    return np.isin(label * len(incidence.weight) + incidence.entity, cells) & (label >= 0)


def _entities(incidence: Incidence, groups: Groups) -> Callable[[int], tuple[str, ...]]:
    group, entity, holders = _held(incidence, groups, incidence.weight > 0)
    order = np.lexsort((entity, -holders * incidence.weight[entity], group))
    group, entity = group[order], entity[order]
    bounds = np.searchsorted(group, np.arange(groups.count + 1))

    def named(number: int) -> tuple[str, ...]:
        rows = entity[bounds[number] : bounds[number + 1]][:SHOWN]
        return tuple(incidence.entity_id(int(row)) for row in rows)

    return named


def own_templates(asked: Incidence, groups: Groups) -> Ints:
    """Every (group, weighed template) that enough members hold, as one number each."""
    label = groups.label[asked.account]
    keep = (label >= 0) & (asked.weight > 0)[asked.entity]
    width = len(asked.weight)
    cell, held = np.unique(label[keep] * width + asked.entity[keep], return_counts=True)
    enough = (held >= 2) & (held >= KIT_HOLDERS * groups.sizes[cell // width])
    own: Ints = cell[enough]
    return own
