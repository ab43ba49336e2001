"""A ring's likeness: what makes a newcomer look like a member, frozen at a refresh.

The same likeness serves the live match of a ring that works (``graph.rings.live``) and the genome
that is kept when one is banned (``graph.rings.genome``). Each trait is a log-likelihood ratio of a
member against the rest of the population, so a template that honest people send too, or a mail
provider everybody uses, says little. It is plain data with a JSON form and a digest.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from graph.rings import traits
from graph.rings.inputs import Bools, Floats, Ints, RingInputs
from graph.rings.model import Family, Ring
from graph.rings.relations import Incidence, incidences
from graph.rings.traits import SIGNUP_TRAITS, Trait

ENTITY_CAP = 6.0
TRAIT_CAP = 2.0
MIN_NATS = 0.3
"""What says less is not kept: it would only cost time at every event."""
MAX_ENTITIES = 4_000
MIN_KNOWN = 3
"""Members of whom a trait must be known before their values say anything."""
BACKGROUND = 50.0
"""Accounts' worth of the whole population mixed into the honest users of a ring's templates."""


@dataclass(frozen=True)
class Profile:
    """What a member of a ring looks like.

    ``entities``: node id -> (family, nats) for holding it. ``traits``: sign-up trait -> value ->
    nats; ``""`` is any other value. ``size`` members at the time, ``base`` log-odds that a random
    newcomer belongs to it. ``digest`` names the content.
    """

    ring_id: str
    size: int
    base: float
    frozen_at: int
    entities: Mapping[str, tuple[Family, float]] = field(default_factory=dict)
    traits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON form."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The form that is stored with a banned ring."""
        return {
            "ring_id": self.ring_id,
            "size": self.size,
            "base": self.base,
            "frozen_at": self.frozen_at,
            "entities": {key: [f.value, nats] for key, (f, nats) in self.entities.items()},
            "traits": {name: dict(values) for name, values in self.traits.items()},
        }

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """The profile that :meth:`as_json` wrote."""
        entities = {key: (Family(f), nats) for key, (f, nats) in form["entities"].items()}
        head = (form["ring_id"], form["size"], form["base"], form["frozen_at"])
        return cls(*head, entities, form["traits"])


def profiles(inputs: RingInputs, rings: Sequence[Ring]) -> list[Profile]:
    """The likeness of each of ``rings`` as of ``inputs.as_of``."""
    held = list(incidences(inputs))
    known = [trait for trait in traits.traits(inputs) if trait.name in SIGNUP_TRAITS]
    return [_profile(inputs, ring, held, known) for ring in rings]


def _profile(
    inputs: RingInputs, ring: Ring, held: Sequence[Incidence], known: Sequence[Trait]
) -> Profile:
    rows = inputs.known(ring.account_ids)
    member = np.zeros(inputs.size, np.bool_)
    member[rows] = True
    ranked = sorted(
        (pair for incidence in held for pair in _entities(incidence, member)),
        key=lambda pair: (-pair[1][1], pair[0]),
    )
    near = neighbours(held, member)
    base = float(np.log((len(rows) + 1.0) / max(inputs.size, 1)))
    return Profile(
        ring.ring_id,
        len(rows),
        round(base, 4),
        inputs.as_of,
        dict(sorted(ranked[:MAX_ENTITIES])),
        {trait.name: _values(trait, member, near) for trait in known},
    )


def _entities(incidence: Incidence, member: Bools) -> Iterator[tuple[str, tuple[Family, float]]]:
    """Node id, family and nats of every entity that members hold more than others do."""
    ours = member[incidence.account]
    count = np.bincount(incidence.entity[ours], minlength=len(incidence.weight))
    row = np.flatnonzero(count)
    nats = entity_nats(incidence, row, count[row], int(member.sum()), len(member))
    for place in np.flatnonzero(nats):
        key = incidence.entity_id(int(row[place]))
        yield key, (incidence.relation.family, round(float(nats[place]), 4))


def entity_nats(
    incidence: Incidence, row: Ints, held: Ints, size: int, everybody: int, less: int = 0
) -> Floats:
    """Nats by which holding an entity speaks for a member, [n]; 0 for what says next to nothing.

    Args:
        incidence: the relation.
        row: [n] entities.
        held: [n] how many of the members hold each, all those if ``less`` is 0.
        size: members.
        everybody: accounts, members and others.
        less: accounts whose holding is not to count, being asked about.
    """
    others = incidence.degree[row] - held - less
    ratio = _ratio(held, size, others, max(everybody - size - less, 1))
    nats = _worth(incidence, row, ratio, held, others)
    return np.where(nats >= MIN_NATS, np.minimum(nats, ENTITY_CAP), 0.0)


def _worth(incidence: Incidence, row: Ints, ratio: Floats, held: Ints, others: Ints) -> Floats:
    """What is left of entities' ratios (nats) once what they share in honest crowds is taken off.

    The usual crowd of its class, as for links; nothing is left of a template that ties nobody. But
    the usual crowd of templates is that of whatever kit is most in use, and says nothing of this
    one. So a template is worth at least the odds that who sends it is a member (``held`` members,
    ``others``) times what the clusterer saw of its users acting as one hand.
    """
    alone = ratio - np.log(incidence.crowd[row])
    if incidence.relation.family is not Family.PROMPTS:
        return np.asarray(alone, np.float64)
    theirs = np.log((held + 0.1) / (others + 0.5)) + incidence.one_hand[row]
    tied = np.where(incidence.weight[row] > 0, alone, 0.0)
    return np.asarray(np.maximum(tied, np.minimum(ratio, theirs)), np.float64)


def _ratio(held: Ints, size: int, others: Ints, rest: int) -> Floats:
    """Nats by which holding an entity speaks for a member, by smoothed shares.

    An entity held by one member is worth a chance of one in its ``size`` that the next member
    holds it too.
    """
    ours = (held + 0.1) / (size + 1.0)
    theirs = (others + 0.5) / (rest + 1.0)
    return np.asarray(np.log(ours / theirs), np.float64)


def neighbours(held: Sequence[Incidence], member: Bools) -> Bools:
    """Accounts outside the ring that ask from its templates, [N]: the honest look-alikes."""
    near = np.zeros(len(member), np.bool_)
    for incidence in held:
        if incidence.relation.family is Family.PROMPTS:
            ours = np.zeros(len(incidence.weight), np.bool_)
            ours[incidence.entity[member[incidence.account]]] = True
            near[incidence.account[(ours & (incidence.weight > 0))[incidence.entity]]] = True
    outside: Bools = near & ~member
    return outside


def _values(trait: Trait, member: Bools, near: Bools) -> dict[str, float]:
    """Nats of every value that members have, and of any other (``""``)."""
    code = trait.code[member]
    code = code[code >= 0]
    if len(code) < MIN_KNOWN:
        return {}
    held: Ints = np.bincount(code, minlength=len(trait.values))
    nats = value_nats(held, len(code), usual_values(trait, near))
    kept = {trait.values[i]: round(float(nats[i]), 4) for i in np.flatnonzero(held)}
    missing = float(np.log(2.0 / (len(code) + 2.0)))
    return {**kept, "": round(max(missing, -TRAIT_CAP), 4)}


def usual_values(trait: Trait, near: Bools) -> Floats:
    """Share (0..1) of each value among a ring's look-alikes ``near`` [N], by the whole population.

    Against the ring's look-alikes, not the world: users of one kit tend to come with one client.
    """
    beside = trait.code[near & (trait.code >= 0)]
    usual = np.bincount(beside, minlength=len(trait.values)) + BACKGROUND * trait.share
    shares: Floats = usual / usual.sum()
    return shares


def value_nats(held: Ints, known: int | Ints, usual: Floats) -> Floats:
    """Nats by which values that ``held`` of ``known`` members have speak for a member."""
    share = (held + 2.0 * usual) / (known + 2.0)
    return np.clip(np.log(share / np.maximum(usual, 1e-6)), -TRAIT_CAP, TRAIT_CAP)
