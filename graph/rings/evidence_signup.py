"""Evidence from how members signed up: the same shapes, the same card range, a burst.

Shapes are compared with the whole population, value by value, each member against the others (so a
group cannot vouch for itself); bursts with the rhythm of the pathway they came by.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, Floats, Ints, RingInputs
from graph.rings.model import Family
from graph.rings.traits import SIGNUP_TRAITS, Trait
from graph.schema import NodeType

CAP = 6.0
TRAIT_CAP = 2.0
"""Most nats one trait brings: one habit in common is one habit."""
BURST_CAP = 3.0
SMOOTHING = 2.0
"""Accounts' worth of the population mixed into what a group is expected to show."""
_SAID = {
    "email_shape": "the pattern of their e-mail address",
    "email_domain": "their mail provider",
    "pathway": "their pathway",
    "plan": "their plan",
    "user_agent": "their user agent",
    "kind": "the kind of payment method",
    "issuer": "the card's issuer range",
}


def signup(inputs: RingInputs, traits: Sequence[Trait], groups: Groups) -> Iterator[Evidence]:
    """Sign-up evidence about every group (the card range counts as payment)."""
    for trait in traits:
        if trait.name in SIGNUP_TRAITS or trait.name == "issuer":
            yield _likeness(trait, groups)
    yield _burst(inputs, groups)


def _likeness(trait: Trait, groups: Groups) -> Evidence:
    """Mean nats by which the other members' values foretell a member's better than chance."""
    inside = np.flatnonzero((groups.label >= 0) & (trait.code >= 0))
    label, code = groups.label[inside], trait.code[inside]
    width = max(len(trait.values), 1)
    cell, place, held = np.unique(label * width + code, return_inverse=True, return_counts=True)
    known = np.bincount(label, minlength=groups.count)
    share = trait.share[code] if len(code) else np.empty(0)
    foretold = (held[place] - 1.0 + SMOOTHING * share) / (known[label] - 1.0 + SMOOTHING)
    nats = np.log(foretold / np.maximum(share, 1e-6)) if len(code) else share
    mean = np.bincount(label, nats, groups.count) / np.maximum(known, 1)
    top, top_code = _most(cell, held, width, groups.count)
    family = Family.PAYMENT if trait.name == "issuer" else Family.SIGNUP
    weight = np.where(known >= 4, np.clip(mean, 0.0, TRAIT_CAP), 0.0)
    return Evidence(
        f"{family.value}.same_{trait.name}",
        family,
        weight,
        top / np.maximum(known, 1),
        trait.share[top_code] if len(trait.share) else np.zeros(groups.count),
        f"{{observed:.0%}} of members agree in {_SAID[trait.name]}, as {{usual:.0%}} of all do",
    )


def _most(cell: Ints, held: Ints, width: int, count: int) -> tuple[Floats, Ints]:
    """How many members have each group's commonest value, and which it is; [G]."""
    order = np.lexsort((cell, held))
    top, code = np.zeros(count), np.zeros(count, np.int64)
    top[cell[order] // width] = held[order]  # ascending: the largest is written last
    code[cell[order] // width] = cell[order] % width
    return top, code


def _burst(inputs: RingInputs, groups: Groups) -> Evidence:
    """The most members that signed up within one day, against their pathway's own rhythm."""
    texts = inputs.snapshot.texts(NodeType.ACCOUNT, "pathway").dictionary_encode()
    pathway = np.asarray(texts.indices.fill_null(len(texts.dictionary)), dtype=np.int64)
    day = inputs.created_at // DAY_US
    first = int(day.min(initial=0))
    day = day - first
    width = int(day.max(initial=0)) + 1
    usual_rate = np.bincount(pathway * width + day, minlength=(pathway.max(initial=0) + 1) * width)
    share = usual_rate[pathway * width + day] / np.bincount(pathway)[pathway]
    inside = groups.label >= 0
    cell, place, joined = np.unique(
        groups.label[inside] * width + day[inside], return_inverse=True, return_counts=True
    )
    mean_share = np.bincount(place, share[inside]) / np.maximum(joined, 1)
    group = cell // width
    expected = np.maximum(groups.sizes[group] * mean_share, 1e-3)
    nats = joined * np.log(joined / expected) - (joined - expected) - np.log(width)
    nats = np.where(joined > expected, nats / 2.0, 0.0)
    best = np.zeros(groups.count)
    np.maximum.at(best, group, nats)
    most, usual = np.zeros(groups.count), np.zeros(groups.count)
    order = np.argsort(joined, kind="stable")
    most[group[order]], usual[group[order]] = joined[order], expected[order]
    return Evidence(
        "signup.burst",
        Family.SIGNUP,
        np.where((groups.sizes >= 4) & (most >= 3), np.clip(best, 0.0, BURST_CAP), 0.0),
        most,
        usual,
        "{observed:.0f} of {size} members signed up on one day; the pathway's rhythm explains "
        "{usual:.1f}",
    )
