"""What ties each member to the rest of its ring: the two-family rule, account by account.

A ring is a picture of a crowd. One template that honest people send too is enough to stand in it,
and a batch job on a public template was acted on for what its neighbours had in common. So every
family is asked of every member what it would say of it had it just come, by the rest of the ring
alone: in the words of the live match (:mod:`graph.rings.profile`, :mod:`graph.rings.pulse`), which
flags a newcomer by the same rule. It changes no ring; who is acted on is said elsewhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress

import numpy as np

from graph.rings import timing, traits
from graph.rings.inputs import Bools, Floats, Ints, RingInputs, distinct
from graph.rings.judge import two_families
from graph.rings.live import FAMILY_NATS, HANDED_NATS, TICK_NATS
from graph.rings.model import Family, Ring
from graph.rings.profile import MIN_KNOWN, entity_nats, neighbours, usual_values, value_nats
from graph.rings.pulse import pulse_of_members
from graph.rings.relations import Incidence, incidences
from graph.rings.timing import Handovers, Moments
from graph.rings.traits import SIGNUP_TRAITS, Trait


def bystanders(inputs: RingInputs, rings: Sequence[Ring]) -> frozenset[tuple[str, str]]:
    """Ring and account of every member of ``rings`` that fewer than two families tie to the rest.

    Of those families one must be behaviour. A ring whose members are not in ``inputs`` any more
    has none.
    """
    if not rings:
        return frozenset()
    look = _Look.at(inputs)
    return frozenset((ring.ring_id, account) for ring in rings for account in look.bystanders(ring))


def belonging(inputs: RingInputs, ring: Ring) -> dict[str, dict[Family, float]]:
    """Nats (0..6) by which each family ties each member to the others, by account id."""
    look = _Look.at(inputs)
    rows, ids = look.members(ring)
    families = look.families(rows)
    return {
        account: {family: round(float(nats[place]), 4) for family, nats in families.items()}
        for place, account in enumerate(ids)
    }


@dataclass(frozen=True)
class _Look:
    """What members are looked at with, made once for all rings."""

    inputs: RingInputs
    held: Sequence[Incidence]
    known: Sequence[Trait]
    handed: Handovers

    @classmethod
    def at(cls, inputs: RingInputs) -> "_Look":
        known = [trait for trait in traits.traits(inputs) if trait.name in SIGNUP_TRAITS]
        return cls(inputs, list(incidences(inputs)), known, timing.handovers(inputs))

    @cached_property
    def moments(self) -> Moments:
        return Moments.of(self.inputs.request_columns, self.inputs.size)

    def members(self, ring: Ring) -> tuple[Ints, list[str]]:
        """Rows [n] of the members that there still are, and their ids."""
        ids = [member.account_id for member in ring.members]
        rows = self.inputs.rows_of(ids)
        return rows[rows >= 0], list(compress(ids, rows >= 0))

    def bystanders(self, ring: Ring) -> Iterator[str]:
        rows, ids = self.members(ring)
        tied = two_families(self.families(rows))
        return (account for account, both in zip(ids, tied.tolist(), strict=True) if not both)

    def families(self, rows: Ints) -> dict[Family, Floats]:
        """Nats that each family says of each of the members ``rows`` [n], capped, [n]."""
        member = np.zeros(self.inputs.size, np.bool_)
        member[rows] = True
        families = {family: np.zeros(self.inputs.size) for family in Family}
        for incidence in self.held:
            families[incidence.relation.family] += _things(incidence, member)
        near = neighbours(self.held, member)
        for trait in self.known:
            families[Family.SIGNUP] += _values(trait, member, near)
        ticks = np.clip(pulse_of_members(self.moments, member), 0.0, TICK_NATS)
        families[Family.TIMING] += ticks + HANDED_NATS * self._goes_on(member)
        return {f: np.minimum(nats[rows], FAMILY_NATS) for f, nats in families.items()}

    def _goes_on(self, member: Bools) -> Bools:
        """Members, [N], with a part in a talk that another member has a part in, too."""
        ours = member[self.handed.account]
        part = distinct(self.handed.talk[ours] * len(member) + self.handed.account[ours])
        talk, account = part // len(member), part % len(member)
        _, place, parts = np.unique(talk, return_inverse=True, return_counts=True)
        found = np.zeros(len(member), np.bool_)
        found[account[parts[place] > 1]] = True
        return found


def _things(incidence: Incidence, member: Bools) -> Floats:
    """Nats that what each member holds says of it, by the other members' holding it too, [N]."""
    ours = member[incidence.account]
    account, entity = incidence.account[ours], incidence.entity[ours]
    held = np.bincount(entity, minlength=len(incidence.weight))[entity] - 1
    size = max(int(member.sum()) - 1, 1)
    nats = entity_nats(incidence, entity, held, size, len(member), less=1)
    told = np.where(held > 0, nats, 0.0)
    return np.asarray(np.bincount(account, told, len(member)), np.float64)


def _values(trait: Trait, member: Bools, near: Bools) -> Floats:
    """Nats that each member's value of a trait says of it, by the other members' values, [N]."""
    rows = np.flatnonzero(member & (trait.code >= 0))
    nats = np.zeros(len(member))
    if len(rows) > MIN_KNOWN:
        code = trait.code[rows]
        held = np.bincount(code, minlength=len(trait.values))[code] - 1
        nats[rows] = value_nats(held, len(rows) - 1, usual_values(trait, near)[code])
    return nats
