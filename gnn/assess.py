"""The decision on a sign-up: one neighbourhood read, one score, a policy, reasons.

``api`` translates HTTP to :func:`assess` and the back-test calls the very same. Without a model, or
when the store does not answer, the policy's degraded answer is given, never an exception: a
sign-up flow must not stop. It knows the store's port, not its adapters, and writes nothing.
"""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gnn.columns import Family
from gnn.explain import Reason, signup_reasons
from gnn.features import row_of
from gnn.features_signup import Moment
from gnn.scorer import Scorer
from gnn.vicinity import EMPTY, MATES_MOST, Vicinity, ids_of
from gnn.voices import Voices
from graph.errors import StoreUnavailable
from graph.facts import Payment, Signup
from graph.rings.live import Match
from graph.snapshot import Snapshot
from graph.velocity import Rates


class Decision(StrEnum):
    """What the sign-up flow is told to do."""

    ALLOW = "allow"
    REVIEW = "review"
    DENY = "deny"


class Band(StrEnum):
    """How high a score is, in a word."""

    LOW = "low"
    ELEVATED = "elevated"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done with a score: ``Policy(review_at=0.3, deny_at=0.9)``.

    Thresholds are calibrated scores (0..1); None takes the bundle's. ``degraded`` is the decision
    when there is no score, ``degraded_by_pathway`` where a pathway has another one. With a score or
    without, an applicant who shares a narrow identifier with a flagged ring is reviewed at least.
    ``mates_per_entity`` bounds how many accounts of an entity are read, ``most_reasons`` how many
    reasons are given.
    """

    review_at: float | None = None
    deny_at: float | None = None
    degraded: Decision = Decision.ALLOW
    degraded_by_pathway: Mapping[str, Decision] = field(default_factory=dict)
    mates_per_entity: int = MATES_MOST
    most_reasons: int = 5


@dataclass(frozen=True, slots=True)
class RingTie:
    """The ring that a sign-up is tied to most: how many of its members share an identifier.

    ``version`` and ``size`` are 0 when the refresh that published the ring did not say them.
    ``kinds`` names the families of evidence by which the sign-up resembles members, where that is
    what ties it (:func:`kin_of`).
    """

    id: str
    version: int
    size: int
    flagged: bool
    shared_members: int
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is known of a sign-up at its own moment, and what to do.

    ``score`` is calibrated (0..1), None when ``degraded``. ``missing_inputs`` names what the caller
    could have sent, ``pending_signals`` what only time will show. ``graph_as_of`` is the moment
    (us) of the refresh whose scores and rings were used, 0 before the first. ``row`` is what the
    model saw, for audit and parity.
    """

    score: float | None
    band: Band
    decision: Decision
    reasons: tuple[Reason, ...]
    counter_evidence: tuple[Reason, ...]
    ring: RingTie | None
    missing_inputs: tuple[str, ...]
    pending_signals: tuple[str, ...]
    degraded: bool
    model_version: str | None
    graph_as_of: int
    row: npt.NDArray[np.float32] | None = None


class Surroundings(Protocol):
    """What a score needs of a store: a ``GraphStore`` is one."""

    def neighbourhood(self, ids: Sequence[str], *, per_id: int = 100) -> Snapshot:
        """The law of :meth:`graph.store.GraphStore.neighbourhood`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-up to be scored as of ``now`` (us); ``ids`` is what :func:`ids_of` says it names.

    ``rates`` is what a :class:`graph.velocity.Velocity` said of it at that moment; ``kin`` the
    flagged ring whose newcomer it is by what was matched since the refresh, if it is one;
    ``voices`` what the last refresh left for newcomers to hear.
    """

    event: Signup
    payment: Payment | None
    now: int
    ids: tuple[str, ...]
    rates: Rates = field(default_factory=dict)
    kin: RingTie | None = None
    voices: Voices | None = None


def assess(  # noqa: PLR0913 - what a decision is made of
    event: Signup,
    store: Surroundings,
    scorer: Scorer | None,
    policy: Policy,
    now: int,
    *,
    payment: Payment | None = None,
    rates: Rates | None = None,
    kin: RingTie | None = None,
    voices: Voices | None = None,
) -> Assessment:
    """Score ``event`` as of ``now`` (us) and decide; reads the store once and writes nothing."""
    asked = Asked(event, payment, now, ids_of(event, payment), rates or {}, kin, voices)
    try:
        piece = store.neighbourhood(asked.ids, per_id=policy.mates_per_entity)
    except StoreUnavailable:
        piece = None
    steps = assess_in_steps(asked, piece, scorer, policy)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Assessment = end.value
            return found


def assess_in_steps(
    asked: Asked, piece: Snapshot | None, scorer: Scorer | None, policy: Policy
) -> Generator[None, None, Assessment]:
    """As :func:`assess`, a step at a time: for who has several under way and read for them all.

    Each step is code and data of its own. Who takes one step for all of them before the next finds
    both in the processor's caches (decision 129). ``piece`` is the neighbourhood of what is named,
    None where the store did not answer.
    """
    event, payment = asked.event, asked.payment
    if piece is None:
        why = "the graph store did not answer"
        return degraded(event, policy, payment=payment, why=why, kin=asked.kin)
    vicinity = Vicinity.of(event, piece, payment, ids=asked.ids)
    company = _company(asked.voices, scorer, vicinity)
    moment = Moment(event, vicinity, asked.now, payment, asked.rates, company)
    yield
    if scorer is None or not scorer.knows_signups:
        why = "no model of sign-ups is loaded"
        return degraded(event, policy, payment=payment, why=why, moment=moment, kin=asked.kin)
    graph_as_of = piece.as_of if piece.generation else 0
    return assessed(moment, scorer, policy, graph_as_of, asked.kin)


def _company(voices: Voices | None, scorer: Scorer | None, vicinity: Vicinity) -> float:
    if voices is None or scorer is None:
        return math.nan
    return voices.heard(scorer.bundle.network, vicinity)


def assessed(
    moment: Moment, scorer: Scorer, policy: Policy, graph_as_of: int, kin: RingTie | None = None
) -> Assessment:
    """The assessment of a sign-up whose vicinity is already read."""
    row = row_of(moment)
    score, shares = scorer.signup_explained(row)
    review_at, deny_at = _thresholds(policy, scorer)
    reasons, counter = signup_reasons(scorer.bundle, row, shares, policy.most_reasons)
    ring = _ring(moment.vicinity, moment.near, kin)
    band = _band(score, review_at, deny_at)
    return Assessment(
        score=score,
        band=Band.HIGH if _known(ring) and band is not Band.CRITICAL else band,
        decision=_reviewed(_decided(score, review_at, deny_at), ring),
        reasons=(*_ring_reasons(ring), *reasons)[: policy.most_reasons],
        counter_evidence=tuple(counter),
        ring=ring,
        missing_inputs=_missing(moment.event, moment.payment),
        pending_signals=_pending(moment.payment),
        degraded=False,
        model_version=scorer.version,
        graph_as_of=graph_as_of,
        row=row,
    )


def degraded(
    event: Signup,
    policy: Policy,
    *,
    why: str,
    payment: Payment | None = None,
    moment: Moment | None = None,
    kin: RingTie | None = None,
) -> Assessment:
    """The stated policy's answer when there is no score; ``why`` is its only reason."""
    ring = _ring(moment.vicinity, moment.near, kin) if moment else _ring(EMPTY, {}, kin)
    reason = Reason("degraded", f"Decided without a score: {why}", "", "", 0.0, Family.HISTORY)
    return Assessment(
        score=None,
        band=Band.HIGH if _known(ring) else Band.LOW,
        decision=_reviewed(policy.degraded_by_pathway.get(event.pathway, policy.degraded), ring),
        reasons=(reason, *_ring_reasons(ring)),
        counter_evidence=(),
        ring=ring,
        missing_inputs=_missing(event, payment),
        pending_signals=_pending(payment),
        degraded=True,
        model_version=None,
        graph_as_of=0,
    )


def _thresholds(policy: Policy, scorer: Scorer) -> tuple[float, float]:
    held = scorer.thresholds
    deny_at = held.signup_deny if policy.deny_at is None else policy.deny_at
    review_at = held.signup_review if policy.review_at is None else policy.review_at
    return min(review_at, deny_at), deny_at


def _decided(score: float, review_at: float, deny_at: float) -> Decision:
    if score >= deny_at:
        return Decision.DENY
    return Decision.REVIEW if score >= review_at else Decision.ALLOW


def _band(score: float, review_at: float, deny_at: float) -> Band:
    """Critical from the threshold of denial, high from that of review, elevated from half of it."""
    if score >= deny_at:
        return Band.CRITICAL
    if score >= review_at:
        return Band.HIGH
    return Band.ELEVATED if score >= review_at / 2 else Band.LOW


def kin_of(match: Match, version: int, size: int) -> RingTie:
    """The tie of a newcomer to the flagged ring that events since the refresh matched it to."""
    kinds = tuple(sorted(family.value for family, nats in match.families.items() if nats > 0))
    return RingTie(match.ring_id, version, size, flagged=True, shared_members=0, kinds=kinds)


def _ring(vicinity: Vicinity, near: Iterable[int], kin: RingTie | None) -> RingTie | None:
    """The flagged ring that is nearest, by identifiers before likeness; else any ring nearby."""
    shared = _sharing(vicinity, near)
    return shared if _known(shared) or kin is None else kin


def _sharing(vicinity: Vicinity, near: Iterable[int]) -> RingTie | None:
    """The ring with most members on the narrow identifiers of a sign-up; flagged ones first."""
    members: dict[str, list[int]] = {}
    for row in sorted(near):
        ring_id = vicinity.texts["ring_id"][row]
        if ring_id is not None:
            members.setdefault(ring_id, []).append(row)
    if not members:
        return None
    flagged = vicinity.numbers["ring_flagged"]
    best = max(members, key=lambda r: (flagged[members[r][0]] > 0, len(members[r]), r))
    rows = members[best]
    return RingTie(
        id=best,
        version=_whole(vicinity.numbers["ring_version"][rows[0]]),
        size=_whole(vicinity.numbers["ring_size"][rows[0]]),
        flagged=bool(flagged[rows[0]] > 0),
        shared_members=len(rows),
    )


def _known(ring: RingTie | None) -> bool:
    return ring is not None and ring.flagged


def _reviewed(decision: Decision, ring: RingTie | None) -> Decision:
    """A flagged ring's newcomer is looked at by a person; the tie alone denies nobody."""
    return Decision.REVIEW if _known(ring) and decision is Decision.ALLOW else decision


def _ring_reasons(ring: RingTie | None) -> tuple[Reason, ...]:
    """The tie to a flagged ring, said first; it is a rule and takes no share of the log odds."""
    if ring is None or not ring.flagged:
        return ()
    if ring.kinds:
        sentence = f"Resembles members of the flagged ring {ring.id} in several ways"
        told = ", ".join(kind.replace("_", " ") for kind in ring.kinds)
        return (Reason("resembles_ring", sentence, told, "none", 0.0, Family.SIGNUP),)
    sentence = f"Shares a narrow identifier with members of the flagged ring {ring.id}"
    observed = f"{ring.shared_members} of {ring.size} members"
    return (Reason("flagged_ring", sentence, observed, "none", 0.0, Family.IDENTIFIERS),)


def _whole(value: float) -> int:
    return 0 if math.isnan(value) else int(value)


def _missing(event: Signup, payment: Payment | None) -> tuple[str, ...]:
    given = {
        "email": event.email_class != "none",
        "phone": event.phone,
        "device_id": event.device,
        "user_agent": event.user_agent,
        "country": event.country,
        "payment": payment,
    }
    return _names(name for name, value in given.items() if not value)


def _pending(payment: Payment | None) -> tuple[str, ...]:
    return ("payments", "prompts", "timing") if payment is None else ("prompts", "timing")


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
