"""What kind of group a ring is: distillation, resale, an honest group, or unclear; and its status.

Distillation asks from templates of its own; resale sells access, so its accounts have identifiers,
payment or time in common while their prompts are strangers'. Each verdict comes with the figures
that made it. Knows nothing of scores but the one it is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.rings.evidence_ties import own_templates
from graph.rings.groups import Groups
from graph.rings.inputs import DAY_US, Bools, Floats, Ints, RingInputs
from graph.rings.judge import SPEAKS, Judgement
from graph.rings.model import POSSESSIONS, Family, Reason, Status, Verdict
from graph.rings.relations import Incidence

LIKELY = 0.5
"""Score from which a group is taken for a ring at all."""
UNLIKELY = 0.05
KIT_SHARE = 0.05
"""Share of requests from the kit from which a ring distils: campaigns dilute, but not more."""
BANNED_SHARE = 0.8
DORMANT_US = 14 * DAY_US


@dataclass(frozen=True)
class Triage:
    """Per group, [G]: share of requests from its own kit, and requests known."""

    kit_share: Floats
    requests: Ints

    def verdict(self, group: int, judgement: Judgement) -> tuple[Verdict, tuple[Reason, ...]]:
        """The kind of a group, with reasons (of weight 0: they sort, they do not accuse)."""
        score = float(judgement.score[group])
        voices = {f: float(w[group]) for f, w in judgement.families.items()}
        share = float(self.kit_share[group])
        if score < UNLIKELY:
            return Verdict.HONEST, (_reason("honest", score, UNLIKELY),)
        if score < LIKELY or not self.requests[group]:
            return Verdict.UNCLEAR, (_reason("unclear", score, LIKELY),)
        if voices[Family.PROMPTS] >= SPEAKS / 2 and share >= KIT_SHARE:
            return Verdict.DISTILLATION, (_reason("own_kit", share, KIT_SHARE),)
        tied = max(voices[f] for f in (*POSSESSIONS, Family.TIMING))
        if tied >= SPEAKS and share < KIT_SHARE:
            return Verdict.RESALE, (_reason("strangers_prompts", share, KIT_SHARE),)
        return Verdict.UNCLEAR, (_reason("unclear", score, LIKELY),)


_SENTENCES = {
    "honest": "the evidence leaves a chance of {observed:.1%} that this is a fraudulent ring",
    "unclear": "the evidence leaves a chance of {observed:.0%}, and prompts do not say what for",
    "own_kit": "{observed:.0%} of requests come from templates that members have in common: "
    "the accounts work one kit",
    "strangers_prompts": "only {observed:.0%} of requests come from templates members have in "
    "common: one operator, many strangers' prompts",
}


def _reason(code: str, observed: float, usual: float) -> Reason:
    sentence = _SENTENCES[code].format(observed=observed)
    return Reason(f"triage.{code}", sentence, round(observed, 6), usual, 0.0)


def triage(inputs: RingInputs, incidences: Sequence[Incidence], groups: Groups) -> Triage:
    """The figures of every group."""
    requests = inputs.request_columns
    label = groups.label[requests.account]
    count = np.bincount(label[label >= 0], minlength=groups.count)
    asked = [i for i in incidences if i.relation.family is Family.PROMPTS]
    if not asked:
        return Triage(np.zeros(groups.count), count)
    code, names = requests.codes("cluster")
    place = {key: row for row, key in enumerate(asked[0].keys.to_pylist())}
    entity = np.array([place.get(name, -1) for name in names] + [-1], np.int64)[code]
    own = own_templates(asked[0], groups)
    width = len(asked[0].weight)
    hit = (label >= 0) & (entity >= 0)
    in_kit = np.isin(label[hit] * width + entity[hit], own)
    from_kit = np.bincount(label[hit][in_kit], minlength=groups.count)
    return Triage(from_kit / np.maximum(count, 1), count)


def banned(inputs: RingInputs) -> Bools:
    """Accounts whose latest ban was not taken back, [N]."""
    state: Bools = _latest(inputs, "ban") > _latest(inputs, "reinstate")
    return state


def _latest(inputs: RingInputs, wanted: str) -> Ints:
    """Row of each account's last ``wanted`` enforcement in order of time, -1 for none; [N]."""
    events = inputs.enforcement_columns
    action, names = events.codes("action")
    latest = np.full(inputs.size, -1, np.int64)
    if wanted in names:
        rows = np.flatnonzero(action == list(names).index(wanted))
        np.maximum.at(latest, events.account[rows], rows)
    return latest


def status(banned_share: float, last_seen: int, as_of: int) -> Status:
    """Where a ring stands, by its share of banned members and its last event (us)."""
    if banned_share >= BANNED_SHARE:
        return Status.BANNED
    return Status.DORMANT if as_of - last_seen > DORMANT_US else Status.ACTIVE
