"""What speaks for innocence, and what an innocent cause explains.

People in one place keep the same hours, join on the same day and come by the same pathway, so what
they share in time and at sign-up is taken off by the share of members that sit together. An
organisation that says who it is, years of one payer, rhythms that have nothing in common, and a
model that finds the members ordinary weigh against a ring; each is a reason of its own, shown
beside the others. Nothing here can accuse but a model's suspicion.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.prompts.weigh import MIN_LINK_NATS
from graph.rings.evidence_ties import inside, own_templates
from graph.rings.evidence_timing import Clock, member_moments
from graph.rings.groups import Evidence, Groups
from graph.rings.inputs import DAY_US, Bools, Floats, Ints, RingInputs, distinct
from graph.rings.model import Family
from graph.rings.relations import Incidence
from graph.rings.timing import Moments
from graph.schema import NodeType

GATHERED = ("home", "mobile", "campus", "office", "unknown")
"""Classes of network behind which people can sit together; nobody lives in a data centre."""
WHOLE_NETWORKS = ("campus", "office")
"""Classes whose whole operator is one place."""
LAWFUL = frozenset({"counter.organisation", "counter.one_place"})
"""What says why people who are alike are together; the rest of what acquits says no more than
that they need not be."""
EXPLAINED = frozenset({"timing.lockstep", "timing.woke_together", "timing.release_pivot"})
NAMED = 0.6
"""Share of members from which a name in common is the group's name."""
SUSPICION_CAP = 4.0
PUBLIC_KIT = -1.0
"""Nats of a kit that is public: of campaigns one in three takes such a one, of honest users all."""


def explained(pieces: Sequence[Evidence], together: Floats) -> list[Evidence]:
    """The evidence less what is explained by the share of members together, [G].

    Together is who sits in one place or says to belong to one organisation.
    """
    left = 1.0 - np.where(together >= 0.5, together, 0.0)
    return [
        piece.times(left) if piece.code in EXPLAINED or piece.family is Family.SIGNUP else piece
        for piece in pieces
    ]


def gathered(inputs: RingInputs, incidences: Sequence[Incidence], groups: Groups) -> Floats:
    """Share of each group's members that use one network prefix or one campus, [G]."""
    most = np.zeros(groups.count)
    for incidence in incidences:
        if incidence.relation.verb == "SEEN_IN":
            people = _among(inputs.snapshot.texts(incidence.kind, "ip_class"), GATHERED)
            keep = people[incidence.entity]
            most = _most_held(groups, incidence.account[keep], incidence.entity[keep])
    account_class = inputs.snapshot.texts(NodeType.ACCOUNT, "ip_class")
    whole = np.flatnonzero(_among(account_class, WHOLE_NETWORKS))
    operator = inputs.snapshot.texts(NodeType.ACCOUNT, "asn").dictionary_encode()
    code = np.asarray(operator.indices.fill_null(-1), dtype=np.int64)[whole]
    return np.maximum(most, _most_held(groups, whole[code >= 0], code[code >= 0]))


def _among(texts: pa.Array, wanted: Sequence[str]) -> Bools:
    return np.asarray(pc.is_in(texts, value_set=pa.array(wanted, pa.string())), np.bool_)


def _most_held(groups: Groups, account: Ints, entity: Ints) -> Floats:
    """Share of each group's members on its most held entity, [G]."""
    label = groups.label[account]
    inside = label >= 0
    most = np.zeros(groups.count)
    if inside.any():
        width = int(entity.max()) + 1
        cell, held = np.unique(label[inside] * width + entity[inside], return_counts=True)
        np.maximum.at(most, cell // width, held.astype(np.float64))
    share: Floats = most / np.maximum(groups.sizes, 1)
    return share


HANDED = frozenset({"timing.handover", "timing.relay"})


def innocence(
    clock: Clock, incidences: Sequence[Incidence], pieces: Sequence[Evidence]
) -> Iterator[Evidence]:
    """All counter-evidence, and the model's word, about every group.

    ``pieces`` is the evidence against it: strangers do not hand talks over, whatever their hours.
    """
    inputs, groups = clock.inputs, clock.groups
    together = gathered(inputs, incidences, groups)
    yield _organisation(named(incidences, groups), groups)
    yield _one_place(together, groups)
    yield from _public_kit(clock, incidences)
    yield _one_payer(inputs, groups)
    yield _old_customers(inputs, groups)
    handed = [piece.weight > 0.5 for piece in pieces if piece.code in HANDED]
    tied = np.any(handed, axis=0) if handed else np.zeros(groups.count, np.bool_)
    yield _unrelated_rhythms(clock.moments[0], groups).times(np.where(tied, 0.0, 1.0))
    if inputs.suspicion is not None:
        yield _model(inputs, inputs.suspicion, groups)


def named(incidences: Sequence[Incidence], groups: Groups) -> Floats:
    """Share of each group's members that name an organisation which another member names, [G].

    An organisation's own e-mail domain names it too. Several teams that use one toolkit are as
    innocent as one, so it need not be the same organisation for all.
    """
    some = np.zeros(len(groups.label), np.bool_)
    for incidence in incidences:
        if incidence.relation.verb in ("MAILED_AT", "BELONGS_TO"):
            label = groups.label[incidence.account]
            inside = label >= 0
            cell = label * len(incidence.weight) + incidence.entity
            held, count = np.unique(cell[inside], return_counts=True)
            shared = inside & np.isin(cell, held[count >= 2])
            some[incidence.account[shared]] = True
    return groups.share(some)


def _organisation(share: Floats, groups: Groups) -> Evidence:
    return Evidence(
        "counter.organisation",
        None,
        np.where(share >= NAMED, -3.0 * share, 0.0),
        share,
        np.full(groups.count, NAMED),
        "{observed:.0%} of members name an organisation that other members name too",
    )


def _one_place(together: Floats, groups: Groups) -> Evidence:
    return Evidence(
        "counter.one_place",
        None,
        np.where(together >= NAMED, -2.0 * together, 0.0),
        together,
        np.full(groups.count, NAMED),
        "{observed:.0%} of members use one and the same home, office or campus network",
    )


def _public_kit(clock: Clock, incidences: Sequence[Incidence]) -> Iterator[Evidence]:
    """Templates in common that nobody's accounts go together by: strangers find them, too."""
    groups = clock.groups
    asked = next((i for i in incidences if i.relation.family is Family.PROMPTS), None)
    if asked is None or not clock.inputs.cluster_weights:
        return
    share = _public_share(asked, groups)
    yield Evidence(
        "counter.public_kit",
        None,
        np.where(share >= NAMED, PUBLIC_KIT * share, 0.0),
        share,
        np.full(groups.count, NAMED),
        "{observed:.0%} of what members ask from templates in common is asked from public "
        "ones, whose users come and go as they please",
    )


def _public_share(asked: Incidence, groups: Groups) -> Floats:
    """Of members' edges to templates in common, the share to those without one hand, [G]."""
    kit = inside(asked, groups, own_templates(asked, groups))
    label = groups.label[asked.account[kit]]
    public = (asked.one_hand < MIN_LINK_NATS)[asked.entity[kit]]
    every = np.bincount(label, minlength=groups.count)
    share: Floats = np.bincount(label, public, groups.count) / np.maximum(every, 1)
    return share


def _one_payer(inputs: RingInputs, groups: Groups) -> Evidence:
    """Members whose common payment method has paid for half a year or more."""
    payments = inputs.payment_columns
    method, _ = payments.codes("payment_method")
    outcome, names = payments.codes("outcome")
    paid = outcome == names.index("succeeded") if "succeeded" in names else outcome < 0
    rows = np.flatnonzero(paid & (method >= 0))
    width = int(method.max(initial=0)) + 1
    first = np.full(width, np.iinfo(np.int64).max)
    np.minimum.at(first, method[rows], payments.at[rows])
    old = rows[payments.at[rows] - first[method[rows]] >= 180 * DAY_US]
    pair = distinct(payments.account[old] * width + method[old])
    share = _most_held(groups, pair // width, pair % width)
    return Evidence(
        "counter.one_payer",
        None,
        np.where(share >= NAMED, -2.0 * share, 0.0),
        share,
        np.full(groups.count, NAMED),
        "one payment method has paid for {observed:.0%} of members for half a year or more",
    )


def _old_customers(inputs: RingInputs, groups: Groups) -> Evidence:
    """Members that paid or asked, half a year after sign-up and before, without a long silence."""
    requests = inputs.request_columns
    early = requests.at < inputs.created_at[requests.account] + 180 * DAY_US
    steady: Bools = np.zeros(inputs.size, np.bool_)
    late = np.zeros(inputs.size, np.bool_)
    late[requests.account[~early]] = True
    steady[requests.account[early]] = True
    share = groups.share(steady & late)
    usual = inputs.usual.of("counter.old_customers", lambda: float((steady & late).mean()))
    return Evidence(
        "counter.old_customers",
        None,
        np.where(share > usual, -1.5 * share, 0.0),
        share,
        np.full(groups.count, usual),
        "{observed:.0%} of members have been customers for more than half a year; "
        "{usual:.0%} of all accounts",
    )


def _unrelated_rhythms(moments: Moments, groups: Groups) -> Evidence:
    """Groups active enough to be seen together by chance, and not seen together more than that."""
    observed, expected = member_moments(moments, groups)
    inside = groups.label >= 0
    seen = np.bincount(groups.label[inside], observed[inside], groups.count) / 2.0
    usual = np.bincount(groups.label[inside], expected[inside], groups.count) / 2.0
    ratio = (seen + 1.0) / (usual + 1.0)
    return Evidence(
        "counter.unrelated_rhythms",
        None,
        np.where((usual >= 20.0) & (ratio < 1.25), -1.5, 0.0),
        ratio,
        np.ones(groups.count),
        "members are active together {observed:.2f} times as often as chance has it: "
        "each keeps hours of their own",
    )


def _model(inputs: RingInputs, suspicion: Floats, groups: Groups) -> Evidence:
    base = inputs.usual.of(
        "model.suspicion", lambda: float(np.clip(np.nanmean(suspicion), 1e-4, 0.5))
    )
    mean = np.clip(np.nan_to_num(groups.mean(suspicion), nan=base), 1e-4, 1 - 1e-4)
    nats = np.log(mean / (1 - mean)) - np.log(base / (1 - base))
    return Evidence(
        "model.suspicion",
        None,
        np.clip(nats, -SUSPICION_CAP, SUSPICION_CAP),
        mean,
        np.full(groups.count, base),
        "the model finds members suspect with {observed:.0%} on average; all accounts {usual:.1%}",
    )
