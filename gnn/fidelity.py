"""Whether reasons are why: what happens to a score when the values they name become ordinary.

A reason that can be taken away without the score falling was decoration. For each account the
values that its strongest reasons name are set to what is usual, and as many others, drawn at
random from those it has, in a second try (the deletion test of Samek et al. 2017, "Evaluating the
visualization of what a deep neural network has learned"). The same is done with links: without the
entities that carried the graph network's part it must fall further than without others. It also
names what carried a mates' reason: the one entity whose other accounts speak loudest. What was true
is not known here; see ``etl.backtest.judge_reasons``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.carriers import Listener
from gnn.explain import account_reasons
from gnn.explained import top_carriers
from gnn.features import ACCOUNT_COLUMNS
from gnn.mates import MATES_COLUMNS, Links, Ties
from gnn.network import NETWORK_SCORE
from gnn.scorer import AccountScores, Scorer, together

Ints = npt.NDArray[np.int64]
NAMED = 3
_SUFFIX = "_mates_score"


@dataclass(frozen=True, slots=True)
class Deletion:
    """By how much the log odds of one account fall without named values, and without others."""

    named: float
    others: float


@dataclass(frozen=True, slots=True)
class Carried:
    """The mates behind a reason, as rows of accounts.

    ``link`` is the reason's kind, ``mates`` are on the entity that speaks loudest, ``others`` on an
    entity of any kind, drawn at random from those the account shares.
    """

    link: str
    mates: Ints
    others: Ints


def deletion(
    scorer: Scorer, scores: AccountScores, place: int, rng: np.random.Generator
) -> Deletion | None:
    """The deletion test of the account at ``place``; None where it has no reason."""
    reasons, _ = account_reasons(scorer, scores, place, NAMED)
    codes = {reason.code for reason in reasons}
    if not codes:
        return None
    has = [
        name
        for names, row in ((ACCOUNT_COLUMNS, scores.rows), (MATES_COLUMNS[1:], scores.mates[:, 1:]))
        for name, value in zip(names, row[place].tolist(), strict=True)
        if not np.isnan(value) and name not in codes
    ]
    drawn = set(rng.permutation(np.array(has, object))[: len(codes)].tolist())
    whole = _without(scorer, scores, place, set())
    named, others = (_without(scorer, scores, place, gone) for gone in (codes, drawn))
    return Deletion(whole - named, whole - others)


def _without(scorer: Scorer, scores: AccountScores, place: int, gone: set[str]) -> float:
    """Log odds of one account with the values of ``gone`` columns as they usually are."""
    usual, stages = scorer.bundle.usual, scorer.stages
    row, mates = scores.rows[place].copy(), scores.mates[place].copy()
    for names, values, ordinary in (
        (ACCOUNT_COLUMNS, row, usual["own"]),
        (MATES_COLUMNS, mates, usual["near"]),
    ):
        where = [n for n, name in enumerate(names) if name in gone]
        values[where] = ordinary[where]
    fold = scorer.bundle.seats.fold_of([scores.keys[place]])
    own = stages.own.margin(row[np.newaxis, :], fold)
    mates[0] = own[0]
    mine = [stage.margin(mates[np.newaxis, :], fold)[0] for stage in (stages.near, stages.far)]
    forests = np.array([own[0] + sum(mine)]) / 3.0
    heard = None if scores.heard is None else scores.heard[place : place + 1]
    if heard is not None and NETWORK_SCORE.name in gone:
        heard = usual["network"].astype(np.float64)
    return float(together(forests, heard)[0])


def carried(
    scorer: Scorer, scores: AccountScores, links: Links, place: int, rng: np.random.Generator
) -> Carried | None:
    """Who is behind the strongest mates' reason of the account at ``place``; None without one."""
    reasons, _ = account_reasons(scorer, scores, place, len(MATES_COLUMNS))
    kinds = [r.code.removesuffix(_SUFFIX) for r in reasons if r.code.endswith(_SUFFIX)]
    by_name = {ties.link.name: ties for ties in links.ties}
    named = [by_name[kind] for kind in kinds if kind in by_name]
    if not named:
        return None
    entity, _ = named[0].loudest(named[0].others_mean(scores.own), place)
    mates = _on(named[0], entity, place)
    shared = [
        others
        for ties in links.ties
        for entity in ties.entities[ties.edges_of(place)].tolist()
        if len(others := _on(ties, entity, place))
    ]
    drawn = shared[int(rng.integers(len(shared)))] if shared else np.empty(0, np.int64)
    return Carried(named[0].link.name, mates, drawn)


def kept_company(
    listener: Listener, links: Links, rng: np.random.Generator
) -> tuple[Deletion, Carried] | None:
    """Whether the entities named for the graph network are why it said what it said.

    How its log odds fall without them and without as many others that the account shares, and who
    is on the first of each; None where it names none, or the account shares nothing else.
    """
    named = top_carriers(listener)
    rest = [one for one in listener.touched if one not in named]
    if not named or not rest:
        return None
    drawn = [rest[n] for n in rng.permutation(len(rest))[: len(named)].tolist()]
    fell = Deletion(listener.fall_without(named), listener.fall_without(drawn))
    by_name = {ties.link.name: ties for ties in links.ties}
    mates, others = (_on(by_name[o[0][0]], o[0][1], listener.place) for o in (named, drawn))
    return fell, Carried(named[0][0], mates, others)


def _on(ties: Ties, entity: int, place: int) -> Ints:
    accounts = ties.accounts[ties.entities == entity]
    return np.asarray(accounts[accounts != place], np.int64)


def strongest(scores: AccountScores, most: int) -> Sequence[int]:
    """The places of the ``most`` highest scores, highest first."""
    order = np.argsort(-scores.score, kind="stable")
    found: list[int] = order[:most].tolist()
    return found
