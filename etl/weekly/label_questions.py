"""What is asked of a labeller or a batch, and how sure an answer is.

Three questions: do its verdicts fall on accounts that behave that way (``odd``), does anybody say
the opposite of the same accounts (``opposed``), and what did others find when they looked at
accounts that behave as its accounts do (``kin``). The last is for a plant that agrees with itself:
a batch on people who act alike teaches the model that they are guilty, and only somebody who looked
at others of their kind can say that they are not. It decides nothing: that is
:mod:`etl.weekly.label_review`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.booster import Booster, Floats, TreeConfig
from gnn.features import ACCOUNT_COLUMNS

Rows = npt.NDArray[np.int64]

KIN_TREES = TreeConfig(trees=40, depth=3, rate=0.2, child_weight=2.0, column_share=0.4)
KIN_FOLDS = 2
LEARNT = 400  # of a batch
CROWD = 1_000  # of accounts that nobody judged
ALIKE = 0.9  # of which so many must look less like the batch than its own do
TYPICAL = 0.75  # of a batch look at least as much like it as kin must
OVERTURNED = 0.3


@dataclass(frozen=True)
class Question:
    """One group of verdicts, how many were contradicted, and the same of its peers.

    ``mine`` are the group's rows in the labels, ``wrong`` those of them that were contradicted;
    ``asked`` and ``against`` count answers, which for ``kin`` are of other accounts.
    """

    voice: str
    verdict: str
    test: str
    mine: Rows
    wrong: Rows
    asked: int
    against: int
    peers: int
    peers_against: int

    def share(self) -> float:
        """Contradicted, 0..1."""
        return self.against / self.asked

    def peers_share(self) -> float:
        """Contradicted among peers, a little towards a half, 0..1."""
        return (self.peers_against + 1) / (self.peers + 2)

    def chance(self) -> float:
        """The probability that peers' habits alone give as many contradictions."""
        from scipy.stats import fisher_exact  # noqa: PLC0415

        rest, mine = self.peers - self.peers_against, self.asked - self.against
        # one imagined verdict of each kind: with few peers nobody is worse than nothing
        table = [[self.against, mine], [self.peers_against + 1, rest + 1]]
        return float(fisher_exact(table, alternative="greater").pvalue)


@dataclass(frozen=True)
class KinQuestion(Question):
    """Whether others cleared accounts of the group's kind oftener than verdicts are overturned.

    Peers say little here, since what is near to one batch is near to no other. The yardstick is the
    share at which right verdicts are taken back all the same: up to :data:`OVERTURNED`, the upper
    end of what the worst slice of a quarter reached (bans, 20 %, 15 to 28).
    """

    def peers_share(self) -> float:
        """What right verdicts reach, 0..1."""
        return OVERTURNED

    def chance(self) -> float:
        """The probability that a right batch has as many of its kind cleared."""
        from scipy.stats import binom  # noqa: PLC0415

        return float(binom.sf(self.against - 1, self.asked, OVERTURNED))


@dataclass(frozen=True)
class Judged:
    """Accounts by place in ``rows`` [A, F], with the last word of each voice on each of them.

    ``places`` of accounts by name; ``words`` maps a place to what was said there, the last one at
    the end, ``{source: "fraud" or "legitimate"}``; ``crowd`` holds places that nobody judged.
    """

    rows: npt.NDArray[np.float32]
    places: Mapping[str, int]
    words: Mapping[int, Mapping[str, str]]
    crowd: Rows

    def kin(
        self, accounts: Sequence[str], source: str, rng: np.random.Generator
    ) -> tuple[int, int]:
        """How many accounts of the batch and its kind others judged, and how many they cleared.

        Args:
            accounts: the batch.
            source: who said so; words of the same source count for nothing.
            rng: source of chance of folds and samples.
        """
        batch = {self.places[account] for account in accounts if account in self.places}
        mine = rng.permutation(np.array(sorted(batch), np.int64))[:LEARNT]
        spoken = [p for p, words in self.words.items() if p not in batch and set(words) - {source}]
        others = np.array(spoken, np.int64)
        if min(len(mine), len(others), len(self.crowd)) < KIN_FOLDS:
            return 0, 0
        crowd = rng.permutation(self.crowd)[:CROWD]
        own, theirs, usual = self._likeness(mine, others, crowd, rng)
        # A batch of strangers has no kind: nobody stands out by looking like them.
        bar = np.quantile(own, 1 - TYPICAL)
        if bar <= np.quantile(usual, ALIKE):
            return 0, 0
        known = {p for p in batch if set(self.words[p]) - {source}}
        near = {*known, *others[theirs >= bar].tolist()}
        said = [[w for who, w in self.words[p].items() if who != source][-1] for p in sorted(near)]
        return len(said), said.count("legitimate")

    def _likeness(
        self, mine: Rows, others: Rows, crowd: Rows, rng: np.random.Generator
    ) -> tuple[Floats, Floats, Floats]:
        """Log odds of being of the batch: its own and the crowd's out of fold, others' by all."""
        places = np.concatenate([mine, crowd])
        is_mine = np.arange(len(places)) < len(mine)
        fold = rng.permutation(len(places)) % KIN_FOLDS
        seed = int(rng.integers(2**31 - 1))
        margin, theirs = np.zeros(len(places)), np.zeros(len(others))
        for number in range(KIN_FOLDS):
            here = fold == number
            forest = Booster.fit(
                self.rows[places], is_mine, np.where(here, 0.0, 1.0),
                columns=ACCOUNT_COLUMNS, config=KIN_TREES, seed=seed,
            )  # fmt: skip
            margin[here] = forest.margin(self.rows[places[here]])
            theirs += forest.margin(self.rows[others]) / KIN_FOLDS
        return margin[is_mine], theirs, margin[~is_mine]
