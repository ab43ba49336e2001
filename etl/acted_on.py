"""Whom a refresh flags for action: by the score, or with the ring that an account is in.

A ring that calls for action is a picture of a crowd, and bystanders stand in it: batch jobs,
evaluation teams and readers who use a public template with it. So a member is acted on only where
two families of evidence tie it to the others (:mod:`graph.rings.belonging`) and the model does not
speak for it. And a model that was taught by few rings meets crowds it never saw: a class that sits
down to one exercise is as alike as a ring. Where the ring finder looked at the group and found it
explained, only what an account does itself convicts it. It changes no ring and no score.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from etl.refreshed import FLAGS
from gnn.scorer import AccountScores
from gnn.thresholds import SURE
from graph.rings import Ring, Rings
from graph.rings.counter import LAWFUL
from graph.rings.live import ESTABLISHED_US

LIKELY = 0.8
"""Score from which an account with a history is acted on with its ring; less than a conviction
needs, for the ring speaks too. Under what is left of one a newcomer is spared."""


def flags_of(
    scores: AccountScores | None,
    rings: Rings,
    previous: Rings | None = None,
    bystanders: Container[tuple[str, str]] = (),
) -> pl.DataFrame:
    """Accounts that call for action, each with its strongest reason: a ring before a score.

    For an account with a history a ring must call again at a second refresh, for rings merge and
    part from day to day.

    Columns ``account_id``, ``score`` (0..1; of the ring, else of the account), ``ring_id`` (null
    where the score alone decided). An account that a model convicts is flagged in any case but in
    company that has a lawful cause (:func:`convicted`).

    Args:
        scores: the accounts' own, None where there is no model yet.
        rings: of this refresh.
        previous: of the one before.
        bystanders: ring and account of members whom too little ties to the others
            (:func:`graph.rings.belonging.bystanders`): the ring flags none of those.
    """
    flagged = () if previous is None else previous.flagged
    before = {account for ring in flagged for account in ring.account_ids}
    word = _Word.of(scores)
    rows: dict[str, tuple[float, str | None]] = {}
    for account, (ring, member) in rings.strongest.items():
        if not ring.flagged:
            continue
        established = rings.as_of - member.since >= ESTABLISHED_US
        again = not established or account in before
        tied = (ring.ring_id, account) not in bystanders
        if again and tied and word.acts(account, established=established):
            rows[account] = (ring.score, ring.ring_id)
    if scores is not None:
        for place in np.flatnonzero(convicted(scores, rings)).tolist():
            rows.setdefault(scores.keys[place], (float(scores.score[place]), None))
    columns = [(account, score, ring) for account, (score, ring) in sorted(rows.items())]
    return pl.DataFrame(columns, schema=FLAGS, orient="row")


def convicted(scores: AccountScores, rings: Rings) -> npt.NDArray[np.bool_]:
    """Whom the score alone convicts, bool [N] in the order of ``scores``.

    Mates' scores tell of a crowd, not of one of it. Where the crowd is explained an account is
    convicted only if its own behaviour says so with :data:`gnn.thresholds.SURE`.
    """
    lawful = explained_in(rings)
    alone = np.array([key not in lawful for key in scores.keys], np.bool_)
    return np.asarray(scores.flagged & (alone | (scores.own >= SURE)), np.bool_)


def explained_in(rings: Rings) -> frozenset[str]:
    """Accounts whose group does not call for action and is together for a lawful cause.

    The group is the one an account belongs to most firmly; the cause is an organisation that most
    of it name, or one place where most of it sit.
    """
    return frozenset(account for account, (ring, _) in rings.strongest.items() if _lawful(ring))


def _lawful(ring: Ring) -> bool:
    against = {reason.code for reason in ring.counter_evidence}
    return not ring.flagged and not LAWFUL.isdisjoint(against)


def held_in(scores: AccountScores | None, rings: Rings) -> pl.DataFrame:
    """Whom the rings that call for action hold: members whom the model does not acquit.

    Columns ``account_id``, ``score`` (of the ring, 0..1), ``ring_id``; an account is in the ring it
    belongs to most firmly. More are held in a ring than are acted on for it: an account with a
    history is, where the model doubts, and one that too little ties to the others.
    """
    word = _Word.of(scores)
    rows = [
        (account, ring.score, ring.ring_id)
        for account, (ring, _) in sorted(rings.strongest.items())
        if ring.flagged and word.holds(account)
    ]
    return pl.DataFrame(rows, schema=FLAGS, orient="row")


@dataclass(frozen=True, slots=True)
class _Word:
    """What the model says of each account, and the scores from which it does not acquit.

    ``newcomer`` and ``established`` are the least scores at which a member is acted on.
    """

    score: Mapping[str, float]
    newcomer: float = 0.0
    established: float = 0.0

    @classmethod
    def of(cls, scores: AccountScores | None) -> "_Word":
        if scores is None or not len(scores.keys):
            return cls({})
        said = dict(zip(scores.keys, scores.score.tolist(), strict=True))
        if scores.flagged.any():
            return cls(said, 1.0 - LIKELY, LIKELY)
        mean = float(scores.score.mean())
        return cls(said, mean, mean)

    def holds(self, account: str) -> bool:
        """Whether it lets a member stay in the picture of a ring that calls for action."""
        return self.score.get(account, self.newcomer) >= self.newcomer

    def acts(self, account: str, *, established: bool) -> bool:
        """Whether it lets a member of a ring that calls for action be acted on for it.

        A model that convicts anybody knows what it is looking for: a newcomer is spared where it is
        sure of innocence, an account with a history unless it is sure of guilt. A model that has
        seen too little to convict acquits whom it finds less suspect than the mean.
        """
        least = self.established if established else self.newcomer
        return self.score.get(account, least) >= least
