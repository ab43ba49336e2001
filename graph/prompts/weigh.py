"""What a shared cluster is worth between two accounts, and the sentence that says why.

A log-likelihood ratio (nats, never below 0): how much likelier two accounts of one ring share the
cluster than two strangers. Rarity gives it; circulation among established accounts, single
prompts, one text sent by everybody and everyday intent take it away. Established accounts that come
as they please decide most: a template of theirs is public, whoever else uses it. Where all are new,
a viral template, a course or a hackathon looks like a ring's, and neither newness nor volume tells
them apart; then volleys decide, or accounts that are at home nowhere.
It knows nothing of how clusters are found. Read ``etl.prompts.statistics`` for the figures.
"""

from dataclasses import dataclass

import numpy as np

MIN_LINK_NATS = 0.5
"""Two accounts are linked from here on; a cluster that says nothing stays below."""
CAP_NATS = 6.0
ESTABLISHED_DAYS = 30.0
"""An account that signed up so long before it first used a template did not come for it."""
IN_STEP = 3.0
"""So many times the volleys that chance would give are the least that say: one hand."""
BYSTANDERS = 0.35
"""From this share (0..1) of accounts out of step, volleys are of some who use what others use."""
ALONE_PROMPTS = 6.0
"""Without volleys the median account must send more than so many: readers try a template ..."""
AT_HOME = 0.65
"""... and fewer than this share (0..1) of accounts may be at home somewhere: a course has that."""
EXERCISE_PROMPTS = 6
"""Accounts that begin together and stop before so many prompts are a class; a ring goes on."""
WHOLLY = 0.15
"""So much (0..1) beyond where a share begins to count it counts wholly."""
LESSONS = 2.0
"""Whoever sits together in so many clock hours and no more may be a class."""
HONEST_LIMIT = 0.15
"""Above this share of honest members no pair is tied by the cluster: it cannot tell them apart."""


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """What is known of a cluster when it is weighed.

    Attributes:
        accounts: distinct accounts; ``population`` those of the whole window.
        prompts: prompts, all accounts together.
        median_prompts: of an account in the cluster.
        top_share: share (0..1) of the cluster's prompts that its busiest account sent.
        distinct_share: different prompts over prompts (0..1).
        burst: share (0..1) of its accounts that first used it on the busiest day.
        established: accounts of known age that were :data:`ESTABLISHED_DAYS` old at first use and
            are not in step with the others: bought accounts have an age, but no will of their own.
        known_age: accounts whose sign-up is known.
        population_established: the share (0..1) of established accounts in the window.
        ordinary: calibrated probability (0..1) that the cluster is ordinary use.
        lockstep: volleys of several accounts over what their hours give by chance (1 is chance).
        sittings: clock hours that hold most of the prompts.
        median_hours: clock hours in which its median account sent any.
        in_step: share (0..1) of its accounts that take part in volleys.
        roaming: share (0..1) of its accounts that came from more networks than nine in ten
            established accounts that ask as much.
    """

    accounts: int
    population: int
    prompts: int
    median_prompts: float
    top_share: float
    distinct_share: float
    burst: float
    established: int
    known_age: int
    population_established: float
    ordinary: float
    lockstep: float = 1.0
    sittings: int = 1_000
    median_hours: float = 1_000.0
    in_step: float = 1.0
    roaming: float = 0.0


@dataclass(frozen=True, slots=True)
class Weight:
    """``nats`` >= 0 that sharing the cluster is worth to a pair, and the sentence that says why."""

    nats: float
    why: str


def honest_share(figures: ClusterFigures) -> float:
    """Estimated share (0..1) of a cluster's accounts that are honest, from the established ones.

    Established accounts are a known share of honest ones, so each stands for several; one alone
    may be a bought account and counts half.
    """
    if figures.known_age == 0:
        return 0.0
    seen = max(0.0, figures.established - 0.5) / figures.known_age
    return float(min(1.0, seen / max(0.1, figures.population_established)))


def _one_hand(figures: ClusterFigures) -> float:
    """How much (0..1) the accounts go together: by volleys, or else by steady use from anywhere.

    Volleys count from :data:`IN_STEP` times chance, wholly from four times that, for accounts that
    come back: beyond :data:`LESSONS` hours, for a class is in step too; and not where
    :data:`BYSTANDERS` are many. Without them prompts count from :data:`ALONE_PROMPTS`, of accounts
    that are at home nowhere: honest crowds come new and are steady, too.
    """
    sent = max(1.0, figures.median_prompts)
    volleys = _ramp(max(1.0, figures.lockstep) / IN_STEP, 4.0)
    again = _ramp(max(1.0, figures.median_hours) / LESSONS, 2.0)
    most = np.clip((figures.in_step - (1 - BYSTANDERS)) / WHOLLY, 0, 1)
    # Two accounts more, of which one in ten roams, as among anybody: few prove little.
    roaming = (figures.roaming * figures.accounts + 0.2) / (figures.accounts + 2)
    nowhere = np.clip((roaming - (1 - AT_HOME)) / WHOLLY, 0, 1)
    together = volleys * again * _ramp(sent, 4.0) * most
    return float(max(together, _ramp(sent / ALONE_PROMPTS, 2.0) * nowhere))


def _ramp(times: float, wholly: float) -> float:
    """0 up to once, 1 from ``wholly`` times, even in the logarithm between."""
    return float(np.clip(np.log(times) / np.log(wholly), 0, 1))


def _an_event(figures: ClusterFigures) -> bool:
    """Whether accounts that mostly began on one day sent their prompts in a few sittings."""
    return figures.sittings <= 40 * (figures.burst - 0.15)


def weigh(figures: ClusterFigures) -> Weight:
    """The weight of a cluster between two of its accounts.

    >>> weigh(ClusterFigures(12, 9000, 900, 70.0, 0.1, 0.9, 0.2, 0, 12, 0.6, 0.1, 20.0)).nats > 3
    True
    """
    silent = _silenced(figures)
    if silent is not None:
        return Weight(0.0, silent)
    honest = honest_share(figures)
    rarity = min(CAP_NATS, float(np.log(figures.population / figures.accounts)))
    factor = (1 - honest) ** 2 * _one_hand(figures) * (1.0 if figures.ordinary < 0.5 else 0.7)
    if figures.known_age == 0:
        factor *= 0.5
    nats = round(max(0.0, rarity) * factor, 4)
    return Weight(nats, _sentence(figures, honest, nats))


def _silenced(figures: ClusterFigures) -> str | None:
    """Why the cluster ties nobody, or None."""
    accounts, honest = figures.accounts, honest_share(figures)
    if accounts < 2 or figures.top_share >= 0.9:
        return f"one account sent {figures.top_share:.0%} of its {figures.prompts:,} prompts"
    if honest > HONEST_LIMIT:
        return (
            f"public template: {figures.established:,} of {accounts:,} accounts were "
            f"{ESTABLISHED_DAYS:.0f} days old or more and came as they pleased"
        )
    if figures.distinct_share < 0.2:
        return f"one text passed on: {figures.distinct_share:.0%} of its prompts are different"
    brief = figures.burst >= 0.5 and figures.median_prompts < EXERCISE_PROMPTS
    if brief or _an_event(figures):
        return (
            f"an exercise or a fashion: {figures.burst:.0%} of its accounts began on one day "
            f"and sent {figures.median_prompts:.0f} prompts each"
        )
    if accounts > max(200, 0.1 * figures.population):
        return f"common: {accounts:,} of {figures.population:,} accounts use it"
    return None


def _manner(figures: ClusterFigures) -> str:
    return (
        f"{figures.median_prompts:.0f} prompts each, in step {figures.lockstep:.1f} times chance, "
        f"{figures.in_step:.0%} in step and {figures.roaming:.0%} at home nowhere"
    )


def _sentence(figures: ClusterFigures, honest: float, nats: float) -> str:
    if nats < MIN_LINK_NATS:
        return (
            f"says little: {figures.accounts:,} of {figures.population:,} accounts, "
            f"{_manner(figures)}"
        )
    age = (
        f"{figures.established:,} of them established"
        if figures.known_age
        else "of unknown age, so worth half"
    )
    return (
        f"rare and new: {figures.accounts:,} of {figures.population:,} accounts use it, {age}, "
        f"{_manner(figures)}"
    )
