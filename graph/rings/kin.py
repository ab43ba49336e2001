"""How rings stand to each other, and what part each member plays: operator, pool and customer.

One operator keeps several pools apart, yet pays for them from one wallet, hands their talks over
and works them with one kit; and through a reseller's pool runs what others buy from it. Every thing
held in two rings is weighed as between two accounts (:mod:`graph.rings.relations`), less for every
member of the other ring that might have held it by chance, and a family brings at most what it
brings to a pair of accounts.
Two families that speak make one operator; a kit in common alone is a toolkit, which many buy. It
knows nothing of how rings are found, and changes none: two pools stay two.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graph.kinship import Kinship, Part, Role
from graph.rings import timing
from graph.rings.evidence_ties import KIT_NATS, SHOWN, best_tie, own_templates
from graph.rings.groups import Groups
from graph.rings.inputs import Floats, Ints, RingInputs, distinct
from graph.rings.judge import SPEAKS
from graph.rings.links import FAMILY_CAP
from graph.rings.model import Family, Reason, Ring, Rings
from graph.rings.relations import SHARED_BY_TIED, Incidence, incidences
from graph.rings.triage import KIT_SHARE, LIKELY
from graph.schema import NodeType

MOST_RINGS = 500
"""Rings that are looked at, the highest scores first."""
MOST_RELATIVES = 20
"""Relatives told of one ring, the surest first."""
CARRIED_BY = 2
"""Members that have to send from another ring's kit before it is that ring's traffic."""
SURE = 60
"""Requests from which it is no chance (5 %) that none is of a kit that makes up :data:`KIT_SHARE`.
"""


@dataclass(frozen=True)
class _Held:
    """Things held in rings, each once a ring.

    Shapes: thing, ring, members int64 [H] (ascending by thing then ring), nats float64 [H] (what
    the thing is worth in this ring's hands); ``names`` gives node ids of things.
    """

    family: Family
    thing: Ints
    ring: Ints
    members: Ints
    nats: Floats
    incidence: Incidence | None

    def name(self, thing: int) -> tuple[str, ...]:
        """The node id of a thing; none of a talk, which is no node."""
        return () if self.incidence is None else (self.incidence.entity_id(thing),)


def kin(rings: Rings, inputs: RingInputs) -> dict[str, dict[str, Any]]:
    """What is stored beside each ring that is likely one, by ring id.

    ``relatives``: ``ring_id``, ``kind`` (:class:`Kinship`: what the other is to this one),
    ``weight`` (nats) and ``reasons``; ``roles``: by account id, ``role`` (:class:`Role`),
    ``kit_share`` (share of its requests from the ring's own kit) and ``requests``. Accounts of
    which too little is known have no role. A few things in common that say little make no relative.
    ``pools`` are the parts of the ring that are known, which may overlap: ``part``
    (:class:`graph.kinship.Part`), ``ring_id`` (of a customer that is a ring) and ``accounts``.
    """
    likely = sorted((r for r in rings if r.score >= LIKELY), key=lambda r: (-r.score, r.ring_id))
    likely, label = _apart(likely[:MOST_RINGS], inputs)
    if not likely:
        return {}
    groups = Groups(label)
    held = list(incidences(inputs))
    work = _Work.of(inputs, held, groups)
    told: dict[str, dict[str, Any]] = {
        ring.ring_id: {"relatives": [], "roles": roles}
        for ring, roles in zip(likely, _roles(inputs, held, work), strict=True)
    }
    for number, ring in enumerate(likely):
        roles = told[ring.ring_id]["roles"]
        told[ring.ring_id]["pools"] = list(_pools(inputs, roles, work, number, likely))
    found = list(_pairs(inputs, held, groups))
    for one, other, reasons in _by_pair(found, groups.sizes, work):
        for here, there in ((one, other), (other, one)):
            near = _relative(likely[there].ring_id, (here, there), reasons, work)
            if near["kind"] != Kinship.SHARED_THINGS or near["weight"] >= SPEAKS:
                told[likely[here].ring_id]["relatives"].append(near)
    for entry in told.values():
        entry["relatives"].sort(key=lambda r: (-r["weight"], r["ring_id"]))
        del entry["relatives"][MOST_RELATIVES:]
    return told


def _apart(rings: Sequence[Ring], inputs: RingInputs) -> tuple[list[Ring], Ints]:
    """The rings that have accounts of their own, and the place of each account's ring, [N].

    The place is -1 for none; of two rings that hold an account the first has it, so one whose
    members all stand in surer rings has nothing left to be compared by.
    """
    label = np.full(inputs.size, -1, np.int64)
    ids = inputs.snapshot.rows_of
    for number, ring in reversed(list(enumerate(rings))):
        rows = ids(NodeType.ACCOUNT, sorted(ring.account_ids))
        label[rows[rows >= 0]] = number
    left, place = np.unique(label[label >= 0], return_inverse=True)
    label[label >= 0] = place
    return [rings[number] for number in left.tolist()], label


def _pairs(inputs: RingInputs, held: Sequence[Incidence], groups: Groups) -> Iterator[_Held]:
    """Everything that is held in a ring, by relation, talks last."""
    for incidence in held:
        inside = (groups.label[incidence.account] >= 0) & (incidence.weight > 0)[incidence.entity]
        ties = inside & incidence.ties[incidence.entity]
        account, thing = incidence.account[ties], incidence.entity[ties]
        nats = incidence.weight[thing] * incidence.strength[ties]
        yield _in_rings(incidence.relation.family, (account, thing, nats), groups, incidence)
    handed = timing.handovers(inputs)
    if len(handed):
        active = len(distinct(inputs.request_columns.account))
        many = np.bincount(handed.talk)[handed.talk]
        nats = np.maximum(np.log(SHARED_BY_TIED * active / many), 0.0)
        inside = groups.label[handed.account] >= 0
        edges = (handed.account[inside], handed.talk[inside], nats[inside])
        yield _in_rings(Family.TIMING, edges, groups, None)


def _in_rings(
    family: Family,
    edges: tuple[Ints, Ints, Floats],
    groups: Groups,
    incidence: Incidence | None,
) -> _Held:
    account, thing, nats = edges
    width = max(groups.count, 1)
    cell, place, members = np.unique(
        thing * width + groups.label[account], return_inverse=True, return_counts=True
    )
    best = np.zeros(len(cell))
    np.maximum.at(best, place, nats)
    return _Held(family, cell // width, cell % width, members, best, incidence)


@dataclass
class _Tie:
    """What one family says of two rings: nats, things in common and those worth most."""

    nats: float = 0.0
    things: int = 0
    here: int = 0
    there: int = 0
    named: tuple[str, ...] = ()


def _by_pair(
    found: Sequence[_Held], sizes: Ints, work: "_Work"
) -> Iterator[tuple[int, int, dict[Family, _Tie]]]:
    """Every two rings that anything is known to lie between, with what each family says."""
    ties: dict[tuple[int, int], dict[Family, _Tie]] = {}
    for held in found:
        for one, other in _beside(held.thing):
            pair = int(held.ring[one]), int(held.ring[other])
            chances = sizes[list(pair)] / held.members[[one, other]]
            nats = min(held.nats[one], held.nats[other]) - float(np.log(chances).max())
            if nats <= 0:
                continue
            tie = ties.setdefault(pair, {}).setdefault(held.family, _Tie())
            tie.nats += nats
            tie.things += 1
            tie.here = max(tie.here, int(held.members[one]))
            tie.there = max(tie.there, int(held.members[other]))
            tie.named = (*tie.named, *held.name(int(held.thing[one])))[:SHOWN]
    carried = work.carried
    for one, other in zip(*np.nonzero(np.triu(carried + carried.T, 1)), strict=True):
        ties.setdefault((int(one), int(other)), {})
    for (one, other), families in sorted(ties.items()):
        yield one, other, families


def _beside(thing: Ints) -> Iterator[tuple[int, int]]:
    """Every two places of an ascending column that hold the same."""
    for step in range(1, len(thing)):
        same = np.flatnonzero(thing[step:] == thing[:-step])
        if not len(same):
            return
        yield from ((int(place), int(place) + step) for place in same)


_WORDS = {
    Family.PAYMENT: "payment methods are held",
    Family.IDENTIFIERS: "devices, addresses or names are held",
    Family.PROMPTS: "rare prompt templates are worked",
    Family.TIMING: "conversations are carried on",
    Family.SIGNUP: "sign-up habits are found",
}


def _relative(
    ring_id: str, pair: tuple[int, int], ties: Mapping[Family, _Tie], work: "_Work"
) -> dict[str, Any]:
    """What the second of ``pair`` is to the first."""
    here, there = pair
    carries, carried = work.carried[here, there], work.carried[there, here]
    if carries or carried:  # sending what another's customers ask is no kit in common
        ties = {family: tie for family, tie in ties.items() if family is not Family.PROMPTS}
    reasons = [_reason(family, tie, flip=here > there) for family, tie in ties.items()]
    loud = {reason.family for reason in reasons if reason.weight >= SPEAKS}
    reasons += [_traffic(work, pair, ours=True), _traffic(work, pair[::-1], ours=False)]
    reasons = [reason for reason in reasons if reason.weight > 0]
    if len(loud) >= 2:
        kind = Kinship.SAME_OPERATOR
    elif carries or carried:
        kind = Kinship.CUSTOMER if carries >= carried else Kinship.PROVIDER
    elif set(ties) == {Family.PROMPTS}:
        kind = Kinship.SAME_TOOLKIT
    else:
        kind = Kinship.SHARED_THINGS
    return {
        "ring_id": ring_id,
        "kind": kind.value,
        "weight": round(sum(reason.weight for reason in reasons), 4),
        "reasons": [
            reason.as_json() for reason in sorted(reasons, key=lambda r: (-r.weight, r.code))
        ],
    }


def _traffic(work: "_Work", pair: tuple[int, int], *, ours: bool) -> Reason:
    """What the first of ``pair`` sends for the second; ``ours`` if the first is who is told."""
    row, column = pair
    share, senders = float(work.traffic[row, column]), int(work.senders[row, column])
    whose, others = ("this ring", "the other") if ours else ("the other ring", "this one")
    sentence = (
        f"{senders} accounts of {whose} send {share:.0%} of its requests from the kit of {others}, "
        f"which is not its own; of as many others {work.expected[row, column]:.1f} would"
    )
    weight = round(float(work.carried[row, column]), 4)
    usual = round(float(work.expected[row, column]), 4)
    return Reason("kin.traffic", sentence, float(senders), usual, weight, Family.PROMPTS)


def _reason(family: Family, tie: _Tie, *, flip: bool) -> Reason:
    cap = KIT_NATS if family is Family.PROMPTS else FAMILY_CAP
    here, there = (tie.there, tie.here) if flip else (tie.here, tie.there)
    sentence = (
        f"{tie.things} {_WORDS[family]} in both rings, "
        f"one of them by {here} members here and {there} there"
    )
    weight = round(float(min(tie.nats, cap)), 4)
    return Reason(
        f"kin.{family.value}", sentence, float(tie.things), 0.0, weight, family, tie.named
    )


@dataclass(frozen=True)
class _Work:
    """What rings ask for.

    ``known``, ``own`` int64 [N]: requests of an account, and those from its ring's own kit. Of the
    requests of a row that come from the kit of a column and not from the row's own, all [G, G]:
    ``traffic`` is their share, ``senders`` the members who send them, ``expected`` how many would
    if they were any other accounts that act. ``carriers`` has all accounts who do, by column.
    """

    groups: Groups
    known: Ints
    own: Ints
    traffic: Floats
    senders: Ints
    expected: Floats
    carriers: tuple[Ints, ...]

    @property
    def carried(self) -> Floats:
        """Nats by which a row carries the traffic of a column, 0 where it does not, [G, G]."""
        surprise = self.senders * np.log(np.maximum(self.senders, 1) / self.expected)
        surprise = np.clip(surprise - (self.senders - self.expected), 0.0, FAMILY_CAP)
        return np.where((self.senders >= CARRIED_BY) & (surprise >= SPEAKS), surprise, 0.0)

    @classmethod
    def of(cls, inputs: RingInputs, held: Sequence[Incidence], groups: Groups) -> "_Work":
        """The work of every ring."""
        requests, count = inputs.request_columns, groups.count
        known = np.bincount(requests.account, minlength=inputs.size)
        own, shape = np.zeros_like(known), (count, count)
        traffic, senders, expected = np.zeros(shape), np.zeros(shape, np.int64), np.ones(shape)
        asked = [i for i in held if i.relation.family is Family.PROMPTS]
        carriers: list[Ints] = []
        if asked and len(requests):
            label = groups.label[requests.account]
            entity = _templates(inputs, asked[0])
            width, kit = len(asked[0].weight), own_templates(asked[0], groups)
            mine = (label >= 0) & (entity >= 0) & np.isin(label * width + entity, kit)
            own = np.bincount(requests.account[mine], minlength=inputs.size)
            asks = np.bincount(label[label >= 0], minlength=count)
            for owner in range(count):
                theirs = np.isin(entity, kit[kit // width == owner] % width) & (label != owner)
                inside = theirs & (label >= 0) & ~mine
                who = distinct(requests.account[inside])
                carriers.append(who)
                traffic[:, owner] = np.bincount(label[inside], minlength=count)
                senders[:, owner] = np.bincount(groups.label[who], minlength=count)
                others = len(distinct(requests.account[theirs & (label < 0)]))
                expected[:, owner] = groups.sizes * (others + 1) / ((known > 0).sum() + 1)
            traffic /= np.maximum(asks, 1)[:, None]
        return cls(groups, known, own, traffic, senders, expected, tuple(carriers))


def _templates(inputs: RingInputs, asked: Incidence) -> Ints:
    """The template of every request as an entity row, -1 for none."""
    code, names = inputs.request_columns.codes("cluster")
    rows = {key: row for row, key in enumerate(asked.keys.to_pylist())}
    return np.array([rows.get(name, -1) for name in names] + [-1], np.int64)[code]


def _roles(
    inputs: RingInputs, held: Sequence[Incidence], work: _Work
) -> Iterator[dict[str, dict[str, Any]]]:
    """By ring: the role of each member that shows one."""
    tied = np.zeros(inputs.size, np.bool_)
    for incidence in held:
        if incidence.relation.family is not Family.PROMPTS:
            tied |= best_tie(incidence, work.groups)[1]
    share = work.own / np.maximum(work.known, 1)
    for number in range(work.groups.count):
        rows = work.groups.members(number)
        roles = {}
        for row, account in zip(
            rows.tolist(), inputs.account_ids.take(rows).to_pylist(), strict=True
        ):
            role = _role(float(share[row]), int(work.known[row]), bool(tied[row]))
            if role is not None:
                roles[account] = {
                    "role": role.value,
                    "kit_share": round(float(share[row]), 6),
                    "requests": int(work.known[row]),
                }
        yield roles


def _role(kit_share: float, requests: int, tied: bool) -> Role | None:
    """What an account carries; strangers' prompts are resold only where things tie it to a ring."""
    if requests < SURE or (kit_share < KIT_SHARE and not tied):
        return None
    if kit_share < KIT_SHARE:
        return Role.RESOLD
    return Role.BOTH if kit_share < 0.5 and tied else Role.OPERATOR


def _pools(
    inputs: RingInputs,
    roles: Mapping[str, Mapping[str, Any]],
    work: _Work,
    number: int,
    rings: Sequence[Ring],
) -> Iterator[dict[str, Any]]:
    """The parts of ring ``number``: an account that does two things stands in two.

    Its operator's own accounts, those sold to strangers, and for each other ring whose traffic it
    carries those that carry it.
    """
    for part in (Part.OPERATOR, Part.RESOLD):
        accounts = sorted(a for a, role in roles.items() if role["role"] in (part, Role.BOTH))
        if accounts:
            yield {"part": part.value, "ring_id": None, "accounts": accounts}
    for other in np.flatnonzero(work.carried[number]).tolist():
        who = work.carriers[other]
        rows = who[work.groups.label[who] == number]
        accounts = sorted(inputs.account_ids.take(rows).to_pylist())
        yield {"part": Part.CUSTOMER.value, "ring_id": rings[other].ring_id, "accounts": accounts}
