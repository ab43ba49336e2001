"""From evidence about groups to a score, and to a flag under the two-family rule.

Log-odds that a group is a fraudulent ring start at :data:`PRIOR` and take each family's evidence
once, capped. Possessions (identifiers, payment) together bring at most :data:`POSSESSION_CAP`: they
say that accounts belong together, and so does every household and office. What says *why* they do
is behaviour: prompts, timing, sign-up pattern. A flag for action needs two families that speak, one
of them behaviour, and a score past :data:`FLAG_SCORE` after all counter-evidence. Pieces that one
innocent cause brings together (:data:`GOES_VIRAL`) are one voice there, not several.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import Bools, Floats
from graph.rings.model import POSSESSIONS, Family

PRIOR = -6.0
"""Log-odds of a candidate group before any evidence: about 1 in 400 is a fraudulent ring."""
SMALL = 3.0
"""Members of doubt: three accounts alike are found by looking at enough threes."""
POSSESSION_CAP = 3.0
BEHAVIOUR_CAP = 6.0
SPEAKS = 2.0
"""Nats at which a family speaks: odds of 7 to 1 on its own."""
FLAG_SCORE = 0.9
GOES_VIRAL = frozenset({"timing.handover", "signup.burst", "signup.plan_fit"})
"""Codes that a prompt library going viral explains together with the templates themselves: its
readers come within days, go on with the conversations it publishes, and work through it."""
RELAY, ONE_HAND = "timing.relay", "prompts.one_hand"
"""Talks that run through the whole group are the doing of a library, too, unless its templates'
users go together in other ways: then they are a voice of their own (decision 126)."""
COMMON_KIT = 0.5
"""Nats of prompts from which members have a kit in common that may have gone viral, and from which
it is seen to be in one hand."""


@dataclass(frozen=True)
class Judgement:
    """What the evidence adds up to: [G] each; ``families`` the capped nats a family brings."""

    score: Floats
    flagged: Bools
    families: dict[Family, Floats]


def judge(evidence: Sequence[Evidence], groups: Groups) -> Judgement:
    """Add up ``evidence`` about ``groups``."""
    zero = np.zeros(groups.count)
    families = _added(evidence, groups)
    other = sum((piece.weight for piece in evidence if piece.family is None), zero)
    held = np.minimum(sum((families[f] for f in POSSESSIONS), zero), POSSESSION_CAP)
    behaviour = sum((families[f] for f in Family if f not in POSSESSIONS), zero)
    score = 1.0 / (1.0 + np.exp(-(PRIOR + held + behaviour + other)))
    apart = _added(list(_apart_from_kit(evidence, groups)), groups)
    viral = families[Family.PROMPTS] >= COMMON_KIT
    enough = np.where(viral, two_families(apart), two_families(families))
    return Judgement(score, enough & (score >= FLAG_SCORE), families)


def _apart_from_kit(evidence: Sequence[Evidence], groups: Groups) -> Iterator[Evidence]:
    """The evidence without what a library gone viral explains together with its templates."""
    hand = sum((p.weight for p in evidence if p.code == ONE_HAND), np.zeros(groups.count))
    for piece in evidence:
        if piece.code == RELAY:
            yield piece.times(np.where(hand >= COMMON_KIT, 1.0, 0.0))
        elif piece.code not in GOES_VIRAL:
            yield piece


def _added(evidence: Sequence[Evidence], groups: Groups) -> dict[Family, Floats]:
    """The capped nats each family brings, less for small groups, [G] each."""
    sums = {family: np.zeros(groups.count) for family in Family}
    for piece in evidence:
        if piece.family is not None:
            sums[piece.family] = sums[piece.family] + piece.weight
    firm = groups.sizes / (groups.sizes + SMALL)
    return {f: np.clip(weight, 0.0, BEHAVIOUR_CAP) * firm for f, weight in sums.items()}


def two_families(families: dict[Family, Floats]) -> Bools:
    """Whether at least two families speak, and one of them is behaviour, [G]."""
    speaking = {family: weight >= SPEAKS for family, weight in families.items()}
    total = np.sum(list(speaking.values()), axis=0)
    behaviour = np.any([v for f, v in speaking.items() if f not in POSSESSIONS], axis=0)
    both: Bools = (total >= 2) & behaviour
    return both
