"""Scores passed along links: what the accounts that share something with an account look like.

A two-layer message pass of a single channel. Wide neighbourhood columns have as many samples as
there are labelled rings and over-fit them; one score a mate does not. For each account and kind of
link the mates' mean, the account itself excluded, is shrunk by ``n / (n + 3)``, so that one mate is
weak evidence and a crowd of ordinary ones none. Every column may only raise the score (monotone in
the booster). It knows nothing of where the scores came from: training passes out-of-fold ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gnn.columns import Column, Family
from gnn.vicinity import LINKS, Link
from graph.schema import EDGE_OF, NodeType
from graph.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHRINK = 3.0
HOT = 0.25  # an entity whose other accounts' shrunk mean is above this is called hot
PROMPT_LINK = Link("prompt_cluster", "ASKED", "prompt template")
MATE_LINKS: tuple[Link, ...] = (*LINKS, PROMPT_LINK)


@dataclass(frozen=True)
class Ties:
    """The edges of one kind of link: account and entity rows, and how often, each [E]."""

    link: Link
    accounts: Ints
    entities: Ints
    counts: Floats
    size: int

    def edges_of(self, account: int) -> Ints:
        """The edges of one account."""
        order, sorted_accounts = self._by_account
        return order[slice(*np.searchsorted(sorted_accounts, [account, account + 1]))]

    def loudest(self, means: Floats, account: int) -> tuple[int, float]:
        """The entity of ``account`` whose others speak loudest, and how loud.

        ``means`` [E] are of :meth:`others_mean`; (-1, 0.0) where it touches nothing of this kind.
        """
        mine = self.edges_of(account)
        if not len(mine):
            return -1, 0.0
        best = mine[int(means[mine].argmax())]
        return int(self.entities[best]), float(means[best])

    @cached_property
    def _by_account(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.accounts, kind="stable")
        return order, self.accounts[order]

    def others_mean(self, score: Floats) -> Floats:
        """For each edge, the shrunk mean score of the entity's other accounts, float64 [E]."""
        total = np.bincount(self.entities, weights=score[self.accounts], minlength=self.size)
        crowd = np.bincount(self.entities, minlength=self.size)
        rest = total[self.entities] - score[self.accounts]
        others = crowd[self.entities] - 1
        return np.asarray(np.maximum(rest, 0.0) / (others + SHRINK), np.float64)


@dataclass(frozen=True)
class Links:
    """All links of a snapshot's accounts, in the order of :data:`MATE_LINKS`."""

    accounts: int
    ties: tuple[Ties, ...]

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Links":
        """The links that a snapshot holds; edges must be distinct by account and entity."""
        ties = tuple(_ties(snapshot, link) for link in MATE_LINKS)
        return cls(snapshot.size(NodeType.ACCOUNT), ties)


def mates_matrix(
    score: npt.NDArray[np.floating], links: Links, score_of_mates: npt.NDArray[np.floating]
) -> npt.NDArray[np.float32]:
    """The row of each account for the booster, float32 [N, len(MATES_COLUMNS)].

    Args:
        score: margin of the account itself, [N].
        links: who shares what.
        score_of_mates: probability-like score passed along the links, 0..1, [N].
    """
    passed = np.asarray(score_of_mates, np.float64)
    columns = [np.asarray(score, np.float64)]
    strongest = [_strongest(ties, ties.others_mean(passed), links.accounts) for ties in links.ties]
    columns += strongest
    prompts = links.ties[-1]
    means = prompts.others_mean(passed)
    columns += [
        _weighted(prompts, means, links.accounts),
        _weighted(prompts, (means > HOT).astype(np.float64), links.accounts),
        np.sum([(best > HOT) for best in strongest], axis=0).astype(np.float64),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _mates_columns() -> tuple[Column[None, None], ...]:
    own = [Column("own_score", Family.HISTORY, "Its own behaviour", _nothing)]
    each = [
        Column(
            f"{link.name}_mates_score",
            _family(link),
            f"Score of other accounts on one {link.entity} it used, few of them counting less",
            _nothing,
        )
        for link in MATE_LINKS
    ]
    prompts = [
        Column(
            "prompts_mates_score",
            Family.PROMPTS,
            "Score of other accounts that send its prompts' templates, over all its prompts",
            _nothing,
        ),
        Column(
            "hot_prompts_share",
            Family.PROMPTS,
            "Prompts from templates that suspects send",
            _nothing,
        ),
        Column("hot_links", Family.MATES, "Kinds of link that tie it to suspects", _nothing),
    ]
    return (*own, *each, *prompts)


def _nothing(_: None) -> None:
    """Mates' columns are computed together, by :func:`mates_matrix`."""


def _family(link: Link) -> Family:
    if link.name == PROMPT_LINK.name:
        return Family.PROMPTS
    return Family.PAYMENT if link.name == "payment_method" else Family.IDENTIFIERS


MATES: tuple[Column[None, None], ...] = _mates_columns()
MATES_COLUMNS: tuple[str, ...] = tuple(column.name for column in MATES)
MONOTONE: Sequence[int] = (1,) * len(MATES_COLUMNS)


def _ties(snapshot: Snapshot, link: Link) -> Ties:
    accounts, entities = snapshot.ends(link.verb)
    counts = snapshot.edge_column(link.verb, "count").astype(np.float64)
    return Ties(link, accounts, entities, counts, snapshot.size(EDGE_OF[link.verb].target))


def _strongest(ties: Ties, means: Floats, accounts: int) -> Floats:
    """For each account the highest mean over the entities it touches, 0 without any."""
    best = np.zeros(accounts)
    np.maximum.at(best, ties.accounts, means)
    return best


def _weighted(ties: Ties, means: Floats, accounts: int) -> Floats:
    """For each account the mean over its events rather than over its entities."""
    total = np.bincount(ties.accounts, weights=means * ties.counts, minlength=accounts)
    events = np.bincount(ties.accounts, weights=ties.counts, minlength=accounts)
    return np.asarray(total / np.maximum(events, 1.0), np.float64)
